import { describe, expect, inject, it } from 'vitest';
import {
  type Answer,
  type Body,
  caller,
  expectStatus,
  localSystemKey,
  newProgram,
  type TestProgram,
} from '../support/client.ts';
import { eventOf } from '../support/events.ts';

const url = inject('hubUrl');
const system = caller(url, localSystemKey);

/** An event whose data are this very text. */
function withData(program: TestProgram, data: string, more: Record<string, unknown> = {}): string {
  const { PublisherEventData: _, ...envelope } = eventOf(program, more);
  return `${JSON.stringify(envelope).slice(0, -1)},"PublisherEventData":${data}}`;
}

const asJson = { 'content-type': 'application/json' };
const asLines = { 'content-type': 'application/x-ndjson' };

const publish = (program: TestProgram, body: unknown, headers: Record<string, string> = asJson) =>
  program.call('POST', '/api/events', { body, headers });

async function readBack(program: TestProgram, answer: Answer): Promise<Answer> {
  return expectStatus(await program.call('GET', answer.headers.get('location') ?? ''), 200);
}

const ownLog = async (program: TestProgram, query = ''): Promise<Body[]> =>
  expectStatus(await program.call('GET', `/api/events/${program.programId}${query}`), 200).body;

describe('POST /api/events with one event', () => {
  it('answers 201 without body, and where the event is', async () => {
    const program = await newProgram(url);
    const sent = eventOf(program, {
      PublisherProgramId: program.programId.toUpperCase(),
      PublisherSystemId: 'LB',
      PublisherParticipantId: 'ann@school.example',
      PublisherEventCategory: { value: 'COURSE', label: 'A course' },
      EventEndUtc: '2026-11-22T04:00:00+01:00',
    });
    const answer = expectStatus(await publish(program, sent), 201);
    expect(answer.text).toBe('');
    expect(answer.headers.get('location')).toMatch(/^\/api\/events\/evt_[0-9a-z]{26}$/);
    const { body } = await readBack(program, answer);
    expect(body).toMatchObject({
      EventId: answer.headers.get('location')?.slice('/api/events/'.length),
      PublisherProgramId: program.programId,
      PublisherSystemId: 'LB',
      PublisherEventId: sent.PublisherEventId,
      PublisherParticipantId: 'ann@school.example',
      EventType: 'AI_COMP_SUCCESS',
      PublisherEventCategory: { value: 'COURSE', label: 'A course' },
      PublisherEventData: { course: 'Algebra' },
      EventStartUtc: '2026-11-22T02:00:00.000Z',
      EventEndUtc: '2026-11-22T03:00:00.000Z',
      DeletedUtc: null,
    });
    expect(body.Sequence).toBeGreaterThan(0);
    expect(body.TraceId).toMatch(/^tra_/);
  });

  it('takes the category as a string too', async () => {
    const program = await newProgram(url);
    const answer = await publish(program, eventOf(program, { PublisherEventCategory: 'COURSE' }));
    const { body } = await readBack(program, expectStatus(answer, 201));
    expect(body.PublisherEventCategory).toEqual({ value: 'COURSE', label: null });
  });

  it('answers 200 and the same Location for an equal one, however its members are ordered', async () => {
    const program = await newProgram(url);
    const PublisherEventId = 'AI:1234';
    const first = await publish(program, withData(program, '{"a":1,"b":[1.0]}', { PublisherEventId }));
    const again = await publish(program, withData(program, '{ "b":[1.0], "a":1 }', { PublisherEventId }));
    expectStatus(first, 201);
    expect(expectStatus(again, 200).text).toBe('');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(await ownLog(program)).toHaveLength(1);
  });

  it.each([
    ['data', { PublisherEventData: { course: 'Botany' } }],
    ['a start', { EventStartUtc: '2026-11-22T02:00:01Z' }],
    ['a participant', { PublisherParticipantId: 'bob@school.example' }],
    ['a category', { PublisherEventCategory: 'WORK' }],
  ])('answers 409 when a known one comes with other %s', async (_, change) => {
    const program = await newProgram(url);
    const sent = eventOf(program);
    expectStatus(await publish(program, sent), 201);
    const answer = expectStatus(await publish(program, { ...sent, ...change }), 409);
    expect(answer.body.code).toBe('conflict');
    expect((await ownLog(program))[0].PublisherEventData).toEqual({ course: 'Algebra' });
  });

  it('tells events of other systems and types apart', async () => {
    const program = await newProgram(url);
    const sent = eventOf(program);
    expectStatus(await publish(program, sent), 201);
    expectStatus(await publish(program, { ...sent, PublisherSystemId: 'SIS' }), 201);
    expectStatus(await publish(program, { ...sent, EventType: 'AI_STARTED' }), 201);
    expect(await ownLog(program)).toHaveLength(3);
  });

  it.each([
    ['PublisherEventId', { PublisherEventId: undefined }],
    ['PublisherEventId', { PublisherEventId: 'x'.repeat(201) }],
    ['PublisherEventId', { PublisherEventId: 'a\u0000b' }],
    ['PublisherEventId', { PublisherEventId: 'a\ud800' }],
    ['EventType', { EventType: 'a type' }],
    ['EventType', { EventType: 'x'.repeat(51) }],
    ['EventStartUtc', { EventStartUtc: 'yesterday' }],
    ['EventStartUtc', { EventStartUtc: undefined }],
    ['PublisherSystemId', { PublisherSystemId: 'x'.repeat(26) }],
    ['PublisherEventCategory', { PublisherEventCategory: 7 }],
    ['EventID', { EventID: 'evt_1' }],
  ])('refuses a wrong %s', async (path, change) => {
    const program = await newProgram(url);
    const answer = expectStatus(await publish(program, eventOf(program, change)), 400);
    expect(answer.body.errors.map((one: Body) => one.path)).toContain(path);
  });

  it("answers 404 for another program's events, and for a program that is not there", async () => {
    const [program, other] = [await newProgram(url), await newProgram(url)];
    expectStatus(await publish(program, eventOf(other)), 404);
    expectStatus(await system('POST', '/api/events', { body: eventOf({ programId: 'nobody' }) }), 404);
    expectStatus(await system('POST', '/api/events', { body: eventOf(other) }), 201);
    expect(await ownLog(other)).toHaveLength(1);
  });

  it('gives the first answer again for the same Idempotency-Key', async () => {
    const program = await newProgram(url);
    const sent = JSON.stringify(eventOf(program));
    const headers = { ...asJson, 'idempotency-key': '"once"' };
    const first = expectStatus(await publish(program, sent, headers), 201);
    const again = expectStatus(await publish(program, sent, headers), 201);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expectStatus(await publish(program, `${sent} `, headers), 422);
  });
});

