import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { signedIn, type Visit, type Visitor } from '../support/browser.ts';
import { type Body, expectStatus, newProgram, type TestProgram } from '../support/client.ts';
import { addressOf, oneOfEach } from '../support/dashboard-forms.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

// Two people at once, and one whose page is old: the second is told what happened, and keeps what they typed.

const url = inject('hubUrl');
let program: TestProgram;
let receiver: Receiver;
let ids: Record<string, string>;
let ann: Visitor;
let bob: Visitor;

const at = (path: string) => addressOf(`/p/:programId/${path}`, ids, program.programId);
const api = (path: string) => addressOf(`/api/programs/:programId/${path}`, ids, program.programId);

beforeAll(async () => {
  receiver = await startReceiver();
  program = await newProgram(url);
  ids = await oneOfEach(url, program, receiver);
  [ann, bob] = await Promise.all([signedIn(url, program.key), signedIn(url, program.key)]);
});

afterAll(() => receiver.close());

const get = async (path: string): Promise<Body> =>
  expectStatus(await program.call('GET', api(path)), 200).body;

/** What a page's form was made from. */
async function baseOf(visitor: Visitor, page: string): Promise<string> {
  const { html } = await visitor.get(at(page));
  return /name="base" value="([^"]*)"/.exec(html)?.[1] ?? '';
}

const sorted = (visits: Visit[]) => visits.map(({ status }) => status).sort();
const alertOf = (html: string) => /role="alert"[^>]*>(.*?)<\/(?:div|section)>/s.exec(html)?.[1] ?? '';

async function actsOf(action: string): Promise<number> {
  const { items } = await get('audit?limit=200');
  return items.filter((one: Body) => one.action === action).length;
}

describe('a page that is old when its form is sent', () => {
  it('of an endpoint: nothing is lost of either, and sent again it is meant', async () => {
    const page = 'webhooks/:webhookId';
    const base = await baseOf(bob, page);
    const first = { url: `${receiver.url}/ann`, events: 'event.published', description: 'by Ann', rate: '' };
    const annBase = await baseOf(ann, page);
    expect((await ann.post(at(`${page}/change`), { ...first, base: annBase })).status).toBe(303);
    const second = { url: `${receiver.url}/bob`, events: 'job.*', description: 'by <b>Bob</b>', rate: '7' };
    const late = await bob.post(at(`${page}/change`), { ...second, base });
    expect(late.status).toBe(412);
    expect(alertOf(late.html)).toContain(
      'Somebody else has changed this endpoint since you opened this page',
    );
    expect(late.html).toContain('by Ann');
    expect(late.html).toContain(`value="${receiver.url}/bob"`);
    expect(late.html).toContain('value="by &lt;b&gt;Bob&lt;/b&gt;"');
    expect(late.html).toContain('value="7"');
    expect((await get(page)).description).toBe('by Ann');
    const now = /name="base" value="([^"]*)"/.exec(late.html)?.[1] ?? '';
    expect((await bob.post(at(`${page}/change`), { ...second, base: now })).status).toBe(303);
    expect((await get(page)).description).toBe('by <b>Bob</b>');
  });

  it('of an export: as well, and its secrets are typed anew', async () => {
    const page = 'exports/:exportId';
    const base = await baseOf(bob, page);
    const annBase = await baseOf(ann, page);
    const change = { destination: '', password: '', privateKey: '', passphrase: '' };
    const first = { ...change, name: 'by Ann', atLocalTime: '03:00', base: annBase };
    expect((await ann.post(at(`${page}/change`), first)).status).toBe(303);
    const second = { ...change, name: 'by Bob', atLocalTime: '04:00', password: 'se-cret', base };
    const late = await bob.post(at(`${page}/change`), second);
    expect([late.status, late.html.includes('se-cret')]).toEqual([412, false]);
    expect(alertOf(late.html)).toContain('Somebody else has changed this export since you opened this page');
    for (const text of ['by Ann', 'value="by Bob"', 'value="04:00"']) expect(late.html).toContain(text);
    expect(await get(page)).toMatchObject({ name: 'by Ann', atLocalTime: '03:00' });
  });
});

