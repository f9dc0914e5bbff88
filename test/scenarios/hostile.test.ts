import { describe, expect, it } from 'vitest';
import { answers, holder } from '../support/behaviours.ts';
import { sweepUntil, type Taken, takenAt, takes, takesTheThird } from '../support/burst.ts';
import {
  type Body,
  dropAndCall,
  expectStatus,
  jobEnded,
  newProgram,
  peopleTask,
  until,
} from '../support/client.ts';
import { sweepLater } from '../support/crash.ts';
import { attemptsTimedOut, attemptsUnderWay, lockDatabase } from '../support/database.ts';
import {
  createWebhook,
  deliveryOnce,
  eventBody,
  eventIdsAt,
  idsOf,
  ledgerOf,
  ownCrowd,
  publish,
} from '../support/fanout.ts';
import { ownHub } from '../support/own-hub.ts';

// What the hub itself stands on behaves badly while messages are on their way: its queue, its database, its
// clock. On a hub of its own.

const { hub, system } = ownHub();
const crowd = ownCrowd();

const urlOf = (path: string) => crowd.receiver.url + path;
const isDelivered = (lines: Body[]) =>
  lines.length > 0 && lines.every(({ status }) => status === 'delivered');
const clock = async (body: Body) => expectStatus(await system('POST', '/dev/clock', { body }), 200);
const hours = 3_600;

describe('a queue that gives every message three times, in any order', () => {
  it('makes nobody hear anything twice', async () => {
    expectStatus(await system('POST', '/dev/queue', { body: { repeat: true } }), 200);
    const taken: Taken = new Map();
    const program = await newProgram(hub.url);
    const [quick, refusing, limited, told] = [
      crowd.path(takes(taken)),
      crowd.path(takesTheThird(taken)),
      crowd.path(takes(taken)),
      crowd.path(),
    ];
    for (const path of [quick, refusing])
      await createWebhook(program, { url: urlOf(path), events: ['event.published'] });
    const slow = { url: urlOf(limited), events: ['event.published'], rateLimitPerSecond: 40 };
    await createWebhook(program, slow);
    const task = `/api/programs/${program.programId}/tasks/warehouse`;
    expectStatus(await program.call('PUT', task, { body: peopleTask }), 200);
    const notifyWebhook = urlOf(told);
    const called = await dropAndCall(program, 'warehouse', 'p.csv', 'id,name\n1,Ann\n', { notifyWebhook });
    const ids = idsOf('thrice', 40);
    await publish(program, ids);
    const paths = [quick, refusing, limited];
    const isTried = ({ status, attemptCount }: Body) =>
      status === 'delivered' || (status === 'waiting' && attemptCount === 2);
    await until(
      () => ledgerOf(program),
      (lines) => lines.length === 3 * ids.length + 1 && lines.every(isTried),
    );
    // A clock that leaps ends the leases of what is under way: there is none.
    await until(
      async () => attemptsUnderWay(hub),
      (count) => count === 0,
    );
    await sweepLater(hub, 400);
    await until(() => ledgerOf(program), isDelivered, 60);
    for (const path of paths) expect(new Set(takenAt(taken, path).values())).toEqual(new Set([1]));
    expect(crowd.at(refusing)).toHaveLength(3 * ids.length);
    expect((await jobEnded(program.call, called.body.jobId)).status).toBe('succeeded');
    expect(crowd.at(told)).toHaveLength(1);
    expectStatus(await system('POST', '/dev/queue', { body: {} }), 200);
  });
});

