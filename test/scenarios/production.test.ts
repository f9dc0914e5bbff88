import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BareHub, startBareHub } from '../../bench/hub.ts';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { signedIn, textOf, verdictOf } from '../support/browser.ts';
import { type Call, caller, expectStatus, localSystemKey, until } from '../support/client.ts';

const systemKey = 'cwk_a_system_key_that_no_example_has_shown';
const production = {
  ENVIRONMENT: 'production',
  SYSTEM_KEY: systemKey,
  TEST_CLOCK: 'off',
  ALLOW_LOOPBACK: 'off',
  RATE_LIMIT: 'on',
  RELAY_TOKEN: '',
  DNS_RESOLVER: 'https://cloudflare-dns.com/dns-query',
};
const devRoutes = [
  ['POST', '/dev/clock'],
  ['POST', '/dev/cron'],
  ['POST', '/dev/sweep'],
  ['POST', '/dev/queue'],
  ['POST', '/dev/statements'],
  ['GET', '/dev/routes'],
] as const;

describe('a hub in production with settings of development', () => {
  let hub: Hub;
  beforeAll(async () => {
    hub = await startHub({ vars: { ENVIRONMENT: 'production' }, healthStatus: 503 });
  });
  afterAll(() => hub?.stop());

  it('serves nobody, not even with its key', async () => {
    const system = caller(hub.url, localSystemKey);
    const addresses = [
      ['GET', '/healthz'],
      ['GET', '/api/programs'],
      ['GET', '/api/docs'],
      ...devRoutes,
    ] as const;
    for (const [method, path] of addresses) {
      const answer = expectStatus(await system(method, path), 503);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(answer.body).toMatchObject({
        code: 'unavailable',
        requestId: answer.headers.get('x-request-id'),
      });
      expect(answer.text).not.toMatch(/SYSTEM_KEY|TEST_CLOCK|ALLOW_LOOPBACK/);
    }
  });

  it('says in its log which settings, and not their values', () => {
    const log = hub.lines.join('\n');
    for (const name of ['SYSTEM_KEY', 'TEST_CLOCK', 'ALLOW_LOOPBACK', 'RATE_LIMIT', 'DNS_RESOLVER']) {
      expect(log).toMatch(new RegExp(`"detail":"[^"]*${name}: `));
    }
    expect(log).not.toContain(localSystemKey);
  });
});

describe('a hub in production', () => {
  let hub: Hub;
  let system: Call;
  const programId = 'school';
  beforeAll(async () => {
    hub = await startHub({ vars: { ...production, S3_ENDPOINT: '', MAX_UPLOAD_BYTES: '1000' } });
    system = caller(hub.url, systemKey);
    expectStatus(await system('POST', '/api/programs', { body: { programId, name: 'A school' } }), 201);
  });
  afterAll(() => hub?.stop());

  it('has no test clock, no faults and no list of routes', async () => {
    for (const [method, path] of devRoutes) {
      const body =
        method === 'POST' ? { body: { now: '2030-01-01T00:00:00Z', lose: true, cron: '* * * * *' } } : {};
      expect(expectStatus(await system(method, path, body), 404).body.code).toBe('not_found');
    }
  });

  it('does not know the example key', async () => {
    expectStatus(await caller(hub.url, localSystemKey)('GET', '/api/programs'), 401);
  });

  it('calls nobody on loopback', async () => {
    for (const webhook of ['http://127.0.0.1:9000/', 'https://localhost/', 'http://[::1]/']) {
      const answer = await system('PATCH', `/api/programs/${programId}`, { body: { contacts: { webhook } } });
      expect(expectStatus(answer, 400).body.code).toBe('url_not_allowed');
    }
  });

  it('says that uploads to the object store are not configured, where they are not', async () => {
    const body = { folder: 'warehouse', filename: 'a.csv', size: 5 };
    const answer = await system('POST', `/api/programs/${programId}/uploads`, { body });
    expect(expectStatus(answer, 501).body.code).toBe('not_configured');
  });

  it('refuses a file that is too large, announced or not, and stores nothing of it', async () => {
    const path = `/api/programs/${programId}/files/warehouse/a.csv`;
    const small = new Uint8Array(1_000);
    const large = new Uint8Array(1_001);
    for (const body of [large, new Blob([large]).stream()]) {
      expect(expectStatus(await system('PUT', path, { body }), 413).body.code).toBe('payload_too_large');
      expectStatus(await system('GET', path), 404);
    }
    for (const body of [small, new Blob([small]).stream()]) {
      expect(expectStatus(await system('PUT', path, { body }), 201).body.sizeBytes).toBe(1_000);
    }
  });

  it('says that it has no SFTP relay, and what sets one up', async () => {
    const { body } = expectStatus(await system('GET', '/api/system/relay?ask=true'), 200);
    expect(body).toMatchObject({ runs: null, state: null, version: null, lastAnswerAt: null, contacts: [] });
    const operator = await signedIn(hub.url, systemKey);
    const { html } = await operator.get('/hub/system?relay=ask');
    const text = textOf(html);
    expect(text).toContain('There is none: without RELAY_TOKEN no nightly file is sent.');
    expect(text).not.toContain('Its latest contacts with the hub');
    expect(verdictOf(html)).not.toContain('relay');
    expect(textOf((await operator.get(`/p/${programId}/exports`)).html)).toContain(
      'which this hub’s operator has not set up yet',
    );
  });
});

describe('a hub in production with the quota of a very slow machine', () => {
  const ratePerMinute = 20;
  let hub: BareHub;
  beforeAll(async () => {
    const worker = fileURLToPath(new URL('../../src/index.ts', import.meta.url));
    hub = await startBareHub({ worker, vars: { ...production, S3_ENDPOINT: '' }, ratePerMinute });
  });
  afterAll(() => hub?.stop());

  it('limits the rate of each key, and says for how long', async () => {
    const system = caller(hub.url, systemKey);
    const programId = 'school';
    expectStatus(await system('POST', '/api/programs', { body: { programId, name: 'A school' } }), 201);
    const made = await system('POST', `/api/programs/${programId}/keys`, {
      body: { name: 'k', scopes: ['read'] },
    });
    const busy = caller(hub.url, expectStatus(made, 201).body.key);
    let asked = 0;
    const limited = await until(
      async () => {
        asked += 1;
        // A refusal for its scope counts like any request.
        const answer = await busy('GET', '/api/staff/notification-secret');
        return answer.status === 429 ? answer : expectStatus(answer, 403);
      },
      ({ status }) => status === 429,
    );
    expect(asked).toBeGreaterThan(ratePerMinute);
    expect(limited.body.code).toBe('rate_limited');
    expect(limited.headers.get('ratelimit-policy')).toBe('"key";q=1200;w=60');
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
    // Another key is another quota.
    expectStatus(await system('GET', '/api/programs'), 200);
  });
});
