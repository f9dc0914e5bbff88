import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { answers } from '../support/behaviours.ts';
import { sweepUntil } from '../support/burst.ts';
import {
  type Body,
  type Call,
  caller,
  dropAndCall,
  expectStatus,
  jobEnded,
  localSystemKey,
  newProgram,
  peopleTask,
  type TestProgram,
  until,
} from '../support/client.ts';
import { sweepLater } from '../support/crash.ts';
import { subscribe } from '../support/events.ts';
import {
  type Crowd,
  createWebhook,
  deliveryOnce,
  idsOf,
  ledgerOf,
  publish,
  startCrowd,
  webhooksPath,
} from '../support/fanout.ts';
import { startLearningBuilder } from '../support/learning-builder.ts';

// Receivers, names and channels that fail for hours and days, on a hub of its own whose clock is moved and
// which asks a resolver of the test.

const mailsPerDay = 20;

/** What the resolver says of every name: addresses, that there is no such name, or nothing at all. */
let resolved: string[] | 'down' = [];
const resolver = createServer({ keepAliveTimeout: 0 }, (request, response) => {
  if (resolved === 'down') response.statusCode = 503;
  const isV4 = new URL(request.url ?? '', 'http://resolver').searchParams.get('type') === 'A';
  const Answer = resolved === 'down' || !isV4 ? [] : resolved.map((data) => ({ type: 1, data }));
  response.end(JSON.stringify(Answer.length === 0 ? { Status: 3 } : { Status: 0, Answer }));
});

let hub: Hub;
let crowd: Crowd;
let system: Call;

beforeAll(async () => {
  resolver.listen(0, '127.0.0.1');
  await once(resolver, 'listening');
  crowd = await startCrowd();
  const { port } = resolver.address() as AddressInfo;
  const vars = {
    DNS_RESOLVER: `http://127.0.0.1:${port}/dns-query`,
    MAX_EMAILS_PER_DAY: String(mailsPerDay),
    STAFF_WEBHOOK: `${crowd.receiver.url}/staff`,
  };
  hub = await startHub({ vars });
  system = caller(hub.url, localSystemKey);
});
afterAll(async () => {
  await crowd.close();
  resolver.closeAllConnections();
  resolver.close();
  await hub.stop();
});

const urlOf = (path: string) => crowd.receiver.url + path;
const toldAt = (path: string): Body[] => crowd.at(path).map(({ body }) => JSON.parse(body));
const mailsTo = (address: string) => hub.mails().filter(({ to }) => to === address);
const attentionOf = async ({ call, programId }: TestProgram): Promise<Body[]> =>
  expectStatus(await call('GET', `/api/programs/${programId}/attention?limit=200`), 200).body.items;

async function moveTo(atMs: number): Promise<void> {
  const now = new Date(atMs).toISOString();
  expectStatus(await system('POST', '/dev/clock', { body: { now } }), 200);
}
const sweep = async () => expectStatus(await system('POST', '/dev/sweep'), 200);

const dueTimes = (lines: Body[]): number[] =>
  lines.flatMap(({ status, nextAttemptAt }) => (status === 'waiting' ? [Date.parse(nextAttemptAt)] : []));

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
/** After the first, second, … attempt. */
const waits = [5 * second, 5 * minute, 30 * minute, ...[2, 5, 10, 14, 20, 24].map((hours) => hours * hour)];

/** The last attempt was made, and the next is due within a fifth of the schedule's wait. */
function expectOnSchedule({ attempts, nextAttemptAt }: Body): void {
  const last = attempts.at(-1);
  const waited = Date.parse(nextAttemptAt) - Date.parse(last.startedAt) - last.durationMs;
  const wait = waits[attempts.length - 1] ?? 0;
  expect(waited).toBeGreaterThanOrEqual(0.8 * wait - second);
  expect(waited).toBeLessThanOrEqual(1.2 * wait + 30 * second);
}

