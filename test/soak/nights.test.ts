import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Relay, startRelay } from '../../relay/dev/relay.ts';
import { startScriptedServer } from '../../relay/dev/scripted.ts';
import { type SftpServer, startSftpServer } from '../../relay/dev/server.ts';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { addDays, instantOf } from '../../src/platform/zones.ts';
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
import { completion, createExport, exportTo, filesOn, nightEnded, publish } from '../support/nights.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

// Nights that take months, on a hub of its own whose clock is moved, to a real SFTP server.

let hub: Hub;
let relay: Relay;
let server: SftpServer;
let system: Call;

beforeAll(async () => {
  [relay, server] = await Promise.all([startRelay(), startSftpServer()]);
  hub = await startHub({ vars: relay.vars });
  system = caller(hub.url, localSystemKey);
});
afterAll(async () => {
  await hub?.stop();
  await Promise.all([relay?.stop(), server?.stop()]);
});

async function moveTo(atMs: number): Promise<void> {
  expectStatus(await system('POST', '/dev/clock', { body: { now: new Date(atMs).toISOString() } }), 200);
}

const sweep = async () => expectStatus(await system('POST', '/dev/sweep'), 200);

interface Place {
  timeZone: string;
  /** The day on which its clocks change. */
  date: string;
  hours: number;
}

const places: Place[] = [
  { timeZone: 'America/New_York', date: '2027-03-14', hours: 23 },
  { timeZone: 'Asia/Kolkata', date: '2027-03-14', hours: 24 },
  { timeZone: 'America/Santiago', date: '2027-09-05', hours: 23 },
  { timeZone: 'Australia/Lord_Howe', date: '2027-10-03', hours: 23.5 },
  { timeZone: 'Europe/London', date: '2027-10-31', hours: 25 },
];

interface Scene extends Place {
  program: TestProgram;
  exports: { format: 'json' | 'csv'; exportId: string }[];
  published: number;
}

const minute = 60_000;
const formats = ['json', 'csv'] as const;

/** What happens in one zone, and when: events on both sides of every midnight and change. */
function actsOf(scene: Scene): { atMs: number; act: () => Promise<void> }[] {
  const { timeZone, date, program } = scene;
  const before = addDays(date, -1);
  const starts = [before, date, addDays(date, 1)].map((day) => instantOf(timeZone, day));
  const due = [date, addDays(date, 1)].map((day) => instantOf(timeZone, day, '02:00'));
  const [first = 0, second = 0, third = 0] = starts;
  const [firstDue = 0, secondDue = 0] = due;
  const events = async () => {
    const ids = [0, 1, 2].map(() => `${timeZone.replace('/', '-')}-${++scene.published}`);
    await publish(
      program.call,
      ids.map((id) => completion(program.programId, id)),
    );
  };
  const around = [first, second, third].flatMap((midnight) => [midnight - minute, midnight + minute]);
  return [
    ...[...around, second + 5 * 60 * minute].map((atMs) => ({ atMs, act: events })),
    {
      atMs: first + 11 * 60 * minute,
      act: async () => {
        for (const format of formats) {
          const body = exportTo(server, { name: `${timeZone} ${format}`, format });
          scene.exports.push({ format, exportId: await createExport(program, body) });
        }
      },
    },
    { atMs: firstDue - 2 * minute, act: () => expectNights(scene, []) },
    { atMs: firstDue, act: () => expectNights(scene, [before]) },
    { atMs: secondDue - 2 * minute, act: () => expectNights(scene, [before]) },
    { atMs: secondDue, act: () => expectNights(scene, [date, before]) },
  ];
}

/** After what the minute's cron does the exports have these nights, each once. */
async function expectNights({ program, exports }: Scene, dates: string[]): Promise<void> {
  await sweep();
  for (const { exportId } of exports) {
    const { body } = await program.call('GET', `/api/programs/${program.programId}/exports/${exportId}/runs`);
    expect(body.items.map((run: Body) => run.localDate)).toEqual(dates);
    for (const date of dates) expect((await nightEnded(program, exportId, date)).status).toBe('delivered');
  }
}

