import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Relay, startRelay } from '../../relay/dev/relay.ts';
import { type ScriptedServer, startScriptedServer } from '../../relay/dev/scripted.ts';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { signedIn, textOf } from '../support/browser.ts';
import {
  type Body,
  type Call,
  caller,
  expectStatus,
  localSystemKey,
  newProgram,
  type TestProgram,
  until,
} from '../support/client.ts';
import { sweepLater } from '../support/crash.ts';
import { lockWhileWriting } from '../support/database.ts';
import { completion, createExport, exportTo, filesOn, nightEnded, publish } from '../support/nights.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

// How nights end when something is wrong for long, on a hub whose clock is moved. test/soak/nights.test.ts
// tells the stories that take months.

let hub: Hub;
let relay: Relay;
let receiver: Receiver;
let system: Call;
const folder = mkdtempSync(join(tmpdir(), 'crosswalk-nights-'));
const servers: ScriptedServer[] = [];

beforeAll(async () => {
  [relay, receiver] = await Promise.all([startRelay(), startReceiver()]);
  hub = await startHub({ vars: relay.vars });
  system = caller(hub.url, localSystemKey);
});
afterAll(async () => {
  await hub?.stop();
  await Promise.all([relay?.stop(), receiver?.close(), ...servers.map((server) => server.kill())]);
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

async function startServer(): Promise<ScriptedServer> {
  const server = await startScriptedServer({ folder: mkdtempSync(join(folder, 'incoming-')), port: 0 });
  servers.push(server);
  return server;
}

async function moveTo(time: string): Promise<void> {
  expectStatus(await system('POST', '/dev/clock', { body: { now: time } }), 200);
}

const sweep = async () => expectStatus(await system('POST', '/dev/sweep'), 200);

async function fileSent({ call, programId }: TestProgram, type = 'export.file'): Promise<Body> {
  const { body } = await call('GET', `/api/programs/${programId}/deliveries?channel=sftp&type=${type}`);
  return body.items[0];
}

const problemsOf = async ({ call, programId }: TestProgram): Promise<Body[]> =>
  (await call('GET', `/api/programs/${programId}/attention`)).body.items;

/** Whom a mail about this went to. */
const toldOf = (text: string) =>
  until(
    async () => hub.mails().filter((mail) => mail.text.includes(text)),
    (mails) => new Set(mails.map(({ to }) => to)).size >= 2,
  );

/** A program with one event of the day and an export of it, at noon. */
async function dayWithOneEvent(server: ScriptedServer, contact: string) {
  const contacts = { emails: [contact], webhook: null };
  const program = await newProgram(hub.url, { contacts });
  const webhook = { url: receiver.url, events: ['export.*'], description: 'nights' };
  expectStatus(
    await program.call('POST', `/api/programs/${program.programId}/webhooks`, { body: webhook }),
    201,
  );
  await publish(program.call, [completion(program.programId, 'only')]);
  const exportId = await createExport(program, exportTo(server));
  // The test file goes out while all is well.
  await until(
    () => fileSent(program, 'export.test'),
    (test) => test?.status === 'delivered',
  );
  return { program, exportId };
}

const messagesAbout = (exportId: string, type: string) =>
  receiver.received
    .map(({ body }) => JSON.parse(body))
    .filter((message) => message.type === type && message.data.exportId === exportId);

describe('a server that stays down', () => {
  it('is asked eleven times; then contacts, staff and endpoints are told, and a monitor has heard of no success', async () => {
    await moveTo('2027-05-03T12:00:00Z');
    const server = await startServer();
    const { program, exportId } = await dayWithOneEvent(server, 'down@school.example');
    const monitor = `/api/programs/${program.programId}/monitors/nights`;
    const watch = { watches: { export: exportId }, everyHours: 30, graceMinutes: 0 };
    expectStatus(await program.call('PUT', monitor, { body: watch }), 200);
    await server.kill();
    await moveTo('2027-05-04T02:00:00Z');
    await sweep();
    for (let attempts = 1; attempts <= 10; attempts++) {
      const delivery = await until(
        () => fileSent(program),
        (one) => one?.attemptCount === attempts && one.status === 'waiting',
      );
      expect(delivery.reason).toContain('connect');
      await moveTo(delivery.nextAttemptAt);
      await sweep();
    }
    const run = await nightEnded(program, exportId, '2027-05-03');
    expect(run).toMatchObject({ status: 'exhausted', files: [{ status: 'exhausted', rows: 1 }] });
    const delivery = await fileSent(program);
    expect(delivery).toMatchObject({ status: 'exhausted', attemptCount: 11, nextAttemptAt: null });
    expect(await problemsOf(program)).toMatchObject([
      { kind: 'delivery_exhausted', subject: delivery.deliveryId },
    ]);
    await sweepLater(hub, 60);
    const mails = await toldOf(delivery.deliveryId);
    expect(mails.map(({ to }) => to)).toEqual(
      expect.arrayContaining(['down@school.example', 'staff@crosswalk.example']),
    );
    const [message] = await until(
      async () => messagesAbout(exportId, 'export.exhausted'),
      (all) => all.length > 0,
    );
    expect(message.data).toMatchObject({ localDate: '2027-05-03', status: 'exhausted', events: 1 });
    expect((await program.call('GET', monitor)).body.lastSuccessAt).toBe(null);

    // By hand, once it is up: the same bytes under the same name.
    await server.restart();
    const path = `/api/programs/${program.programId}/exports/${exportId}/runs/2027-05-03`;
    expectStatus(await program.call('POST', `${path}/send`), 202);
    const again = await until(
      async () => (await program.call('GET', path)).body,
      ({ status }) => status === 'delivered',
    );
    const [file] = again.files;
    expect(file).toMatchObject({ name: run.files[0].name, sha256: run.files[0].sha256 });
    expect(filesOn(server).get(file.name)?.length).toBe(file.sizeBytes);
    const { lastSuccessAt } = (await program.call('GET', monitor)).body;
    expect(Math.abs(Date.parse(lastSuccessAt) - Date.parse(again.endedAt))).toBeLessThan(60_000);
    const [arrived] = await until(
      async () => messagesAbout(exportId, 'export.delivered'),
      (all) => all.length > 0,
    );
    expect(arrived.data).toMatchObject({ localDate: '2027-05-03', status: 'delivered', events: 1 });
  });
});

describe('what no retry can mend', () => {
  it.each([
    ['a password that is wrong now', 'wrong-password', 'auth', '2027-06-01'],
    ['a host key that has changed', 'other-host-key', 'hostkey', '2027-07-01'],
  ] as const)(
    '%s is told at the first failure, and still follows the schedule',
    async (_, kind, phase, date) => {
      await moveTo(`${date}T12:00:00Z`);
      const server = await startServer();
      const contact = `${kind}@school.example`;
      const { program, exportId } = await dayWithOneEvent(server, contact);
      // The test file goes out while all is well.
      await until(
        async () => filesOn(server).size,
        (count) => count === 1,
      );
      await server.setFault({ kind });
      await moveTo(`${date.slice(0, 8)}02T02:00:00Z`);
      await sweep();
      const delivery = await until(
        () => fileSent(program),
        (one) => one?.status === 'waiting',
      );
      expect(delivery).toMatchObject({ attemptCount: 1, reason: expect.stringContaining(`(${phase}: `) });
      const { body } = await program.call('GET', `/api/deliveries/${delivery.deliveryId}`);
      const [attempt] = body.attempts;
      const wait = Date.parse(delivery.nextAttemptAt) - Date.parse(attempt.startedAt) - attempt.durationMs;
      expect(wait).toBeGreaterThanOrEqual(20_000);
      expect(wait).toBeLessThan(40_000);
      expect(await problemsOf(program)).toMatchObject([{ kind: 'export_failing', subject: exportId }]);
      await sweepLater(hub, 1);
      const mails = await toldOf(exportId);
      expect(mails.map(({ to }) => to)).toEqual(expect.arrayContaining([contact, 'staff@crosswalk.example']));

      await server.setFault(null);
      await moveTo(delivery.nextAttemptAt);
      await sweep();
      expect((await nightEnded(program, exportId, date)).status).toBe('delivered');
      expect(await fileSent(program)).toMatchObject({ attemptCount: 2 });
      expect(await problemsOf(program)).toEqual([]);
    },
  );
});

describe('a hub that is killed while it writes a night, and misses the next two', () => {
  it('sends all three, oldest first, the first whole and once', async () => {
    const { server, program, exportId, month } = await killWhileWriting();
    const path = `/api/programs/${program.programId}/exports/${exportId}/runs`;
    await moveTo(`${month}-04T09:00:00Z`);
    const runs = await until(
      async () => {
        await sweepLater(hub, 60);
        return (await program.call('GET', path)).body.items as Body[];
      },
      (all) => all.length === 3 && all.every(({ status }) => status === 'delivered'),
      90,
    );
    const oldestFirst = runs.toReversed();
    expect(oldestFirst.map(({ localDate, events }) => [localDate, events])).toEqual([
      [`${month}-01`, large.calls * large.each],
      [`${month}-02`, 0],
      [`${month}-03`, 0],
    ]);
    const started = oldestFirst.map(({ startedAt }) => Date.parse(startedAt));
    expect(started).toEqual(started.toSorted((a, b) => a - b));
    const remote = filesOn(server);
    const files: Body[] = [];
    for (const { localDate } of oldestFirst)
      files.push(...(await program.call('GET', `${path}/${localDate}`)).body.files);
    expect(files).toHaveLength(3);
    for (const { name, sha256 } of files) {
      const bytes = remote.get(name) ?? '';
      expect(createHash('sha256').update(bytes).digest('hex'), name).toBe(sha256);
    }
    const rows: Body[] = JSON.parse(String(remote.get(files[0].name)));
    const wanted = Array.from({ length: large.calls * large.each }, (_, i) => `large-${i}`);
    expect(rows.map(({ id }) => id)).toEqual(wanted);
    expect(rows.every(({ title }) => title === large.title)).toBe(true);
    const nights = [...remote.keys()].filter((name) => name.startsWith('courseCompletion-'));
    expect(nights).toHaveLength(3);
    expect(readdirSync(server.folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

describe('the relay', () => {
  const look = async (): Promise<Body> => expectStatus(await system('GET', '/api/system/relay'), 200).body;
  const outcomes = ({ contacts }: Body) => contacts.map(({ outcome }: Body) => outcome);
  const ahead = async (aheadSeconds: number) =>
    expectStatus(await system('POST', '/dev/clock', { body: { aheadSeconds } }), 200);
  const later = async () => {
    await ahead(301);
    await sweep();
    return look();
  };

  it('is asked by itself while nothing is sent, and what it answered when is on record', async () => {
    const up = await later();
    expect(up.contacts[0]).toMatchObject({ outcome: 'answered', call: 'check', version: up.version });
    await relay.kill();
    await later();
    const down = await until(look, ({ state }) => state === 'unreachable');
    expect(outcomes(down).slice(0, 2)).toEqual(['unreachable', 'answered']);
    expect(down.contacts[0]).toMatchObject({ call: 'check', version: null, detail: null });
    // What is known of it stays known.
    expect(down).toMatchObject({ version: up.version, lastAnswerAt: down.contacts[1].until });
    const again = await later();
    expect(again.contacts.length).toBe(down.contacts.length);
    expect(again.contacts[0].since).toBe(down.contacts[0].since);
    expect(Date.parse(again.contacts[0].until)).toBeGreaterThan(Date.parse(down.contacts[0].until));
    const page = textOf((await (await signedIn(hub.url)).get('/hub/system')).html);
    expect(page).toMatch(/could not be reached whether it answers/);
    await relay.restart();
    await later();
    const back = await until(look, ({ state }) => state === 'answers');
    expect(outcomes(back).slice(0, 3)).toEqual(['answered', 'unreachable', 'answered']);
  });

  it('is known to have answered by each file and each look at a host’s keys, once a minute', async () => {
    const server = await startServer();
    const program = await newProgram(hub.url);
    const exportId = await createExport(program, exportTo(server));
    const path = `/api/programs/${program.programId}/exports/${exportId}`;
    await until(
      () => fileSent(program, 'export.test'),
      (test) => test?.status === 'delivered',
    );
    await ahead(61);
    expectStatus(await program.call('POST', `${path}/probe`), 200);
    const probed = (await look()).contacts[0];
    expect(probed).toMatchObject({ outcome: 'answered', call: 'probe' });
    expectStatus(await program.call('POST', `${path}/probe`), 200);
    const next = (await look()).contacts[0];
    // The minute may end just now.
    if (next.until !== probed.until)
      expect(Date.parse(next.until) - Date.parse(probed.until)).toBeGreaterThanOrEqual(60_000);
    await ahead(61);
    expectStatus(await program.call('POST', `${path}/test`), 202);
    await until(look, ({ contacts }) => contacts[0].call === 'file');
    expect((await look()).contacts[0]).toMatchObject({ outcome: 'answered', since: probed.since });
  });
});

/** More than a page of the log holds, and more than one step of the writing; two bytes a character. */
const large = { calls: 16, each: 4, title: 'é'.repeat(100_000) };

/** Kills the hub in the middle of the writing of a night, and starts it again: in the first month in which it hits. */
async function killWhileWriting() {
  for (const month of ['2027-08', '2027-09', '2027-10', '2027-11']) {
    const server = await startServer();
    await moveTo(`${month}-01T12:00:00Z`);
    const program = await newProgram(hub.url);
    const make = (i: number) => ({
      ...completion(program.programId, `large-${i}`),
      PublisherEventData: { title: large.title },
    });
    for (let call = 0; call < large.calls; call++)
      await publish(
        program.call,
        Array.from({ length: large.each }, (_, i) => make(call * large.each + i)),
      );
    const events = { types: ['courseCompletion'] };
    const exportId = await createExport(program, exportTo(server, { emptyDay: 'send', events }));
    await moveTo(`${month}-02T02:00:00Z`);
    const locked = lockWhileWriting(hub, exportId);
    // It may not live to answer.
    sweep().catch(() => {});
    const release = await locked;
    if (release === null) continue;
    await hub.kill();
    release();
    expect([...filesOn(server).keys()].filter((name) => name.startsWith('courseCompletion-'))).toEqual([]);
    await hub.restart();
    return { server, program, exportId, month };
  }
  throw new Error('no kill hit the writing of a night');
}