describe('a receiver that answers 500', () => {
  it('for a day is tried by the schedule and then has everything; for good, its owner is told, and not by the dozen', async () => {
    const mail = 'owner@outages.example';
    const contactsHook = crowd.path();
    const contacts = { emails: [mail], webhook: urlOf(contactsHook) };
    const program = await newProgram(hub.url, { contacts });
    const [day, good] = [crowd.path(answers(500)), crowd.path(answers(500))];
    const hooks = [];
    for (const path of [day, good])
      hooks.push((await createWebhook(program, { url: urlOf(path), events: ['event.published'] })).webhookId);
    const [dayHook, goodHook] = hooks;
    await publish(program, idsOf('outage', 12));
    const linesOf = (webhookId?: string) => ledgerOf(program, `&webhookId=${webhookId}`);
    const attempted = (count: number, of = ledgerOf(program)) =>
      of.then((lines) =>
        lines.every(({ attemptCount, status }) => attemptCount === count && status !== 'sending'),
      );
    // The first wait is of seconds, which a busy machine misses.
    await until(() => attempted(2), Boolean);

    for (let made = 2; made < 9; made++) {
      const lines = (await ledgerOf(program)).filter(({ status }) => status === 'waiting');
      expect(lines).toHaveLength(made < 8 ? 24 : 12);
      const [one] = lines;
      expectOnSchedule(
        expectStatus(await program.call('GET', `/api/deliveries/${one.deliveryId}`), 200).body,
      );
      await moveTo(Math.min(...dueTimes(lines)) - 40 * second);
      await sweep();
      expect(await attempted(made, linesOf(goodHook))).toBe(true);
      if (made === 7) {
        // A day has passed: nothing is given up, and nobody has to do anything.
        for (const webhookId of hooks) {
          const { body } = await program.call('GET', `${webhooksPath(program)}/${webhookId}`);
          expect(body.state).toBe('active');
        }
        expect(await attentionOf(program)).toEqual([]);
        expect(mailsTo(mail)).toEqual([]);
        crowd.behave(day, null);
      }
      await moveTo(Math.max(...dueTimes(lines)) + second);
      await until(async () => {
        await sweep();
        return attempted(made + 1, linesOf(goodHook));
      }, Boolean);
    }
    const recovered = await linesOf(dayHook);
    expect(recovered.map(({ status, attemptCount }) => [status, attemptCount])).toEqual(
      Array(12).fill(['delivered', 8]),
    );

    // The tenth attempts are spread over hours: whoever has to be told is told at once, then once an hour.
    const lasts = dueTimes(await linesOf(goodHook)).sort((a, b) => a - b);
    expect(lasts).toHaveLength(12);
    const exhausted = () => ledgerOf(program, '&status=exhausted');
    for (const [i, at] of lasts.entries()) {
      await moveTo(at + second);
      await until(
        async () => {
          await sweep();
          return (await exhausted()).length;
        },
        (count) => count > i,
      );
    }
    const ids = (await exhausted()).map(({ deliveryId }) => deliveryId).sort();
    const toldOf = () =>
      toldAt(contactsHook)
        .flatMap(({ data }) => data.subjects)
        .sort();
    await sweepUntil(hub, crowd, 3_700, () => toldOf().length === 12);
    expect(toldOf()).toEqual(ids);
    const problems = toldAt(contactsHook);
    expect(problems[0]).toMatchObject({
      type: 'delivery.exhausted',
      data: { count: 1, subject: problems[0].data.subjects[0] },
    });
    let [messages, toldAtMs, untold] = [0, 0, false];
    for (const at of lasts) {
      untold = at - toldAtMs < hour;
      if (!untold) [messages, toldAtMs] = [messages + 1, at];
    }
    // One that is due just an hour after another may be told with it or alone.
    expect(Math.abs(problems.length - messages - (untold ? 1 : 0))).toBeLessThanOrEqual(1);
    expect(problems.reduce((sum, { data }) => sum + data.count, 0)).toBe(12);
    const mails = await until(
      async () => mailsTo(mail),
      (all) => all.length === problems.length,
    );
    const many = problems.find(({ data }) => data.count > 1);
    if (many)
      expect(mails.map(({ subject }) => subject).join('\n')).toContain(
        `${many.data.count} × delivery exhausted`,
      );
    expect((await attentionOf(program)).map(({ kind, subject }) => [kind, subject]).sort()).toEqual(
      ids.map((id) => ['delivery_exhausted', id]),
    );
  });
});

describe('an endpoint whose host stops resolving', () => {
  it('is not called, waits by the schedule with that reason, and has everything once it moved', async () => {
    resolved = ['93.184.216.34'];
    const program = await newProgram(hub.url);
    const { webhookId } = await createWebhook(program, {
      url: 'https://hooks.outages.example/done',
      events: ['event.published'],
    });
    resolved = [];
    // What was found a moment ago is remembered for five minutes.
    await sweepLater(hub, 301);
    await publish(program, ['unresolved']);
    const [{ deliveryId }] = await ledgerOf(program);
    const detailOf = async (attempts: number) => {
      const one = await deliveryOnce(
        program,
        deliveryId,
        ({ attemptCount, status }) => attemptCount === attempts && status === 'waiting',
      );
      expectOnSchedule(one);
      expect(one).toMatchObject({ uncertain: false, reason: one.attempts.at(-1).detail });
      expect(one.attempts.at(-1)).toMatchObject({ status: null, failure: 'connect' });
      return one.attempts.at(-1).detail;
    };
    expect(await detailOf(2)).toBe('The host name leads nowhere: it has no address now.');
    const tries: [string[] | 'down', string][] = [
      ['down', 'The host name could not be resolved.'],
      [['10.0.0.1'], 'This host name leads to a private address; the hub calls public hosts only.'],
      [
        ['93.184.216.34', '127.0.0.1'],
        'This host name leads to a private address; the hub calls public hosts only.',
      ],
    ];
    for (const [i, [says, detail]] of tries.entries()) {
      resolved = says;
      await sweepLater(hub, (1.25 * (waits[i + 1] ?? 0)) / second);
      expect(await detailOf(i + 3)).toBe(detail);
    }
    const path = crowd.path();
    const one = `${webhooksPath(program)}/${webhookId}`;
    const refused = await program.call('PATCH', one, {
      body: { url: 'https://hooks.outages.example/other' },
    });
    expect(expectStatus(refused, 400).body.errors).toMatchObject([{ path: 'url', code: 'url_private_host' }]);
    expectStatus(await program.call('PATCH', one, { body: { url: urlOf(path) } }), 200);
    expectStatus(await program.call('POST', `/api/deliveries/${deliveryId}/retry`), 202);
    const delivered = await deliveryOnce(program, deliveryId, ({ status }) => status === 'delivered');
    expect(delivered.attempts).toHaveLength(6);
    expect(crowd.at(path)).toHaveLength(1);
  });
});

