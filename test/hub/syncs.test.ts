import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import {
  type Body,
  caller,
  expectStatus,
  localSystemKey,
  newProgram,
  type TestProgram,
  until,
} from '../support/client.ts';
import { eventOf, publish, subscribe } from '../support/events.ts';
import { type LearningBuilder, startLearningBuilder } from '../support/learning-builder.ts';
import { startReceiver } from '../support/receiver.ts';

const url = inject('hubUrl');
const system = caller(url, localSystemKey);
let lb: LearningBuilder;

beforeAll(async () => {
  lb = await startLearningBuilder();
});
afterAll(() => lb.close());
beforeEach(() => {
  lb.decide(() => 'take');
});

const twoCategories = {
  COURSE: {
    importProcessId: 42,
    batchRowTemplate: '{"id": {{@event.PublisherEventId}}, "course": {{course}}}',
  },
  WORK: {
    importProcessId: 7,
    batchRowTemplate: '{\n  "id": {{@event.PublisherEventId}},\n  "hours": {{hours}}\n}',
  },
};

interface Pair {
  publisher: TestProgram;
  subscriber: TestProgram;
  path: string;
}

async function pair(template: unknown = twoCategories): Promise<Pair> {
  const publisher = await newProgram(url);
  const subscriber = await newProgram(url, { learningBuilder: { baseUrl: lb.url, apiKey: lb.apiKey } });
  await subscribe(url, subscriber, publisher, template);
  return {
    publisher,
    subscriber,
    path: `/api/programs/${subscriber.programId}/eventSubs/${publisher.programId}`,
  };
}

const course = (publisher: TestProgram, id: string, data: unknown = { course: `Course ${id}` }) =>
  eventOf(publisher, { PublisherEventId: id, PublisherEventCategory: 'COURSE', PublisherEventData: data });
const work = (publisher: TestProgram, id: string) =>
  eventOf(publisher, {
    PublisherEventId: id,
    PublisherEventCategory: { value: 'WORK' },
    PublisherEventData: { hours: 8 },
  });

async function sync({ subscriber, path }: Pair): Promise<Body> {
  const { body } = expectStatus(await subscriber.call('POST', `${path}/sync`), 200);
  expect(body.syncs).toHaveLength(1);
  return body.syncs[0];
}

const callsOf = (one: Body) => lb.calls.filter(({ fileName }) => fileName.startsWith(one.syncId));
const rowsOf = (one: Body) => callsOf(one).flatMap(({ lines }) => lines.map((line) => JSON.parse(line)));

