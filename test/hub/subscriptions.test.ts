import { describe, expect, inject, it } from 'vitest';
import {
  type Body,
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
import { courseTemplate, eventOf, publish, subscribe } from '../support/events.ts';
import { startReceiver } from '../support/receiver.ts';

const url = inject('hubUrl');
const system = caller(url, localSystemKey);

const subsOf = ({ programId }: TestProgram) => `/api/programs/${programId}/eventSubs`;

async function pair(): Promise<{ publisher: TestProgram; subscriber: TestProgram; path: string }> {
  const [publisher, subscriber] = [await newProgram(url), await newProgram(url)];
  return { publisher, subscriber, path: `${subsOf(subscriber)}/${publisher.programId}` };
}

describe('the five calls of a subscription', () => {
  it('establish, show, change and end it', async () => {
    const { publisher, subscriber, path } = await pair();
    const created = await subscribe(url, subscriber, publisher);
    expect(created.text).toBe('');
    expect(created.headers.get('location')).toBe(path);
    const { body } = expectStatus(await subscriber.call('GET', path), 200);
    expect(body).toEqual({
      ProgramId: subscriber.programId,
      PublisherProgramId: publisher.programId,
      CreatedUtc: expect.stringMatching(/^\d{4}-.*Z$/),
      LastSyncUtc: null,
      SynEnabled: true,
      SyncEnabled: true,
      LbApiPayloadTemplate: courseTemplate,
    });
    expect(expectStatus(await subscriber.call('GET', subsOf(subscriber)), 200).body).toEqual([body]);
    const patch = { LastSyncUtc: '2026-01-01T00:00:00', SynEnabled: false };
    expect(expectStatus(await system('PATCH', path, { body: patch }), 204).text).toBe('');
    expect((await subscriber.call('GET', path)).body).toMatchObject({
      LastSyncUtc: '2026-01-01T00:00:00.000Z',
      SynEnabled: false,
      SyncEnabled: false,
    });
    expectStatus(await system('DELETE', path), 204);
    expectStatus(await subscriber.call('GET', path), 404);
    expectStatus(await system('DELETE', path), 404);
    expect((await subscriber.call('GET', subsOf(subscriber))).body).toEqual([]);
  });

  it('answer 409 when it exists, 400 when there is no such publisher', async () => {
    const { publisher, subscriber } = await pair();
    await subscribe(url, subscriber, publisher);
    const body = { PublisherProgramId: publisher.programId.toUpperCase(), LbApiPayloadTemplate: {} };
    expectStatus(await system('POST', subsOf(subscriber), { body }), 409);
    const unknown = { ...body, PublisherProgramId: 'nobody' };
    const answer = expectStatus(await system('POST', subsOf(subscriber), { body: unknown }), 400);
    expect(answer.body.errors[0].path).toBe('PublisherProgramId');
  });

  it('take the template as a string too, and show it as it was given', async () => {
    const { publisher, subscriber, path } = await pair();
    const text = JSON.stringify({ '*': courseTemplate.COURSE });
    await subscribe(url, subscriber, publisher, text);
    expect((await subscriber.call('GET', path)).body.LbApiPayloadTemplate).toBe(text);
  });

  it("let a program's own key change the template, and nothing else", async () => {
    const { publisher, subscriber, path } = await pair();
    await subscribe(url, subscriber, publisher);
    const LbApiPayloadTemplate = { _default: courseTemplate.COURSE };
    expectStatus(await subscriber.call('PATCH', path, { body: { LbApiPayloadTemplate } }), 204);
    expect((await subscriber.call('GET', path)).body.LbApiPayloadTemplate).toEqual(LbApiPayloadTemplate);
    expectStatus(await subscriber.call('PATCH', path, { body: { SyncEnabled: false } }), 403);
    expectStatus(await subscriber.call('PATCH', path, { body: { LastSyncUtc: null } }), 403);
    const audit = await subscriber.call('GET', `/api/programs/${subscriber.programId}/audit`);
    expect(audit.body.items[0]).toMatchObject({
      action: 'subscription.changed',
      target: publisher.programId,
    });
  });

  it('refuse two spellings that contradict each other', async () => {
    const { publisher, subscriber, path } = await pair();
    await subscribe(url, subscriber, publisher);
    expectStatus(await system('PATCH', path, { body: { SyncEnabled: true, SynEnabled: false } }), 400);
    expectStatus(await system('PATCH', path, { body: { SyncEnabled: true, SynEnabled: true } }), 204);
  });

  it.each([
    ['an unclosed block', '{{#if a}}x', /^Line 1, column /],
    ['an unknown helper on line 2', '{\n  "a": {{uper b}}}', /^Line 2, column \d+.*uper/],
    ['an unclosed string', '{"a": "{{b}}}', /^Line 1, column /],
    ['64 KB of nested ifs', '{{#if a}}'.repeat(7_000), /^Line \d+, column \d+/],
  ])('refuse a template with %s, by line and column', async (_, batchRowTemplate, message) => {
    const { publisher, subscriber, path } = await pair();
    await subscribe(url, subscriber, publisher);
    const LbApiPayloadTemplate = { COURSE: { importProcessId: 1, batchRowTemplate } };
    const answer = expectStatus(
      await subscriber.call('PATCH', path, { body: { LbApiPayloadTemplate } }),
      400,
    );
    expect(answer.body.errors[0].path).toBe('LbApiPayloadTemplate.COURSE.batchRowTemplate');
    expect(answer.body.errors[0].message).toMatch(message);
  });

  it.each([
    ['no object', '[]', 'LbApiPayloadTemplate'],
    [
      'both defaults',
      { '*': { action: 'ignore' }, _default: { action: 'ignore' } },
      'LbApiPayloadTemplate._default',
    ],
    ['no process', { A: { batchRowTemplate: '{}' } }, 'LbApiPayloadTemplate.A.importProcessId'],
    ['no row', { A: { importProcessId: 1 } }, 'LbApiPayloadTemplate.A.batchRowTemplate'],
    ['another action', { A: { action: 'skip' } }, 'LbApiPayloadTemplate.A.action'],
    ['a misspelt member', { A: { action: 'ignore', lable: '' } }, 'LbApiPayloadTemplate.A.lable'],
  ])('refuse a template with %s', async (_, LbApiPayloadTemplate, path) => {
    const { publisher, subscriber } = await pair();
    const body = { PublisherProgramId: publisher.programId, LbApiPayloadTemplate };
    const answer = expectStatus(await system('POST', subsOf(subscriber), { body }), 400);
    expect(answer.body.errors.map((one: Body) => one.path)).toContain(path);
  });
});

describe('pulling', () => {
  const pull = async ({ programId, call }: TestProgram, query = '') =>
    expectStatus(await call('GET', `/api/programs/${programId}/events${query}`), 200).body;
  const ack = async ({ programId, call }: TestProgram, cursor: string) =>
    expectStatus(await call('POST', `/api/programs/${programId}/events/ack`, { body: { cursor } }), 204);
  const ids = (page: Body) => page.items.map((one: Body) => one.PublisherEventId);

  it('gives each event once per cursor, begins behind what was acknowledged, and moves LastSyncUtc', async () => {
    const { publisher, subscriber, path } = await pair();
    await subscribe(url, subscriber, publisher);
    await publish(
      publisher,
      ...['a', 'b', 'c', 'd'].map((PublisherEventId) => eventOf(publisher, { PublisherEventId })),
    );
    const first = await pull(subscriber, '?limit=2');
    expect(ids(first)).toEqual(['a', 'b']);
    const second = await pull(subscriber, `?limit=2&cursor=${first.nextCursor}`);
    expect(ids(second)).toEqual(['c', 'd']);
    expect(ids(await pull(subscriber, '?limit=1'))).toEqual(['a']);
    await ack(subscriber, first.cursor);
    expect(ids(await pull(subscriber))).toEqual(['c', 'd']);
    const { LastSyncUtc } = (await subscriber.call('GET', path)).body;
    expect(LastSyncUtc).toBe(first.items[1].CreatedUtc);
    await ack(subscriber, second.cursor);
    await ack(subscriber, first.cursor);
    const end = await pull(subscriber);
    expect([end.items, end.nextCursor]).toEqual([[], null]);
    expectStatus(await system('PATCH', path, { body: { LastSyncUtc: null } }), 204);
    expect(ids(await pull(subscriber))).toEqual(['a', 'b', 'c', 'd']);
  });

  it('replays from the first event received after LastSyncUtc, and stays put when it is sent back unchanged', async () => {
    const { publisher, subscriber, path } = await pair();
    await subscribe(url, subscriber, publisher);
    await publish(publisher, eventOf(publisher, { PublisherEventId: 'a' }));
    const { items } = await pull(subscriber);
    await until(
      async () => Date.now(),
      (now) => now > Date.parse(items[0].CreatedUtc) + 5,
    );
    await publish(
      publisher,
      eventOf(publisher, { PublisherEventId: 'b' }),
      eventOf(publisher, { PublisherEventId: 'c' }),
    );
    expectStatus(await system('PATCH', path, { body: { LastSyncUtc: items[0].CreatedUtc } }), 204);
    const page = await pull(subscriber, '?limit=1');
    expect(ids(page)).toEqual(['b']);
    await ack(subscriber, page.cursor);
    // "b" and "c" came in the same millisecond: the whole subscription, written back, must not skip "c".
    const { LastSyncUtc } = (await subscriber.call('GET', path)).body;
    expectStatus(await system('PATCH', path, { body: { LastSyncUtc } }), 204);
    expect(ids(await pull(subscriber))).toEqual(['c']);
  });

  it("gives a new subscription's past too, and no other publisher's again", async () => {
    const { publisher: old, subscriber } = await pair();
    const recent = await newProgram(url);
    await subscribe(url, subscriber, old);
    await publish(
      recent,
      eventOf(recent, { PublisherEventId: 'r1' }),
      eventOf(recent, { PublisherEventId: 'r2' }),
    );
    await publish(old, eventOf(old, { PublisherEventId: 'o1' }));
    let page = await pull(subscriber);
    expect(ids(page)).toEqual(['o1']);
    await subscribe(url, subscriber, recent);
    const seen: string[] = [];
    await publish(old, eventOf(old, { PublisherEventId: 'o2' }));
    for (let cursor = page.nextCursor; cursor !== null; cursor = page.nextCursor) {
      page = await pull(subscriber, `?limit=1&cursor=${cursor}`);
      seen.push(...ids(page));
    }
    expect(seen).toEqual(['r1', 'r2', 'o2']);
  });

  it('shows a deleted event as a tombstone', async () => {
    const { publisher, subscriber } = await pair();
    await subscribe(url, subscriber, publisher);
    const [{ eventId }] = await publish(publisher, eventOf(publisher));
    expectStatus(await publisher.call('DELETE', `/api/events/${eventId}`), 204);
    const [event] = (await pull(subscriber)).items;
    expect(event).toMatchObject({ EventId: eventId, PublisherEventData: null });
    expect(event.DeletedUtc).not.toBeNull();
  });

  it('stops while the publisher withholds its events, and goes on where it stood', async () => {
    const { publisher, subscriber } = await pair();
    await subscribe(url, subscriber, publisher);
    await publish(publisher, eventOf(publisher, { PublisherEventId: 'a' }));
    const path = `/api/programs/${publisher.programId}/subscribers`;
    expectStatus(await publisher.call('POST', `${path}/${subscriber.programId}/suspend`), 204);
    expect((await pull(subscriber)).items).toEqual([]);
    const one = `/api/programs/${subscriber.programId}/events?publisher=${publisher.programId}`;
    expectStatus(await subscriber.call('GET', one), 403);
    const [listed] = expectStatus(await publisher.call('GET', path), 200).body;
    expect(listed).toMatchObject({ ProgramId: subscriber.programId, LastSyncUtc: null });
    expect(listed.SuspendedUtc).not.toBeNull();
    expectStatus(await publisher.call('POST', `${path}/${subscriber.programId}/resume`), 204);
    expect(ids(await pull(subscriber))).toEqual(['a']);
    expectStatus(await publisher.call('POST', `${path}/nobody/suspend`), 404);
  });

  it('gives large events a few at a time', async () => {
    const { publisher, subscriber } = await pair();
    await subscribe(url, subscriber, publisher);
    for (let i = 0; i < 12; i++)
      await publish(publisher, eventOf(publisher, { PublisherEventData: 'x'.repeat(250_000) }));
    const seen: string[] = [];
    let pages = 0;
    for (let cursor: string | null = ''; cursor !== null; pages++) {
      const page = await pull(subscriber, `?limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`);
      seen.push(...ids(page));
      cursor = page.nextCursor;
    }
    expect(seen).toHaveLength(12);
    expect(new Set(seen).size).toBe(12);
    expect(pages).toBeGreaterThan(2);
  });

  it('takes no cursor of another publisher', async () => {
    const { publisher, subscriber } = await pair();
    await subscribe(url, subscriber, publisher);
    const { cursor } = await pull(subscriber, `?publisher=${publisher.programId}`);
    const answer = await subscriber.call(
      'GET',
      `/api/programs/${subscriber.programId}/events?cursor=${cursor}`,
    );
    expect(expectStatus(answer, 400).body.code).toBe('cursor_invalid');
  });
});

describe('event.published', () => {
  it('goes to the publisher and to each subscriber that imports the category, and is taken back when deleted', async () => {
    const { publisher, subscriber } = await pair();
    const bystander = await newProgram(url);
    const receiver = await startReceiver();
    try {
      await subscribe(url, subscriber, publisher);
      await subscribe(url, bystander, publisher, { '*': { action: 'ignore' } });
      for (const [name, program] of Object.entries({ publisher, subscriber, bystander })) {
        const made = program.call('POST', `/api/programs/${program.programId}/webhooks`, {
          body: { url: `${receiver.url}/${name}`, events: ['event.*'] },
        });
        expectStatus(await made, 201);
      }
      const [course, other] = [eventOf(publisher, { PublisherEventCategory: 'COURSE' }), eventOf(publisher)];
      await publish(publisher, course, other, course);
      const received = await receiver.waitFor(3);
      const told = received
        .map(({ path, body }) => `${path} ${JSON.parse(body).data.PublisherEventId}`)
        .sort();
      expect(told).toEqual(
        [
          `/publisher ${course.PublisherEventId}`,
          `/publisher ${other.PublisherEventId}`,
          `/subscriber ${course.PublisherEventId}`,
        ].sort(),
      );
      const message = JSON.parse(received.find(({ path }) => path === '/subscriber')?.body ?? '');
      expect(message).toMatchObject({
        type: 'event.published',
        data: { PublisherEventData: { course: 'Algebra' }, PublisherEventCategory: { value: 'COURSE' } },
      });
      // Known already: nothing more is told.
      await publish(publisher, course);
      receiver.answer((_, response) => response.writeHead(500).end());
      const [{ eventId }] = await publish(
        publisher,
        eventOf(publisher, { PublisherEventCategory: 'COURSE' }),
      );
      await receiver.waitFor(5);
      receiver.answer((_, response) => response.end());
      expectStatus(await publisher.call('DELETE', `/api/events/${eventId}`), 204);
      await receiver.waitFor(7);
      const deleted = receiver.received.slice(5).map(({ path, body }) => [path, JSON.parse(body)] as const);
      expect(deleted.map(([path, { type }]) => `${path} ${type}`).sort()).toEqual([
        '/publisher event.deleted',
        '/subscriber event.deleted',
      ]);
      for (const [, { data }] of deleted)
        expect(data).toMatchObject({ EventId: eventId, PublisherEventData: null });
      for (const program of [publisher, subscriber]) {
        const ledger = `/api/programs/${program.programId}/deliveries?type=event.published&about=${eventId}`;
        const [delivery] = (await program.call('GET', ledger)).body.items;
        expect(delivery).toMatchObject({ status: 'cancelled', reason: 'The event was deleted.' });
        const shown = (await program.call('GET', `/api/deliveries/${delivery.deliveryId}`)).body;
        expect(shown.body).toBe('');
        expectStatus(await program.call('POST', `/api/deliveries/${delivery.deliveryId}/retry`), 409);
      }
    } finally {
      await receiver.close();
    }
  });

  it("tells of the events that a task's changes make too", async () => {
    const program = await newProgram(url);
    const receiver = await startReceiver();
    try {
      const hooks = `/api/programs/${program.programId}/webhooks`;
      const body = { url: receiver.url, events: ['event.published'] };
      expectStatus(await program.call('POST', hooks, { body }), 201);
      const task = { ...peopleTask, publish: { eventType: 'person.changed', category: 'PEOPLE' } };
      const path = `/api/programs/${program.programId}/tasks/people`;
      expectStatus(await program.call('PUT', path, { body: task }), 200);
      const called = await dropAndCall(program, 'people', 'people.csv', 'id,name\n1,Ada\n2,Bob\n');
      await jobEnded(program.call, expectStatus(called, 200).body.jobId);
      const told = (await receiver.waitFor(2)).map((one) => JSON.parse(one.body).data);
      expect(told.map((one) => [one.RecordKey, one.Change, one.PublisherEventData.name]).sort()).toEqual([
        ['1', 'inserted', 'Ada'],
        ['2', 'inserted', 'Bob'],
      ]);
    } finally {
      await receiver.close();
    }
  });
});
