import { describe, expect, inject, it } from 'vitest';
import { signedIn } from '../support/browser.ts';
import {
  type Answer,
  allScopes,
  type Body,
  caller,
  expectStatus,
  localSystemKey,
  newProgram,
  type TestProgram,
  until,
} from '../support/client.ts';

const url = inject('hubUrl');
const system = caller(url, localSystemKey);
const noKey = caller(url, null);
const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();

const pathOf = ({ programId }: TestProgram) => `/api/programs/${programId}/keys`;

const make = (program: TestProgram, body: Body = {}): Promise<Answer> =>
  program.call('POST', pathOf(program), { body: { name: 'k', scopes: ['read'], ...body } });

const read = ({ programId }: TestProgram, key: string | null, headers: Record<string, string> = {}) =>
  noKey('GET', `/api/programs/${programId}`, { key, headers });

const rotate = (program: TestProgram, keyId: string, body?: Body, call = program.call): Promise<Answer> =>
  call('POST', `${pathOf(program)}/${keyId}/rotate`, { body });

describe('POST /api/programs/{programId}/keys', () => {
  it('shows a key once, and never again', async () => {
    const program = await newProgram(url);
    const made = expectStatus(await make(program), 201);
    const { keyId, key } = made.body;
    expect(key).toMatch(/^cwk_[\w-]{43}$/);
    expect(keyId).toMatch(/^key_[0-9a-z]{26}$/);
    expect(made.headers.get('location')).toBe(`${pathOf(program)}/${keyId}`);
    expect(made.headers.get('cache-control')).toBe('no-store');
    const list = expectStatus(await program.call('GET', pathOf(program)), 200);
    const audit = await program.call('GET', `/api/programs/${program.programId}/audit`);
    for (const answer of [list, audit]) expect(answer.text).not.toContain(key);
    expect(list.body.items.find((one: Body) => one.keyId === keyId)).toEqual({
      keyId,
      name: 'k',
      scopes: ['read'],
      createdAt: expect.any(String),
      expiresAt: null,
      endsAt: null,
      rotatedTo: null,
      lastUsedAt: null,
      lastUsedFrom: null,
      lastUsedFor: null,
      lastUsedBy: null,
    });
  });

  it('never makes the same key twice', async () => {
    const program = await newProgram(url);
    const keys = await Promise.all(
      [1, 2, 3].map(async () => expectStatus(await make(program), 201).body.key),
    );
    expect(new Set(keys).size).toBe(3);
  });

  it.each([
    ['no scopes', { scopes: [] }],
    ['an unknown scope', { scopes: ['everything'] }],
    ['the scope of system keys', { scopes: ['system'] }],
    ['scopes that are no list', { scopes: 'read' }],
    ['no name', { name: '' }],
    ['an unknown member', { expires: '2030-01-01' }],
    ['a day for an end', { expiresAt: '2030-01-01' }],
    ['a time without zone for an end', { expiresAt: '2030-01-01T00:00:00' }],
    ['a day that is none', { expiresAt: '2030-02-31T00:00:00Z' }],
    ['an end in the past', { expiresAt: '2020-01-01T00:00:00Z' }],
  ])('refuses %s', async (_, body) => {
    const answer = expectStatus(await make(await newProgram(url), body), 400);
    expect(answer.body.errors).toHaveLength(1);
  });

  it('counts a scope once', async () => {
    const program = await newProgram(url);
    const { keyId } = expectStatus(await make(program, { scopes: ['read', 'read', 'files'] }), 201).body;
    const list = await program.call('GET', pathOf(program));
    expect(list.body.items.find((one: Body) => one.keyId === keyId).scopes).toEqual(['read', 'files']);
  });

  it('hands on only the scopes of the key that asks', async () => {
    const program = await newProgram(url);
    const call = caller(url, await program.keyWith('manage', 'read'));
    const ask = (scopes: string[]) => call('POST', pathOf(program), { body: { name: 'k', scopes } });
    expectStatus(await ask(['read']), 201);
    expectStatus(await ask(['manage', 'read']), 201);
    const beyond = expectStatus(await ask(['read', 'files', 'jobs']), 403);
    expect(beyond.body.detail).toContain('files, jobs');
    expectStatus(await system('POST', pathOf(program), { body: { name: 'k', scopes: allScopes } }), 201);
  });
});

