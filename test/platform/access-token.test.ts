import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyAccessToken } from '../../src/platform/access-token.ts';
import {
  audience,
  newSigningKey,
  type SigningKey,
  signToken,
  startTeam,
  type Team,
} from '../support/access.ts';

let team: Team;
let secret: SigningKey;
let open: SigningKey;
let served: SigningKey[];
const audiences = ['another', audience];
const now = Math.floor(Date.now() / 1_000);

beforeAll(async () => {
  ({ secret, open } = await newSigningKey('k1'));
  served = [open];
  team = await startTeam(served);
});
afterAll(() => team.close());

const verify = (token: string, nowMs = Date.now()) =>
  verifyAccessToken(token, { team: team.url, audiences }, nowMs);

describe('a token of Access', () => {
  it('says who it is, by address and groups', async () => {
    const token = await signToken(secret, team.url, {
      email: 'Anna@Harbour.example',
      custom: { groups: ['registrars', 7] },
    });
    expect(await verify(token)).toEqual({ email: 'anna@harbour.example', groups: ['registrars'] });
  });

  it.each<[string, Record<string, unknown>]>([
    ['another team', { iss: 'https://other.cloudflareaccess.com' }],
    ['another application', { aud: ['somebody-else'] }],
    ['no application', { aud: undefined }],
    ['yesterday', { exp: now - 1 }],
    ['no end', { exp: undefined }],
    ['an end that is no number', { exp: '9999999999' }],
    ['tomorrow', { nbf: now + 3_600 }],
    ['the future', { iat: now + 3_600 }],
    ['the team itself, not an application', { type: 'org' }],
    ['a service', { email: undefined, common_name: 'robot' }],
    ['an address that is none', { email: 'anna' }],
  ])('of %s is nobody', async (_, claims) => {
    expect(await verify(await signToken(secret, team.url, claims))).toBeNull();
  });

  it('with another algorithm, key or text is nobody', async () => {
    const token = await signToken(secret, team.url);
    const [head = '', body = '', signature = ''] = token.split('.');
    const none = `${Buffer.from('{"alg":"none","kid":"k1"}').toString('base64url')}.${body}.`;
    const hmacHead = Buffer.from('{"alg":"HS256","kid":"k1"}').toString('base64url');
    const hmac = createHmac('sha256', JSON.stringify(open)).update(`${hmacHead}.${body}`).digest('base64url');
    const { secret: foreign } = await newSigningKey('k1');
    const changed = Buffer.from(body, 'base64url').toString().replace('anna@', 'root@');
    const wrong = [
      none,
      `${hmacHead}.${body}.${hmac}`,
      await signToken(foreign, team.url),
      await signToken(secret, team.url, {}, { alg: 'RS512' }),
      await signToken(secret, team.url, {}, { crit: ['exp'] }),
      await signToken(secret, team.url, {}, { kid: undefined }),
      `${head}.${Buffer.from(changed).toString('base64url')}.${signature}`,
      `${head}.${body}`,
      `${token}.x`,
      `${head}.${body}.!!!`,
      '',
      'a.b.c',
      'x'.repeat(20_000),
    ];
    for (const one of wrong) expect(await verify(one), one.slice(0, 60)).toBeNull();
    expect(await verify(token)).not.toBeNull();
  });
});

describe('the keys of a team', () => {
  it('are asked for once, again for a new one, and at most once a minute for made-up ones', async () => {
    const other = await newSigningKey('a1');
    const keys = [other.open];
    const own = await startTeam(keys);
    const ask = (token: string, nowMs: number) =>
      verifyAccessToken(token, { team: own.url, audiences }, nowMs);
    const start = Date.now();
    const token = await signToken(other.secret, own.url, { exp: now + 10 * 86_400 });
    for (let times = 0; times < 5; times++) expect(await ask(token, start)).not.toBeNull();
    expect(own.asked()).toBe(1);
    const later = await newSigningKey('a2');
    keys.push(later.open);
    const newer = await signToken(later.secret, own.url, { exp: now + 10 * 86_400 });
    expect(await ask(newer, start + 1_000)).toBeNull();
    expect(await ask(newer, start + 61_000)).not.toBeNull();
    expect(own.asked()).toBe(2);
    const madeUp = await signToken(later.secret, own.url, {}, { kid: 'made-up' });
    for (let times = 0; times < 5; times++) await ask(madeUp, start + 62_000);
    expect(own.asked()).toBe(2);
    // A key that is served no more ends within the hour; a team that is away keeps its keys for a day.
    keys.shift();
    expect(await ask(token, start + 3_700_000)).toBeNull();
    own.setAway(true);
    expect(await ask(newer, start + 20 * 3_600_000)).not.toBeNull();
    expect(await ask(newer, start + 26 * 3_600_000)).toBeNull();
    await own.close();
  });
});
