import { describe, expect, inject, it } from 'vitest';
import { answers, type Holder, tellHeld } from '../support/behaviours.ts';
import { type Body, expectStatus, newProgram, type TestProgram, until } from '../support/client.ts';
import {
  createWebhook,
  deliveryAtRest,
  deliveryOnce,
  eventBody,
  eventIdsAt,
  idsOf,
  ledgerOf,
  newEndpoint,
  ownCrowd,
  publish,
  verifies,
  webhooksPath,
} from '../support/fanout.ts';

// What is changed, asked twice or refused at the very moment when messages are on their way.

const hubUrl = inject('hubUrl');
const crowd = ownCrowd();

const urlOf = (path: string) => crowd.receiver.url + path;
const countOf = (lines: Body[], status: string) => lines.filter((line) => line.status === status).length;
const ended = ['delivered', 'cancelled', 'exhausted'];

/** An endpoint that has been called with some of twelve messages, and answers none until it is let go. */
async function heldEndpoint({ behaviour, letGo }: Holder, more: Body = {}) {
  const endpoint = await newEndpoint(hubUrl, crowd, behaviour, { events: ['event.published'], ...more });
  await publish(endpoint.program, idsOf('held', 12));
  await until(
    async () => crowd.at(endpoint.path).length,
    (count) => count >= 3,
  );
  return { ...endpoint, letGo };
}

/** Its ledger once nothing more happens. */
const settledOf = (program: TestProgram, query = '') =>
  until(
    () => ledgerOf(program, query),
    (lines) => lines.length > 0 && lines.every(({ status }) => ended.includes(status)),
  );

/** Each of the twelve once, at one of these paths. */
function expectEachOnce(...paths: string[]): void {
  const ids = paths.flatMap((path) => [...eventIdsAt(crowd, path)]);
  expect(Object.fromEntries(ids)).toEqual(Object.fromEntries(idsOf('held', 12).map((id) => [id, 1])));
  expect(ids).toHaveLength(12);
}

/** Changes an endpoint all the time, thrice at once, until it is stopped. */
async function startChanges(program: TestProgram, one: string) {
  let goesOn = true;
  const change = async (name: string) => {
    for (let i = 0; goesOn; i++) {
      const { status } = await program.call('PATCH', one, { body: { description: `${name} ${i}` } });
      expect([200, 409, 404]).toContain(status);
    }
  };
  const all = Promise.all(['a', 'b', 'c'].map(change));
  const wasChanged = async () => (await program.call('GET', one)).body.description;
  await until(wasChanged, (description) => description !== '');
  return {
    async stop() {
      goesOn = false;
      await all;
    },
  };
}