describe('a key', () => {
  it.each([
    ['x-api-key', (key: string) => ({ 'x-api-key': key })],
    ['Bearer', (key: string) => ({ authorization: `Bearer ${key}` })],
    [
      'Basic with its id',
      (key: string, keyId: string) => ({ authorization: `Basic ${btoa(`${keyId}:${key}`)}` }),
    ],
    ['Basic without an id', (key: string) => ({ authorization: `Basic ${btoa(`:${key}`)}` })],
  ])('is taken as %s', async (_, headersOf) => {
    const program = await newProgram(url);
    expectStatus(await read(program, null, headersOf(program.key, program.keyId)), 200);
  });

  it.each([
    ['with the id of another key', async (p: TestProgram) => `${(await make(p)).body.keyId}:${p.key}`],
    ['with the id of system keys', async (p: TestProgram) => `system:${p.key}`],
    ['with key and id the wrong way round', async (p: TestProgram) => `${p.key}:${p.keyId}`],
    ['with an empty key', async (p: TestProgram) => `${p.keyId}:`],
  ])('is refused as Basic %s', async (_, credentials) => {
    const program = await newProgram(url);
    const headers = { authorization: `Basic ${btoa(await credentials(program))}` };
    expectStatus(await read(program, null, headers), 401);
  });

  it('is compared to the last character', async () => {
    const program = await newProgram(url);
    const last = program.key.at(-1) === 'A' ? 'B' : 'A';
    expectStatus(await read(program, program.key.slice(0, -1) + last), 401);
    expectStatus(await read(program, program.key.slice(0, -1)), 401);
    expectStatus(await read(program, `${program.key}A`), 401);
  });

  it('is taken from the body of the job call alone, in any letter case', async () => {
    const program = await newProgram(url);
    for (const name of ['apiKey', 'apikey', 'APIKEY', 'ApiKey']) {
      const body = { [name]: program.key, filename: 'a.csv' };
      const answer = expectStatus(await noKey('POST', '/api/webhook/people', { body }), 400);
      expect(answer.body.code).toBe('unknown_job');
    }
    const body = { apiKey: program.key, name: 'k', scopes: ['read'] };
    expectStatus(await noKey('POST', pathOf(program), { body }), 401);
  });

  it.each([[''], [null], [5], [{}], [['x']], ['cwk_wrong_but_long_enough_to_be_looked_at']])(
    'in the body of the job call is refused when it is %j',
    async (apiKey) => {
      expectStatus(await noKey('POST', '/api/webhook/people', { body: { apiKey, filename: 'a.csv' } }), 401);
    },
  );

  it('in a header counts, whatever the body says', async () => {
    const [mine, theirs] = [await newProgram(url), await newProgram(url)];
    const body = { apiKey: theirs.key, filename: 'a.csv' };
    expectStatus(await mine.call('POST', `/api/webhook/people?program=${mine.programId}`, { body }), 400);
    expectStatus(await mine.call('POST', `/api/webhook/people?program=${theirs.programId}`, { body }), 404);
    const wrong = await noKey('POST', '/api/webhook/people', { key: 'cwk_0000000000000000000000000', body });
    expectStatus(wrong, 401);
  });
});