describe('the data of an event', () => {
  const text = (bytes: number) => JSON.stringify('é'.repeat((bytes - 2) / 2));
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

  it.each([
    ['256 KB', text(262_144)],
    ['64 levels', nested(64)],
    ['a number of a million digits', `{"n":${'9'.repeat(100_000)}}`],
    ['a fraction of many digits', '[0.1000000000000000055511151231257827, 1e400, -0, 1.0]'],
    ['__proto__ as a key', '{"__proto__":{"polluted":true},"constructor":{"prototype":1}}'],
    ['lone surrogates', '{"a":"\\ud800","\\udfff":"\\u0000"}'],
    ['space as it was sent', '{ "a" :\t[ ] }'],
    ['a member twice', '{"a":1,"a":2}'],
    ['null', 'null'],
  ])('are kept as they were sent: %s', async (_, data) => {
    const program = await newProgram(url);
    const answer = expectStatus(await publish(program, withData(program, data)), 201);
    const { text: whole } = await readBack(program, answer);
    expect(whole.endsWith(`"PublisherEventData":${data}}`), whole.slice(0, 500)).toBe(true);
    const { text: list } = await program.call('GET', `/api/events/${program.programId}`);
    expect(list).toContain(`"PublisherEventData":${data}}`);
  });

  it('may have a number of a million digits', async () => {
    const program = await newProgram(url);
    // Its size is over the limit: refused as too big, not misread.
    const answer = expectStatus(await publish(program, withData(program, '9'.repeat(1_000_000))), 400);
    expect(answer.body.errors).toMatchObject([{ path: 'PublisherEventData', code: 'too_big' }]);
  });

  it.each([
    ['256 KB and one byte', `"${'x'.repeat(262_143)}"`, 'too_big'],
    ['65 levels', nested(65), 'too_deep'],
    ['half a million levels', nested(500_000), 'too_deep'],
  ])('are refused at %s', async (_, data, code) => {
    const program = await newProgram(url);
    const answer = expectStatus(await publish(program, withData(program, data)), 400);
    expect(answer.body.errors).toMatchObject([{ path: 'PublisherEventData', code }]);
    expect(await ownLog(program)).toEqual([]);
  });
});

