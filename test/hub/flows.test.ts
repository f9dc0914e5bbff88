import { describe, expect, inject, it } from 'vitest';
import { type Body, caller, expectStatus, localSystemKey, newProgram } from '../support/client.ts';
import { newFlow, newParticipants, newSource, sourcesPath, syncPath } from '../support/flows.ts';

const url = inject('hubUrl');
const system = caller(url, localSystemKey);

describe('POST /api/programs/{programId}/flows', () => {
  it('makes a flow that is found by id and by code', async () => {
    const { call, programId } = await newProgram(url);
    const path = `/api/programs/${programId}/flows`;
    const body = { code: 'HIS-101', title: 'History, year 1', data: { term: '2026-2', weeks: [1, 2] } };
    const made = expectStatus(await call('POST', path, { body }), 201);
    const { flowId } = made.body;
    expect(flowId).toSatisfy(Number.isInteger);
    expect(made.headers.get('location')).toBe(`/api/flows/${flowId}`);
    expect(made.body).toMatchObject({
      ...body,
      programId,
      state: 'NONE',
      label: 'Not Requested',
      archived: false,
      syncTimeLimitMinutes: 60,
    });
    expect(expectStatus(await call('GET', `/api/flows/${flowId}`), 200).body).toEqual(made.body);
    await newFlow({ call, programId });
    const found = await call('GET', `${path}?code=HIS-101`);
    expect(expectStatus(found, 200).body).toEqual({ items: [made.body], nextCursor: null });
    expect((await call('GET', `${path}?code=his-101`)).body.items).toEqual([]);
  });

  it('refuses a code that another flow of the program has, and gives it free with that flow', async () => {
    const [one, other] = [await newProgram(url), await newProgram(url)];
    const body = { code: 'HIS-101', title: 'History' };
    const path = `/api/programs/${one.programId}/flows`;
    const { flowId } = expectStatus(await one.call('POST', path, { body }), 201).body;
    const refused = expectStatus(await one.call('POST', path, { body }), 409);
    expect(refused.body).toMatchObject({ code: 'conflict', errors: [{ path: 'code', code: 'code_taken' }] });
    await newFlow(other, { code: 'HIS-101' });
    expectStatus(await one.call('DELETE', `/api/flows/${flowId}`), 204);
    const again = expectStatus(await one.call('POST', path, { body }), 201).body;
    expect(again.flowId).toBeGreaterThan(flowId);
  });

  it.each([
    ['no code', { title: 'x' }],
    ['an empty code', { code: ' ', title: 'x' }],
    ['a code of 101 characters', { code: 'x'.repeat(101), title: 'x' }],
    ['a code with a control character', { code: 'a\u0007b', title: 'x' }],
    ['a broken surrogate', { code: 'a\ud800', title: 'x' }],
    ['no title', { code: 'x' }],
    ['data that is no object', { code: 'x', title: 'x', data: [1] }],
    [
      'data that is too deep',
      { code: 'x', title: 'x', data: { a: JSON.parse('['.repeat(90) + ']'.repeat(90)) } },
    ],
    ['too much data', { code: 'x', title: 'x', data: { a: 'x'.repeat(65_536) } }],
    ['a time limit of no minutes', { code: 'x', title: 'x', syncTimeLimitMinutes: 0 }],
    ['a time limit of half a minute', { code: 'x', title: 'x', syncTimeLimitMinutes: 0.5 }],
    ['a time limit of eight days', { code: 'x', title: 'x', syncTimeLimitMinutes: 11_520 }],
    ['a member that is not there', { code: 'x', title: 'x', colour: 'red' }],
  ])('refuses %s', async (_, body) => {
    const { call, programId } = await newProgram(url);
    const answer = await call('POST', `/api/programs/${programId}/flows`, { body });
    expect(expectStatus(answer, 400).body).toMatchObject({ code: 'invalid_input' });
  });

  it('refuses data so deep that a recursion would end', async () => {
    const { call, programId } = await newProgram(url);
    const body = `{"code":"x","title":"x","data":{"a":${'['.repeat(60_000)}${']'.repeat(60_000)}}}`;
    const headers = { 'content-type': 'application/json' };
    expectStatus(await call('POST', `/api/programs/${programId}/flows`, { body, headers }), 400);
  });
});

