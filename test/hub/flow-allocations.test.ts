import { describe, expect, inject, it } from 'vitest';
import { type Body, expectStatus, newProgram, type TestProgram } from '../support/client.ts';
import { newFlow, newParticipants, newSource, sourcesPath } from '../support/flows.ts';

const url = inject('hubUrl');

interface Stage extends TestProgram {
  flowId: number;
  /** Of the sources, in the order of their references. */
  sourceIds: number[];
}

async function stageWith(...references: string[]): Promise<Stage> {
  const owner = await newProgram(url);
  const { flowId } = await newFlow(owner);
  const sourceIds: number[] = [];
  for (const reference of references) sourceIds.push((await newSource(owner, flowId, reference)).id);
  return { ...owner, flowId, sourceIds };
}

const allocationsPath = (flowId: number, sourceId: number | undefined) =>
  `${sourcesPath(flowId)}/${sourceId}/allocations`;

async function pagesOf({ call }: TestProgram, path: string): Promise<Body[]> {
  const items: Body[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const page: Body = expectStatus(await call('GET', `${path}?limit=200${query}`), 200).body;
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return items;
}

const countOf = (results: Body[]) => {
  const counts: Record<string, number> = {};
  for (const { result } of results) counts[result] = (counts[result] ?? 0) + 1;
  return counts;
};

describe('POST /api/flows/{flowId}/participants', () => {
  it('answers for each item, and adds the good ones whatever the others are', async () => {
    const stage = await stageWith();
    const path = `/api/flows/${stage.flowId}/participants`;
    const body = [
      {
        externalId: 'S1',
        email: 'ada@school.example',
        name: 'Ada Łovelace 🎓',
        data: { class: 'A', n: [1] },
      },
      { externalId: 'S2' },
      { email: 'x@y.example' },
      { externalId: 'S3', email: 'not an address' },
      { externalId: 'S1', name: 'Somebody else' },
      'S4',
      null,
      { externalId: '' },
      { externalId: 'S5', colour: 'red' },
      { externalId: 'S6', data: [1] },
      { externalId: 'S7', name: 'a\nb' },
      { externalId: 'S8', data: { a: 'x'.repeat(9_000) } },
    ];
    const { results } = expectStatus(await stage.call('POST', path, { body }), 200).body;
    expect(results.map(({ result }: Body) => result)).toEqual([
      'created',
      'created',
      ...Array(10).fill('invalid'),
    ]);
    expect(results.map(({ index }: Body) => index)).toEqual(body.map((_, i) => i));
    expect(results[3]).toMatchObject({ externalId: 'S3', participantId: null, errors: [{ path: 'email' }] });
    expect(results[4]).toMatchObject({ externalId: 'S1', errors: [{ code: 'repeated' }] });
    expect(results[8].errors[0].message).toMatch(/\w/);
    const { items } = (await stage.call('GET', path)).body;
    expect(items).toMatchObject([
      { participantId: results[0].participantId, ...(body[0] as object) },
      { participantId: results[1].participantId, externalId: 'S2', email: null, name: null, data: null },
    ]);
    expect((await stage.call('GET', `${path}?externalId=S2`)).body.items).toEqual([items[1]]);
  });

  it('changes what is named, keeps what is absent, removes what is null', async () => {
    const stage = await stageWith();
    const path = `/api/flows/${stage.flowId}/participants`;
    const post = async (...body: Body[]) =>
      expectStatus(await stage.call('POST', path, { body }), 200).body.results;
    const get = async () => (await stage.call('GET', path)).body.items[0];
    const whole = {
      externalId: 'S1',
      email: 'ada@school.example',
      name: 'Ada',
      data: { a: '\u0000\ud800"' },
    };
    const [{ participantId }] = await post(whole);
    const before = await get();
    expect(before.data).toEqual(whole.data);
    expect(await post(whole, { externalId: 'S2' })).toMatchObject([
      { participantId, result: 'unchanged' },
      { result: 'created' },
    ]);
    expect(await post({ externalId: 'S1' })).toMatchObject([{ participantId, result: 'unchanged' }]);
    expect(await get()).toEqual(before);
    expect(await post({ externalId: 'S1', name: 'Ada L.' })).toMatchObject([
      { participantId, result: 'updated' },
    ]);
    expect(await get()).toMatchObject({ ...whole, name: 'Ada L.' });
    await post({ externalId: 'S1', email: null, data: null });
    expect(await get()).toMatchObject({ email: null, name: 'Ada L.', data: null });
    expect(await post({ externalId: 'S1', email: null, data: null })).toMatchObject([
      { result: 'unchanged' },
    ]);
  });

  it.each([
    [{}],
    [[]],
    ['x'],
    [{ participants: [] }],
    [Array.from({ length: 10_001 }, (_, i) => ({ externalId: `${i}` }))],
  ])('refuses a body that is no list of 1 to 10,000 (%#)', async (body) => {
    const stage = await stageWith();
    const options = { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    expectStatus(await stage.call('POST', `/api/flows/${stage.flowId}/participants`, options), 400);
  });

  it('is not brought down by data that is nested without end', async () => {
    const stage = await stageWith();
    const deep = `${'['.repeat(1_900_000)}${']'.repeat(1_900_000)}`;
    const body = `[{"externalId":"S1","data":{"a":${deep}}},{"externalId":"S2"}]`;
    const options = { body, headers: { 'content-type': 'application/json' } };
    const answer = await stage.call('POST', `/api/flows/${stage.flowId}/participants`, options);
    const { results } = expectStatus(answer, 200).body;
    expect(results).toMatchObject([{ result: 'invalid' }, { result: 'created' }]);
  });

  it('gives one id for each person when callers add the same people at once', async () => {
    const stage = await stageWith();
    const all = await Promise.all(Array.from({ length: 5 }, () => newParticipants(stage, stage.flowId, 40)));
    for (const ids of all) expect(ids).toEqual(all[0]);
    expect(await pagesOf(stage, `/api/flows/${stage.flowId}/participants`)).toHaveLength(40);
  });

  it('removes one with its allocations', async () => {
    const stage = await stageWith('A', 'B');
    const [one, other] = await newParticipants(stage, stage.flowId, 2);
    for (const sourceId of stage.sourceIds) {
      const path = `${allocationsPath(stage.flowId, sourceId)}/participants`;
      await stage.call('POST', path, { body: [one, other] });
    }
    expectStatus(await stage.call('DELETE', `/api/flows/${stage.flowId}/participants/${one}`), 204);
    expectStatus(await stage.call('DELETE', `/api/flows/${stage.flowId}/participants/${one}`), 404);
    expectStatus(await stage.call('GET', `${sourcesPath(stage.flowId)}/participants/${one}`), 404);
    for (const sourceId of stage.sourceIds) {
      const left = await pagesOf(stage, `${allocationsPath(stage.flowId, sourceId)}/participants`);
      expect(left.map(({ participantId }) => participantId)).toEqual([other]);
    }
  });
});

describe('allocations', () => {
  it('take a list of ids, or the same in an object, and answer for each', async () => {
    const stage = await stageWith('A', 'B');
    const [p1 = 0, p2 = 0, p3 = 0] = await newParticipants(stage, stage.flowId, 3);
    const [stranger = 0] = await newParticipants(stage, (await newFlow(stage)).flowId, 1);
    const other = await stageWith();
    const [foreign = 0] = await newParticipants(other, other.flowId, 1);
    const path = `${allocationsPath(stage.flowId, stage.sourceIds[0])}/participants`;
    const first = expectStatus(
      await stage.call('POST', path, { body: [p1, p2, p1, stranger, foreign, 999_999_999] }),
      200,
    );
    expect(first.body.results).toEqual([
      { participantId: p1, result: 'allocated' },
      { participantId: p2, result: 'allocated' },
      { participantId: p1, result: 'repeated' },
      { participantId: stranger, result: 'not_found' },
      { participantId: foreign, result: 'not_found' },
      { participantId: 999_999_999, result: 'not_found' },
    ]);
    const second = await stage.call('POST', path, { body: { participantIds: [p3, p1] } });
    expect(expectStatus(second, 200).body.results).toEqual([
      { participantId: p3, result: 'allocated' },
      { participantId: p1, result: 'already_allocated' },
    ]);
    expect((await pagesOf(stage, path)).map(({ participantId }) => participantId)).toEqual([p1, p2, p3]);
  });

  it('allow one participant on several sources, which can be looked up', async () => {
    const stage = await stageWith('A', 'B', 'C');
    const [p1, p2] = await newParticipants(stage, stage.flowId, 2);
    const [a, , c] = stage.sourceIds;
    for (const sourceId of [a, c]) {
      await stage.call('POST', `${allocationsPath(stage.flowId, sourceId)}/participants`, { body: [p1] });
    }
    const found = await stage.call('GET', `${sourcesPath(stage.flowId)}/participants/${p1}`);
    expect(expectStatus(found, 200).body.items.map(({ id }: Body) => id)).toEqual([a, c]);
    const none = await stage.call('GET', `${sourcesPath(stage.flowId)}/participants/${p2}`);
    expect(expectStatus(none, 200).body).toEqual({ items: [], nextCursor: null });
    expectStatus(await stage.call('GET', `${sourcesPath(stage.flowId)}/participants/999999999`), 404);
    expectStatus(await stage.call('GET', `${sourcesPath(stage.flowId)}/participants/x`), 400);
  });

  it('are removed one by one, or all of a source', async () => {
    const stage = await stageWith('A', 'B');
    const [p1, p2, p3] = await newParticipants(stage, stage.flowId, 3);
    const [a, b] = stage.sourceIds.map((sourceId) => allocationsPath(stage.flowId, sourceId));
    for (const path of [a, b]) await stage.call('POST', `${path}/participants`, { body: [p1, p2, p3] });
    const left = async (path: string | undefined) =>
      (await pagesOf(stage, `${path}/participants`)).map(({ participantId }) => participantId);
    expectStatus(await stage.call('DELETE', `${a}/participants/${p2}`), 204);
    expectStatus(await stage.call('DELETE', `${a}/participants/${p2}`), 404);
    expectStatus(await stage.call('DELETE', `${a}/participants/999999999`), 404);
    expect(await left(a)).toEqual([p1, p3]);
    expectStatus(await stage.call('DELETE', a ?? ''), 204);
    expect(await left(a)).toEqual([]);
    expectStatus(await stage.call('DELETE', a ?? ''), 204);
    expect(await left(b)).toEqual([p1, p2, p3]);
    expect(await pagesOf(stage, `/api/flows/${stage.flowId}/participants`)).toHaveLength(3);
  });

  it('of one call are as one: of the same calls at the same time one allocates', async () => {
    const stage = await stageWith('A');
    const ids = await newParticipants(stage, stage.flowId, 200);
    const path = `${allocationsPath(stage.flowId, stage.sourceIds[0])}/participants`;
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => stage.call('POST', path, { body: ids })),
    );
    const counts = answers.map((answer) => countOf(expectStatus(answer, 200).body.results));
    expect(counts.filter(({ allocated }) => allocated === 200)).toHaveLength(1);
    expect(counts.filter((count) => count.already_allocated === 200)).toHaveLength(5);
  });

  it('are left of nobody who was removed at the same time', async () => {
    const stage = await stageWith('A');
    const ids = await newParticipants(stage, stage.flowId, 12);
    const path = `${allocationsPath(stage.flowId, stage.sourceIds[0])}/participants`;
    const [allocated, ...removed] = await Promise.all([
      stage.call('POST', path, { body: ids }),
      ...ids.slice(0, 6).map((id) => stage.call('DELETE', `/api/flows/${stage.flowId}/participants/${id}`)),
    ]);
    expectStatus(allocated, 200);
    for (const answer of removed) expectStatus(answer, 204);
    const left = (await pagesOf(stage, path)).map(({ participantId }) => participantId);
    expect(left).toEqual(ids.slice(6));
  });

  it('take 10,000 participants in one call', async () => {
    const stage = await stageWith('A', 'B');
    const many = Array.from({ length: 10_000 }, (_, i) => ({
      externalId: `student-${i}`,
      email: `student-${i}@school.example`,
      name: `Łukasz Ó Dónaill ${i}`,
      data: { class: i % 2 === 0 ? 'A' : 'B' },
    }));
    const added = await stage.call('POST', `/api/flows/${stage.flowId}/participants`, { body: many });
    const ids: number[] = expectStatus(added, 200).body.results.map((one: Body) => one.participantId);
    expect(new Set(ids).size).toBe(10_000);
    const path = `${allocationsPath(stage.flowId, stage.sourceIds[0])}/participants`;
    const allocate = async () =>
      countOf(expectStatus(await stage.call('POST', path, { body: ids }), 200).body.results);
    expect(await allocate()).toEqual({ allocated: 10_000 });
    expect(await allocate()).toEqual({ already_allocated: 10_000 });
    const page = (await stage.call('GET', `${path}?limit=200`)).body;
    expect(page.items.map(({ externalId }: Body) => externalId)).toEqual(
      many.slice(0, 200).map(({ externalId }) => externalId),
    );
    expectStatus(await stage.call('DELETE', allocationsPath(stage.flowId, stage.sourceIds[0])), 204);
    expect((await stage.call('GET', path)).body.items).toEqual([]);
    expect(await allocate()).toEqual({ allocated: 10_000 });
  });

  it.each([
    [[]],
    [{ participantIds: [] }],
    [{}],
    [['1']],
    [[1.5]],
    [[0]],
    [[-1]],
    [[1e300]],
    [[null]],
    [[[1]]],
    [{ participantIds: [1], more: true }],
    ['1,2'],
    [Array.from({ length: 20_001 }, (_, i) => i + 1)],
  ])('refuse what is no list of ids (%#)', async (body) => {
    const stage = await stageWith('A');
    const path = `${allocationsPath(stage.flowId, stage.sourceIds[0])}/participants`;
    const options = { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    expectStatus(await stage.call('POST', path, options), 400);
  });
});
