import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { signedIn, type Visitor } from '../support/browser.ts';
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
import { startLearningBuilder } from '../support/learning-builder.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

const url = inject('hubUrl');
let publisher: TestProgram;
let subscriber: TestProgram;
let receiver: Receiver;
let webhookId: string;
let visitor: Visitor;

const api = (path: string) => `/api/programs/${publisher.programId}/${path}`;
const at = (path: string) => `/p/${publisher.programId}/${path}`;
const named = (PublisherEventId: string, category: string, data: unknown = { course: 'x' }) =>
  eventOf(publisher, { PublisherEventId, PublisherEventCategory: category, PublisherEventData: data });

async function newest(query = ''): Promise<Body[]> {
  const answer = await publisher.call('GET', `/api/events/${publisher.programId}?order=newest${query}`);
  return expectStatus(answer, 200).body as never;
}
const idOf = async (publisherEventId: string): Promise<string> =>
  (await newest('&limit=200')).find((one) => one.PublisherEventId === publisherEventId)?.EventId;
const fateOf = async (eventId: string): Promise<Body> =>
  expectStatus(await publisher.call('GET', api(`fates?events=${eventId}`)), 200).body.items[0];

beforeAll(async () => {
  [publisher, subscriber] = [await newProgram(url), await newProgram(url)];
  await subscribe(url, subscriber, publisher);
  receiver = await startReceiver();
  await publish(publisher, named('before', 'COURSE'));
  const hook = { url: `${receiver.url}/hooks`, events: ['event.published'], categories: ['COURSE', 'BAD'] };
  ({ webhookId } = expectStatus(await publisher.call('POST', api('webhooks'), { body: hook }), 201).body);
  receiver.answer((request, response) => {
    response.statusCode = request.body.includes('"BAD"') ? 503 : 200;
    response.end();
  });
  await publish(publisher, named('good', 'COURSE'), named('bad', 'BAD'), named('other', 'OTHER'));
  visitor = await signedIn(url, publisher.key);
});

afterAll(() => receiver.close());

describe('GET /api/events/{programId}?order=newest', () => {
  it('goes against the log, page by page, and looks at a bounded part of it for a filter', async () => {
    const all = await newest();
    expect(all.map(({ PublisherEventId }) => PublisherEventId)).toEqual(['other', 'bad', 'good', 'before']);
    const paged: string[] = [];
    for (let query = '&limit=1'; query !== ''; ) {
      const answer = await publisher.call('GET', `/api/events/${publisher.programId}?order=newest${query}`);
      paged.push(...(expectStatus(answer, 200).body as never as Body[]).map((one) => one.PublisherEventId));
      const cursor = /cursor=([^&>]+)/.exec(answer.headers.get('link') ?? '')?.[1];
      query = cursor === undefined ? '' : `&limit=1&cursor=${cursor}`;
    }
    expect(paged).toEqual(['other', 'bad', 'good', 'before']);
    expect((await newest('&category=COURSE')).map((one) => one.PublisherEventId)).toEqual(['good', 'before']);
    expect(await newest('&type=nothing.like.that')).toEqual([]);
  });
});

describe('the fate of an event', () => {
  it('is told in one word, with its deliveries and each subscriber’s standing', async () => {
    const good = await until(
      async () => fateOf(await idOf('good')),
      ({ fate }) => fate === 'delivered',
    );
    expect(good).toMatchObject({
      states: { delivered: 1 },
      subscribers: [
        { programId: subscriber.programId, decision: 'imported', synchronised: false, quarantined: null },
      ],
    });
    const bad = await until(
      async () => fateOf(await idOf('bad')),
      ({ fate }) => fate === 'waiting',
    );
    expect(bad.subscribers[0].decision).toBe('ignored');
    expect((await fateOf(await idOf('other'))).fate).toBe('filtered');
    // The endpoint that would want it was not there yet.
    expect((await fateOf(await idOf('before'))).fate).toBe('nobody');
  });

  it('names subscribers to whoever manages the program alone, and events to its publisher alone', async () => {
    const reader = caller(url, await publisher.keyWith('read'));
    const eventId = await idOf('good');
    const { body } = await reader('GET', api(`fates?events=${eventId}`));
    expect(body.items[0].subscribers[0].programId).toBeNull();
    const foreign = await subscriber.call(
      'GET',
      `/api/programs/${subscriber.programId}/fates?events=${eventId}`,
    );
    expect(expectStatus(foreign, 200).body.items).toEqual([]);
    expectStatus(await publisher.call('GET', api('fates')), 400);
  });

  it('stands on the pages; the data are shown on demand, on record, with a command that publishes the same', async () => {
    const list = await visitor.get(at('events'));
    expect(list.html).toContain('1 waiting of the 4 events shown.');
    expect(list.html.indexOf('>other</a>')).toBeLessThan(list.html.indexOf('>before</a>'));
    const page = at(`events/${await idOf('good')}`);
    const closed = await visitor.get(page);
    expect(closed.html).toContain(`${receiver.url}/hooks`);
    expect(closed.html).toContain('imported</span>');
    expect(closed.html).not.toContain('&quot;course&quot;');
    const open = await visitor.post(`${page}/show`);
    const text = open.html.replaceAll('&quot;', '"');
    expect(text).toContain('"course": "x"');
    expect(open.headers.get('cache-control')).toBe('no-store');
    expect((await publisher.call('GET', api('audit'))).body.items[0]).toMatchObject({
      action: 'event.shown',
    });
    const data = /--data-binary &#39;(.*?)&#39;|--data-binary '(.*?)'/.exec(text);
    const again = await publisher.call('POST', '/api/events', {
      body: JSON.parse(data?.[1] ?? data?.[2] ?? ''),
    });
    // A duplicate, and no conflict: it is the same event to the letter.
    expectStatus(again, 200);
  });
});

