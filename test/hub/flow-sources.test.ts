import { request as httpRequest } from 'node:http';
import { describe, expect, inject, it } from 'vitest';
import { type Body, expectStatus, newProgram, type TestProgram } from '../support/client.ts';
import { newFlow, newSource, sourcesPath, syncPath } from '../support/flows.ts';

const url = inject('hubUrl');

async function flowWith(...references: string[]): Promise<TestProgram & { flowId: number; code: string }> {
  const owner = await newProgram(url);
  const { flowId, code } = await newFlow(owner);
  for (const reference of references) await newSource(owner, flowId, reference);
  return { ...owner, flowId, code };
}

const stateOf = async ({ call, flowId }: TestProgram & { flowId: number }) =>
  expectStatus(await call('GET', `/api/flows/${flowId}`), 200).body.state;

const sourceOf = async ({ call, flowId }: TestProgram & { flowId: number }, reference: string) => {
  const found = await call('GET', `${sourcesPath(flowId)}?reference=${encodeURIComponent(reference)}`);
  return expectStatus(found, 200).body.items[0];
};

/** What the hub makes of a path as it stands: `fetch` would first mend it. */
function rawPost(path: string, key: string): Promise<{ status: number; body: Body }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const sent = httpRequest(
      { hostname, port, path, method: 'POST', headers: { 'x-api-key': key } },
      async (answer) => {
        let text = '';
        for await (const part of answer) text += part;
        resolve({ status: answer.statusCode ?? 0, body: text === '' ? null : JSON.parse(text) });
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

describe('POST /api/flows/{flowId}/external-sources', () => {
  it('adds a source that nobody has asked yet', async () => {
    const flow = await flowWith();
    const body = { reference: 'HIS101:2026-2|A', description: 'Class A\nof Ms Ada' };
    const made = expectStatus(await flow.call('POST', sourcesPath(flow.flowId), { body }), 201);
    expect(made.body).toMatchObject({
      ...body,
      state: 'NONE',
      label: 'Not Requested',
      lastRequestedSync: null,
      lastSync: null,
      requestId: null,
    });
    expect(made.body.id).toSatisfy(Number.isInteger);
    const path = `${sourcesPath(flow.flowId)}/${made.body.id}`;
    expect(made.headers.get('location')).toBe(path);
    expect(expectStatus(await flow.call('GET', path), 200).body).toEqual(made.body);
    const described = await flow.call('PUT', path, { body: { description: 'Class B' } });
    expect(expectStatus(described, 200).body).toMatchObject({
      reference: body.reference,
      description: 'Class B',
    });
    expectStatus(await flow.call('PUT', path, { body: { reference: 'other' } }), 400);
    const again = expectStatus(await flow.call('POST', sourcesPath(flow.flowId), { body }), 409);
    expect(again.body.errors).toMatchObject([{ path: 'reference', code: 'reference_taken' }]);
    expectStatus(await flow.call('DELETE', path), 204);
    expectStatus(await flow.call('GET', path), 404);
    expectStatus(await flow.call('DELETE', path), 404);
  });

  it('takes one reference on many flows, and A beside a', async () => {
    const flow = await flowWith('A', 'a');
    const other = await newFlow(flow);
    expect((await newSource(flow, other.flowId, 'A')).id).toSatisfy(Number.isInteger);
  });

  it.each([
    ['a slash', 'a/b'],
    ['a backslash', 'a\\b'],
    ['a space', 'a b'],
    ['nothing', ''],
    ['an emoji', 'a🎓'],
    ['an accent', 'é'],
    ['256 characters', 'x'.repeat(256)],
    ['one dot', '.'],
    ['two dots', '..'],
    ['a percent sign', '%2F'],
    ['a line break at its end', 'a\n'],
    ['a null character', 'a\u0000'],
    ['a number', 7],
  ])('refuses a reference with %s', async (_, reference) => {
    const flow = await flowWith();
    const answer = await flow.call('POST', sourcesPath(flow.flowId), { body: { reference } });
    const { body } = expectStatus(answer, 400);
    expect(body).toMatchObject({ code: 'invalid_input', errors: [{ path: 'reference' }] });
  });

  it.each([
    'x'.repeat(255),
    '...',
    ',.;:|-_',
    '1',
    '0',
    'sync',
    'participants',
    'requests',
    'allocations',
    'A.1|B',
  ])('takes %s, and synchronises it by that name', async (reference) => {
    const flow = await flowWith('7', reference);
    const { requestId } = expectStatus(await flow.call('POST', syncPath(flow.flowId, reference)), 202).body;
    expect(await sourceOf(flow, reference)).toMatchObject({ state: 'PENDING', requestId });
    // Encoded no more than a URL must have it: the same name.
    const plain = `${sourcesPath(flow.flowId)}/${reference}/sync/done`;
    expect((await rawPost(plain, flow.key)).body).toMatchObject({ reference, state: 'SUCCESS' });
    expect(await sourceOf(flow, '7')).toMatchObject({ state: 'NONE' });
  });

  it('has room for 200 sources and no more, and asks them all at once', async () => {
    const flow = await flowWith();
    const add = (i: number) =>
      flow.call('POST', sourcesPath(flow.flowId), { body: { reference: `${i}`.padStart(255, '0') } });
    for (let i = 0; i < 190; i += 10) await Promise.all(Array.from({ length: 10 }, (_, j) => add(i + j)));
    const last = await Promise.all(Array.from({ length: 20 }, (_, j) => add(190 + j)));
    expect(last.map(({ status }) => status).sort()).toEqual([...Array(10).fill(201), ...Array(10).fill(409)]);
    const { requests } = expectStatus(await flow.call('POST', `${sourcesPath(flow.flowId)}/sync`), 202).body;
    expect(requests).toHaveLength(200);
    expect(new Set(requests.map((one: Body) => one.requestId)).size).toBe(1);
  });
});

describe('a reference in a path', () => {
  it.each([
    ['an encoded slash', 'A%2FB'],
    ['an encoded slash in small letters', 'A%2fB'],
    ['an encoded backslash', 'A%5CB'],
    ['an encoded space', 'A%20B'],
    ['an encoded emoji', 'A%F0%9F%8E%93'],
    ['a slash encoded twice', 'A%252FB'],
    ['a dot encoded twice', '%252E'],
    ['a null', 'A%00'],
    ['half a character', 'A%F0%9F'],
    ['a percent sign alone', 'A%'],
    ['256 characters', 'x'.repeat(256)],
  ])('is refused with %s', async (_, text) => {
    const flow = await flowWith('A', 'B', 'A.B');
    for (const rest of ['sync', 'sync/done', 'sync/fail']) {
      const { status, body } = await rawPost(`${sourcesPath(flow.flowId)}/${text}/${rest}`, flow.key);
      expect([status, body.code], rest).toEqual([400, 'invalid_input']);
      expect(body.detail).toContain('reference');
    }
    expect(await stateOf(flow)).toBe('NONE');
  });

  it.each(['.', '..', '%2e', '%2e%2e', '.%2E'])('never leads elsewhere as %s', async (dots) => {
    const flow = await flowWith('A');
    expectStatus(await flow.call('POST', syncPath(flow.flowId, 'A')), 202);
    for (const rest of ['sync/done', 'sync/fail']) {
      const { status } = await rawPost(`${sourcesPath(flow.flowId)}/${dots}/${rest}`, flow.key);
      expect([400, 404, 405]).toContain(status);
    }
    expect(await stateOf(flow)).toBe('PENDING');
  });

  it('is one character or its code, once', async () => {
    const flow = await flowWith('A.1|B;2');
    expectStatus(await flow.call('POST', syncPath(flow.flowId, 'A.1|B;2')), 202);
    const encoded = `${sourcesPath(flow.flowId)}/%41%2E1%7CB%3B2/sync/done`;
    expect((await rawPost(encoded, flow.key)).status).toBe(200);
  });

  it('is none of another flow', async () => {
    const flow = await flowWith('A');
    const other = await newFlow(flow);
    const { id } = await newSource(flow, other.flowId, 'B');
    expectStatus(await flow.call('GET', `${sourcesPath(flow.flowId)}/${id}`), 404);
    expectStatus(
      await flow.call('PUT', `${sourcesPath(flow.flowId)}/${id}`, { body: { description: '' } }),
      404,
    );
    expectStatus(await flow.call('DELETE', `${sourcesPath(flow.flowId)}/${id}`), 404);
    expectStatus(await flow.call('GET', `${sourcesPath(flow.flowId)}/${id}/requests`), 404);
    expectStatus(await flow.call('POST', syncPath(flow.flowId, 'B')), 404);
    expectStatus(await flow.call('POST', `${syncPath(flow.flowId, 'B')}/done`), 404);
    expectStatus(
      await flow.call('POST', `${sourcesPath(flow.flowId)}/${id}/allocations/participants`, { body: [1] }),
      404,
    );
    expectStatus(await flow.call('DELETE', `${sourcesPath(flow.flowId)}/${id}/allocations`), 404);
    expectStatus(await flow.call('GET', `${sourcesPath(other.flowId)}/${id}`), 200);
  });
});

describe("a manager's request", () => {
  it('turns the source PENDING and names the request', async () => {
    const flow = await flowWith('A', 'B');
    const asked = expectStatus(await flow.call('POST', syncPath(flow.flowId, 'A')), 202).body;
    expect(asked).toEqual({
      requestId: expect.stringMatching(/^srq_[0-9a-z]{26}$/),
      requests: [{ reference: 'A', requestId: asked.requestId }],
      deliveryIds: [],
    });
    const source = await sourceOf(flow, 'A');
    expect(source).toMatchObject({ state: 'PENDING', label: 'Sync Requested', requestId: asked.requestId });
    expect(Date.parse(source.deadline) - Date.parse(source.lastRequestedSync)).toBe(3_600_000);
    expect(await sourceOf(flow, 'B')).toMatchObject({ state: 'NONE', requestId: null });
    expect((await flow.call('GET', `/api/flows/${flow.flowId}`)).body.label).toBe('Sync Requested');
  });

  it('asks those that are not pending, and leaves the others their request', async () => {
    const flow = await flowWith('A', 'B', 'C');
    const first = (await flow.call('POST', syncPath(flow.flowId, 'B'))).body;
    const all = expectStatus(await flow.call('POST', `${sourcesPath(flow.flowId)}/sync`), 202).body;
    expect(all.requestId).not.toBe(first.requestId);
    expect(all.requests).toEqual([
      { reference: 'A', requestId: all.requestId },
      { reference: 'B', requestId: first.requestId },
      { reference: 'C', requestId: all.requestId },
    ]);
    const again = expectStatus(await flow.call('POST', `${sourcesPath(flow.flowId)}/sync`), 202).body;
    expect(again).toEqual({ ...all, duplicate: true });
    const one = expectStatus(await flow.call('POST', syncPath(flow.flowId, 'B')), 202).body;
    expect(one).toMatchObject({ requestId: first.requestId, duplicate: true });
    const history = (await flow.call('GET', `${sourcesPath(flow.flowId)}/requests`)).body.items;
    expect(history).toHaveLength(3);
  });

  it('is refused where there is no source to ask', async () => {
    const flow = await flowWith();
    expectStatus(await flow.call('POST', `${sourcesPath(flow.flowId)}/sync`), 409);
    expectStatus(await flow.call('POST', syncPath(flow.flowId, 'A')), 404);
  });

  it('is answered the same for the same Idempotency-Key, though the source has been synchronised since', async () => {
    const flow = await flowWith('A');
    const ask = () =>
      flow.call('POST', syncPath(flow.flowId, 'A'), { headers: { 'idempotency-key': '"1"' } });
    const first = expectStatus(await ask(), 202).body;
    expectStatus(await flow.call('POST', `${syncPath(flow.flowId, 'A')}/done`), 200);
    expect(expectStatus(await ask(), 202).body).toEqual(first);
    expect(await stateOf(flow)).toBe('SUCCESS');
  });

  it('takes no key of a reader, and none of another program', async () => {
    const flow = await flowWith('A');
    const key = await flow.keyWith('read', 'webhooks', 'manage');
    expectStatus(await flow.call('POST', syncPath(flow.flowId, 'A'), { key }), 403);
    const stranger = await newProgram(url);
    expectStatus(await stranger.call('POST', syncPath(flow.flowId, 'A')), 404);
    expectStatus(await stranger.call('POST', `${syncPath(flow.flowId, 'A')}/done`), 404);
  });
});

describe("an integration's report", () => {
  it('ends the request: done is Complete', async () => {
    const flow = await flowWith('A');
    const { requestId } = (await flow.call('POST', syncPath(flow.flowId, 'A'))).body;
    const done = await flow.call('POST', `${syncPath(flow.flowId, 'A')}/done`, { body: { requestId } });
    const source = expectStatus(done, 200).body;
    expect(source).toMatchObject({ state: 'SUCCESS', label: 'Complete', requestId, deadline: null });
    expect(Date.parse(source.lastSync)).toBeGreaterThanOrEqual(Date.parse(source.lastRequestedSync));
    const again = await flow.call('POST', `${syncPath(flow.flowId, 'A')}/done`, { body: { requestId } });
    expect(expectStatus(again, 200).body).toEqual(source);
    expect(expectStatus(await flow.call('POST', `${syncPath(flow.flowId, 'A')}/done`), 200).body).toEqual(
      source,
    );
    const contrary = await flow.call('POST', `${syncPath(flow.flowId, 'A')}/fail`);
    expect(expectStatus(contrary, 409).body.errors[0].code).toBe('request_ended');
    expect(await sourceOf(flow, 'A')).toEqual(source);
  });

  it.each([
    ['no body', {}],
    ['an empty object', { body: {} }],
    ['an empty body with a media type', { body: '', headers: { 'content-type': 'application/json' } }],
  ])('may come with %s', async (_, options) => {
    const flow = await flowWith('A');
    await flow.call('POST', syncPath(flow.flowId, 'A'));
    expectStatus(await flow.call('POST', `${syncPath(flow.flowId, 'A')}/done`, options), 200);
  });

  it.each([[{ requestId: 5 }], [{ request: 'x' }], [{ requestId: null }], [['x']], ['"x"'], ['{']])(
    'is refused with the body %j',
    async (body) => {
      const flow = await flowWith('A');
      await flow.call('POST', syncPath(flow.flowId, 'A'));
      const headers = { 'content-type': 'application/json' };
      expectStatus(await flow.call('POST', `${syncPath(flow.flowId, 'A')}/done`, { body, headers }), 400);
      expect(await stateOf(flow)).toBe('PENDING');
    },
  );

  it('ends the request: fail is Failed, with a problem until the next request', async () => {
    const flow = await flowWith('A', 'B');
    const { requestId } = (await flow.call('POST', `${sourcesPath(flow.flowId)}/sync`)).body;
    const problems = async () =>
      (await flow.call('GET', `/api/programs/${flow.programId}/attention`)).body.items;
    const message = 'The student system does not answer.';
    const failed = await flow.call('POST', `${syncPath(flow.flowId, 'A')}/fail`, { body: { message } });
    expect(expectStatus(failed, 200).body).toMatchObject({ state: 'FAILED', label: 'Failed', message });
    expect(await stateOf(flow)).toBe('PENDING');
    expectStatus(
      await flow.call('POST', `${syncPath(flow.flowId, 'A')}/fail`, { body: { message: 'x' } }),
      200,
    );
    expect(await sourceOf(flow, 'A')).toMatchObject({ message });
    expect(await problems()).toMatchObject([{ kind: 'flow_sync_failed', subject: requestId, count: 1 }]);
    // What the integration says may name people: it stays with the source.
    expect(JSON.stringify(await problems())).not.toContain('student system');
    expect((await problems())[0].message).toContain(flow.code);

    expectStatus(await flow.call('POST', `${syncPath(flow.flowId, 'B')}/fail`), 200);
    expect(await problems()).toMatchObject([{ subject: requestId, count: 2 }]);
    expect(await stateOf(flow)).toBe('FAILED');
    expectStatus(await flow.call('POST', syncPath(flow.flowId, 'A')), 202);
    expect(await problems()).toHaveLength(1);
    expectStatus(await flow.call('POST', syncPath(flow.flowId, 'B')), 202);
    expect(await problems()).toEqual([]);
    expect(await sourceOf(flow, 'A')).toMatchObject({ state: 'PENDING', message: null });
  });

  it.each([
    ['a stack trace', 'Error: no\n\tat a (b.ts:1)\r\n\tat c', 'Error: no at a (b.ts:1) at c'],
    ['far too many words', 'x '.repeat(50_000), `${'x '.repeat(250)}`],
    ['broken characters', 'a\u0000b\ud800c🎓', 'a b c🎓'],
    ['an emoji at its end', `${'x'.repeat(499)}🎓🎓`, `${'x'.repeat(499)}🎓`],
    ['nothing', '', ''],
  ])('of a failure counts whatever it says: %s', async (_, message, kept) => {
    const flow = await flowWith('A');
    await flow.call('POST', syncPath(flow.flowId, 'A'));
    const failed = await flow.call('POST', `${syncPath(flow.flowId, 'A')}/fail`, { body: { message } });
    expect(expectStatus(failed, 200).body).toMatchObject({ state: 'FAILED', message: kept });
  });

  it('changes nothing when nothing was requested', async () => {
    const flow = await flowWith('A');
    for (const verb of ['done', 'fail']) {
      const { body } = expectStatus(await flow.call('POST', `${syncPath(flow.flowId, 'A')}/${verb}`), 409);
      expect(body).toMatchObject({ code: 'conflict', errors: [{ code: 'never_requested' }] });
    }
    expect(await sourceOf(flow, 'A')).toMatchObject({ state: 'NONE', lastSync: null });
  });

  it('changes nothing when it answers an old request, and says which one is the latest', async () => {
    const flow = await flowWith('A');
    const ask = async () => (await flow.call('POST', syncPath(flow.flowId, 'A'))).body.requestId;
    const old = await ask();
    expectStatus(await flow.call('POST', `${syncPath(flow.flowId, 'A')}/done`), 200);
    const latest = await ask();
    const before = await sourceOf(flow, 'A');
    for (const verb of ['done', 'fail']) {
      for (const requestId of [old, 'srq_nonsense', '']) {
        const answer = await flow.call('POST', `${syncPath(flow.flowId, 'A')}/${verb}`, {
          body: { requestId },
        });
        const { body } = expectStatus(answer, 409);
        expect(body.errors[0].code).toBe('request_outdated');
        expect(body.detail).toContain(latest);
      }
    }
    expect(await sourceOf(flow, 'A')).toEqual(before);
  });

  it('finds nothing once the source was deleted while it was pending', async () => {
    const flow = await flowWith('A', 'B');
    const { requestId } = (await flow.call('POST', `${sourcesPath(flow.flowId)}/sync`)).body;
    const { id } = await sourceOf(flow, 'A');
    expectStatus(await flow.call('DELETE', `${sourcesPath(flow.flowId)}/${id}`), 204);
    const late = () => flow.call('POST', `${syncPath(flow.flowId, 'A')}/done`, { body: { requestId } });
    expectStatus(await late(), 404);
    expectStatus(await flow.call('POST', `${syncPath(flow.flowId, 'B')}/done`, { body: { requestId } }), 200);
    const history = (await flow.call('GET', `${sourcesPath(flow.flowId)}/requests?reference=A`)).body.items;
    expect(history).toMatchObject([{ requestId, sourceId: id, state: 'CANCELLED', endedBy: flow.keyId }]);
    // A source of the same name is another source.
    await newSource(flow, flow.flowId, 'A');
    expect(expectStatus(await late(), 409).body.errors[0].code).toBe('never_requested');
  });
});

describe('at the same time', () => {
  it('callers add one reference once, and one code once', async () => {
    const flow = await flowWith();
    const add = () => flow.call('POST', sourcesPath(flow.flowId), { body: { reference: 'A' } });
    const make = () => {
      const body = { code: 'HIS-101', title: 'History' };
      return flow.call('POST', `/api/programs/${flow.programId}/flows`, { body });
    };
    for (const ask of [add, make]) {
      const answers = await Promise.all(Array.from({ length: 8 }, ask));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(409)]);
    }
  });

  it('a source is deleted and asked, described and answered, and what is left agrees', async () => {
    for (let round = 0; round < 5; round++) {
      const flow = await flowWith('A', 'B');
      const { id } = await sourceOf(flow, 'A');
      const answers = await Promise.all([
        flow.call('POST', `${sourcesPath(flow.flowId)}/sync`),
        flow.call('DELETE', `${sourcesPath(flow.flowId)}/${id}`),
        flow.call('POST', syncPath(flow.flowId, 'A')),
        flow.call('PUT', `${sourcesPath(flow.flowId)}/${id}`, { body: { description: 'x' } }),
        flow.call('POST', `${syncPath(flow.flowId, 'A')}/done`),
      ]);
      const allowed = [[202], [204], [202, 404], [200, 404], [200, 404, 409]];
      answers.forEach(({ status }, i) => {
        expect(allowed[i], `${i}`).toContain(status);
      });
      const parts = (await flow.call('GET', `${sourcesPath(flow.flowId)}/requests`)).body.items;
      for (const { reference, state } of parts) {
        expect(reference === 'B' ? ['PENDING'] : ['CANCELLED', 'SUCCESS']).toContain(state);
      }
      const left = (await flow.call('GET', sourcesPath(flow.flowId))).body.items;
      expect(left.map((one: Body) => one.reference)).toEqual(['B']);
    }
  });
});