describe.concurrent('an endpoint that is changed while messages are on their way', () => {
  it('gets the rest at its new address', () =>
    tellHeld(async (hold) => {
      const { program, path, one, letGo } = await heldEndpoint(hold());
      const elsewhere = crowd.path();
      expectStatus(await program.call('PATCH', one, { body: { url: urlOf(elsewhere) } }), 200);
      letGo();
      const lines = await settledOf(program);
      expect(countOf(lines, 'delivered')).toBe(12);
      expectEachOnce(path, elsewhere);
      for (const at of [path, elsewhere])
        expect(lines.filter(({ target }) => target === urlOf(at))).toHaveLength(crowd.at(at).length);
      expect(crowd.at(elsewhere).length).toBeGreaterThan(0);
    }));

  it.each([0, 24])('is signed for with the secret of then, whose old one ends in %i hours', (overlapHours) =>
    tellHeld(async (hold) => {
      const { program, path, one, webhook, letGo } = await heldEndpoint(hold());
      const before = crowd.at(path).length;
      const rotated = await program.call('POST', `${one}/rotate-secret`, { body: { overlapHours } });
      const { secret } = expectStatus(rotated, 200).body;
      letGo();
      expect(countOf(await settledOf(program), 'delivered')).toBe(12);
      expectEachOnce(path);
      const received = crowd.at(path);
      for (const [i, request] of received.entries()) {
        const [old, fresh] = [verifies(webhook.secret, request), verifies(secret, request)];
        expect(old || fresh).toBe(true);
        if (i < before) expect(old).toBe(true);
      }
      const last = received.at(-1);
      expect(last && [verifies(webhook.secret, last), verifies(secret, last)]).toEqual([
        overlapHours > 0,
        true,
      ]);
    }),
  );

  it('gets the rest with its new headers alone', () =>
    tellHeld(async (hold) => {
      const { program, path, one, letGo } = await heldEndpoint(hold(), {
        headers: { 'x-old': 'a', 'x-both': '1' },
      });
      const body = { headers: { 'x-new': 'b', 'x-both': '2' } };
      expectStatus(await program.call('PATCH', one, { body }), 200);
      letGo();
      expect(countOf(await settledOf(program), 'delivered')).toBe(12);
      expectEachOnce(path);
      const seen = crowd
        .at(path)
        .map(({ headers }) => [headers['x-old'], headers['x-new'], headers['x-both']]);
      for (const one of seen)
        expect([
          ['a', undefined, '1'],
          [undefined, 'b', '2'],
        ]).toContainEqual(one);
      expect([seen[0], seen.at(-1)]).toEqual([
        ['a', undefined, '1'],
        [undefined, 'b', '2'],
      ]);
    }));

  it.each([
    ['is limited to five a second', { rateLimitPerSecond: 5 }],
    ['wants other messages from now on', { events: ['job.*'] }],
    ['wants other categories from now on', { categories: ['Exams'] }],
  ])('and %s has all that was due, each once', (_, change) =>
    tellHeld(async (hold) => {
      const { program, path, one, letGo } = await heldEndpoint(hold());
      expectStatus(await program.call('PATCH', one, { body: change }), 200);
      letGo();
      const lines = await settledOf(program);
      expect(lines.map(({ status, attemptCount }) => [status, attemptCount])).toEqual(
        Array(12).fill(['delivered', 1]),
      );
      expectEachOnce(path);
    }),
  );

  it('or deleted: what it took counts, the rest is cancelled with that reason, and nothing goes unsigned', () =>
    tellHeld(async (hold) => {
      const { program, path, one, webhook, letGo } = await heldEndpoint(hold());
      expectStatus(await program.call('DELETE', one), 204);
      letGo();
      const lines = await settledOf(program);
      const taken = crowd.at(path);
      expect([countOf(lines, 'delivered'), countOf(lines, 'cancelled')]).toEqual([
        taken.length,
        12 - taken.length,
      ]);
      for (const { status, reason } of lines)
        expect(reason).toBe(status === 'delivered' ? null : 'The endpoint was deleted.');
      for (const request of taken) expect(verifies(webhook.secret, request)).toBe(true);
      expect(taken.length).toBeLessThan(12);
      expect([...eventIdsAt(crowd, path).values()]).toEqual(Array(taken.length).fill(1));
    }));

  it('or gone by an answer: what it took counts, the rest is cancelled, told once, and recovered', () =>
    tellHeld(async (hold) => {
      const { program, path, one, webhook, letGo } = await heldEndpoint(hold());
      const watching = crowd.path();
      await createWebhook(program, { url: urlOf(watching), events: ['webhook.disabled'] });
      crowd.behave(path, answers(410));
      letGo();
      const query = `&webhookId=${webhook.webhookId}`;
      const lines = await settledOf(program, query);
      const taken = countOf(lines, 'delivered');
      expect(taken).toBeGreaterThanOrEqual(3);
      expect(countOf(lines, 'cancelled')).toBe(12 - taken);
      for (const { status, reason } of lines) if (status === 'cancelled') expect(reason).toContain('410');
      await until(
        async () => crowd.at(watching).length,
        (count) => count > 0,
      );
      crowd.behave(path, null);
      expectStatus(await program.call('POST', `${one}/resume`), 200);
      const since = new Date(Date.now() - 3_600_000).toISOString();
      expectStatus(await program.call('POST', `${one}/recover`, { body: { since } }), 202);
      const recovered = await until(
        () => ledgerOf(program, query),
        (all) => countOf(all, 'delivered') === 12,
      );
      expect(recovered).toHaveLength(12);
      expect(crowd.at(watching)).toHaveLength(1);
    }));
});

