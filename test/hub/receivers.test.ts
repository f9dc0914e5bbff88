import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, inject, it } from 'vitest';
import { answers, type Behaviour, says, tellHeld } from '../support/behaviours.ts';
import { type Body, expectStatus, newProgram, until } from '../support/client.ts';
import { eventOf, subscribe } from '../support/events.ts';
import {
  createWebhook,
  deliveryAtRest,
  deliveryOnce,
  eventBody,
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

// What receivers do beyond the status table, and what is on record of it.

const hubUrl = inject('hubUrl');
const crowd = ownCrowd();

const urlOf = (path: string) => crowd.receiver.url + path;

/** A program with an endpoint that behaves so, for messages of all types. */
const startEndpoint = (behaviour?: Behaviour, more: Body = {}) => newEndpoint(hubUrl, crowd, behaviour, more);

/** The delivery of a test message, once its first attempt has ended. */
async function attemptAt(behaviour: Behaviour): Promise<Body> {
  return (await firstAttempt(crowd, () => startEndpoint(behaviour))).delivery;
}

const ok = 'HTTP/1.1 200 OK\r\n';
const bomb = gzipSync(Buffer.alloc(50_000_000));
const brotliBomb = brotliCompressSync(Buffer.alloc(50_000_000));
const compressed = (encoding: string, bytes: Buffer) =>
  Buffer.concat([
    Buffer.from(`${ok}content-encoding: ${encoding}\r\ncontent-length: ${bytes.length}\r\n\r\n`),
    bytes,
  ]);

describe.concurrent('a receiver that', () => {
  it.each([
    ['speaks no HTTP', 'hello, this is not HTTP\r\n\r\n', null, 'connect'],
    ['closes without a word', '', null, 'connect'],
    ['speaks HTTP/2', Buffer.from('000012040000000000000300000064000400100000', 'hex'), null, 'connect'],
    ['closes within its headers', 'HTTP/1.1 200 OK\r\ncontent-le', null, 'connect'],
    ['has a header without a name', `${ok}: x\r\ncontent-length: 0\r\n\r\n`, null, 'connect'],
    ['tells two lengths', `${ok}content-length: 2\r\ncontent-length: 3\r\n\r\nok`, null, 'connect'],
    ['goes on and on, and then closes', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(500), null, 'connect'],
    ['has no such status', 'HTTP/1.1 42 What\r\ncontent-length: 0\r\n\r\n', null, 'connect'],
    ['has a length below zero', `${ok}content-length: -5\r\n\r\n`, null, 'connect'],
    ['has a header of a megabyte', `${ok}x: ${'a'.repeat(1_000_000)}\r\n\r\n`, null, 'connect'],
    ['breaks its chunks', `${ok}transfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n`, 200, 'body'],
    ['ends within its chunks', `${ok}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`, 200, 'body'],
    ['says gzip and is not', compressed('gzip', Buffer.from('hello')), 200, 'body'],
  ])('%s took it perhaps, and is tried again', async (_, bytes, status, failure) => {
    const delivery = await attemptAt(says(bytes));
    expect(delivery).toMatchObject({ status: 'waiting', uncertain: true });
    expect(delivery.attempts).toMatchObject([{ status, failure }]);
  });

  it.each([
    ['goes on before it answers', `HTTP/1.1 100 Continue\r\n\r\n${ok}content-length: 2\r\n\r\nok`, 'ok'],
    ['hints early', `HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n${ok}content-length: 2\r\n\r\nok`, 'ok'],
    [
      'goes on 500 times before it answers',
      `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(500)}${ok}content-length: 2\r\n\r\nok`,
      'ok',
    ],
    ['sends more than it says', `${ok}content-length: 2\r\n\r\nok and more`, 'ok'],
    [
      'tells a length and sends chunks',
      `${ok}content-length: 9\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
      'ok',
    ],
    ['is of 1996', 'HTTP/1.0 200 OK\r\n\r\nok', 'ok'],
    ['ends its answer by closing', `${ok}\r\nuntil the end`, 'until the end'],
    ['has a status of its own', 'HTTP/1.1 299 Taken\r\ncontent-length: 0\r\n\r\n', ''],
    ['has 2,000 headers', `${ok}${'x-y: z\r\n'.repeat(2_000)}content-length: 0\r\n\r\n`, ''],
    ['answers with 50 MB in 50 KB', compressed('gzip', bomb), '\0'.repeat(1_024)],
    ['answers with 50 MB in 50 bytes', compressed('br', brotliBomb), '\0'.repeat(1_024)],
    ['packs what it packed', compressed('gzip, gzip', gzipSync(bomb)), expect.any(String)],
  ])('%s has taken it', async (_, bytes, excerpt) => {
    const delivery = await attemptAt(says(bytes));
    expect(delivery).toMatchObject({ status: 'delivered', uncertain: false });
    expect(delivery.attempts).toMatchObject([{ failure: null, excerpt }]);
  });

  it.each([
    ['changes the protocol', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', 101, ''],
    ['has a status beyond all', 'HTTP/1.1 999 What\r\ncontent-length: 2\r\n\r\nno', 999, 'no'],
    ['sends to the metadata service', 'HTTP/1.1 302 X\r\nlocation: http://169.254.169.254/\r\n\r\n', 302, ''],
    ['sends NUL bytes', 'HTTP/1.1 500 X\r\ncontent-length: 5\r\n\r\na\0b\0c', 500, 'a\0b\0c'],
    [
      'sends what is no text',
      Buffer.concat([
        Buffer.from('HTTP/1.1 500 X\r\ncontent-length: 2000\r\n\r\n'),
        Buffer.alloc(2_000, 0xff),
      ]),
      500,
      '\ufffd'.repeat(1_024),
    ],
  ])('%s has refused it', async (_, bytes, status, excerpt) => {
    const delivery = await attemptAt(says(bytes));
    expect(delivery).toMatchObject({ status: 'waiting', uncertain: false });
    expect(delivery.attempts).toMatchObject([{ status, failure: 'status', excerpt }]);
  });

  it('resets the connection within its answer took it perhaps', async () => {
    const delivery = await attemptAt((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('0123456789', () => response.socket?.resetAndDestroy());
    });
    expect(delivery).toMatchObject({ status: 'waiting', uncertain: true });
    expect(delivery.attempts).toMatchObject([{ status: 200, failure: 'body' }]);
  });

  it('answers before it has read a word, and closes, is not mistaken', async () => {
    const early = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    });
    early.listen(0, '127.0.0.1');
    await once(early, 'listening');
    const { port } = early.address() as AddressInfo;
    const { program } = await startEndpoint(undefined, { url: `http://127.0.0.1:${port}/` });
    await publish(program, ['large'], { PublisherEventData: { text: 'x'.repeat(200_000) } });
    const [{ deliveryId }] = await ledgerOf(program);
    const delivery = await deliveryOnce(program, deliveryId, ({ attempts }) => attempts.length > 0);
    // It may be seen before the end of the request or after it; never as a refusal, never in silence.
    const [first] = delivery.attempts;
    if (first.failure === null) expect([first.status, delivery.status]).toEqual([200, 'delivered']);
    else expect(delivery.uncertain).toBe(true);
    early.close();
  });

  it('answers twice at once has taken the one message, and not the next', async () => {
    const { program, path, one } = await startEndpoint((_, response) => {
      response.socket?.write(`${ok}content-length: 2\r\n\r\nok${ok}content-length: 4\r\n\r\nfake`);
    });
    const test = async () => expectStatus(await program.call('POST', `${one}/test`), 202).body.deliveryId;
    const attempted = (deliveryId: string) =>
      deliveryOnce(program, deliveryId, ({ attempts }) => attempts.length > 0);
    expect(await attempted(await test())).toMatchObject({
      status: 'delivered',
      attempts: [{ excerpt: 'ok' }],
    });
    crowd.behave(path, answers(410));
    const next = await attempted(await test());
    expect(next.attempts).toMatchObject([{ status: 410, failure: 'status' }]);
    expect(crowd.at(path)).toHaveLength(2);
  });

  it('has a clock an hour behind is left alone for as long as it means', async () => {
    const itsNow = Date.now() - 3_600_000;
    const headers = {
      date: new Date(itsNow).toUTCString(),
      'retry-after': new Date(itsNow + 9_000).toUTCString(),
    };
    const { status, nextAttemptAt, attempts } = await attemptAt(answers(503, headers));
    expect(status).toBe('waiting');
    // Whole seconds, of which one may be lost at either end; our own wait is 6 s at most.
    expect(Date.parse(nextAttemptAt) - Date.parse(attempts[0].startedAt)).toBeGreaterThanOrEqual(7_500);
  });
});

describe('the body of a message', () => {
  it('is what was published to the character, whatever its size, letters and order, and verifies', async () => {
    const { program, path, webhook } = await startEndpoint();
    const data = `{"10": "before","9":\t"after","exact":12345678901234567890.10,"one":1.0,"text":"é 😀 \\u2028 \\ud800 \\u0000 </script>","long":"${'ü'.repeat(100_000)}"}`;
    const body = JSON.stringify(eventBody(program, 'large', { PublisherEventData: 0 }));
    const headers = { 'content-type': 'application/json' };
    const raw = body.replace('"PublisherEventData":0', `"PublisherEventData":${data}`);
    expectStatus(await program.call('POST', '/api/events', { body: raw, headers }), 201);
    const [received] = await until(
      async () => crowd.at(path),
      (all) => all.length > 0,
    );
    expect(received?.body).toContain(`"PublisherEventData":${data}}`);
    expect(JSON.parse(received?.body ?? '').data.PublisherEventData).toEqual(JSON.parse(data));
    expect(received && verifies(webhook.secret, received)).toBe(true);
    const [{ deliveryId }] = await ledgerOf(program);
    const delivery = await deliveryOnce(program, deliveryId, ({ status }) => status === 'delivered');
    expect(delivery.body).toBe(received?.body);
  });
});

describe('the number in flight to an endpoint', () => {
  const publishOneByOne = (program: Awaited<ReturnType<typeof newProgram>>, ids: string[]) =>
    Promise.all(
      ids.map(async (id) =>
        expectStatus(await program.call('POST', '/api/events', { body: eventBody(program, id) }), 201),
      ),
    );

  it('is at most twenty, and the others wait on record', () =>
    tellHeld(async (hold) => {
      const { behaviour, counted, letGo } = hold();
      const { program, path } = await startEndpoint(behaviour);
      await publishOneByOne(program, idsOf('many', 30));
      await until(
        async () => counted.most,
        (most) => most >= 15,
      );
      const waiting = await ledgerOf(program, '&status=pending');
      expect(waiting.length).toBeGreaterThanOrEqual(10);
      expect(waiting.map(({ reason }) => reason)).toContain(
        'As many as may be are on their way to this endpoint.',
      );
      letGo();
      await until(
        async () => crowd.at(path).length,
        (count) => count === 30,
      );
      expect(counted.most).toBeLessThanOrEqual(20);
    }));

  it('falls to three while it fails', () =>
    tellHeld(async (hold) => {
      const { behaviour, counted, letGo } = hold();
      const refuses = answers(503, { 'retry-after': '3600' });
      const { program, path } = await startEndpoint(refuses);
      for (const [i, id] of idsOf('refused', 3).entries()) {
        await publish(program, [id]);
        await until(
          () => ledgerOf(program, '&status=waiting'),
          (all) => all.length === i + 1,
        );
      }
      crowd.behave(path, behaviour);
      await publishOneByOne(program, idsOf('held', 12));
      await until(
        async () => counted.most,
        (most) => most >= 3,
      );
      expect(await ledgerOf(program, '&status=pending')).not.toEqual([]);
      // Three, and one that comes with the first retry of what was refused.
      expect(counted.most).toBeLessThanOrEqual(4);
      letGo();
      await until(
        () => ledgerOf(program, '&status=delivered'),
        (all) => all.length >= 12,
      );
    }));
});

describe('an endpoint that is paused while messages are on their way', () => {
  it.each([
    ['as they come', null],
    ['one after another', 50],
  ])('gets no more of those that were to go %s, and each once after all', (_, rateLimitPerSecond) =>
    tellHeld(async (hold) => {
      const { behaviour, letGo } = hold();
      const { program, path, one } = await startEndpoint(behaviour, { rateLimitPerSecond });
      await publish(program, idsOf('under-way', 12));
      await until(
        async () => crowd.at(path).length,
        (count) => count >= 3,
      );
      expectStatus(await program.call('POST', `${one}/pause`), 200);
      const begun = crowd.at(path).length;
      expect(begun).toBeLessThan(12);
      letGo();
      const countOf = (lines: Body[], status: string) =>
        lines.filter((line) => line.status === status).length;
      const settled = await until(
        () => ledgerOf(program),
        (lines) =>
          countOf(lines, 'delivered') >= begun &&
          countOf(lines, 'delivered') + countOf(lines, 'paused') === 12,
      );
      // What was sent before the pause may have come after its answer.
      expect(countOf(settled, 'delivered')).toBe(crowd.at(path).length);
      expect(countOf(settled, 'paused')).toBeGreaterThan(0);
      expectStatus(await program.call('POST', `${one}/resume`), 200);
      const all = await until(
        () => ledgerOf(program),
        (lines) => lines.every(({ status }) => status === 'delivered'),
      );
      expect(all.map(({ attemptCount }) => attemptCount)).toEqual(Array(12).fill(1));
      expect([...eventIdsAt(crowd, path).values()]).toEqual(Array(12).fill(1));
    }),
  );
});

describe('a paused endpoint with a rate limit', () => {
  it('gets what waited no quicker than its limit', async () => {
    const { program, path, one } = await startEndpoint(undefined, { rateLimitPerSecond: 4, active: false });
    await publish(program, idsOf('slow', 12));
    expect(await ledgerOf(program, '&status=paused')).toHaveLength(12);
    expectStatus(await program.call('POST', `${one}/resume`), 200);
    await until(
      async () => crowd.at(path).length,
      (count) => count === 12,
    );
    await until(
      () => ledgerOf(program, '&status=delivered'),
      (all) => all.length === 12,
    );
    expect(await mostInOneSecond(program)).toBeLessThanOrEqual(5);
  });
});

describe('an endpoint that moves', () => {
  it('gets at its new address what waits, and the ledger says where it went', async () => {
    const { program, path, one } = await startEndpoint(answers(500));
    await publish(program, ['moved']);
    const [{ deliveryId }] = await ledgerOf(program);
    const before = await deliveryAtRest(program, deliveryId);
    expect(before).toMatchObject({ target: urlOf(path), reason: 'Answered 500.' });
    const elsewhere = crowd.path();
    expectStatus(await program.call('PATCH', one, { body: { url: urlOf(elsewhere) } }), 200);
    expectStatus(await program.call('POST', `/api/deliveries/${deliveryId}/retry`), 202);
    const after = await deliveryOnce(program, deliveryId, ({ status }) => status === 'delivered');
    expect(after).toMatchObject({ target: urlOf(elsewhere), attemptCount: 3 });
    const ids = [...crowd.at(path), ...crowd.at(elsewhere)].map(({ headers }) => headers['webhook-id']);
    expect(ids).toEqual([after.messageId, after.messageId, after.messageId]);
  });
});

describe('a delivery', () => {
  it('that arrived is sent again by hand under its id, and belongs to its program alone', async () => {
    const { program, path } = await startEndpoint();
    await publish(program, ['again']);
    const [{ deliveryId }] = await ledgerOf(program);
    await deliveryOnce(program, deliveryId, ({ status }) => status === 'delivered');
    const retry = `/api/deliveries/${deliveryId}/retry`;
    const stranger = await newProgram(hubUrl);
    expectStatus(await stranger.call('POST', retry), 404);
    const headers = { 'idempotency-key': 'once' };
    expectStatus(await program.call('POST', retry, { headers }), 202);
    expectStatus(await program.call('POST', retry, { headers }), 202);
    const { attempts } = await deliveryOnce(
      program,
      deliveryId,
      (one) => one.status === 'delivered' && one.attempts.length === 2,
    );
    expect(attempts).toHaveLength(2);
    expect(crowd.at(path)).toHaveLength(2);
    expect(new Set(crowd.at(path).map((one) => one.headers['webhook-id'])).size).toBe(1);
    for (const attempt of attempts) {
      expect(attempt).toEqual({
        startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        durationMs: expect.any(Number),
        status: 200,
        failure: null,
        detail: 'Answered 200.',
        excerpt: 'ok',
      });
    }
  });

  it('that waits is cancelled, on record, when its endpoint is deleted', async () => {
    const { program, one } = await startEndpoint(answers(500));
    await publish(program, ['orphan']);
    const [{ deliveryId }] = await ledgerOf(program);
    await deliveryOnce(program, deliveryId, ({ status }) => status === 'waiting');
    expectStatus(await program.call('DELETE', one), 204);
    const ended = await deliveryOnce(program, deliveryId, ({ status }) => status === 'cancelled');
    expect(ended).toMatchObject({ reason: 'The endpoint was deleted.', nextAttemptAt: null });
    expectStatus(await program.call('POST', `/api/deliveries/${deliveryId}/retry`), 409);
  });
});

describe('why', () => {
  /** The publisher's events by their own ids. */
  async function eventIds(program: Awaited<ReturnType<typeof newProgram>>): Promise<Record<string, string>> {
    const { body } = await program.call('GET', `/api/events/${program.programId}`);
    return Object.fromEntries(body.map((one: Body) => [one.PublisherEventId, one.EventId]));
  }

  it('an endpoint did not get an event is told from what it wanted then, whatever became of it', async () => {
    const { program, one, webhook } = await startEndpoint(answers(410), { events: ['event.published'] });
    const deaf = await createWebhook(program, { url: urlOf(crowd.path()), events: ['job.*'] });
    await publish(program, ['first']);
    const stateOf = async () => (await program.call('GET', one)).body.state;
    await until(stateOf, (state) => state === 'disabled');
    await publish(program, ['second']);
    expectStatus(await program.call('DELETE', one), 204);
    await publish(program, ['third']);
    const ids = await eventIds(program);
    const why = async (webhookId: string, id: string) =>
      expectStatus(
        await program.call('GET', `${webhooksPath(program)}/${webhookId}/why?event=${ids[id]}`),
        200,
      ).body;
    expect(await why(webhook.webhookId, 'first')).toMatchObject({
      code: 'due',
      deliveries: [{ status: 'cancelled' }],
    });
    expect(await why(webhook.webhookId, 'second')).toMatchObject({ code: 'endpoint_disabled' });
    expect((await why(webhook.webhookId, 'second')).reason).toContain('410');
    expect(await why(webhook.webhookId, 'third')).toMatchObject({ code: 'endpoint_deleted', deliveries: [] });
    expect(await why(deaf.webhookId, 'first')).toMatchObject({ code: 'type_not_wanted' });
    const stranger = await newProgram(hubUrl);
    const theirs = `${webhooksPath(stranger)}/${webhook.webhookId}/why?event=${ids.first}`;
    expectStatus(await stranger.call('GET', theirs), 404);
  });

  it('a subscriber did not hear of an event is told from its subscription as it was', async () => {
    const publisher = await newProgram(hubUrl);
    const { program, webhook } = await startEndpoint(undefined, { events: ['event.published'] });
    const say = async (id: string, category: string) =>
      publish(
        publisher,
        [id],
        eventOf(publisher, { PublisherEventId: id, PublisherEventCategory: category }),
      );
    await say('before', 'COURSE');
    await subscribe(hubUrl, program, publisher, {
      COURSE: { importProcessId: 1, batchRowTemplate: '{"a": 1}' },
      OTHER: { action: 'ignore' },
    });
    await say('told', 'COURSE');
    await say('ignored', 'OTHER');
    const { programId } = publisher;
    // It is told from the template as it was then, not from that of today.
    const subscription = `/api/programs/${program.programId}/eventSubs/${programId}`;
    const LbApiPayloadTemplate = { '*': { importProcessId: 1, batchRowTemplate: '{"a": 1}' } };
    expectStatus(await program.call('PATCH', subscription, { body: { LbApiPayloadTemplate } }), 204);
    const suspend = `/api/programs/${programId}/subscribers/${program.programId}/suspend`;
    expectStatus(await publisher.call('POST', suspend), 204);
    await say('withheld', 'COURSE');
    const ids = await eventIds(publisher);
    const codeOf = async (id: string) => {
      const path = `${webhooksPath(program)}/${webhook.webhookId}/why?event=${ids[id]}`;
      return expectStatus(await program.call('GET', path), 200).body.code;
    };
    expect(await codeOf('before')).toBe('not_yet_subscribed');
    expect(await codeOf('told')).toBe('due');
    expect(await codeOf('ignored')).toBe('template_ignores');
    expect(await codeOf('withheld')).toBe('publisher_suspended');
  });
});

describe('GET /api/programs/{programId}/deliveries', () => {
  it('filters by state, channel, type, endpoint and trace, and takes any text for a trace', async () => {
    const { program, webhook } = await startEndpoint(answers(500));
    const quick = await createWebhook(program, { url: urlOf(crowd.path()), events: ['event.published'] });
    await publish(program, ['filtered']);
    await until(
      () => ledgerOf(program),
      (all) => all.every(({ status }) => ['waiting', 'delivered'].includes(status)) && all.length === 2,
    );
    const [{ traceId }] = await ledgerOf(program);
    const idsWith = async (query: string) =>
      (await ledgerOf(program, query)).map(({ webhookId }) => webhookId);
    const both = [quick.webhookId, webhook.webhookId].sort();
    expect(await idsWith('&status=delivered')).toEqual([quick.webhookId]);
    expect(await idsWith('&status=waiting')).toEqual([webhook.webhookId]);
    expect(await idsWith(`&webhookId=${quick.webhookId}`)).toEqual([quick.webhookId]);
    expect((await idsWith('&type=event.published&channel=webhook')).sort()).toEqual(both);
    expect((await idsWith(`&traceId=${traceId}`)).sort()).toEqual(both);
    for (const none of ['&type=job.failed', '&channel=email', '&status=exhausted', '&traceId=tra_nonsense'])
      expect(await idsWith(none)).toEqual([]);
    for (const odd of ['x', 'tra_', '%00', 'tra_zzzzzzzzzzzzzzzzzzzzzzzzzz', '~'.repeat(100)])
      expect(await idsWith(`&traceId=${odd}`)).toEqual([]);
    const list = `/api/programs/${program.programId}/deliveries`;
    expectStatus(await program.call('GET', `${list}?status=lost`), 400);
    expectStatus(await program.call('GET', `${list}?cursor=nonsense`), 400);
  });
});