describe('a day of events across a change of the clocks', () => {
  it('arrives on a real server in both formats, each event in exactly one night', async () => {
    const scenes: Scene[] = await Promise.all(
      places.map(async (place) => {
        const program = await newProgram(hub.url, { timeZone: place.timeZone });
        return { ...place, program, exports: [], published: 0 };
      }),
    );
    const acts = scenes.flatMap(actsOf).sort((a, b) => a.atMs - b.atMs);
    for (const { atMs, act } of acts) {
      await moveTo(atMs);
      await act();
    }
    const remote = filesOn(server);
    for (const scene of scenes) await expectTiled(scene, remote);
  }, 240_000);
});

async function expectTiled(scene: Scene, remote: Map<string, Buffer>): Promise<void> {
  const { program, timeZone, date, hours } = scene;
  // The oracle: the calendar's own word on each event's time of receipt.
  const calendar = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' });
  const log = expectStatus(await program.call('GET', `/api/events/${program.programId}?limit=200`), 200).body;
  expect(log).toHaveLength(21);
  for (const { format, exportId } of scene.exports) {
    const nights = [addDays(date, -1), date];
    const ends: number[] = [];
    for (const night of nights) {
      const run = await nightEnded(program, exportId, night);
      ends.push(Date.parse(run.endsAt));
      expect(run.files).toHaveLength(1);
      const [file] = run.files;
      const bytes = remote.get(file.name);
      expect(bytes?.length, file.name).toBe(file.sizeBytes);
      const rows: Body[] =
        format === 'json' ? JSON.parse(String(bytes)) : parse(bytes ?? '', { columns: true });
      const wanted = log.filter((one: Body) => calendar.format(new Date(one.ReceivedUtc)) === night);
      expect(rows.map(({ id }) => id)).toEqual(wanted.map((one: Body) => one.PublisherEventId));
      expect(wanted.length, `${timeZone} ${night}`).toBeGreaterThan(3);
      expect(file.rows).toBe(rows.length);
      expect(rows[0].title).toBe('New Student Orientation, "Fast Track"');
    }
    const [from = 0, to = 0] = ends;
    expect((to - from) / 3_600_000, timeZone).toBe(hours);
  }
}

/** The deliveries of the program's nights, newest first. */
async function filesSent({ call, programId }: TestProgram): Promise<Body[]> {
  const { body } = await call('GET', `/api/programs/${programId}/deliveries?channel=sftp&type=export.file`);
  return body.items;
}

/** An endpoint of the program that hears how nights end. */
async function listen({ call, programId }: TestProgram, receiver: Receiver): Promise<void> {
  const body = { url: receiver.url, events: ['export.*'], description: 'nights' };
  expectStatus(await call('POST', `/api/programs/${programId}/webhooks`, { body }), 201);
}

describe('a server that is down', () => {
  it('for the first nine attempts gets its file on the tenth, on the schedule to the second', async () => {
    const start = Date.parse('2028-02-01T12:00:00Z');
    await moveTo(start);
    const receiver = await startReceiver();
    const program = await newProgram(hub.url);
    await listen(program, receiver);
    await publish(program.call, [completion(program.programId, 'only')]);
    const exportId = await createExport(program, exportTo(server));
    await server.kill();
    let at = Date.parse('2028-02-02T02:00:00Z');
    await moveTo(at);
    await sweep();
    for (let attempts = 1; attempts <= 9; attempts++) {
      const [delivery] = await until(
        () => filesSent(program),
        ([one]) => one?.attemptCount === attempts && one.status === 'waiting',
      );
      expect(delivery.reason).toContain('connect');
      at = Date.parse(delivery.nextAttemptAt);
      if (attempts === 9) await server.restart();
      await moveTo(at);
      await sweep();
    }
    expect((await nightEnded(program, exportId, '2028-02-01')).status).toBe('delivered');
    const [delivery] = await filesSent(program);
    const { body } = await program.call('GET', `/api/deliveries/${delivery.deliveryId}`);
    const ends = body.attempts.map((one: Body) => Date.parse(one.startedAt) + one.durationMs);
    const waits = body.attempts.slice(1).map((one: Body, i: number) => Date.parse(one.startedAt) - ends[i]);
    expect(body.attempts).toHaveLength(10);
    for (const [i, seconds] of [20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600].entries()) {
      expect(waits[i], `wait ${i + 1}`).toBeGreaterThanOrEqual(seconds * 1_000);
      // The machine may be slow to begin; the schedule itself is checked where it is decided.
      expect(waits[i], `wait ${i + 1}`).toBeLessThan(seconds * 1_000 + 20_000);
    }
    const [told] = await receiver.waitFor(1);
    const message = JSON.parse(told?.body ?? '');
    expect(message).toMatchObject({
      type: 'export.delivered',
      data: { exportId, localDate: '2028-02-01', events: 1, files: [{ rows: 1, status: 'delivered' }] },
    });
    const [file] = message.data.files;
    expect(file.evidence).toMatchObject({ bytes: file.sizeBytes, sha256: file.sha256 });
    expect(filesOn(server).get(file.name)?.length).toBe(file.sizeBytes);
    await receiver.close();
  }, 240_000);
});

