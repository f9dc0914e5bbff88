import { beforeAll, describe, expect, inject, it } from 'vitest';
import { signToken } from '../support/access.ts';
import { newVisitor } from '../support/browser.ts';
import { caller, expectStatus, localSystemKey, newProgram } from '../support/client.ts';

const url = inject('hubUrl');
const { team, secret } = inject('access');
const system = caller(url, localSystemKey);
const header = async (claims: Record<string, unknown> = {}) => ({
  'cf-access-jwt-assertion': await signToken(secret, team, claims),
});
const at = (path: string) => `/p/access-quay/${path}`;

beforeAll(async () => {
  expectStatus(
    await system('POST', '/api/programs', { body: { programId: 'access-quay', name: 'Quay' } }),
    201,
  );
});

describe('somebody whom Cloudflare Access lets through', () => {
  it('enters without a key, with the scopes of their role, and is named in the audit log', async () => {
    const token = await header();
    const anna = newVisitor(url);
    const page = await anna.get('/sign-in', token);
    expect(page.html).toContain('You are anna@harbour.example.');
    expect(page.html).toContain('Enter access-quay');
    const entered = await anna.post('/sign-in/access', { program: 'access-quay', to: at('flows') }, token);
    expect([entered.status, entered.location]).toEqual([303, at('flows')]);
    expect((await anna.get(at('flows'), token)).html).toContain('anna@harbour.example');
    expect((await anna.get(at('keys'), token)).status).toBe(403);
    const made = await anna.post(at('flows'), { code: 'A-1', title: 'Access' }, token);
    expect(made.status).toBe(303);
    const { body } = await system('GET', '/api/programs/access-quay/audit');
    const seen = body.items.map(({ actor, action }: never) => [actor, action]);
    expect(seen).toContainEqual(['access:anna@harbour.example', 'session.opened']);
    expect(seen).toContainEqual(['access:anna@harbour.example', 'flow.created']);
  });

  it('is nobody without the token, with somebody else’s, or once the rules or the token end', async () => {
    const token = await header();
    const anna = newVisitor(url);
    await anna.post('/sign-in/access', { program: 'access-quay' }, token);
    expect((await anna.get(at('flows'), token)).status).toBe(200);
    expect((await anna.get(at('flows'))).status).toBe(303);
    expect((await anna.get(at('flows'), await header({ email: 'ben@harbour.example' }))).status).toBe(303);
    const ended = await header({ exp: Math.floor(Date.now() / 1_000) - 1 });
    expect((await anna.get(at('flows'), ended)).status).toBe(303);
    const forged = { 'cf-access-jwt-assertion': `${token['cf-access-jwt-assertion'].slice(0, -8)}AAAAAAAA` };
    expect((await anna.get(at('flows'), forged)).status).toBe(303);
    expect((await anna.get(at('flows'), token)).status).toBe(200);
  });

  it('enters no other program, and nobody’s form enters for them', async () => {
    const token = await header();
    const other = await newProgram(url);
    const anna = newVisitor(url);
    expect((await anna.post('/sign-in/access', { program: other.programId }, token)).status).toBe(401);
    expect((await anna.post('/sign-in/access', { program: '' }, token)).status).toBe(401);
    const crossed = { ...token, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect((await anna.post('/sign-in/access', { program: 'access-quay' }, crossed)).status).toBe(403);
    expect((await newVisitor(url).post('/sign-in/access', { program: 'access-quay' })).status).toBe(401);
    await anna.post('/sign-in/access', { program: 'access-quay' }, token);
    expect((await anna.get(`/p/${other.programId}/overview`, token)).status).toBe(404);
  });

  it('is the operator where a rule says so', async () => {
    const token = await header({ email: 'ops@crosswalk.example' });
    const ops = newVisitor(url);
    expect((await ops.get('/sign-in', token)).html).toContain('Enter as operator');
    expect((await ops.post('/sign-in/access', { program: '' }, token)).status).toBe(303);
    expect((await ops.get('/hub', token)).status).toBe(200);
    expect((await ops.get('/hub')).status).toBe(303);
  });

  it('has no say at the API, which takes keys', async () => {
    const answer = await fetch(`${url}/api/programs/access-quay`, { headers: await header() });
    expect(answer.status).toBe(401);
  });

  it('is known even where no program is theirs', async () => {
    const page = await newVisitor(url).get('/sign-in', await header({ email: 'guest@else.example' }));
    expect(page.html).toContain('no program is theirs');
  });
});
