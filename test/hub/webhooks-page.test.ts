import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { cellsOf, signedIn, type Visitor } from '../support/browser.ts';
import { expectStatus, newProgram, type TestProgram, until } from '../support/client.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

const url = inject('hubUrl');
let receiver: Receiver;
let program: TestProgram;
let visitor: Visitor;
/** Endpoints by how they answer. */
const endpoints: Record<string, string> = {};

const api = (path: string, of = program) => `/api/programs/${of.programId}/${path}`;
const standings = async (of = program) =>
  expectStatus(
    await of.call('GET', api(`webhook-standings?webhooks=${Object.values(endpoints).join(',')}`, of)),
    200,
  ).body.items;

/** The cells of an endpoint's row, by their heads. */
const rowOf = (html: string, name: string) => cellsOf(html, `webhooks/${endpoints[name]}"`);

beforeAll(async () => {
  receiver = await startReceiver();
  receiver.answer(({ path }, response) => {
    response.statusCode = path === '/gone' ? 410 : path === '/broken' ? 500 : 200;
    response.end();
  });
  program = await newProgram(url);
  visitor = await signedIn(url, program.key);
  for (const name of ['fine', 'broken', 'gone', 'paused', 'idle']) {
    const body = {
      url: `${receiver.url}/${name}`,
      events: ['event.published'],
      description: `the ${name} one`,
    };
    endpoints[name] = expectStatus(await program.call('POST', api('webhooks'), { body }), 201).body.webhookId;
  }
  expectStatus(await program.call('POST', api(`webhooks/${endpoints.paused}/pause`)), 200);
  for (const name of ['fine', 'broken', 'gone'])
    expectStatus(await program.call('POST', api(`webhooks/${endpoints[name]}/test`)), 202);
  await until(standings, (items) => {
    const [fine, broken, gone] = items;
    return fine.lastDelivery !== null && broken.failingSince !== null && gone.lastDelivery !== null;
  });
});

afterAll(() => receiver.close());

describe('the page of endpoints', () => {
  it('says in words how each stands, and since when', async () => {
    const { html } = await until(
      () => visitor.get(`/p/${program.programId}/webhooks`),
      (page) => rowOf(page.html, 'gone').State?.startsWith('disabled because 410') === true,
    );
    expect(html).toContain('Of 5 endpoints: 1 disabled, 1 failing, 1 paused.');
    const words = ['fine', 'broken', 'gone', 'paused', 'idle'].map((name) => rowOf(html, name).State);
    expect(words).toEqual([
      expect.stringMatching(/^active since \d/),
      expect.stringMatching(/^failing since \d/),
      expect.stringMatching(/^disabled because 410 since \d/),
      expect.stringMatching(/^paused since \d/),
      expect.stringMatching(/^active since \d/),
    ]);
  });

  it('draws the last 24 hours of each, links its last delivery and tells the next attempt and the secret’s age', async () => {
    // While an attempt is under way nothing is known of the next one.
    const { html } = await until(
      () => visitor.get(`/p/${program.programId}/webhooks`),
      (page) => rowOf(page.html, 'broken')['Next attempt'] !== '–',
    );
    const [fine, broken, gone, idle] = ['fine', 'broken', 'gone', 'idle'].map((name) => rowOf(html, name));
    expect(fine?.['Last 24 hours']).toBe('1 delivered');
    expect(gone?.['Last 24 hours']).toBe('0 delivered, 1 cancelled');
    expect(broken?.['Last 24 hours']).toBe('nothing ended');
    expect([fine, gone, broken, idle].map((row) => row?.['Last delivery']?.split(' ')[0])).toEqual([
      'delivered',
      'cancelled',
      'none',
      'none',
    ]);
    expect(broken?.['Next attempt']).toMatch(/^in |ago$/);
    expect([fine, gone, idle].map((row) => row?.['Next attempt'])).toEqual(['–', '–', '–']);
    expect(fine?.Secret).toMatch(/ old$/);
    const [{ lastDelivery }] = await standings();
    expect(html).toContain(`href="/p/${program.programId}/deliveries/${lastDelivery.deliveryId}"`);
    const of = `/api/deliveries/${lastDelivery.deliveryId}`;
    expect(expectStatus(await program.call('GET', of), 200).body).toMatchObject({
      webhookId: endpoints.fine,
      endedAt: lastDelivery.endedAt,
    });
  });

  it('tells nothing of endpoints of another program', async () => {
    const other = await newProgram(url);
    expect(await standings(other)).toEqual([]);
    expect((await other.call('GET', api('webhook-standings', other))).status).toBe(400);
  });
});