describe('the history of requests', () => {
  it('says who asked, when, how long it took and how it ended, newest first', async () => {
    const flow = await flowWith('A', 'B');
    const manager = await flow.keyWith('flows');
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      ids.unshift((await flow.call('POST', syncPath(flow.flowId, 'A'), { key: manager })).body.requestId);
      expectStatus(await flow.call('POST', `${syncPath(flow.flowId, 'A')}/done`), 200);
    }
    await flow.call('POST', syncPath(flow.flowId, 'B'));
    const { id } = await sourceOf(flow, 'A');
    const path = `${sourcesPath(flow.flowId)}/${id}/requests`;
    const { items } = expectStatus(await flow.call('GET', path), 200).body;
    expect(items.map((one: Body) => one.requestId)).toEqual(ids);
    for (const one of items) {
      expect(one).toMatchObject({ reference: 'A', sourceId: id, state: 'SUCCESS', endedBy: flow.keyId });
      expect(one.requestedBy).toMatch(/^key_/);
      expect(one.requestedBy).not.toBe(flow.keyId);
      expect(one.durationMs).toBe(Date.parse(one.endedAt) - Date.parse(one.requestedAt));
      expect(one.deliveries).toEqual([]);
    }
    const first = (await flow.call('GET', `${path}?limit=2`)).body;
    expect(first.items).toEqual(items.slice(0, 2));
    const rest = (await flow.call('GET', `${path}?limit=2&cursor=${first.nextCursor}`)).body;
    expect(rest).toEqual({ items: items.slice(2), nextCursor: null });
    const of = async (query: string) =>
      (await flow.call('GET', `${sourcesPath(flow.flowId)}/requests?${query}`)).body.items.length;
    expect([
      await of(''),
      await of('reference=B'),
      await of('state=PENDING'),
      await of(`requestId=${ids[0]}`),
    ]).toEqual([4, 1, 1, 1]);
    expectStatus(await flow.call('GET', `${sourcesPath(flow.flowId)}/requests?state=OPEN`), 400);
  });
});

