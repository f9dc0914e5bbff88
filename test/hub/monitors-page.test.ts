import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { signedIn, type Visitor } from '../support/browser.ts';
import { type Body, expectStatus, newProgram, type TestProgram, until } from '../support/client.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

const url = inject('hubUrl');
let receiver: Receiver;
let program: TestProgram;
let visitor: Visitor;
const api = (path: string) => `/api/programs/${program.programId}/${path}`;
const at = (path: string) => `/p/${program.programId}/${path}`;

beforeAll(async () => {
  receiver = await startReceiver();
  program = await newProgram(url);
  visitor = await signedIn(url, program.key);
  for (const [name, everyHours, pingUrl] of [
    ['a-late', 48, null],
    ['b-soon', 1, `${receiver.url}/switch`],
    ['c-later', 24, null],
  ]) {
    const body = { watches: { task: 'x' }, everyHours, pingUrl };
    expectStatus(await program.call('PUT', api(`monitors/${name}`), { body }), 200);
  }
});
afterAll(() => receiver.close());

describe('a test ping', () => {
  it('is sent by a form, on record, and tells how it went', async () => {
    const page = (await visitor.get(at('monitors'))).html;
    expect(page).toContain(`action="${at('monitors/b-soon/ping')}"`);
    expect(page).not.toContain(`action="${at('monitors/c-later/ping')}"`);
    const sent = await visitor.post(at('monitors/b-soon/ping'));
    const [, deliveryId = ''] = /deliveries\/(dlv_\w+)\?done=tested$/.exec(sent.location) ?? [];
    const delivery = await until(
      async () => (await program.call('GET', `/api/deliveries/${deliveryId}`)).body,
      ({ status }) => status === 'delivered',
    );
    expect(delivery).toMatchObject({ channel: 'ping', type: 'monitor.ping', about: 'b-soon' });
    expect(receiver.received.filter(({ path }) => path === '/switch')).toHaveLength(1);
    const { items } = (await program.call('GET', api('audit'))).body;
    expect(items[0]).toMatchObject({ action: 'monitor.pinged', target: 'b-soon' });
    // A success it is not: what is watched is as silent as before.
    const monitor = expectStatus(await program.call('GET', api('monitors/b-soon')), 200).body;
    expect(monitor.lastSuccessAt).toBeNull();
  });

  it('is refused without a URL, and to whoever may not', async () => {
    const refused = await visitor.post(at('monitors/c-later/ping'));
    expect([refused.status, refused.html.includes('has no URL to ping')]).toEqual([409, true]);
    const reader = await signedIn(url, await program.keyWith('read'));
    expect((await reader.get(at('monitors'))).html).not.toContain('/ping"');
    expect((await reader.post(at('monitors/b-soon/ping'))).status).toBe(403);
    expect((await program.call('POST', api('monitors/none/ping'))).status).toBe(404);
  });
});

describe('monitors in the order of silence', () => {
  it('are listed by when they are due, page by page, once each', async () => {
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const path = api(`monitors?order=silence&limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`);
      const { items, nextCursor }: Body = expectStatus(await program.call('GET', path), 200).body;
      seen.push(...items.map(({ name }: Body) => name));
      cursor = nextCursor;
    }
    expect(seen).toEqual(['b-soon', 'c-later', 'a-late']);
    const { html } = await visitor.get(at('monitors'));
    expect(html.indexOf('>b-soon<')).toBeLessThan(html.indexOf('>a-late<'));
  });
});
