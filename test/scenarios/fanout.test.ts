import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import {
  answers,
  type Behaviour,
  cutsOff,
  drips,
  failsFirst,
  floods,
  hangs,
  redirectsToItself,
  resets,
} from '../support/behaviours.ts';
import { type Body, caller, expectStatus, localSystemKey, newProgram, until } from '../support/client.ts';
import { sweepLater } from '../support/crash.ts';
import {
  type Crowd,
  createWebhook,
  deliveryOnce,
  eventIdsAt,
  ledgerOf,
  publish,
  startCrowd,
  webhooksPath,
} from '../support/fanout.ts';

let hub: Hub;
let crowd: Crowd;

beforeAll(async () => {
  [hub, crowd] = await Promise.all([startHub(), startCrowd()]);
});
afterAll(async () => {
  await crowd.close();
  await hub.stop();
});

const idsOf = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
const allOf = (ids: string[]) => [...ids].sort();

/** Sends one message to an endpoint that behaves so; its delivery once the first attempt has ended. */
async function attemptAt(behaviour: Behaviour) {
  const program = await newProgram(hub.url);
  const path = crowd.path(behaviour);
  const url = crowd.receiver.url + path;
  const webhook = await createWebhook(program, { url, events: ['job.*'] });
  const tested = await program.call('POST', `${webhooksPath(program)}/${webhook.webhookId}/test`);
  const { deliveryId } = expectStatus(tested, 202).body;
  const delivery = await deliveryOnce(program, deliveryId, ({ attempts }) => attempts.length > 0);
  return { program, path, webhook, delivery };
}

const waitMs = ({ attempts, nextAttemptAt }: Body) =>
  Date.parse(nextAttemptAt) - Date.parse(attempts[0].startedAt) - attempts[0].durationMs;

describe.concurrent('an answer', () => {
  it.each([200, 201, 202, 204])('of %i is a success', async (status) => {
    const { delivery } = await attemptAt(answers(status));
    expect(delivery).toMatchObject({ status: 'delivered', uncertain: false, nextAttemptAt: null });
    expect(delivery.attempts).toMatchObject([{ status, failure: null }]);
  });

  it.each([301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504])(
    'of %i is tried again after our own wait, and followed nowhere',
    async (status) => {
      const elsewhere = crowd.path();
      const { delivery, path } = await attemptAt(answers(status, { location: elsewhere }));
      expect(delivery).toMatchObject({ status: 'waiting', uncertain: false });
      expect(delivery.attempts).toMatchObject([{ status, failure: 'status' }]);
      // 5 s, ±20 %, and what the hub needed to write it down.
      expect(waitMs(delivery)).toBeGreaterThanOrEqual(3_900);
      expect(waitMs(delivery)).toBeLessThanOrEqual(6_000 + 5_000);
      expect(crowd.at(path)).toHaveLength(1);
      expect(crowd.at(elsewhere)).toEqual([]);
    },
  );

  it('of 410 disables the endpoint at once, and tells its owner', async () => {
    const { program, webhook, delivery } = await attemptAt(answers(410));
    expect(delivery).toMatchObject({ status: 'cancelled' });
    expect(delivery.reason).toContain('410');
    const one = `${webhooksPath(program)}/${webhook.webhookId}`;
    const { body } = await until(
      () => program.call('GET', one),
      (answer) => answer.body.state === 'disabled',
    );
    expect(body.stateReason).toContain('410');
    const { body: open } = await program.call('GET', `/api/programs/${program.programId}/attention`);
    expect(open.items).toMatchObject([{ kind: 'webhook_disabled', subject: webhook.webhookId }]);
    expectStatus(await program.call('POST', `${one}/test`), 409);
    expectStatus(await program.call('POST', `${one}/resume`), 200);
    expect((await program.call('GET', `/api/programs/${program.programId}/attention`)).body.items).toEqual(
      [],
    );
  });

  it.each([
    ['8', 7_500, 13_000],
    [new Date(Date.now() + 3_600_000).toUTCString(), 7_900, 17_000],
    ['86400', 7_900, 17_000],
    ['0', 3_900, 11_000],
    ['soon', 3_900, 11_000],
    ['-5', 3_900, 11_000],
  ])(
    'of 429 with Retry-After: %s is honoured between one and two waits of our own',
    async (after, least, most) => {
      const { delivery } = await attemptAt(answers(429, { 'retry-after': after }));
      expect(delivery.status).toBe('waiting');
      expect(waitMs(delivery)).toBeGreaterThanOrEqual(least);
      expect(waitMs(delivery)).toBeLessThanOrEqual(most);
    },
  );

  it('that never comes is a time-out, and perhaps a success', async () => {
    const { delivery } = await attemptAt(hangs);
    expect(delivery).toMatchObject({ status: 'waiting', uncertain: true });
    expect(delivery.attempts).toMatchObject([{ status: null, failure: 'timeout' }]);
    expect(delivery.attempts[0].durationMs).toBeGreaterThanOrEqual(14_900);
  });

  it('that drips a byte a second is cut off after 15 seconds', async () => {
    const { delivery } = await attemptAt(drips);
    expect(delivery).toMatchObject({ status: 'waiting', uncertain: true });
    expect(delivery.attempts).toMatchObject([{ status: 200, failure: 'body' }]);
    expect(delivery.attempts[0].durationMs).toBeGreaterThanOrEqual(14_900);
  });

  it('of a gigabyte is a success, and no more of it is read than a little', async () => {
    const { delivery } = await attemptAt(floods);
    expect(delivery).toMatchObject({ status: 'delivered', attempts: [{ status: 200, failure: null }] });
    expect(delivery.attempts[0].excerpt).toHaveLength(1_024);
  });

  it('that is a reset is a failed connection, and perhaps a success', async () => {
    const { delivery } = await attemptAt(resets);
    expect(delivery).toMatchObject({ status: 'waiting', uncertain: true });
    expect(delivery.attempts).toMatchObject([{ status: null, failure: 'connect' }]);
  });

  it('that breaks off in the middle is no success', async () => {
    const { delivery } = await attemptAt(cutsOff);
    expect(delivery).toMatchObject({ status: 'waiting', uncertain: true });
    expect(delivery.attempts).toMatchObject([{ status: 200, failure: 'body' }]);
  });

  it('that leads to itself is asked for once', async () => {
    const { delivery, path } = await attemptAt(redirectsToItself);
    expect(delivery.attempts).toMatchObject([{ status: 302, failure: 'status' }]);
    expect(crowd.at(path)).toHaveLength(1);
  });
});