describe('an alert', () => {
  it('that cannot go by mail goes by webhook, and one that cannot go by webhook goes by mail; staff hear who is not reached', async () => {
    // At noon, for the mails are those of a day. One has used up its own; the other's webhook is broken.
    const { now } = (await system('POST', '/dev/clock', { body: { aheadSeconds: 0 } })).body;
    await moveTo(Date.parse(`${now.slice(0, 10)}T12:00:00Z`) + 24 * hour);
    const heard = crowd.path();
    const mailless = await newProgram(hub.url, {
      contacts: { emails: ['full@outages.example'], webhook: urlOf(heard) },
    });
    const deaf = crowd.path(answers(500));
    const hookless = await newProgram(hub.url, {
      contacts: { emails: ['hookless@outages.example'], webhook: urlOf(deaf) },
    });
    const task = `/api/programs/${mailless.programId}/tasks/warehouse`;
    expectStatus(await mailless.call('PUT', task, { body: peopleTask }), 200);
    for (const round of [1, 2]) {
      const notifyEmail = idsOf(`r${round}`, mailsPerDay / 2).map((name) => `${name}@outages.example`);
      const called = await dropAndCall(mailless, 'warehouse', `${round}.csv`, 'id,name\n1,Ann\n', {
        notifyEmail,
      });
      await jobEnded(mailless.call, expectStatus(called, 200).body.jobId);
    }
    await sweepUntil(
      hub,
      crowd,
      1,
      async () => (await ledgerOf(mailless, '&channel=email&status=delivered')).length === mailsPerDay,
    );
    for (const program of [mailless, hookless]) {
      await createWebhook(program, { url: urlOf(crowd.path(answers(410))), events: ['event.published'] });
      await publish(program, ['gone']);
    }
    await sweepUntil(
      hub,
      crowd,
      1,
      () => crowd.at(heard).length > 0 && mailsTo('hookless@outages.example').length > 0,
    );
    expect(toldAt(heard)).toMatchObject([
      { type: 'webhook.disabled', data: { kind: 'webhook_disabled', count: 1 } },
    ]);
    expect(mailsTo('hookless@outages.example')[0]?.text).toContain('410');
    expect(mailsTo('full@outages.example')).toEqual([]);
    const [waiting] = await ledgerOf(mailless, '&type=webhook.disabled&channel=email');
    expect(waiting.reason).toContain(`its ${mailsPerDay} mails of today`);

    const staffHeard = () => toldAt('/staff').map(({ data }) => [data.kind, data.programId]);
    await sweepUntil(hub, crowd, 90_000, () =>
      staffHeard().some(
        ([kind, programId]) => kind === 'contacts_unreachable' && programId === hookless.programId,
      ),
    );
    // The next day has mails again, and the first alert was not lost.
    expect(mailsTo('full@outages.example')).toHaveLength(1);
    expect(crowd.at(heard)).toHaveLength(1);
    expect(
      mailsTo('hookless@outages.example').filter(({ subject }) => subject.includes('webhook disabled')),
    ).toHaveLength(1);
  });
});

describe('a server that refuses the calls of a synchronisation', () => {
  it('for a night makes endpoints hear of each call that failed', async () => {
    const lb = await startLearningBuilder();
    lb.decide(() => 503);
    const publisher = await newProgram(hub.url);
    const subscriber = await newProgram(hub.url, { learningBuilder: { baseUrl: lb.url, apiKey: lb.apiKey } });
    const row = (importProcessId: number) => ({ importProcessId, batchRowTemplate: '{"a": 1}' });
    await subscribe(hub.url, subscriber, publisher, { A: row(1), B: row(2) });
    const path = crowd.path();
    await createWebhook(subscriber, { url: urlOf(path), events: ['subscription.failed'] });
    for (const id of ['A', 'B']) await publish(publisher, [id], { PublisherEventCategory: id });
    const sync = `/api/programs/${subscriber.programId}/eventSubs/${publisher.programId}/sync`;
    expectStatus(await subscriber.call('POST', sync), 200);
    await sweepUntil(hub, crowd, 4_000, () => crowd.at(path).length >= 2);
    const failed = toldAt(path).map(({ data }) => data);
    expect(new Set(failed.map(({ deliveryId }) => deliveryId)).size).toBe(2);
    expect(failed).toHaveLength(2);
    expect(failed[0]).toMatchObject({ programId: subscriber.programId, message: 'Answered 503.' });
    await lb.close();
  });
});
