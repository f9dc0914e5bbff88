import { beforeAll, describe, expect, inject, it } from 'vitest';
import { signedIn } from '../support/browser.ts';
import {
  type Body,
  caller,
  expectStatus,
  localSystemKey,
  newProgram,
  type TestProgram,
} from '../support/client.ts';
import { courseTemplate, eventOf, publish, subscribe } from '../support/events.ts';

const url = inject('hubUrl');
const system = caller(url, localSystemKey);
let publisher: TestProgram;
let subscriber: TestProgram;
let api: string;

const withRow = (row: string) => ({
  ...courseTemplate,
  COURSE: { ...(courseTemplate as Record<string, object>).COURSE, batchRowTemplate: row },
});
const save = (template: unknown, headers: Record<string, string> = {}) =>
  subscriber.call('PATCH', api, { body: { LbApiPayloadTemplate: template }, headers });
const versions = async (query = ''): Promise<Body> =>
  expectStatus(await subscriber.call('GET', `${api}/template/versions${query}`), 200).body;
const current = async () => (await subscriber.call('GET', api)).body.LbApiPayloadTemplate;

beforeAll(async () => {
  publisher = await newProgram(url);
  subscriber = await newProgram(url);
  await subscribe(url, subscriber, publisher);
  api = `/api/programs/${subscriber.programId}/eventSubs/${publisher.programId}`;
  await publish(
    publisher,
    eventOf(publisher, { PublisherEventCategory: 'COURSE', PublisherEventData: { course: 'History' } }),
  );
});

describe('the versions of a template', () => {
  it('are kept with each save: who, when, and the text', async () => {
    const [first] = (await versions()).items;
    expect(first).toMatchObject({ version: 1, current: true, revertOf: null });
    expectStatus(await save(withRow('{"second": {{course}}}')), 204);
    // The same again is no new version, nor is what cannot be right.
    expectStatus(await save(withRow('{"second": {{course}}}')), 204);
    expectStatus(await save(withRow('{"second": {{course}')), 400);
    const { items } = await versions();
    expect(items.map(({ version, current: is }: Body) => [version, is])).toEqual([
      [2, true],
      [1, false],
    ]);
    expect(items[0].author).toContain(subscriber.keyId);
    const { body } = await subscriber.call('GET', `${api}/template/versions/1`);
    expect(body.LbApiPayloadTemplate).toEqual(courseTemplate);
    expectStatus(await subscriber.call('GET', `${api}/template/versions/77`), 404);
  });

  it('lead back, as a new version, unless somebody has saved since', async () => {
    const { headers } = await subscriber.call('GET', api);
    const etag = headers.get('etag') ?? '';
    expectStatus(await save(withRow('{"third": {{course}}}')), 204);
    const path = `${api}/template/versions/1/revert`;
    expectStatus(await subscriber.call('POST', path, { headers: { 'if-match': etag } }), 412);
    expect(await current()).toEqual(withRow('{"third": {{course}}}'));
    const reverted = expectStatus(await subscriber.call('POST', path), 200).body;
    expect(reverted).toMatchObject({ version: 4, revertOf: 1, current: true });
    expect(await current()).toEqual(courseTemplate);
    const { body } = await subscriber.call('GET', `/api/programs/${subscriber.programId}/audit`);
    expect(body.items[0]).toMatchObject({ action: 'subscription.changed', detail: { revertOf: 1 } });
  });

  it('are seen on their page: what differs, what it would change, and the way back', async () => {
    const page = `/p/${subscriber.programId}/subscriptions/${publisher.programId}/template/versions`;
    const visitor = await signedIn(url, subscriber.key);
    const { html } = await visitor.get(`${page}?version=3`);
    expect(html).toContain('Version 4, saved by');
    expect(html).toContain('{&quot;third&quot;: {{course}}}');
    expect(html).toContain('1 changed');
    const etag = /name="etag" value="([^"]*)"/.exec(html)?.[1]?.replaceAll('&quot;', '"') ?? '';
    const stale = await visitor.post(`${page}/3/revert`, { etag: '"1"' });
    expect([stale.status, stale.html.includes('Somebody has changed the template since')]).toEqual([
      412,
      true,
    ]);
    expect((await visitor.post(`${page}/3/revert`, { etag })).location).toBe(`${page}?done=reverted`);
    expect(await current()).toEqual(withRow('{"third": {{course}}}'));
    const reader = await signedIn(url, await subscriber.keyWith('read'));
    expect((await reader.get(`${page}?version=1`)).html).not.toContain('Go back to version');
  });

  it('are fifty at most, and go with the subscription', async () => {
    for (let n = 0; n < 52; n++) expectStatus(await save(withRow(`{"n": ${n}}`)), 204);
    const kept = (await versions('?limit=200')).items.map(({ version }: Body) => version);
    expect([kept.length, kept[0], kept.at(-1)]).toEqual([50, 57, 8]);
    expectStatus(await system('DELETE', api), 204);
    await subscribe(url, subscriber, publisher);
    expect((await versions()).items.map(({ version }: Body) => version)).toEqual([1]);
  });
});