describe.concurrent('a delivery that is on its way', () => {
  it('by the schedule is not taken up by hand beside it', () =>
    tellHeld(async (hold) => {
      const { behaviour, letGo } = hold();
      const { program, path } = await newEndpoint(hubUrl, crowd, undefined, { events: ['event.published'] });
      // The second is held as well as the first was refused, however late this test is.
      crowd.behave(path, (request, response) => {
        if (crowd.at(path).length === 1) answers(500)(request, response);
        else behaviour(request, response);
      });
      await publish(program, ['scheduled']);
      const [{ deliveryId }] = await ledgerOf(program);
      await until(
        async () => crowd.at(path).length,
        (count) => count === 2,
      );
      const retried = await program.call('POST', `/api/deliveries/${deliveryId}/retry`);
      expect(expectStatus(retried, 409).body.detail).toContain('on its way');
      letGo();
      const delivered = await deliveryOnce(program, deliveryId, ({ status }) => status === 'delivered');
      expect(delivered).toMatchObject({ attemptCount: 2, reason: null });
      expect(crowd.at(path)).toHaveLength(2);
    }));

  it('with an attempt by hand is not taken up again by hand', () =>
    tellHeld(async (hold) => {
      const { behaviour, letGo } = hold();
      const { program, path } = await newEndpoint(hubUrl, crowd, answers(500), {
        events: ['event.published'],
      });
      await publish(program, ['twice']);
      const [{ deliveryId }] = await ledgerOf(program);
      await deliveryAtRest(program, deliveryId);
      crowd.behave(path, behaviour);
      const retry = () => program.call('POST', `/api/deliveries/${deliveryId}/retry`);
      const all = await Promise.all([retry(), retry(), retry(), retry()]);
      expect(all.map(({ status }) => status).sort()).toEqual([202, 409, 409, 409]);
      const audit = expectStatus(await program.call('GET', `/api/programs/${program.programId}/audit`), 200);
      const told = audit.body.items.filter(({ action }: Body) => action === 'delivery.retried');
      expect(told).toHaveLength(1);
      await until(
        async () => crowd.at(path).length,
        (count) => count === 3,
      );
      expect(expectStatus(await retry(), 409).body.detail).toContain('on its way');
      letGo();
      const delivered = await deliveryOnce(program, deliveryId, ({ status }) => status === 'delivered');
      expect(delivered.attempts).toHaveLength(3);
      expect(crowd.at(path)).toHaveLength(3);
    }));
});

