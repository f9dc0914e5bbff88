import { describe, expect, inject, it } from 'vitest';
import {
  answers,
  type Behaviour,
  cutsOff,
  drips,
  dripsHeaders,
  floods,
  hangs,
  hintsForEver,
  redirectsToItself,
  resets,
} from '../support/behaviours.ts';
import { type Body, expectStatus, newProgram, until } from '../support/client.ts';
import {
  begunAtMs,
  createWebhook,
  eventIdsAt,
  firstAttempt,
  idsOf,
  ledgerOf,
  mostInOneSecond,
  newEndpoint,
  ownCrowd,
  publish,
  verifies,
  webhooksPath,
} from '../support/fanout.ts';

const hubUrl = inject('hubUrl');
const crowd = ownCrowd();

/** Sends one message to an endpoint that behaves so; its delivery once the first attempt has ended. */
const attemptAt = (behaviour: Behaviour, lasts = false) =>
  firstAttempt(crowd, () => newEndpoint(hubUrl, crowd, behaviour, { events: ['job.*'] }), lasts);

/** A busy hub may stand still between the end of an attempt and its record. */
const slackMs = 30_000;

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
      expect(waitMs(delivery)).toBeLessThanOrEqual(6_000 + slackMs);
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
    ['8', 7_500, 8_000],
    [new Date(Date.now() + 3_600_000).toUTCString(), 7_900, 12_000],
    ['86400', 7_900, 12_000],
    ['0', 3_900, 6_000],
    ['soon', 3_900, 6_000],
    ['-5', 3_900, 6_000],
  ])(
    'of 429 with Retry-After: %s is honoured between one and two waits of our own',
    async (after, least, most) => {
      const { delivery } = await attemptAt(answers(429, { 'retry-after': after }));
      expect(delivery.status).toBe('waiting');
      expect(waitMs(delivery)).toBeGreaterThanOrEqual(least);
      expect(waitMs(delivery)).toBeLessThanOrEqual(most + slackMs);
    },
  );

  it('that never comes is a time-out, and perhaps a success', async () => {
    const { delivery } = await attemptAt(hangs, true);
    expect(delivery).toMatchObject({ status: 'waiting', uncertain: true });
    expect(delivery.attempts).toMatchObject([{ status: null, failure: 'timeout' }]);
    expect(delivery.attempts[0].durationMs).toBeGreaterThanOrEqual(14_900);
  });

  it('that drips a byte a second is cut off after 15 seconds', async () => {
    const { delivery } = await attemptAt(drips, true);
    expect(delivery).toMatchObject({ status: 'waiting', uncertain: true });
    expect(delivery.attempts).toMatchObject([{ status: 200, failure: 'body' }]);
    expect(delivery.attempts[0].durationMs).toBeGreaterThanOrEqual(14_900);
  });

  it('whose headers drip is a time-out', async () => {
    const { delivery } = await attemptAt(dripsHeaders, true);
    expect(delivery).toMatchObject({ status: 'waiting', uncertain: true });
    expect(delivery.attempts).toMatchObject([{ status: null, failure: 'timeout' }]);
  });

  it('that only hints, for ever, is a time-out', async () => {
    const { delivery } = await attemptAt(hintsForEver, true);
    expect(delivery).toMatchObject({ status: 'waiting', uncertain: true });
    expect(delivery.attempts).toMatchObject([{ status: null, failure: 'timeout' }]);
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
    const program = await newProgram(hubUrl);
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
    const other = `whsec_${btoa('another secret of 32 bytes ......')}`;
    expect([secret, other].map((one) => received && verifies(one, received))).toEqual([true, false]);
    expect(JSON.parse(received?.body ?? '')).toMatchObject({
      type: 'event.published',
      data: { PublisherEventId: 'signed' },
    });
    expect(received?.headers).toMatchObject({ authorization: 'Bearer abc', 'x-school': 'Hogwarts' });
  });
});

