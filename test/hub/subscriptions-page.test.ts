import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { cellsOf, signedIn, type Visitor, verdictOf } from '../support/browser.ts';
import {
  caller,
  expectStatus,
  localSystemKey,
  newProgram,
  type TestProgram,
  until,
} from '../support/client.ts';
import { eventOf, publish, subscribe } from '../support/events.ts';
import { type LearningBuilder, startLearningBuilder } from '../support/learning-builder.ts';

const url = inject('hubUrl');
let lb: LearningBuilder;
let subscriber: TestProgram;
let publisher: TestProgram;
let quiet: TestProgram;
let visitor: Visitor;

const api = (path: string) => `/api/programs/${subscriber.programId}/${path}`;
/** A name with a quote gives no row. */
const template = {
  COURSE: { importProcessId: 42, mode: 'none', batchRowTemplate: '{"course": "{{course}}"}' },
};
const course = (id: string, name: string) =>
  eventOf(publisher, {
    PublisherEventId: id,
    PublisherEventCategory: 'COURSE',
    PublisherEventData: { course: name },
  });
const page = async () => (await visitor.get(`/p/${subscriber.programId}/subscriptions`)).html;

const rowOf = (html: string, of: TestProgram) => cellsOf(html, `subscriptions/${of.programId}"`);

beforeAll(async () => {
  lb = await startLearningBuilder();
  const learningBuilder = { baseUrl: lb.url, apiKey: lb.apiKey };
  [publisher, quiet, subscriber] = await Promise.all([
    newProgram(url),
    newProgram(url),
    newProgram(url, { learningBuilder }),
  ]);
  await subscribe(url, subscriber, publisher, template);
  await subscribe(url, subscriber, quiet, template);
  visitor = await signedIn(url, subscriber.key);
});
afterAll(() => lb.close());

describe('the page of subscriptions', () => {
  it('tells of each publisher how far behind it is, how its last run ended and what is in quarantine', async () => {
    await publish(publisher, course('a', 'Ada'), course('b', 'Bo"'), course('c', 'Cy'));
    const before = await page();
    expect(rowOf(before, publisher)).toMatchObject({
      Behind: expect.stringMatching(/^3 events the first came /),
      'Last synchronisation': 'none yet',
      Quarantine: 'empty',
      Nightly: 'on',
    });
    expect(rowOf(before, quiet)).toMatchObject({ Behind: 'nothing waits', Quarantine: 'empty' });
    expect(verdictOf(before)).toMatch(/^The longest wait is /);
    const sync = api(`eventSubs/${publisher.programId}/sync`);
    expectStatus(await subscriber.call('POST', sync), 200);
    const after = await until(page, (html) =>
      /^done/.test(rowOf(html, publisher)['Last synchronisation'] ?? ''),
    );
    expect(rowOf(after, publisher)).toMatchObject({
      Behind: 'nothing waits',
      'Last synchronisation': expect.stringMatching(/^done in part 2 rows of 3 events, 1 quarantined, \d/),
      Quarantine: '1 event',
    });
    expect(verdictOf(after)).toBe('1 event in quarantine.');
  });

  it('counts what waits to 100, and says that there is more', async () => {
    await publish(publisher, ...Array.from({ length: 101 }, (_, i) => course(`more-${i}`, 'x')));
    expect(rowOf(await page(), publisher).Behind).toMatch(/^100 or more events /);
  });

  it('says what is switched off and what a publisher withholds', async () => {
    const system = caller(url, localSystemKey);
    const body = { SyncEnabled: false };
    expectStatus(await system('PATCH', api(`eventSubs/${quiet.programId}`), { body }), 204);
    const suspend = `/api/programs/${publisher.programId}/subscribers/${subscriber.programId}/suspend`;
    expectStatus(await publisher.call('POST', suspend), 204);
    const html = await page();
    expect(rowOf(html, quiet).Nightly).toBe('off');
    expect(rowOf(html, publisher).Nightly).toMatch(/^withheld by the publisher since \d/);
    expect(verdictOf(html)).toMatch(/; 1 withheld by the publisher; 1 of 2 not synchronised by night; /);
  });

  it('is in pages of fifty, each with how its own stand, whichever page of subscribers is beside it', async () => {
    const taker = await newProgram(url);
    const publishers: string[] = [];
    for (let i = 0; i < 52; i++) {
      const one = await newProgram(url);
      await subscribe(url, taker, one, template);
      publishers.push(one.programId);
    }
    const engineer = await signedIn(url, taker.key);
    const shown = (html: string) =>
      [...html.matchAll(/subscriptions\/(t-[0-9a-f]{16})"/g)].map(([, id = '']) => id);
    const linkOf = (html: string, text: string) =>
      new RegExp(`<a href="([^"]+)">${text}</a>`).exec(html)?.[1]?.replaceAll('&amp;', '&') ?? null;
    const first = (await engineer.get(`/p/${taker.programId}/subscriptions?tz=utc`)).html;
    expect(shown(first)).toHaveLength(50);
    expect(verdictOf(first)).toBe('Every subscription shown is up to date.');
    const next = linkOf(first, 'Next page');
    expect(next).toContain('tz=utc&cursor=');
    const last = (await engineer.get(next ?? '')).html;
    expect([...shown(first), ...shown(last)]).toEqual(publishers.toSorted());
    for (const id of shown(last))
      expect(cellsOf(last, `subscriptions/${id}"`)).toMatchObject({ Behind: 'nothing waits' });
    expect(linkOf(last, 'Next page')).toBeNull();
    expect(linkOf(last, 'First page')).toBe(`/p/${taker.programId}/subscriptions?tz=utc`);
    expect((await engineer.get(`${next}x`)).status).toBe(400);
  });

  it('pages those who subscribe by themselves', async () => {
    const popular = await newProgram(url);
    for (let i = 0; i < 51; i++) await subscribe(url, await newProgram(url), popular, template);
    const engineer = await signedIn(url, popular.key);
    const first = (await engineer.get(`/p/${popular.programId}/subscriptions`)).html;
    const next = /aria-label="Pages of subscribers">.*?<a href="([^"]+)">Next page</s.exec(first)?.[1];
    expect(next).toMatch(/\/subscriptions\?subscribers=/);
    const last = (await engineer.get(next ?? '')).html;
    const names = (html: string) => html.match(/<th scope="row" data-label="Program">t-/g)?.length;
    expect([names(first), names(last)]).toEqual([50, 1]);
  });

  it('tells nothing of subscriptions of another program', async () => {
    const path = `/api/programs/${quiet.programId}/subscription-standings`;
    expect(expectStatus(await quiet.call('GET', path), 200).body.items).toEqual([]);
  });
});