describe('POST …/eventSubs/{publisherId}/sync', () => {
  it('sends the rows of each process in one call, and moves LastSyncUtc', async () => {
    const all = await pair();
    const { publisher, subscriber, path } = all;
    await publish(
      publisher,
      course(publisher, 'a'),
      work(publisher, 'b'),
      course(publisher, 'c', { course: 'O\'Neill "x"\n\\' }),
    );
    await publish(publisher, eventOf(publisher, { PublisherEventCategory: 'HOBBY' }), eventOf(publisher));
    const done = await sync(all);
    expect(done).toMatchObject({
      publisherId: publisher.programId,
      state: 'done',
      selected: 5,
      rendered: 3,
      ignored: 2,
      quarantined: 0,
    });
    expect(done.unmapped).toEqual([
      { category: 'HOBBY', events: 1 },
      { category: null, events: 1 },
    ]);
    expect(done.batches).toEqual(
      [
        ['42', 2],
        ['7', 1],
      ].map(([importProcessId, rows]) => ({
        importProcessId,
        name: `${done.syncId}-${importProcessId}-1`,
        queueBatchId: expect.stringMatching(/^batch-\d+$/),
        rows,
        state: 'accepted',
        uncertain: false,
        deliveryId: expect.stringMatching(/^dlv_/),
      })),
    );
    expect(rowsOf(done)).toEqual([
      { id: 'a', course: 'Course a' },
      { id: 'c', course: 'O\'Neill "x"\n\\' },
      { id: 'b', hours: 8 },
    ]);
    expect(lb.broken).toEqual([]);
    const { LastSyncUtc } = (await subscriber.call('GET', path)).body;
    expect(LastSyncUtc).toBe(done.openedAt);
    const again = await sync(all);
    expect(again).toMatchObject({ state: 'done', selected: 0, batches: [] });
    await publish(publisher, course(publisher, 'd'));
    expect(rowsOf(await sync(all))).toEqual([{ id: 'd', course: 'Course d' }]);
    const listed = expectStatus(await subscriber.call('GET', `${path}/syncs`), 200).body.items;
    expect(listed.map((one: Body) => one.selected)).toEqual([1, 0, 5]);
    const one = expectStatus(await subscriber.call('GET', `${path}/syncs/${done.syncId}`), 200).body;
    expect(one).toEqual(done);
  });

  it('replays from an earlier LastSyncUtc', async () => {
    const all = await pair();
    await publish(all.publisher, course(all.publisher, 'a'));
    await sync(all);
    expectStatus(await system('PATCH', all.path, { body: { LastSyncUtc: '2020-01-01T00:00:00Z' } }), 204);
    expect(rowsOf(await sync(all))).toEqual([{ id: 'a', course: 'Course a' }]);
  });

  it('repeats no accepted call when the next one is refused, and goes on in the same sync', async () => {
    const all = await pair();
    await publish(all.publisher, course(all.publisher, 'a'), work(all.publisher, 'b'));
    lb.decide(({ processId }) => (processId === '7' ? 500 : 'take'));
    const open = await sync(all);
    expect(open.state).toBe('open');
    expect(open.batches.map((one: Body) => one.state)).toEqual(['accepted', 'pending']);
    expect((await all.subscriber.call('GET', all.path)).body.LastSyncUtc).toBeNull();
    const delivery = (await all.subscriber.call('GET', `/api/deliveries/${open.batches[1].deliveryId}`)).body;
    expect(delivery).toMatchObject({ channel: 'batch', status: 'waiting', uncertain: false });
    lb.decide(() => 'take');
    const done = await sync(all);
    expect([done.syncId, done.state]).toEqual([open.syncId, 'done']);
    expect(callsOf(done).map(({ processId }) => processId)).toEqual(['42', '7', '7']);
    // Whoever asks for it: what was accepted is not sent again.
    const { deliveryId } = done.batches[0];
    expectStatus(await all.subscriber.call('POST', `/api/deliveries/${deliveryId}/retry`), 202);
    await until(
      async () => (await all.subscriber.call('GET', `/api/deliveries/${deliveryId}`)).body,
      (one) => one.status === 'delivered' && one.attempts.length === 2,
    );
    expect(callsOf(done)).toHaveLength(3);
  });

  it('repeats a call whose answer was lost under the same name, and says so', async () => {
    const all = await pair();
    await publish(all.publisher, course(all.publisher, 'a'));
    lb.decide(() => 'take and drop');
    const open = await sync(all);
    expect(open.batches[0]).toMatchObject({ state: 'pending', uncertain: true });
    lb.decide(() => 'take');
    const done = await sync(all);
    expect(done.batches[0]).toMatchObject({ state: 'accepted', uncertain: true, name: open.batches[0].name });
    expect(callsOf(done).map(({ fileName }) => fileName)).toEqual([
      open.batches[0].name,
      open.batches[0].name,
    ]);
    expect(lb.taken.get(open.batches[0].name)?.times).toBe(2);
  });

  it('does not take a page of HTML for an answer', async () => {
    const all = await pair();
    await publish(all.publisher, course(all.publisher, 'a'));
    lb.decide(() => 'html');
    const open = await sync(all);
    expect(open).toMatchObject({ state: 'open', batches: [{ state: 'pending', queueBatchId: null }] });
    const { attempts } = (await all.subscriber.call('GET', `/api/deliveries/${open.batches[0].deliveryId}`))
      .body;
    expect(attempts[0]).toMatchObject({ status: 200, failure: 'body' });
    lb.decide(() => 'take');
    expect((await sync(all)).state).toBe('done');
  });

  it('renders a refused call anew when the template was mended', async () => {
    const all = await pair();
    await publish(all.publisher, course(all.publisher, 'a'), work(all.publisher, 'b'));
    lb.decide(({ processId }) => (processId === '42' ? 400 : 'take'));
    await sync(all);
    const LbApiPayloadTemplate = {
      ...twoCategories,
      COURSE: { ...twoCategories.COURSE, importProcessId: 43 },
    };
    expectStatus(await all.subscriber.call('PATCH', all.path, { body: { LbApiPayloadTemplate } }), 204);
    const done = await sync(all);
    expect(done.state).toBe('done');
    expect(done.batches.map((one: Body) => [one.importProcessId, one.state]).sort()).toEqual([
      ['42', 'replaced'],
      ['43', 'accepted'],
      ['7', 'accepted'],
    ]);
    expect(callsOf(done).map(({ processId }) => processId)).toEqual(['42', '7', '43']);
    const { items } = (await all.subscriber.call('GET', `${all.path}/quarantine`)).body;
    expect(items).toEqual([]);
  });

  it('puts what gives no row into quarantine, by line and column, and the rest goes on', async () => {
    const template = {
      COURSE: {
        ...twoCategories.COURSE,
        mode: 'none',
        batchRowTemplate: '{"id": "{{@event.PublisherEventId}}",\n "n": {{n}} }',
      },
    };
    const all = await pair(template);
    await publish(
      all.publisher,
      course(all.publisher, 'a', { n: 1 }),
      course(all.publisher, 'b', { n: 'x"' }),
      course(all.publisher, 'c', { n: 3 }),
    );
    const done = await sync(all);
    expect(done).toMatchObject({ state: 'done', rendered: 2, quarantined: 1 });
    expect(rowsOf(done).map(({ id }) => id)).toEqual(['a', 'c']);
    const shown = async () => (await all.subscriber.call('GET', `${all.path}/quarantine`)).body.items;
    expect(await shown()).toMatchObject([{ category: 'COURSE', code: 'row_not_json', retrying: false }]);
    const attention = async () =>
      (
        await all.subscriber.call('GET', `/api/programs/${all.subscriber.programId}/attention`)
      ).body.items.map((one: Body) => one.kind);
    expect(await attention()).toEqual(['sync_quarantine']);
    // Not mended yet: it stays.
    const vain = expectStatus(await all.subscriber.call('POST', `${all.path}/quarantine/retry`), 200).body
      .syncs[0];
    expect(vain).toMatchObject({ state: 'done', rendered: 0, quarantined: 1 });
    expect(await shown()).toHaveLength(1);
    const LbApiPayloadTemplate = { COURSE: { ...template.COURSE, mode: 'json' } };
    expectStatus(await all.subscriber.call('PATCH', all.path, { body: { LbApiPayloadTemplate } }), 204);
    const mended = expectStatus(await all.subscriber.call('POST', `${all.path}/quarantine/retry`), 200).body
      .syncs[0];
    expect(mended).toMatchObject({ state: 'done', rendered: 1 });
    expect(rowsOf(mended)).toEqual([{ id: 'b', n: 'x"' }]);
    expect(await shown()).toEqual([]);
    expect(await attention()).toEqual([]);
  });

  it('sends nothing of an event that was deleted before its call went out', async () => {
    const all = await pair();
    const [{ eventId }] = await publish(
      all.publisher,
      course(all.publisher, 'a'),
      course(all.publisher, 'b'),
    );
    lb.decide(() => 503);
    const open = await sync(all);
    expectStatus(await all.publisher.call('DELETE', `/api/events/${eventId}`), 204);
    lb.decide(() => 'take');
    const done = await sync(all);
    expect(done.state).toBe('done');
    expect(
      callsOf(open)
        .at(-1)
        ?.lines.map((line) => JSON.parse(line).id),
    ).toEqual(['b']);
  });

  it('renders numbers that no double holds as they were sent', async () => {
    const all = await pair({
      '*': { importProcessId: 1, batchRowTemplate: '{"n": {{n}}, "s": "{{n}}", "p": {{p}}}' },
    });
    const { PublisherEventData: _, ...envelope } = course(all.publisher, 'a');
    const body = `${JSON.stringify(envelope).slice(0, -1)},"PublisherEventData":{"n":12345678901234567890,"p":1.50,"__proto__":1}}`;
    const headers = { 'content-type': 'application/json' };
    expectStatus(await all.publisher.call('POST', '/api/events', { body, headers }), 201);
    const done = await sync(all);
    expect(callsOf(done)[0]?.lines).toEqual([
      '{"n": "12345678901234567890", "s": "12345678901234567890", "p": 1.5}',
    ]);
  });

  it('needs somewhere to send to, and the leave of the publisher', async () => {
    const publisher = await newProgram(url);
    const subscriber = await newProgram(url);
    await subscribe(url, subscriber, publisher);
    const path = `/api/programs/${subscriber.programId}/eventSubs/${publisher.programId}`;
    const answer = expectStatus(await subscriber.call('POST', `${path}/sync`), 409);
    expect(answer.body.detail).toContain('learningBuilder');
    const all = await pair();
    const subscribers = `/api/programs/${all.publisher.programId}/subscribers/${all.subscriber.programId}`;
    expectStatus(await all.publisher.call('POST', `${subscribers}/suspend`), 204);
    expectStatus(await all.subscriber.call('POST', `${all.path}/sync`), 403);
    expectStatus(await all.publisher.call('POST', `${subscribers}/resume`), 204);
    expect((await sync(all)).state).toBe('done');
  });

  it('is told to endpoints when it is done', async () => {
    const all = await pair();
    const receiver = await startReceiver();
    try {
      const body = { url: `${receiver.url}/told`, events: ['subscription.*'] };
      const hooks = `/api/programs/${all.subscriber.programId}/webhooks`;
      expectStatus(await all.subscriber.call('POST', hooks, { body }), 201);
      await publish(all.publisher, course(all.publisher, 'a'));
      const { syncId } = await sync(all);
      const [told] = await receiver.waitFor(1);
      const { publisherId, ...data } = JSON.parse(told?.body ?? '').data;
      expect(publisherId).toBe(all.publisher.programId);
      expect(data).toMatchObject({ syncId, selected: 1, rendered: 1, ignored: 0, quarantined: 0 });
    } finally {
      await receiver.close();
    }
  });

  it('ends with its subscription', async () => {
    const all = await pair();
    await publish(all.publisher, course(all.publisher, 'a'));
    lb.decide(() => 500);
    const open = await sync(all);
    expectStatus(await system('DELETE', all.path), 204);
    lb.decide(() => 'take');
    const { deliveryId } = open.batches[0];
    expectStatus(await all.subscriber.call('POST', `/api/deliveries/${deliveryId}/retry`), 202);
    const delivery = await until(
      async () => (await all.subscriber.call('GET', `/api/deliveries/${deliveryId}`)).body,
      (one) => one.status === 'cancelled',
    );
    expect(delivery.reason).toContain('its subscription ended');
    expect(callsOf(open)).toHaveLength(1);
  });
});