describe('POST /api/events with several', () => {
  it('answers a result for each, in order; good ones count whatever the bad ones do', async () => {
    const program = await newProgram(url);
    const [a, b] = [eventOf(program), eventOf(program)];
    expectStatus(await publish(program, a), 201);
    const last = eventOf(program);
    const body = [b, a, 7, { ...a, EventType: '' }, { ...a, PublisherEventData: 1 }, b, last];
    const answer = expectStatus(await publish(program, body), 200);
    expect(answer.body.map((one: Body) => [one.status, one.code])).toEqual([
      ['created', undefined],
      ['duplicate', undefined],
      ['invalid', 'invalid_input'],
      ['invalid', 'invalid_input'],
      ['invalid', 'conflict'],
      ['duplicate', undefined],
      ['created', undefined],
    ]);
    expect(answer.body[5].eventId).toBe(answer.body[0].eventId);
    expect(answer.body[3].errors[0].path).toBe('EventType');
    const log = await ownLog(program);
    expect(log.map((one) => one.PublisherEventId)).toEqual([
      a.PublisherEventId,
      b.PublisherEventId,
      last.PublisherEventId,
    ]);
    expect(log.map((one) => one.EventId).slice(1)).toEqual([answer.body[0].eventId, answer.body[6].eventId]);
  });

  it('reads JSON Lines, and a broken line breaks no other', async () => {
    const program = await newProgram(url);
    const lines = [JSON.stringify(eventOf(program)), '{"a":', '', withData(program, '1.0')];
    const answer = expectStatus(await publish(program, `${lines.join('\r\n')}\r\n`, asLines), 200);
    expect(answer.body.map((one: Body) => one.status)).toEqual(['created', 'invalid', 'created']);
    expect(answer.body[1].errors[0].code).toBe('malformed_json');
  });

  it('takes a thousand, in one order, and no more', async () => {
    const program = await newProgram(url);
    const body = Array.from({ length: 1_001 }, (_, i) => eventOf(program, { PublisherEventId: `e${i}` }));
    const tooMany = expectStatus(await publish(program, body), 413);
    expect(tooMany.body.detail).toContain('1000 events');
    const answer = expectStatus(await publish(program, body.slice(0, 1_000)), 200);
    expect(answer.body.every((one: Body) => one.status === 'created')).toBe(true);
    const seen: string[] = [];
    let next: string | null = `/api/events/${program.programId}?limit=200`;
    while (next !== null) {
      const page: Answer = expectStatus(await program.call('GET', next), 200);
      seen.push(...page.body.map((one: Body) => one.PublisherEventId));
      next = /<[^>]*?(\/api\/[^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1] ?? null;
    }
    expect(seen).toEqual(body.slice(0, 1_000).map((one) => one.PublisherEventId));
    const again = expectStatus(await publish(program, body.slice(0, 1_000)), 200);
    expect(again.body.map((one: Body) => one.eventId)).toEqual(answer.body.map((one: Body) => one.eventId));
    expect(again.body.every((one: Body) => one.status === 'duplicate')).toBe(true);
  });

  it('takes none', async () => {
    const program = await newProgram(url);
    expect(expectStatus(await publish(program, '[]'), 200).body).toEqual([]);
    expect(expectStatus(await publish(program, '\n', asLines), 200).body).toEqual([]);
  });

  it.each([
    ['half a body', '[{"PublisherProgramId":'],
    ['two values', '{} {}'],
    ['nothing', ' '],
  ])('refuses %s as no JSON', async (_, body) => {
    const program = await newProgram(url);
    expect(expectStatus(await publish(program, body), 400).body.code).toBe('malformed_json');
  });

  it('refuses bytes that are no UTF-8', async () => {
    const program = await newProgram(url);
    const body = new Uint8Array([...new TextEncoder().encode('{"a":"'), 0xed, 0xa0, 0x80, 0x22, 0x7d]);
    expect(expectStatus(await publish(program, body), 400).body.code).toBe('malformed_json');
  });
});

describe('GET /api/events/{programId}', () => {
  it('filters by time, category and type', async () => {
    const program = await newProgram(url);
    const sent = [
      eventOf(program, { PublisherEventCategory: 'COURSE' }),
      eventOf(program, { PublisherEventCategory: { value: 'WORK', label: 'x' } }),
      eventOf(program, { EventType: 'AI_STARTED' }),
    ];
    expectStatus(await publish(program, sent), 200);
    const idsOf = async (query: string) => (await ownLog(program, query)).map((one) => one.PublisherEventId);
    const [a, b, c] = sent.map((one) => one.PublisherEventId);
    expect(await idsOf('')).toEqual([a, b, c]);
    expect(await idsOf('?category=WORK')).toEqual([b]);
    expect(await idsOf('?type=AI_STARTED')).toEqual([c]);
    expect(await idsOf('?since=2999-01-01T00:00:00Z')).toEqual([]);
    expect(await idsOf('?until=2999-01-01T00:00:00Z&limit=1')).toEqual([a]);
  });
});

describe('DELETE /api/events/{eventId}', () => {
  it('leaves a tombstone without data, for good', async () => {
    const program = await newProgram(url);
    const sent = eventOf(program, { PublisherParticipantId: 'ann@school.example' });
    const { headers } = expectStatus(await publish(program, sent), 201);
    const path = headers.get('location') ?? '';
    const before = (await program.call('GET', path)).body;
    expectStatus(await program.call('DELETE', path), 204);
    const { body } = expectStatus(await program.call('GET', path), 200);
    expect(body).toMatchObject({
      EventId: before.EventId,
      Sequence: before.Sequence,
      ReceivedUtc: before.ReceivedUtc,
      PublisherEventData: null,
      PublisherParticipantId: null,
    });
    expect(body.DeletedUtc).not.toBeNull();
    expectStatus(await program.call('DELETE', path), 204);
    expectStatus(await publish(program, sent), 409);
    const audit = await program.call('GET', `/api/programs/${program.programId}/audit`);
    expect(audit.body.items.filter((one: Body) => one.action === 'event.deleted')).toHaveLength(1);
  });
});