describe('a hub that was down for nights', () => {
  it('sends each of them, oldest first, and again on demand: the same bytes under the same names', async () => {
    const day = (date: string, time = '12:00') => Date.parse(`${date}T${time}:00Z`);
    await moveTo(day('2028-03-01'));
    const receiver = await startReceiver();
    const program = await newProgram(hub.url);
    await listen(program, receiver);
    const other = { EventType: 'enrolment:changed', PublisherEventData: { a: { 'b.c': 1 }, when: null } };
    const make = (id: string, more = {}) => ({ ...completion(program.programId, id), ...more });
    await publish(program.call, [make('one'), make('two', other)]);
    const types = { types: ['courseCompletion', 'enrolment:changed'] };
    const options = { format: 'csv', manifest: true, emptyDay: 'send', events: types };
    const exportId = await createExport(program, exportTo(server, options));
    const path = `/api/programs/${program.programId}/exports/${exportId}`;
    await moveTo(day('2028-03-02'));
    await publish(program.call, [make('three')]);
    // Paused meanwhile, as its owner wished; the hub is up again three nights later.
    expectStatus(await program.call('PATCH', path, { body: { active: false } }), 200);
    await moveTo(day('2028-03-04', '09:00'));
    await sweep();
    expect((await program.call('GET', `${path}/runs`)).body.items).toEqual([]);
    expectStatus(await program.call('PATCH', path, { body: { active: true } }), 200);
    const dates = ['2028-03-01', '2028-03-02', '2028-03-03'];
    const runs: Body[] = [];
    for (const date of dates) runs.push(await nightEnded(program, exportId, date));
    expect(runs.map(({ status, events }) => [status, events])).toEqual([
      ['delivered', 2],
      ['delivered', 1],
      ['delivered', 0],
    ]);
    const started = runs.map((run) => Date.parse(run.startedAt));
    expect([...started].sort((a, b) => a - b)).toEqual(started);
    const remote = filesOn(server);
    for (const run of runs) {
      expect(run.files).toHaveLength(4);
      for (const file of run.files) expect(remote.get(file.name)?.length, file.name).toBe(file.sizeBytes);
      const manifests = run.files.filter((file: Body) => file.rows === null);
      for (const { name } of manifests) {
        const told = JSON.parse(String(remote.get(name)));
        const file = run.files.find((one: Body) => one.name === told.name);
        expect(told).toMatchObject({ rows: file.rows, sizeBytes: file.sizeBytes, sha256: file.sha256 });
      }
    }
    const ofType = (run: Body, event: string) =>
      String(remote.get(run.files.find((file: Body) => file.event === event && file.rows !== null).name));
    const [row] = parse(ofType(runs[0], 'enrolment:changed'), { columns: true }) as Body[];
    expect(row).toMatchObject({
      PublisherEventId: 'two',
      'PublisherEventData.a.b\\.c': '1',
      'PublisherEventData.when': '',
    });
    expect(ofType(runs[2], 'courseCompletion').split('\r\n')).toHaveLength(2);
    const told = await receiver.waitFor(3);
    expect(told.map(({ body }) => JSON.parse(body).data.localDate).sort()).toEqual(dates);

    const [first] = runs;
    for (const { name } of first.files) rmSync(join(server.folder, name));
    expectStatus(await program.call('POST', `${path}/runs/2028-03-01/send`), 202);
    const again = await nightEnded(program, exportId, '2028-03-01');
    expect(again).toMatchObject({ status: 'delivered', sends: 2 });
    const facts = (run: Body) => run.files.map(({ name, sha256 }: Body) => [name, sha256]);
    expect(facts(again)).toEqual(facts(first));
    for (const { name } of first.files) expect(filesOn(server).get(name)).toEqual(remote.get(name));
    expect(await receiver.waitFor(4)).toHaveLength(4);

    await moveTo(day('2028-03-04') + 91 * 86_400_000);
    expectStatus(await program.call('PATCH', path, { body: { active: false } }), 200);
    for (let pruned = 0; pruned < 100; pruned++) {
      if (pruned === 0)
        expectStatus(await system('POST', '/dev/cron', { body: { cron: '17 3 * * *' } }), 200);
      if ((await sweep()).body.retention === 0) break;
    }
    expectStatus(await program.call('POST', `${path}/runs/2028-03-01/send`), 410);
    const [{ name = '' } = {}] = first.files;
    expectStatus(await program.call('GET', `${path}/runs/2028-03-01/files/${name}`), 410);
    expect((await program.call('GET', `${path}/runs/2028-03-01`)).body).toMatchObject({
      expired: true,
      files: [],
    });
    await receiver.close();
  }, 240_000);
});