describe('an event', () => {
  it('is told once more to one endpoint, whatever it listens to: once under its own message id', async () => {
    const eventId = await idOf('other');
    const path = api(`webhooks/${webhookId}/replay`);
    const first = expectStatus(await publisher.call('POST', path, { body: { eventId } }), 202).body;
    await until(
      async () => (await publisher.call('GET', `/api/deliveries/${first.deliveryId}`)).body,
      ({ status }) => status === 'delivered',
    );
    const again = await visitor.post(at(`events/${eventId}/replay`), { webhookId });
    expect(again.location).toBe(`${at(`deliveries/${first.deliveryId}`)}?done=delivery-retry`);
    const { body } = await until(
      () => publisher.call('GET', `/api/deliveries/${first.deliveryId}`),
      (one) => one.body.attemptCount === 2 && one.body.status === 'delivered',
    );
    const ids = (await receiver.waitFor(2))
      .filter(({ body: sent }) => sent.includes('"OTHER"'))
      .map(({ headers }) => headers['webhook-id']);
    expect(ids).toEqual([body.messageId, body.messageId]);
    const unknown = { body: { eventId: 'evt_00000000000000000000000000' } };
    expectStatus(await publisher.call('POST', path, unknown), 404);
  });

  it('is published by hand, as a test, and leads to its page', async () => {
    const refused = await visitor.post(at('events/publish'), { EventType: 'test', data: '{"a": ' });
    expect(refused.status).toBe(400);
    expect(refused.html).toContain('{&quot;a&quot;: ');
    const made = await visitor.post(at('events/publish'), { EventType: 'test', data: '{"a": 1e400}' });
    expect(made.location).toMatch(/\/events\/evt_[0-9a-z]{26}\?done=published$/);
    expect((await visitor.get(made.location.split('?')[0] ?? '')).status).toBe(200);
    const reader = await signedIn(url, await publisher.keyWith('read'));
    expect((await reader.post(at('events/publish'), { EventType: 'test', data: '1' })).status).toBe(403);
  });
});

describe('a subscription', () => {
  it('says how many events a synchronisation would look at, and renders one event once more', async () => {
    const builder = await startLearningBuilder();
    try {
      const base = `/api/programs/${subscriber.programId}`;
      const body = { learningBuilder: { baseUrl: builder.url, apiKey: builder.apiKey } };
      expectStatus(await subscriber.call('PATCH', base, { body }), 200);
      const pair = `${base}/eventSubs/${publisher.programId}`;
      const forecast = async (query = '') =>
        expectStatus(await subscriber.call('GET', `${pair}/forecast${query}`), 200).body;
      const total = (await newest('&limit=200')).length;
      expect(await forecast()).toEqual({ events: total, more: false, quarantined: 0 });
      expectStatus(await subscriber.call('POST', `${pair}/sync`), 200);
      await until(forecast, ({ events }) => events === 0);
      expect((await forecast('?since=2020-01-01T00:00:00Z')).events).toBe(total);
      const eventId = await idOf('good');
      const rows = () => builder.rows().filter((row) => JSON.stringify(row).includes('"x"')).length;
      const before = await until(
        async () => rows(),
        (n) => n > 0,
      );
      expectStatus(await subscriber.call('POST', `${pair}/replay`, { body: { eventId } }), 200);
      await until(
        async () => rows(),
        (n) => n === before + 1,
      );
      await until(
        async () => (await forecast()).quarantined,
        (n) => n === 0,
      );
      expect((await fateOf(eventId)).subscribers[0].synchronised).toBe(true);
      const human = await signedIn(url, subscriber.key);
      const page = `/p/${subscriber.programId}/subscriptions/${publisher.programId}`;
      expect((await human.get(page)).html).toContain('Synchronise now…');
      expect((await human.post(`${page}/sync/count`)).html).toContain('0 events of');
      expect((await human.post(`${page}/replay`, { eventId })).location).toBe(`${page}?done=synced`);
      await until(
        async () => rows(),
        (n) => n === before + 2,
      );
      const operator = await signedIn(url, localSystemKey);
      await operator.get(page);
      const since = { LastSyncUtc: '2020-01-01T00:00:00Z' };
      const rewinding = await operator.post(`${page}/rewind/count`, since);
      expect(rewinding.html).toContain(`${total} events would be rendered and sent again.`);
      expect((await forecast()).events).toBe(0);
      expect((await operator.post(`${page}/rewind`, since)).status).toBe(303);
      expect((await forecast()).events).toBe(total);
      const other = { body: { eventId: 'evt_00000000000000000000000000' } };
      expectStatus(await subscriber.call('POST', `${pair}/replay`, other), 404);
    } finally {
      await builder.close();
    }
  });
});
