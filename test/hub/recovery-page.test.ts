import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { signedIn, type Visitor } from '../support/browser.ts';
import { type Body, expectStatus, newProgram, type TestProgram, until } from '../support/client.ts';
import { eventOf, publish } from '../support/events.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

const url = inject('hubUrl');
/** Deliveries that fail for good, in each of two programs. */
const missed = 24;

interface Owner {
  program: TestProgram;
  visitor: Visitor;
  webhookId: string;
  path: string;
}

let receiver: Receiver;
let owner: Owner;
let other: Owner;
let isGone = true;

const api = ({ program }: Owner, path: string) => `/api/programs/${program.programId}/${path}`;
const verdictOf = (html: string) => /class="verdict[^>]*>.*?<span>(.*?)<\/span>/s.exec(html)?.[1] ?? '';
const all = async (of: Owner): Promise<Body[]> =>
  (await of.program.call('GET', api(of, `deliveries?webhookId=${of.webhookId}&limit=200`))).body.items;
const ended = (of: Owner) =>
  until(
    () => all(of),
    (items) => items.length === missed && items.every(({ endedAt }) => endedAt !== null),
  );

/** An endpoint that was gone when its events came, and is back. */
async function newOwner(name: string): Promise<Owner> {
  const program = await newProgram(url);
  const body = { url: `${receiver.url}/${name}`, events: ['event.published'] };
  const made = await program.call('POST', `/api/programs/${program.programId}/webhooks`, { body });
  const { webhookId } = expectStatus(made, 201).body;
  const path = `/p/${program.programId}/webhooks/${webhookId}`;
  const one = { program, visitor: await signedIn(url, program.key), webhookId, path };
  await publish(program, ...Array.from({ length: missed }, () => eventOf(program)));
  await ended(one);
  return one;
}

const received = (name: string) => receiver.received.filter(({ path }) => path === `/${name}`).length;

beforeAll(async () => {
  receiver = await startReceiver();
  receiver.answer((_, response) => {
    response.statusCode = isGone ? 410 : 200;
    response.end();
  });
  owner = await newOwner('owner');
  other = await newOwner('other');
  isGone = false;
});

afterAll(() => receiver.close());

/** What the page counts, and the recovery that its button begins. */
async function begin(): Promise<{ count: number; progress: string }> {
  const counted = await owner.visitor.post(`${owner.path}/recover/count`, { hours: '24' });
  const count = Number(/^(\d+) deliver/.exec(verdictOf(counted.html))?.[1]);
  expect(counted.html).toContain(`Send ${count} again`);
  const field = (name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(counted.html)?.[1] ?? '';
  const begun = await owner.visitor.post(`${owner.path}/recover`, {
    since: field('since'),
    until: field('until'),
  });
  expect(begun.location).toMatch(/\/recoveries\/rcv_[0-9a-z]{26}\?done=recovering$/);
  return { count, progress: begun.location.split('?')[0] ?? '' };
}

describe('what an endpoint missed', () => {
  it('is counted, and stopped: what has not gone out is as it was, and nobody else’s is touched (A21)', async () => {
    expectStatus(await owner.program.call('POST', api(owner, `webhooks/${owner.webhookId}/resume`)), 200);
    const slow = { body: { rateLimitPerSecond: 1 } };
    expectStatus(await owner.program.call('PATCH', api(owner, `webhooks/${owner.webhookId}`), slow), 200);
    const before = received('owner');
    const theirs = await all(other);
    const { count, progress } = await begin();
    expect(count).toBe(missed);
    await until(
      async () => received('owner') - before,
      (sent) => sent > 0,
    );
    const stopped = await owner.visitor.post(`${progress}/cancel`);
    expect(stopped.location).toBe(`${progress}?done=recovery-cancelled`);
    const items = await ended(owner);
    const delivered = items.filter(({ status }) => status === 'delivered');
    // One a second: what had gone or was under way, and no more.
    expect(delivered.length).toBeLessThan(missed);
    expect(received('owner') - before).toBe(delivered.length);
    const page = verdictOf((await owner.visitor.get(progress)).html);
    expect(page).toBe(`Done: ${delivered.length} of ${missed} delivered, ${missed - delivered.length} not.`);
    expect(await all(other)).toEqual(theirs);
  });

  it('is counted again without what arrived, and then all of it goes out, once each (A21)', async () => {
    const fast = { body: { rateLimitPerSecond: 100 } };
    expectStatus(await owner.program.call('PATCH', api(owner, `webhooks/${owner.webhookId}`), fast), 200);
    const left = (await all(owner)).filter(({ status }) => status !== 'delivered').length;
    const before = received('owner');
    const { count, progress } = await begin();
    expect(count).toBe(left);
    const page = await until(
      async () => verdictOf((await owner.visitor.get(progress)).html),
      (text) => text.startsWith('Done'),
    );
    expect(page).toBe(`Done: ${count} of ${count} delivered.`);
    expect(received('owner') - before).toBe(count);
    const ids = receiver.received.filter(({ path }) => path === '/owner').slice(-missed);
    expect(new Set(ids.map(({ headers }) => headers['webhook-id'])).size).toBe(missed);
    expect((await all(owner)).every(({ status }) => status === 'delivered')).toBe(true);
    expect((await all(other)).some(({ status }) => status === 'delivered')).toBe(false);
  });

  it('is not found by another program, whose own count is its own', async () => {
    const counted = await other.visitor.post(`${other.path}/recover/count`, { hours: '24' });
    expect(verdictOf(counted.html)).toMatch(new RegExp(`^${missed} deliveries`));
    expect((await other.visitor.post(`${owner.path}/recover/count`, { hours: '24' })).status).toBe(404);
    const moved = owner.path.replace(owner.program.programId, other.program.programId);
    expect((await other.visitor.post(`${moved}/recover/count`, { hours: '24' })).status).toBe(404);
  });

  it('that is due again is not called a success before it is one', async () => {
    const [one] = await all(other);
    const path = `/p/${other.program.programId}/deliveries/${one.deliveryId}`;
    expectStatus(await other.program.call('POST', api(other, `webhooks/${other.webhookId}/resume`)), 200);
    const retried = await other.visitor.post(`${path}/retry`);
    expect(retried.location).toBe(`${path}?done=delivery-retry`);
    const { html } = await other.visitor.get(retried.location);
    const notice = /role="status">.*?<\/svg>(.*?)<\/p>/s.exec(html)?.[1] ?? '';
    expect(notice).toContain('due again');
    expect(notice).not.toMatch(/success|delivered|sent/i);
  });
});