describe('a flow', () => {
  it('has the first of PENDING, FAILED, SUCCESS, NONE among its sources', async () => {
    const flow = await flowWith('A', 'B', 'C', 'D');
    const report = (reference: string, verb: string) =>
      flow.call('POST', `${syncPath(flow.flowId, reference)}/${verb}`);
    expect(await stateOf(flow)).toBe('NONE');
    for (const reference of ['A', 'B', 'C']) await flow.call('POST', syncPath(flow.flowId, reference));
    expect(await stateOf(flow)).toBe('PENDING');
    await report('A', 'done');
    await report('B', 'fail');
    expect(await stateOf(flow)).toBe('PENDING');
    await report('C', 'done');
    expect(await stateOf(flow)).toBe('FAILED');
    expectStatus(
      await flow.call('DELETE', `${sourcesPath(flow.flowId)}/${(await sourceOf(flow, 'B')).id}`),
      204,
    );
    expect(await stateOf(flow)).toBe('SUCCESS');
    expect((await flow.call('GET', `/api/programs/${flow.programId}/attention`)).body.items).toEqual([]);
    const states = async (state: string) =>
      (await flow.call('GET', `${sourcesPath(flow.flowId)}?state=${state}`)).body.items.map(
        (one: Body) => one.reference,
      );
    expect([await states('SUCCESS'), await states('NONE'), await states('PENDING')]).toEqual([
      ['A', 'C'],
      ['D'],
      [],
    ]);
  });
});