describe('two at once', () => {
  it('change an endpoint: one change is kept whole, and the other is told', async () => {
    const page = 'webhooks/:webhookId';
    const [base, before] = [await baseOf(ann, page), await actsOf('webhook.changed')];
    const change = { url: `${receiver.url}/hook`, events: 'event.published', rate: '', base };
    const visits = await Promise.all([
      ann.post(at(`${page}/change`), { ...change, description: 'one' }),
      bob.post(at(`${page}/change`), { ...change, description: 'two' }),
    ]);
    expect(sorted(visits)).toEqual([303, expect.toSatisfy((status) => status === 409 || status === 412)]);
    const kept = visits[0].status === 303 ? 'one' : 'two';
    expect((await get(page)).description).toBe(kept);
    const told = visits.find(({ status }) => status !== 303)?.html ?? '';
    expect(told).toContain(`value="${kept === 'one' ? 'two' : 'one'}"`);
    expect(await actsOf('webhook.changed')).toBe(before + 1);
  });

  it('change an export: one change is kept whole, and the other is told', async () => {
    const page = 'exports/:exportId';
    const [base, before] = [await baseOf(ann, page), await actsOf('export.changed')];
    const visits = await Promise.all(
      [ann, bob].map((who, i) =>
        who.post(at(`${page}/change`), { name: `at once ${i}`, atLocalTime: `0${i + 5}:00`, base }),
      ),
    );
    expect(sorted(visits)).toEqual([303, 412]);
    const kept = visits[0]?.status === 303 ? 0 : 1;
    expect(await get(page)).toMatchObject({ name: `at once ${kept}`, atLocalTime: `0${kept + 5}:00` });
    expect(await actsOf('export.changed')).toBe(before + 1);
  });

  it('pin a key of a host each: both are pinned', async () => {
    const keys = ['A', 'B'].map((one) => ({ type: 'ssh-ed25519', fingerprint: `SHA256:${one.repeat(43)}` }));
    const visits = await Promise.all(
      [ann, bob].map((who, i) => who.post(at('exports/:exportId/pin'), keys[i])),
    );
    expect(sorted(visits)).toEqual([303, 303]);
    const { hostKeys } = await get('exports/:exportId');
    expect(hostKeys.map(({ fingerprint }: Body) => fingerprint).sort()).toEqual(
      keys.map(({ fingerprint }) => fingerprint),
    );
  });

  it('rotate the secret of an endpoint: one is made, and what the receiver knows still signs', async () => {
    const made = await ann.post(at('webhooks'), { url: `${receiver.url}/rotated`, events: 'job.*' });
    const secretIn = (html: string) => /whsec_[\w+/=]+/.exec(html)?.[0] ?? '';
    const [known, webhookId = ''] = [secretIn(made.html), /\/webhooks\/(whk_\w+)"/.exec(made.html)?.[1]];
    const page = at('webhooks').concat(`/${webhookId}`);
    const base = /name="base" value="([^"]*)"/.exec((await ann.get(page)).html)?.[1] ?? '';
    const visits = await Promise.all([ann, bob].map((who) => who.post(`${page}/rotate`, { base })));
    expect(sorted(visits)).toEqual([200, expect.toSatisfy((status) => status === 409 || status === 412)]);
    // One whose page is from before the rotation is told, too.
    const late = await bob.post(`${page}/rotate`, { base });
    expect([late.status, secretIn(late.html)]).toEqual([412, '']);
    expect(alertOf(late.html)).toContain('Somebody else has changed this endpoint or its secret');
    const tested = await ann.post(`${page}/test`);
    const deliveryId = /(dlv_\w+)/.exec(tested.location)?.[1] ?? '';
    const path = `/api/deliveries/${deliveryId}/request`;
    const { headers, body } = expectStatus(await program.call('GET', path), 200).body;
    const fresh = secretIn(visits.find(({ status }) => status === 200)?.html ?? '');
    for (const secret of [known, fresh]) expect(new Webhook(secret).verify(body, headers)).toBeTruthy();
  });

  it('rotate a key: one takes its place, and the other is told which page says so', async () => {
    const before = await get('keys');
    const visits = await Promise.all([ann, bob].map((who) => who.post(at('keys/:keyId/rotate'))));
    expect(sorted(visits)).toEqual([200, 409]);
    expect(alertOf(visits.find(({ status }) => status === 409)?.html ?? '')).toContain('rotated already');
    expect((await get('keys')).items).toHaveLength(before.items.length + 1);
    expect(await actsOf('key.rotated')).toBe(1);
  });

  it.each([
    ['add a source', 'flows/:flowId/sources', { reference: 'class-Z', description: 'twice' }, [303, 409]],
    ['remove a source', 'flows/:flowId/sources/:sourceId/delete', {}, [303, 404]],
    ['revoke a key', 'keys/:keyId/revoke', {}, [303, 404]],
    ['end a session', 'sessions/:sessionId/end', {}, [303, 404]],
    ['delete a monitor', 'monitors/:monitor/delete', {}, [303, 404]],
    ['reject a held job', 'jobs/:jobId/reject', {}, [303, 409]],
  ])('%s: it is done once', async (_, path, fields, statuses) => {
    const visits = await Promise.all([ann, bob].map((who) => who.post(at(path), fields)));
    expect(sorted(visits)).toEqual(statuses);
    for (const [name, value] of Object.entries(fields)) {
      const told = visits.find(({ status }) => status === 409)?.html ?? '';
      expect([name, told.includes(`value="${value}"`)]).toEqual([name, true]);
    }
  });

  it.each([
    ['a revoked key', 'key.revoked'],
    ['an ended session', 'session.ended'],
    ['a deleted monitor', 'monitor.deleted'],
    ['a rejected job', 'job.rejected'],
  ])('leave one line on record of %s', async (_, action) => {
    expect(await actsOf(action)).toBe(1);
  });
});