describe('the flows of a program', () => {
  it('are listed page by page, and by whether they are archived', async () => {
    const owner = await newProgram(url);
    const ids: number[] = [];
    for (let i = 0; i < 5; i++) ids.push((await newFlow(owner)).flowId);
    const path = `/api/programs/${owner.programId}/flows`;
    const seen: number[] = [];
    let next: string | null = `${path}?limit=2`;
    while (next !== null) {
      const page: Body = expectStatus(await owner.call('GET', next), 200);
      seen.push(...page.body.items.map((flow: Body) => flow.flowId));
      const link: string | undefined = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
      expect(link === undefined).toBe(page.body.nextCursor === null);
      next = link === undefined ? null : link.slice(url.length);
    }
    expect(seen).toEqual(ids);
    expectStatus(await owner.call('PATCH', `/api/flows/${ids[1]}`, { body: { archived: true } }), 200);
    const idsOf = async (archived: boolean) =>
      (await owner.call('GET', `${path}?archived=${archived}`)).body.items.map((flow: Body) => flow.flowId);
    expect(await idsOf(true)).toEqual([ids[1]]);
    expect(await idsOf(false)).toEqual([ids[0], ids[2], ids[3], ids[4]]);
  });

  it('are seen by a system key, and by no other program', async () => {
    const [owner, stranger] = [await newProgram(url), await newProgram(url)];
    const { flowId } = await newFlow(owner);
    expect(expectStatus(await system('GET', `/api/flows/${flowId}`), 200).body.programId).toBe(
      owner.programId,
    );
    expectStatus(await stranger.call('GET', `/api/flows/${flowId}`), 404);
    expectStatus(await stranger.call('PATCH', `/api/flows/${flowId}`, { body: { nonsense: 1 } }), 404);
    expectStatus(await system('GET', '/api/flows/999999999999'), 404);
    for (const id of ['0', '01', '-1', '1e3', '0x10', 'HIS-101', '1.5', '9'.repeat(16), '%20']) {
      expectStatus(await owner.call('GET', `/api/flows/${id}`), 400);
    }
  });

  it('are gone with their program', async () => {
    const owner = await newProgram(url);
    const { flowId } = await newFlow(owner);
    expectStatus(await system('DELETE', `/api/programs/${owner.programId}`), 204);
    expectStatus(await system('GET', `/api/flows/${flowId}`), 404);
  });
});

