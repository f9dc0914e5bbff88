import { describe, expect, inject, it } from 'vitest';
import { signedIn } from '../support/browser.ts';
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
      detail: { members: ['name'], changes: { name: [expect.any(String), 'changed'] } },
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

describe('the audit log, filtered', () => {
  const made = async () => {
    const program = await newProgram(url);
    const { call, programId } = program;
    const api = (path: string) => `/api/programs/${programId}/${path}`;
    const hook = { url: 'https://school.example/hooks?token=secret-token', events: ['job.*'] };
    const { webhookId } = expectStatus(await call('POST', api('webhooks'), { body: hook }), 201).body;
    const patch = {
      events: ['job.failed'],
      description: '=1+1',
      url: 'https://school.example/x?token=other',
    };
    expectStatus(await call('PATCH', api(`webhooks/${webhookId}`), { body: patch }), 200);
    expectStatus(await call('PUT', api('tasks/people'), { body: peopleTask }), 200);
    const upsert = { ...peopleTask, mode: 'upsert' };
    expectStatus(await call('PUT', api('tasks/people'), { body: upsert }), 200);
    const list = async (query: string): Promise<Body[]> =>
      expectStatus(await call('GET', api(`audit?${query}`)), 200).body.items;
    return { program, api, webhookId, list };
  };

  it('finds what a person did, what was done to a thing, and acts of a kind', async () => {
    const { program, webhookId, list } = await made();
    expect((await list(`target=${webhookId}`)).map(({ action }) => action)).toEqual([
      'webhook.changed',
      'webhook.created',
    ]);
    expect((await list('action=webhook.')).map(({ target }) => target)).toEqual([webhookId, webhookId]);
    expect(await list('action=webhook')).toEqual([]);
    const own = await list(`actor=${program.keyId.toUpperCase()}&action=task.saved`);
    expect(own.map(({ target }) => target)).toEqual(['people', 'people']);
    expect(await list('actor=nobody-like-that')).toEqual([]);
  });

  it('says what settings were and are, and nothing secret of them', async () => {
    const { webhookId, list } = await made();
    const [changed] = await list(`target=${webhookId}&action=webhook.changed`);
    expect(changed?.detail.changes).toEqual({
      events: [['job.*'], ['job.failed']],
      description: [expect.anything(), '=1+1'],
    });
    expect(changed?.detail.members).toContain('url');
    expect(JSON.stringify(changed)).not.toContain('token');
    const [task] = await list('action=task.saved&limit=1');
    expect(task?.detail.changes).toEqual({ mode: ['full', 'upsert'] });
  });

  it('is a file for a spreadsheet, which runs nothing of it', async () => {
    const { api, program } = await made();
    const answer = await program.call('GET', api('audit.csv?action=webhook.'));
    expect(answer.headers.get('content-disposition')).toContain('attachment');
    const lines = answer.text.replace('\ufeff', '').trimEnd().split('\r\n');
    expect(lines[0]).toBe('at,actor,action,target,requestId,detail,auditId');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain('webhook.changed');
    for (const line of lines) expect(line).not.toMatch(/(^|,)[=+@-]/);
  });

  it('stands on its page: filters in the address, before and after, the file', async () => {
    const { program, webhookId } = await made();
    const visitor = await signedIn(url, program.key);
    const page = `/p/${program.programId}/audit`;
    const { html } = await visitor.get(`${page}?target=${webhookId}`);
    expect(html).toContain('<del>job.*</del> → <ins>job.failed</ins>');
    expect(html).toContain(`audit.csv?target=${webhookId}`);
    expect(html).not.toContain('task.saved');
    const file = await visitor.get(`${page}.csv?target=${webhookId}`);
    expect([file.status, file.html.split('\r\n').length]).toEqual([200, 4]);
    const reader = await signedIn(url, await program.keyWith('read'));
    expect((await reader.get(`${page}.csv`)).status).toBe(403);
  });
});