describe('a database that fails while receivers answer', () => {
  it('loses nothing, repeats no more than was on its way, and says what is not known', async () => {
    const program = await newProgram(hub.url);
    const { behaviour, letGo } = holder();
    const path = crowd.path(behaviour);
    await createWebhook(program, { url: urlOf(path), events: ['event.published'] });
    const ids = idsOf('cut', 30);
    await publish(program, ids);
    await until(
      async () => crowd.at(path).length,
      (count) => count >= 4,
    );
    const unlock = lockDatabase(hub);
    // Nothing begins from here on.
    const underWay = attemptsUnderWay(hub);
    letGo();
    const body = eventBody(program, 'refused');
    const refused = expectStatus(await program.call('POST', '/api/events', { body }), 503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    await until(async () => hub.lines.some((line) => line.includes('delivery.attempt_failed')), Boolean);
    const sentInDoubt = new Set(crowd.at(path).map(({ headers }) => headers['webhook-id']));
    crowd.behave(path, answers(500));
    unlock();
    expectStatus(await program.call('POST', '/api/events', { body }), 201);
    const inDoubt = () =>
      ledgerOf(program).then((lines) =>
        lines.filter(({ messageId, status }) => sentInDoubt.has(messageId) && status !== 'delivered'),
      );
    await sweepUntil(hub, crowd, 45, async () =>
      (await inDoubt()).every(({ status, attemptCount }) => status === 'waiting' && attemptCount > 0),
    );
    // Refused now, it may have been taken before: nobody knows, and that is said.
    const lines = await inDoubt();
    expect(lines.length).toBeGreaterThan(0);
    for (const { uncertain } of lines) expect(uncertain).toBe(true);
    const refusals = crowd.at(path).length;
    crowd.behave(path, null);
    await sweepUntil(hub, crowd, 400, async () => isDelivered(await ledgerOf(program)));
    expect([...eventIdsAt(crowd, path).keys()].sort()).toEqual([...ids, 'refused'].sort());
    const takenTwice = new Set(
      crowd
        .at(path)
        .slice(refusals)
        .map(({ headers }) => headers['webhook-id'])
        .filter((id) => sentInDoubt.has(id)),
    );
    expect(takenTwice.size).toBeLessThanOrEqual(underWay);
  });
});

describe('a clock that leaps while messages are on their way', () => {
  it('five hours ahead and back again, delays nobody and loses nothing', async () => {
    const program = await newProgram(hub.url);
    const { behaviour, letGo } = holder();
    const [held, failing, limited] = [crowd.path(behaviour), crowd.path(answers(500)), crowd.path()];
    const events = ['event.published'];
    const { webhookId: heldWebhook } = await createWebhook(program, { url: urlOf(held), events });
    const { webhookId } = await createWebhook(program, { url: urlOf(failing), events });
    const slow = { url: urlOf(limited), events, rateLimitPerSecond: 20 };
    const { webhookId: rateLimited } = await createWebhook(program, slow);
    await publish(program, idsOf('before', 6));
    await until(
      async () => crowd.at(held).length,
      (count) => count >= 4,
    );
    const atLimited = `&webhookId=${rateLimited}`;
    await until(
      () => ledgerOf(program, atLimited),
      (lines) => lines.length === 6 && isDelivered(lines),
    );
    const [begun, underWay] = [crowd.at(held).length, attemptsUnderWay(hub, heldWebhook)];
    await clock({ aheadSeconds: 5 * hours });
    // By this clock their senders are dead: they are sent again, beside those that are still held.
    const swept = system('POST', '/dev/sweep');
    await until(
      async () => crowd.at(held).length,
      (count) => count > begun,
    );
    await publish(program, idsOf('ahead', 6));
    await until(
      () => ledgerOf(program, atLimited),
      (lines) => lines.length === 12 && isDelivered(lines),
    );
    await clock({ now: null });
    await publish(program, idsOf('back', 6));
    // The sweep that began ahead goes on by that clock, and by that clock their senders are dead as well.
    const underWayBack = attemptsUnderWay(hub, heldWebhook);
    letGo();
    await until(
      async () => eventIdsAt(crowd, limited).size,
      (size) => size === 18,
    );
    expectStatus(await swept, 200);
    const seen = () => eventIdsAt(crowd, held);
    await until(
      async () =>
        idsOf('before', 6)
          .concat(idsOf('back', 6))
          .every((id) => seen().has(id)),
      Boolean,
    );
    expect([...eventIdsAt(crowd, limited).values()]).toEqual(Array(18).fill(1));
    const all = [...idsOf('before', 6), ...idsOf('ahead', 6), ...idsOf('back', 6)].sort();

    // What failed waits for its hour, on record; whoever does not want to wait sends it by hand.
    const waiting = await until(
      () => ledgerOf(program, `&webhookId=${webhookId}`),
      (lines) => lines.length === 18 && lines.every(({ nextAttemptAt }) => nextAttemptAt !== null),
    );
    for (const { reason } of waiting) expect(reason).not.toBeNull();
    crowd.behave(failing, null);
    const late = waiting.reduce((a, b) => (a.nextAttemptAt > b.nextAttemptAt ? a : b));
    expect(Date.parse(late.nextAttemptAt)).toBeGreaterThan(Date.now() + 4 * hours * 1_000);
    expectStatus(await program.call('POST', `/api/deliveries/${late.deliveryId}/retry`), 202);
    await deliveryOnce(program, late.deliveryId, ({ status }) => status === 'delivered');
    await sweepUntil(hub, crowd, 6 * hours, async () => isDelivered(await ledgerOf(program)));
    for (const path of [held, failing]) expect([...eventIdsAt(crowd, path).keys()].sort()).toEqual(all);
    const repeats = [...seen().values()].reduce((sum, count) => sum + count - 1, 0);
    // On a slow machine it was held for longer than an attempt may take: that is another reason to send it again.
    const timedOut = attemptsTimedOut(hub, heldWebhook);
    expect(repeats).toBeLessThanOrEqual(underWay + underWayBack + timedOut);
  });
});
