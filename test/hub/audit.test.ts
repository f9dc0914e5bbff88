import { describe, expect, inject, it } from 'vitest';
import {
  type Body,
  caller,
  expectStatus,
  localSystemKey,
  newProgram,
  peopleTask,
  type TestProgram,
} from '../support/client.ts';

const url = inject('hubUrl');
const system = caller(url, localSystemKey);

const logOf = async ({ call, programId }: TestProgram): Promise<Body[]> =>
  expectStatus(await call('GET', `/api/programs/${programId}/audit?limit=200`), 200).body.items;

describe('GET /api/programs/{programId}/audit', () => {
  it('says who did what to which thing, newest first, with the request', async () => {
    const program = await newProgram(url);
    const { call, programId, keyId } = program;
    const changed = await call('PATCH', `/api/programs/${programId}`, { body: { name: 'changed' } });
    const [latest, ...before] = await logOf(program);
    expect(latest).toEqual({
      auditId: expect.stringMatching(/^aud_/),
      at: expect.stringMatching(/Z$/),
      actor: keyId,
      action: 'program.changed',
      target: programId,
      requestId: changed.headers.get('x-request-id'),
      detail: { members: ['name'] },
    });
    expect(before.map(({ action, actor }) => [action, actor])).toEqual([
      ['key.created', 'system'],
      ['program.created', 'system'],
    ]);
  });

  it('has an entry for each act on what a program holds', async () => {
    const program = await newProgram(url);
    const { call, programId } = program;
    const base = `/api/programs/${programId}`;
    expectStatus(await call('PUT', `${base}/tasks/people`, { body: peopleTask }), 200);
    expectStatus(await call('PUT', `${base}/files/warehouse/p.csv`, { body: 'id,name\n1,Ada\n' }), 201);
    expectStatus(await call('POST', '/api/webhook/people', { body: { filename: 'p.csv' } }), 200);
    expectStatus(await call('POST', `${base}/webhooks/notification-secret/rotate-secret`), 200);
    const { keyId } = (await call('POST', `${base}/keys`, { body: { name: 'k', scopes: ['read'] } })).body;
    expectStatus(await call('POST', `${base}/keys/${keyId}/rotate`), 201);
    expectStatus(await call('DELETE', `${base}/keys/${keyId}`), 204);
    expectStatus(await call('DELETE', `${base}/files/warehouse/p.csv`), 204);
    expectStatus(await call('DELETE', `${base}/tasks/people`), 204);
    const actions = (await logOf(program)).map(({ action }) => action);
    expect(actions).toEqual(
      expect.arrayContaining([
        ...['task.saved', 'file.stored', 'job.called', 'signing_secret.rotated', 'key.created'],
        ...['key.rotated', 'key.revoked', 'file.deleted', 'task.deleted'],
      ]),
    );
  });

  it('has none for what was refused', async () => {
    const program = await newProgram(url);
    const { call, programId } = program;
    const before = await logOf(program);
    await call('PATCH', `/api/programs/${programId}`, { body: { timeZone: 'Mars/Olympus' } });
    await call('POST', `/api/programs/${programId}/keys/key_1/rotate`);
    await call('DELETE', `/api/programs/${programId}`);
    await system('POST', '/api/programs', { body: { programId, name: 'again' } });
    expect(await logOf(program)).toEqual(before);
  });

  it('never holds a value that was set', async () => {
    const program = await newProgram(url);
    const { call, programId } = program;
    const settings = {
      contacts: { emails: ['ada@private.example'], webhook: 'https://hooks.private.example/token-123' },
      learningBuilder: { baseUrl: 'https://lb.private.example', apiKey: 'lb-secret-456' },
    };
    expectStatus(await call('PATCH', `/api/programs/${programId}`, { body: settings }), 200);
    expect(JSON.stringify(await logOf(program))).not.toMatch(/private\.example|token-123|lb-secret/);
  });

  it('is walked page by page without gap or repeat', async () => {
    const program = await newProgram(url);
    const { call, programId } = program;
    for (let n = 0; n < 5; n++) {
      expectStatus(await call('PATCH', `/api/programs/${programId}`, { body: { name: `n${n}` } }), 200);
    }
    const all = (await logOf(program)).map(({ auditId }) => auditId);
    const walked: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await call('GET', `/api/programs/${programId}/audit?limit=3${query}`);
      walked.push(...body.items.map((entry: Body) => entry.auditId));
      cursor = body.nextCursor;
    }
    expect(walked).toEqual(all);
    expect(walked).toHaveLength(7);
  });
});