describe('what is sent', () => {
  it('verifies with the libraries standardwebhooks and svix, and carries the custom headers', async () => {
    const program = await newProgram(hub.url);
    const path = crowd.path();
    const { secret } = await createWebhook(program, {
      url: crowd.receiver.url + path,
      events: ['event.published'],
      headers: { Authorization: 'Bearer abc', 'X-School': 'Hogwarts' },
    });
    await publish(program, ['signed']);
    const [received] = await until(
      async () => crowd.at(path),
      (all) => all.length > 0,
    );
    const headers = received?.headers as Record<string, string>;
    for (const library of [StandardWebhook, SvixWebhook]) {
      const verified = new library(secret).verify(received?.body ?? '', headers);
      expect(verified).toMatchObject({ type: 'event.published', data: { PublisherEventId: 'signed' } });
      const other = `whsec_${btoa('another secret of 32 bytes ......')}`;
      expect(() => new library(other).verify(received?.body ?? '', headers)).toThrow();
    }
    expect(headers).toMatchObject({ authorization: 'Bearer abc', 'x-school': 'Hogwarts' });
  });
});

describe('an endpoint that hangs', () => {
  it('gets one probe at a time after three time-outs, and costs the others nothing', async () => {
    const program = await newProgram(hub.url);
    const [bad, good] = [crowd.path(hangs), crowd.path()];
    const { webhookId } = await createWebhook(program, {
      url: crowd.receiver.url + bad,
      events: ['event.*'],
    });
    await createWebhook(program, { url: crowd.receiver.url + good, events: ['event.*'] });
    const [first, second] = [idsOf('first', 5), idsOf('second', 5)];
    await publish(program, first);
    await until(
      async () => eventIdsAt(crowd, good),
      (seen) => seen.size === 5,
    );
    const mine = `&webhookId=${webhookId}`;
    await until(
      () => ledgerOf(program, mine),
      (all) => all.filter(({ status }) => status === 'waiting').length >= 3,
      60,
    );
    await publish(program, second);
    await until(
      async () => eventIdsAt(crowd, good),
      (seen) => seen.size === 10,
    );
    const held = (await ledgerOf(program, mine)).filter(({ attemptCount }) => attemptCount === 0);
    expect(held.length).toBeGreaterThan(0);
    expect(held[0].reason).toContain('one probe');
    crowd.behave(bad, null);
    await until(
      async () => {
        await sweepLater(hub, 400);
        return ledgerOf(program, mine);
      },
      (all) => all.every(({ status }) => status === 'delivered'),
      90,
    );
    expect(allOf([...eventIdsAt(crowd, bad).keys()])).toEqual(allOf([...first, ...second]));
  });
});