describe.concurrent('POST /api/deliveries/{deliveryId}/cancel', () => {
  it('ends what waits, on record, and a retry by hand takes it up again', async () => {
    const { program, path } = await newEndpoint(hubUrl, crowd, answers(500), { events: ['event.published'] });
    await publish(program, ['unwanted']);
    const [{ deliveryId }] = await ledgerOf(program);
    await deliveryAtRest(program, deliveryId);
    const cancel = () => program.call('POST', `/api/deliveries/${deliveryId}/cancel`);
    const stranger = await newProgram(hubUrl);
    expectStatus(await stranger.call('POST', `/api/deliveries/${deliveryId}/cancel`), 404);
    const ended = { status: 'cancelled', reason: 'Cancelled by hand.', nextAttemptAt: null };
    expect(expectStatus(await cancel(), 200).body).toMatchObject(ended);
    expect(expectStatus(await cancel(), 200).body).toMatchObject(ended);
    const audit = expectStatus(await program.call('GET', `/api/programs/${program.programId}/audit`), 200);
    const told = audit.body.items.filter(({ action }: Body) => action === 'delivery.cancelled');
    expect(told).toMatchObject([{ target: deliveryId }]);
    crowd.behave(path, null);
    expectStatus(await program.call('POST', `/api/deliveries/${deliveryId}/retry`), 202);
    await deliveryOnce(program, deliveryId, ({ status }) => status === 'delivered');
    expect(expectStatus(await cancel(), 409).body.detail).toContain('delivered');
    expect(crowd.at(path)).toHaveLength(3);
  });

  it('leaves alone what is on its way, and ends what is paused', () =>
    tellHeld(async (hold) => {
      const { program, one, letGo } = await heldEndpoint(hold(), { rateLimitPerSecond: 4 });
      const lines = await ledgerOf(program);
      const cancel = ({ deliveryId }: Body) => program.call('POST', `/api/deliveries/${deliveryId}/cancel`);
      const first = crowd.receiver.received.find(({ headers }) =>
        lines.some(({ messageId }) => messageId === headers['webhook-id']),
      );
      const sent = lines.find(({ messageId }) => messageId === first?.headers['webhook-id']);
      expect(expectStatus(await cancel(sent), 409).body.detail).toContain('on its way');
      expectStatus(await program.call('POST', `${one}/pause`), 200);
      letGo();
      const paused = await until(
        () => ledgerOf(program, '&status=paused'),
        (all) => all.length > 0,
      );
      expectStatus(await cancel(paused[0]), 200);
      expectStatus(await program.call('POST', `${one}/resume`), 200);
      const settled = await settledOf(program);
      expect([countOf(settled, 'delivered'), countOf(settled, 'cancelled')]).toEqual([11, 1]);
    }));
});

describe('an endpoint that several change at once', () => {
  it('takes each change whole or not at all, and the audit log tells of the former alone', async () => {
    const { program, one } = await newEndpoint(hubUrl, crowd);
    const answered = await Promise.all(
      idsOf('change', 12).map((description) => program.call('PATCH', one, { body: { description } })),
    );
    const changed = answered.filter(({ status }) => status === 200).length;
    expect(answered.filter(({ status }) => status === 409)).toHaveLength(12 - changed);
    const audit = `/api/programs/${program.programId}/audit?limit=200`;
    const { items } = expectStatus(await program.call('GET', audit), 200).body;
    expect(items.filter(({ action }: Body) => action === 'webhook.changed')).toHaveLength(changed);
  });

  it('is deleted for good where one of them deletes it', async () => {
    for (let round = 0; round < 2; round++) {
      const { program, one } = await newEndpoint(hubUrl, crowd);
      const changes = await startChanges(program, one);
      expectStatus(await program.call('DELETE', one), 204);
      expectStatus(await program.call('GET', one), 404);
      await changes.stop();
      expectStatus(await program.call('GET', one), 404);
    }
  });
});

describe('an endpoint that is gone while somebody changes it', () => {
  it('is disabled all the same, and never half', async () => {
    const { program, one, webhook } = await newEndpoint(hubUrl, crowd, answers(410), {
      events: ['event.published'],
    });
    const watching = crowd.path();
    await createWebhook(program, { url: urlOf(watching), events: ['webhook.disabled'] });
    const changes = await startChanges(program, one);
    await publish(program, idsOf('gone', 6));
    const endpoint = await until(
      async () => (await program.call('GET', one)).body,
      ({ state }) => state === 'disabled',
    ).finally(() => changes.stop());
    expect(endpoint.stateReason).toContain('410');
    const lines = await settledOf(program, `&webhookId=${webhook.webhookId}`);
    expect(countOf(lines, 'cancelled')).toBe(6);
    await until(
      async () => crowd.at(watching).length,
      (count) => count > 0,
    );
    const told = crowd.at(watching).map(({ body }) => JSON.parse(body).data.webhookId);
    expect(told).toEqual([webhook.webhookId]);
    const { body } = await program.call('GET', `/api/programs/${program.programId}/attention`);
    expect(body.items.map(({ kind }: Body) => kind)).toEqual(['webhook_disabled']);
  });
});