describe('a key with an end', () => {
  it.each([
    [30 * 24 + 1, '30'],
    [47, '1'],
    [1, '0'],
  ])('that is %i hours away says so with every answer', async (hours, days) => {
    const program = await newProgram(url);
    const { key } = expectStatus(await make(program, { expiresAt: inHours(hours) }), 201).body;
    expect((await read(program, key)).headers.get('x-api-key-days-remaining')).toBe(days);
    const failed = expectStatus(await noKey('GET', '/api/programs', { key }), 403);
    expect(failed.headers.get('x-api-key-days-remaining')).toBe(days);
  });

  it('says nothing of it when it has none', async () => {
    const program = await newProgram(url);
    expect((await read(program, program.key)).headers.get('x-api-key-days-remaining')).toBeNull();
    expect((await system('GET', '/healthz')).headers.get('x-api-key-days-remaining')).toBeNull();
  });

  it('is dead after it, and can neither be used nor rotated', async () => {
    const program = await newProgram(url);
    // Each lives twice as long as the one before, until one is used within its life.
    let lifeMs = 1_000;
    const { key, keyId } = await until(
      async () => {
        lifeMs *= 2;
        const expiresAt = new Date(Date.now() + lifeMs).toISOString();
        const { body } = expectStatus(await make(program, { expiresAt }), 201);
        return { ...body, used: await read(program, body.key) };
      },
      ({ used }) => used.status === 200,
    );
    await expect.poll(async () => (await read(program, key)).status, { timeout: 60_000 }).toBe(401);
    expectStatus(await rotate(program, keyId), 404);
  });
});