describe('a paused endpoint', () => {
  it('has what becomes due on record, and gets it one after another when it is resumed', async () => {
    const program = await newProgram(hubUrl);
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
    const resumedAtMs = Date.now();
    expectStatus(await program.call('POST', `${one}/resume`), 200);
    await until(
      async () => eventIdsAt(crowd, path),
      (seen) => seen.size === 30,
    );
    await until(
      () => ledgerOf(program, '&status=delivered'),
      (all) => all.length === 30,
    );
    // It has no limit of its own: 20 fall due in a second, and what a busy hub is late with goes out at once.
    expect(Math.max(...(await begunAtMs(program))) - resumedAtMs).toBeGreaterThanOrEqual(1_400);
  });
});

describe('a rate limit', () => {
  it('is kept', async () => {
    const program = await newProgram(hubUrl);
    const path = crowd.path();
    const url = crowd.receiver.url + path;
    await createWebhook(program, { url, events: ['*'], rateLimitPerSecond: 5 });
    await publish(program, idsOf('limited', 16));
    await until(
      async () => eventIdsAt(crowd, path),
      (seen) => seen.size === 16,
    );
    await until(
      () => ledgerOf(program, '&status=delivered'),
      (all) => all.length === 16,
    );
    // No window of a second has more than five, with one more for the clocks' edges.
    expect(await mostInOneSecond(program)).toBeLessThanOrEqual(6);
  });
});

describe('why', () => {
  it('an endpoint got a job or not is answered, for what was never due too', async () => {
    const program = await newProgram(hubUrl);
    const mine = await createWebhook(program, {
      url: crowd.receiver.url + crowd.path(),
      events: ['event.*'],
    });
    const other = await createWebhook(program, {
      url: crowd.receiver.url + crowd.path(),
      events: ['event.*'],
      categories: ['Exams'],
    });
    await publish(program, ['asked'], { PublisherEventCategory: 'Courses' });
    const { body: log } = await program.call('GET', `/api/events/${program.programId}`);
    const why = async (webhookId: string, event: string) =>
      program.call('GET', `${webhooksPath(program)}/${webhookId}/why?event=${event}`);
    const due = expectStatus(await why(mine.webhookId, log[0].EventId), 200).body;
    expect(due).toMatchObject({ code: 'due', deliveries: [{ webhookId: mine.webhookId }] });
    const filtered = expectStatus(await why(other.webhookId, log[0].EventId), 200).body;
    expect(filtered).toMatchObject({ code: 'category_filtered', deliveries: [] });
    const later = await createWebhook(program, { url: crowd.receiver.url + crowd.path(), events: ['*'] });
    expect((await why(later.webhookId, log[0].EventId)).body).toMatchObject({ code: 'not_yet_there' });
    expectStatus(await why(mine.webhookId, 'evt_00000000000000000000000000'), 404);
    expectStatus(await why(mine.webhookId, 'nonsense'), 400);
  });
});

describe('a custom header', () => {
  it.each([
    ['Host', 'x'],
    ['content-length', '1'],
    ['webhook-id', 'msg_1'],
    ['X-Forwarded-For', '127.0.0.1'],
    ['bad name', 'x'],
    ['x-line', 'a\r\nx-other: b'],
    ['x-empty', ''],
  ])('%s of that value is refused', async (name, value) => {
    const program = await newProgram(hubUrl);
    const body = { url: 'https://school.example/x', events: ['*'], headers: { [name]: value } };
    const answer = expectStatus(await program.call('POST', webhooksPath(program), { body }), 400);
    expect(answer.body.code).toBe('header_invalid');
  });
});

describe('an event type that nobody knows', () => {
  it.each(['jobs.*', 'job.started', 'nothing', 'JOB.*', '**'])('such as %s is refused', async (pattern) => {
    const program = await newProgram(hubUrl);
    const body = { url: 'https://school.example/x', events: [pattern] };
    expectStatus(await program.call('POST', webhooksPath(program), { body }), 400);
  });
});