describe('a paused endpoint', () => {
  it('has what becomes due on record, and gets it one after another when it is resumed', async () => {
    const program = await newProgram(hub.url);
    const path = crowd.path();
    const { webhookId } = await createWebhook(program, { url: crowd.receiver.url + path, events: ['*'] });
    const one = `${webhooksPath(program)}/${webhookId}`;
    expectStatus(await program.call('POST', `${one}/pause`), 200);
    const ids = idsOf('parked', 30);
    await publish(program, ids);
    const parked = await ledgerOf(program, '&status=paused');
    expect(parked).toHaveLength(30);
    expect(parked[0]).toMatchObject({ nextAttemptAt: null, reason: 'The endpoint is paused.' });
    expect(crowd.at(path)).toEqual([]);
    expectStatus(await program.call('POST', `${one}/resume`), 200);
    await until(
      async () => eventIdsAt(crowd, path),
      (seen) => seen.size === 30,
    );
    const times = crowd.at(path).map(({ atMs }) => atMs);
    // 20 a second, so 29 gaps take no less than this.
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(1_000);
  });
});

describe('a rate limit', () => {
  it('is kept', async () => {
    const program = await newProgram(hub.url);
    const path = crowd.path();
    const url = crowd.receiver.url + path;
    await createWebhook(program, { url, events: ['*'], rateLimitPerSecond: 5 });
    await publish(program, idsOf('limited', 16));
    await until(
      async () => eventIdsAt(crowd, path),
      (seen) => seen.size === 16,
      60,
    );
    const times = crowd.at(path).map(({ atMs }) => atMs);
    // No window of a second has more than five, with one more for the clocks' edges.
    for (const from of times)
      expect(times.filter((at) => at >= from && at < from + 1_000).length).toBeLessThanOrEqual(6);
  });
});

describe('a day of failures', () => {
  it('disables the endpoint after five days, and what it missed is counted and recovered', async () => {
    const program = await newProgram(hub.url);
    const path = crowd.path(answers(500));
    const { webhookId } = await createWebhook(program, {
      url: crowd.receiver.url + path,
      events: ['event.*'],
    });
    const one = `${webhooksPath(program)}/${webhookId}`;
    const since = new Date(Date.now() - 60_000).toISOString();
    const ids = idsOf('missed', 6);
    await publish(program, ids);
    await until(
      async () => {
        await sweepLater(hub, 10 * 3_600);
        return (await program.call('GET', one)).body.state;
      },
      (state) => state === 'disabled',
      90,
    );
    await until(
      () => ledgerOf(program, `&webhookId=${webhookId}`),
      (all) => all.every(({ status }) => ['exhausted', 'cancelled'].includes(status)),
    );
    crowd.behave(path, null);
    expectStatus(await program.call('POST', `${one}/recover`, { body: { since } }), 409);
    expectStatus(await program.call('POST', `${one}/resume`), 200);
    const counted = await program.call('POST', `${one}/recover`, { body: { since, dryRun: true } });
    expect(expectStatus(counted, 200).body).toMatchObject({ total: 6, recoveryId: null });
    const begun = expectStatus(await program.call('POST', `${one}/recover`, { body: { since } }), 202).body;
    expect(begun).toMatchObject({ total: 6, rearmed: 6 });
    const { body: done } = await until(
      () => program.call('GET', `${one}/recoveries/${begun.recoveryId}`),
      ({ body }) => body.done,
    );
    expect(done.states).toEqual({ delivered: 6 });
    const failuresAndSuccesses = eventIdsAt(crowd, path);
    expect(allOf([...failuresAndSuccesses.keys()])).toEqual(allOf(ids));
    const { body: open } = await program.call('GET', `/api/programs/${program.programId}/attention`);
    expect(open.items.filter(({ kind }: Body) => kind === 'delivery_exhausted')).toEqual([]);
  });
});

describe('a queue that loses every message', () => {
  it('still ends with everything delivered, by sweeps alone', async () => {
    const system = caller(hub.url, localSystemKey);
    expectStatus(await system('POST', '/dev/queue', { body: { lose: true } }), 200);
    const program = await newProgram(hub.url);
    const [steady, shaky] = [crowd.path(), crowd.path(failsFirst(2))];
    await createWebhook(program, { url: crowd.receiver.url + steady, events: ['*'] });
    await createWebhook(program, { url: crowd.receiver.url + shaky, events: ['*'] });
    const ids = idsOf('lost', 60);
    await publish(program, ids);
    await until(
      async () => {
        await sweepLater(hub, 400);
        return ledgerOf(program);
      },
      (all) => all.length === 120 && all.every(({ status }) => status === 'delivered'),
      110,
    );
    for (const path of [steady, shaky])
      expect(allOf([...eventIdsAt(crowd, path).keys()])).toEqual(allOf(ids));
    expect([...eventIdsAt(crowd, steady).values()].every((count) => count === 1)).toBe(true);
    expect([...eventIdsAt(crowd, shaky).values()].every((count) => count === 3)).toBe(true);
    expectStatus(await system('POST', '/dev/queue', { body: { lose: false } }), 200);
  });
});