describe('POST …/keys/{keyId}/rotate', () => {
  it('gives a new key like the old one, and both work for the overlap', async () => {
    const program = await newProgram(url);
    const expiresAt = inHours(24 * 100);
    const old = expectStatus(await make(program, { scopes: ['read', 'files'], expiresAt }), 201).body;
    const fresh = expectStatus(await rotate(program, old.keyId, { overlapHours: 49 }), 201).body;
    expect(fresh.keyId).not.toBe(old.keyId);
    for (const key of [old.key, fresh.key]) expectStatus(await read(program, key), 200);
    expect((await read(program, old.key)).headers.get('x-api-key-days-remaining')).toBe('2');
    expect((await read(program, fresh.key)).headers.get('x-api-key-days-remaining')).toBe('99');
    const { items } = (await program.call('GET', pathOf(program))).body;
    const find = (keyId: string) => items.find((one: Body) => one.keyId === keyId);
    expect(find(old.keyId)).toMatchObject({ endsAt: fresh.oldKeyEndsAt, rotatedTo: fresh.keyId });
    expect(find(fresh.keyId)).toMatchObject({
      name: 'k',
      scopes: ['read', 'files'],
      expiresAt,
      endsAt: null,
    });
    const overlapMs = Date.parse(fresh.oldKeyEndsAt) - Date.now();
    expect(Math.abs(overlapMs - 49 * 3_600_000)).toBeLessThan(60_000);
  });

  it('overlaps for a day unless told', async () => {
    const program = await newProgram(url);
    const { keyId } = expectStatus(await make(program), 201).body;
    const { oldKeyEndsAt } = expectStatus(await rotate(program, keyId), 201).body;
    expect(Math.abs(Date.parse(oldKeyEndsAt) - Date.now() - 24 * 3_600_000)).toBeLessThan(60_000);
  });

  it('ends the old key at once without an overlap', async () => {
    const program = await newProgram(url);
    const old = expectStatus(await make(program), 201).body;
    const fresh = expectStatus(await rotate(program, old.keyId, { overlapHours: 0 }), 201).body;
    expectStatus(await read(program, old.key), 401);
    expectStatus(await read(program, fresh.key), 200);
  });

  it('is done once, also when two ask at the same time', async () => {
    const program = await newProgram(url);
    const { keyId } = expectStatus(await make(program), 201).body;
    const answers = await Promise.all([1, 2, 3, 4].map(() => rotate(program, keyId)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    expectStatus(await rotate(program, keyId), 409);
    const { items } = (await program.call('GET', pathOf(program))).body;
    expect(items).toHaveLength(3);
  });

  it('hands on only the scopes of the key that asks', async () => {
    const program = await newProgram(url);
    const call = caller(url, await program.keyWith('manage'));
    expectStatus(await rotate(program, program.keyId, undefined, call), 403);
    expectStatus(await read(program, program.key), 200);
  });

  it.each([[-1], [721], ['24'], [null]])('refuses an overlap of %j hours', async (overlapHours) => {
    const program = await newProgram(url);
    expectStatus(await rotate(program, program.keyId, { overlapHours }), 400);
  });

  it('finds no key of another program, and none that is revoked', async () => {
    const [mine, theirs] = [await newProgram(url), await newProgram(url)];
    expectStatus(await rotate(mine, theirs.keyId), 404);
    const { keyId } = expectStatus(await make(mine), 201).body;
    expectStatus(await mine.call('DELETE', `${pathOf(mine)}/${keyId}`), 204);
    expectStatus(await rotate(mine, keyId), 404);
    expectStatus(await read(theirs, theirs.key), 200);
  });
});

describe('DELETE …/keys/{keyId}', () => {
  it('ends a key for the very next request, everywhere', async () => {
    const program = await newProgram(url);
    const { key, keyId } = expectStatus(await make(program, { scopes: ['read', 'jobs'] }), 201).body;
    expectStatus(await program.call('DELETE', `${pathOf(program)}/${keyId}`), 204);
    expectStatus(await read(program, key), 401);
    expectStatus(await noKey('POST', '/api/webhook/people', { body: { apiKey: key, filename: 'a' } }), 401);
    expectStatus(await noKey('GET', '/healthz', { key }), 401);
    const { items } = (await program.call('GET', pathOf(program))).body;
    expect(items.map((one: Body) => one.keyId)).not.toContain(keyId);
    expectStatus(await program.call('DELETE', `${pathOf(program)}/${keyId}`), 404);
  });

  it('ends a key in its overlap as well', async () => {
    const program = await newProgram(url);
    const old = expectStatus(await make(program), 201).body;
    const fresh = expectStatus(await rotate(program, old.keyId), 201).body;
    expectStatus(await program.call('DELETE', `${pathOf(program)}/${old.keyId}`), 204);
    expectStatus(await read(program, old.key), 401);
    expectStatus(await read(program, fresh.key), 200);
  });

  it('lets a key end itself', async () => {
    const program = await newProgram(url);
    expectStatus(await program.call('DELETE', `${pathOf(program)}/${program.keyId}`), 204);
    expectStatus(await read(program, program.key), 401);
  });

  it("does not touch another program's key", async () => {
    const [mine, theirs] = [await newProgram(url), await newProgram(url)];
    expectStatus(await mine.call('DELETE', `${pathOf(mine)}/${theirs.keyId}`), 404);
    expectStatus(await read(theirs, theirs.key), 200);
  });
});

describe('the last use of a key', () => {
  const useOf = async (program: TestProgram, keyId: string): Promise<Body> =>
    expectStatus(await program.call('GET', pathOf(program)), 200).body.items.find(
      (one: Body) => one.keyId === keyId,
    );

  it('is noted after the answer: when, from where, for what and by what; and not again within the hour', async () => {
    const program = await newProgram(url);
    const { keyId, key } = expectStatus(await make(program), 201).body;
    expectStatus(await read(program, key, { 'user-agent': 'nightly-sync/1.0' }), 200);
    const used = await until(
      () => useOf(program, keyId),
      ({ lastUsedAt }) => lastUsedAt !== null,
    );
    expect(used).toMatchObject({
      lastUsedFor: 'GET /api/programs/:programId',
      lastUsedBy: 'nightly-sync/1.0',
      lastUsedFrom: expect.stringMatching(/\S/),
    });
    expectStatus(await read(program, key, { 'user-agent': 'another/2.0' }), 200);
    // What another key does after it is noted after it.
    const other = expectStatus(await make(program), 201).body;
    expectStatus(await read(program, other.key), 200);
    await until(
      () => useOf(program, other.keyId),
      ({ lastUsedAt }) => lastUsedAt !== null,
    );
    expect(await useOf(program, keyId)).toEqual(used);
  });

  it('is said where the key is to be revoked, and a key that nobody uses is named', async () => {
    const program = await newProgram(url);
    const { keyId, key } = expectStatus(await make(program, { name: 'warehouse' }), 201).body;
    expectStatus(await read(program, key, { 'user-agent': 'nightly-sync/1.0' }), 200);
    await until(
      () => useOf(program, keyId),
      ({ lastUsedAt }) => lastUsedAt !== null,
    );
    const visitor = await signedIn(url, program.key);
    const page = `/p/${program.programId}/keys`;
    const { html } = await visitor.get(page);
    expect(html).toContain('by nightly-sync/1.0');
    expect(html).toContain('none has gone unused for 90 days');
  });
});