describe('the same events, published at once', () => {
  it.each([
    ['under one Idempotency-Key', { 'idempotency-key': '"tonight"' }],
    ['under none', {}],
  ])('%s are told once each', async (_, headers) => {
    const { program, path } = await newEndpoint(hubUrl, crowd, undefined, { events: ['event.published'] });
    const ids = idsOf('same', 5);
    const body = ids.map((id) => eventBody(program, id));
    const answered = await Promise.all(
      Array.from({ length: 8 }, () => program.call('POST', '/api/events', { body, headers })),
    );
    for (const { status } of answered) expect([200, 409]).toContain(status);
    expect(answered.map(({ status }) => status)).toContain(200);
    const lines = await settledOf(program);
    expect(lines).toHaveLength(5);
    expect(Object.fromEntries(eventIdsAt(crowd, path))).toEqual(Object.fromEntries(ids.map((id) => [id, 1])));
  });

  it('by two programs under one id are two events, and each is told', async () => {
    const endpoints = [await newEndpoint(hubUrl, crowd), await newEndpoint(hubUrl, crowd)];
    await Promise.all(
      endpoints.map(async ({ program }) => {
        const headers = { 'idempotency-key': '1' };
        const body = eventBody(program, '1');
        expectStatus(await program.call('POST', '/api/events', { body, headers }), 201);
      }),
    );
    for (const { program, path } of endpoints) {
      expect(await settledOf(program)).toMatchObject([{ status: 'delivered' }]);
      const [{ body } = { body: '' }] = crowd.at(path);
      expect(JSON.parse(body).data.PublisherProgramId).toBe(program.programId);
    }
  });
});

describe('the categories of an endpoint', () => {
  const odd = [
    ...[
      '*',
      '%',
      '_',
      '?',
      '[a-z]',
      'A*',
      'null',
      'true',
      '1',
      '1.0',
      '-0',
      '01',
      '__proto__',
      'constructor',
    ],
    ...[
      "it's",
      '"quoted"',
      'a\\b',
      'a\u0000b',
      'a\u0000',
      '\u0000',
      ' ',
      ' a',
      'a ',
      'A',
      'a',
      'é',
      'e\u0301',
    ],
    ...['😀', '\ud83d', '\u202ea', 'x'.repeat(200), '{"value":"a"}', '["a"]', '$.a', "');--", 'a\nb', 'a\tb'],
  ];

  it('mean each the one category that reads so, whatever it holds', async () => {
    const program = await newProgram(hubUrl);
    const taken: string[] = [];
    const paths = new Map<string, string>();
    for (const category of odd) {
      const path = crowd.path();
      const body = { url: urlOf(path), events: ['event.published'], categories: [category] };
      const created = await program.call('POST', webhooksPath(program), { body });
      if (created.status === 400) continue;
      expectStatus(created, 201);
      expect(created.body.categories).toEqual([category]);
      paths.set(category, path);
      taken.push(category);
    }
    expect(taken.length).toBeGreaterThan(30);
    const events = odd.map((PublisherEventCategory, i) => ({
      ...eventBody(program, `odd-${i}`),
      PublisherEventCategory,
    }));
    const answered = expectStatus(await program.call('POST', '/api/events', { body: events }), 200).body;
    const accepted = odd.filter((_, i) => answered[i].status === 'created');
    expect(accepted.filter((category) => taken.includes(category)).length).toBeGreaterThan(30);
    await settledOf(program);
    const got = [...paths].map(([category, path]) => [category, [...eventIdsAt(crowd, path).keys()]]);
    const wanted = taken.map((category) => [
      category,
      accepted.includes(category) ? [`odd-${odd.indexOf(category)}`] : [],
    ]);
    expect(got).toEqual(wanted);
  });
});