describe('POST /api/processEvents', () => {
  it('synchronises the subscriptions that have SyncEnabled, and no others', async () => {
    const all = await pair();
    const other = await newProgram(url);
    await subscribe(url, all.subscriber, other, twoCategories);
    const body = { SyncEnabled: false };
    const path = `/api/programs/${all.subscriber.programId}/eventSubs/${other.programId}`;
    expectStatus(await system('PATCH', path, { body }), 204);
    await publish(all.publisher, course(all.publisher, 'a'));
    await publish(other, course(other, 'b'));
    const answer = await system('POST', `/api/processEvents?programId=${all.subscriber.programId}`);
    const { syncs } = expectStatus(answer, 200).body;
    expect(syncs.map((one: Body) => [one.publisherId, one.state, one.rendered])).toEqual([
      [all.publisher.programId, 'done', 1],
    ]);
    expectStatus(await system('POST', '/api/processEvents?programId=nobody'), 404);
  });
});

describe('POST …/preview', () => {
  it('shows the category matched, and the row or the error, of given and of the latest events', async () => {
    const all = await pair();
    await publish(
      all.publisher,
      course(all.publisher, 'a'),
      eventOf(all.publisher, { PublisherEventCategory: 'HOBBY' }),
    );
    const latest = expectStatus(await all.subscriber.call('POST', `${all.path}/preview`), 200).body.events;
    expect(latest).toMatchObject([
      {
        publisherEventId: 'a',
        matched: 'COURSE',
        action: 'import',
        importProcessId: '42',
        row: '{"id": "a", "course": "Course a"}',
        error: null,
      },
      { category: 'HOBBY', matched: null, action: 'ignore', row: null, error: null },
    ]);
    const body = {
      LbApiPayloadTemplate: { _default: { importProcessId: 1, mode: 'none', batchRowTemplate: '{{name}}' } },
      events: [
        { PublisherEventData: { name: '{"a":1}' } },
        { PublisherEventData: { name: 'x' }, PublisherEventCategory: 'Y' },
      ],
    };
    const given = expectStatus(await all.subscriber.call('POST', `${all.path}/preview`, { body }), 200).body
      .events;
    expect(given).toMatchObject([
      { matched: '_default', row: '{"a":1}', error: null },
      { category: 'Y', matched: '_default', row: null, error: { code: 'row_not_json' } },
    ]);
    const wrong = { LbApiPayloadTemplate: { A: { importProcessId: 1, batchRowTemplate: '{{#if a}}' } } };
    expectStatus(await all.subscriber.call('POST', `${all.path}/preview`, { body: wrong }), 400);
  });

  it('names every place that cannot be right', async () => {
    const all = await pair();
    const wrong = { A: { importProcessId: 1, batchRowTemplate: '{"é😀":{{uper x}},\n\t"b":{{upper a b}}}' } };
    const body = { LbApiPayloadTemplate: wrong };
    const { errors } = expectStatus(
      await all.subscriber.call('POST', `${all.path}/preview`, { body }),
      400,
    ).body;
    expect(errors.map((one: Body) => [one.line, one.column])).toEqual([
      [1, 8],
      [2, 6],
    ]);
  });

  it('compares a draft with the saved template over the latest hundred events', async () => {
    const all = await pair();
    const ids = Array.from({ length: 104 }, (_, i) => `c${i}`);
    await publish(
      all.publisher,
      ...ids.map((id, i) =>
        eventOf(all.publisher, {
          PublisherEventId: id,
          PublisherEventCategory: i % 2 === 0 ? 'COURSE' : 'HOBBY',
          PublisherEventData: { course: i < 90 ? `Course ${id}` : `Course "${id}"` },
        }),
      ),
    );
    const compare = async (LbApiPayloadTemplate?: unknown) => {
      const body = { ...(LbApiPayloadTemplate === undefined ? {} : { LbApiPayloadTemplate }), compare: true };
      return expectStatus(await all.subscriber.call('POST', `${all.path}/preview`, { body }), 200).body
        .difference;
    };
    expect(await compare()).toMatchObject({ events: 100, unchanged: 100, changed: 0, failing: 0, first: [] });
    // Written as they are, texts with a quote break the JSON: of the latest hundred, the seven from c90 on.
    const draft = {
      COURSE: { importProcessId: 42, mode: 'none', batchRowTemplate: '{"course": "{{course}}"}' },
    };
    const changed = await compare(draft);
    expect(changed).toMatchObject({ events: 100, unchanged: 50, changed: 43, failing: 7 });
    expect(changed.first.map((one: Body) => one.draft.publisherEventId)).toEqual([
      ...['c90', 'c92', 'c94', 'c96', 'c98', 'c100', 'c102'],
      ...['c4', 'c6', 'c8'],
    ]);
    expect(changed.first[0].draft).toMatchObject({
      row: null,
      error: { code: 'row_not_json' },
      members: ['course'],
    });
    expect(changed.first[7]).toMatchObject({
      saved: { row: '{"id": "c4", "course": "Course c4"}' },
      draft: { row: '{"course": "Course c4"}' },
    });
    expect(changed.categories).toEqual([
      { category: 'COURSE', events: 50, matched: 'COURSE' },
      { category: 'HOBBY', events: 50, matched: null },
    ]);
  });
});

describe('two who change a template at once', () => {
  it('are told apart by If-Match: the second gets 412, and nothing of it is kept', async () => {
    const all = await pair();
    const first = await all.subscriber.call('GET', all.path);
    const tag = first.headers.get('etag') ?? '';
    const save = (label: string, ifMatch: string) =>
      all.subscriber.call('PATCH', all.path, {
        body: { LbApiPayloadTemplate: { _default: { action: 'ignore', label } } },
        headers: { 'if-match': ifMatch },
      });
    const answers = await Promise.all(['one', 'two', 'three', 'four'].map((label) => save(label, tag)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 412, 412, 412]);
    const won = ['one', 'two', 'three', 'four'][answers.findIndex(({ status }) => status === 204)];
    const now = await all.subscriber.call('GET', all.path);
    expect(now.body.LbApiPayloadTemplate._default.label).toBe(won);
    const { body } = await all.subscriber.call('GET', `/api/programs/${all.subscriber.programId}/audit`);
    const changes = body.items.filter(({ action }: Body) => action === 'subscription.changed');
    expect(changes).toHaveLength(1);
    expectStatus(await save('five', now.headers.get('etag') ?? ''), 204);
  });
});