describe('PATCH /api/flows/{flowId}', () => {
  it('changes what is named and leaves the rest', async () => {
    const owner = await newProgram(url);
    const flow = await newFlow(owner, { data: { a: 1 } });
    const patch = async (body: Body) =>
      expectStatus(await owner.call('PATCH', `/api/flows/${flow.flowId}`, { body }), 200).body;
    expect(await patch({ title: 'Later' })).toMatchObject({ title: 'Later', data: { a: 1 } });
    expect(await patch({ data: null, syncTimeLimitMinutes: 5 })).toMatchObject({
      title: 'Later',
      data: null,
      syncTimeLimitMinutes: 5,
    });
    const answer = await owner.call('PATCH', `/api/flows/${flow.flowId}`, { body: { code: 'other' } });
    expectStatus(answer, 400);
    const audit = await owner.call('GET', `/api/programs/${owner.programId}/audit`);
    expect(audit.body.items[0]).toMatchObject({
      action: 'flow.changed',
      target: String(flow.flowId),
      detail: { members: ['data', 'syncTimeLimitMinutes'] },
    });
  });

  it('archives: all changes are refused until it is opened again', async () => {
    const owner = await newProgram(url);
    const { flowId } = await newFlow(owner);
    const { id } = await newSource(owner, flowId, 'A');
    const [participantId] = await newParticipants(owner, flowId, 1);
    const sources = sourcesPath(flowId);
    const patch = (body: Body) => owner.call('PATCH', `/api/flows/${flowId}`, { body });
    expect(expectStatus(await patch({ archived: true }), 200).body.archived).toBe(true);
    expectStatus(await patch({ archived: true }), 200);
    const refused: [string, string, Body?][] = [
      ['PATCH', `/api/flows/${flowId}`, { title: 'x' }],
      ['PATCH', `/api/flows/${flowId}`, { archived: true, title: 'x' }],
      ['POST', `/api/flows/${flowId}/participants`, [{ externalId: 'new' }]],
      ['DELETE', `/api/flows/${flowId}/participants/${participantId}`],
      ['POST', sources, { reference: 'B' }],
      ['PUT', `${sources}/${id}`, { description: 'x' }],
      ['DELETE', `${sources}/${id}`],
      ['POST', `${sources}/sync`],
      ['POST', `${sources}/A/sync`],
      ['POST', `${sources}/A/sync/done`],
      ['POST', `${sources}/A/sync/fail`],
      ['POST', `${sources}/${id}/allocations/participants`, [participantId]],
      ['DELETE', `${sources}/${id}/allocations/participants/${participantId}`],
      ['DELETE', `${sources}/${id}/allocations`],
    ];
    for (const [method, path, body] of refused) {
      const answer = expectStatus(await owner.call(method, path, body === undefined ? {} : { body }), 403);
      expect(answer.body.detail, `${method} ${path}`).toContain('archived');
    }
    expectStatus(await owner.call('GET', `${sources}/${id}`), 200);
    expect(expectStatus(await patch({ archived: false, title: 'Open' }), 200).body).toMatchObject({
      archived: false,
      title: 'Open',
    });
    expectStatus(await owner.call('POST', `${sources}/A/sync`), 202);
  });

  it('ends what is pending when it archives, and says so', async () => {
    const owner = await newProgram(url);
    const { flowId } = await newFlow(owner);
    await newSource(owner, flowId, 'A');
    const { requestId } = expectStatus(await owner.call('POST', syncPath(flowId, 'A')), 202).body;
    const body = { archived: true };
    const archived = expectStatus(await owner.call('PATCH', `/api/flows/${flowId}`, { body }), 200).body;
    expect(archived).toMatchObject({ state: 'FAILED', label: 'Failed' });
    const [source] = (await owner.call('GET', sourcesPath(flowId))).body.items;
    expect(source).toMatchObject({ state: 'FAILED', deadline: null, requestId });
    expect(source.message).toContain('archived');
    const [part] = (await owner.call('GET', `${sourcesPath(flowId)}/requests`)).body.items;
    expect(part).toMatchObject({ requestId, state: 'CANCELLED', endedBy: owner.keyId });
    const problems = await owner.call('GET', `/api/programs/${owner.programId}/attention`);
    expect(problems.body.items).toEqual([]);
    await owner.call('PATCH', `/api/flows/${flowId}`, { body: { archived: false } });
    const late = await owner.call('POST', `${syncPath(flowId, 'A')}/done`, { body: { requestId } });
    expect(expectStatus(late, 409).body.errors[0].code).toBe('request_ended');
  });
});

describe('DELETE /api/flows/{flowId}', () => {
  it('removes the flow with all it holds, at once for every caller', async () => {
    const owner = await newProgram(url);
    const { flowId } = await newFlow(owner);
    const { id } = await newSource(owner, flowId, 'A');
    await newParticipants(owner, flowId, 3);
    expectStatus(await owner.call('POST', syncPath(flowId, 'A')), 202);
    expectStatus(await owner.call('DELETE', `/api/flows/${flowId}`), 204);
    for (const path of ['', '/participants', '/external-sources', `/external-sources/${id}`]) {
      expectStatus(await owner.call('GET', `/api/flows/${flowId}${path}`), 404);
      expectStatus(await system('GET', `/api/flows/${flowId}${path}`), 404);
    }
    expectStatus(await owner.call('POST', `${syncPath(flowId, 'A')}/done`), 404);
    expectStatus(await owner.call('DELETE', `/api/flows/${flowId}`), 404);
  });
});