describe('a kill in mid-transfer', () => {
  it('of the relay, then of the worker, leaves no part under a final name, and one whole file in the end', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'crosswalk-slow-'));
    const slow = await startScriptedServer({ folder, port: 0 });
    const start = Date.parse('2029-02-01T12:00:00Z');
    await moveTo(start);
    const program = await newProgram(hub.url);
    // A file of 8 MB: the server takes 2 MB in three seconds, however fast it comes.
    const large = (id: string) => ({
      ...completion(program.programId, id),
      PublisherEventData: { title: 'x'.repeat(200_000) },
    });
    for (let part = 0; part < 10; part++)
      await publish(
        program.call,
        ['a', 'b', 'c', 'd'].map((id) => large(`${id}${part}`)),
      );
    const exportId = await createExport(program, exportTo(slow));
    await until(
      async () => filesOn(slow).size,
      (size) => size === 1,
    );
    await slow.setFault({ kind: 'slow', bytesPerSecond: 10_000 });
    const finals = () => [...filesOn(slow).keys()].filter((name) => !name.startsWith('test-'));
    const parts = () => readdirSync(folder).filter((name) => name.startsWith('.'));
    const inTransfer = (known: string[]) =>
      until(
        async () => parts().filter((name) => !known.includes(name) && statSync(join(folder, name)).size > 0),
        (begun) => begun.length > 0,
      );
    await moveTo(Date.parse('2029-02-02T02:00:00Z'));
    await sweep();

    await inTransfer([]);
    await relay.kill();
    expect(finals()).toEqual([]);
    const left = parts();
    expect(left).toHaveLength(1);
    await relay.restart();
    const [lost] = await until(
      () => filesSent(program),
      ([one]) => one?.status === 'waiting',
    );
    expect(lost).toMatchObject({ uncertain: true, attemptCount: 1 });

    await moveTo(Date.parse(lost.nextAttemptAt));
    await sweep();
    await inTransfer(left);
    expect(finals()).toEqual([]);
    await hub.kill();
    expect(finals()).toEqual([]);
    await slow.setFault(null);
    await hub.restart();
    const run = await until(
      async () => {
        // The attempt's lease outlives it by minutes, which the clock is moved over.
        expectStatus(await system('POST', '/dev/clock', { body: { aheadSeconds: 420 } }), 200);
        await sweep();
        return (
          await program.call('GET', `/api/programs/${program.programId}/exports/${exportId}/runs/2029-02-01`)
        ).body;
      },
      (one) => one.endedAt !== null,
      120,
    );
    expect(run).toMatchObject({ status: 'delivered', events: 40 });
    const [file] = run.files;
    expect(finals()).toEqual([file.name]);
    const bytes = filesOn(slow).get(file.name);
    expect(
      createHash('sha256')
        .update(bytes ?? '')
        .digest('hex'),
    ).toBe(file.sha256);
    await until(
      async () => parts(),
      (names) => names.length === 0,
    );
    await slow.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 240_000);
});
