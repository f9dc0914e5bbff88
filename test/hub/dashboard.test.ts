import { beforeAll, describe, expect, inject, it } from 'vitest';
import { newVisitor, signedIn, type Visitor } from '../support/browser.ts';
import {
  dropAndCall,
  expectStatus,
  localSystemKey,
  newProgram,
  peopleTask,
  type TestProgram,
  until,
} from '../support/client.ts';
import { newFlow, newSource } from '../support/flows.ts';

const url = inject('hubUrl');
let program: TestProgram;
let visitor: Visitor;
let heldJobId: string;

const at = (path: string) => `/p/${program.programId}/${path}`;

beforeAll(async () => {
  program = await newProgram(url, { timeZone: 'Europe/Oslo' });
  const { call, programId } = program;
  expectStatus(await call('PUT', `/api/programs/${programId}/tasks/warehouse`, { body: peopleTask }), 200);
  const run = async (content: string) => {
    const { jobId } = expectStatus(await dropAndCall(program, 'warehouse', 'people.csv', content), 200).body;
    await until(
      async () => (await call('GET', `/api/jobs/${jobId}`)).body,
      ({ status }) => status === 'held' || status === 'succeeded',
    );
    return jobId;
  };
  await run('id,name\n1,<script>alert(1)</script>\n2,Bob\n3,Cy\n4,Di\n');
  heldJobId = await run('id,name\n1,Ann\n');
  visitor = await signedIn(url, program.key);
});

describe('signing in', () => {
  it('is asked of everyone who has no session, and leads back to the page', async () => {
    const stranger = newVisitor(url);
    const answer = await stranger.get(at('jobs?status=held'));
    expect(answer.status).toBe(303);
    expect(answer.location).toBe(`/sign-in?to=${encodeURIComponent(at('jobs?status=held'))}`);
    const signed = await stranger.post('/sign-in', { key: program.key, to: at('jobs?status=held') });
    expect([signed.status, signed.location]).toEqual([303, at('jobs?status=held')]);
    const cookie = signed.headers.getSetCookie()[0] ?? '';
    for (const part of ['__Host-session=', 'HttpOnly', 'Secure', 'SameSite=Lax', 'Path=/'])
      expect(cookie).toContain(part);
  });

  it.each(['//evil.example', 'https://evil.example', '/\\evil.example', '/api/docs'])(
    'never leads to %s',
    async (to) => {
      const signed = await newVisitor(url).post('/sign-in', { key: program.key, to });
      expect([signed.status, signed.location]).toEqual([303, '/']);
    },
  );

  it('refuses a wrong key, and a form of another site', async () => {
    const stranger = newVisitor(url);
    const wrong = await stranger.post('/sign-in', { key: 'cwk_wrong_wrong_wrong_wrong' });
    expect(wrong.status).toBe(401);
    expect(wrong.html).toContain('This key is unknown, revoked or has ended.');
    const crossed = await stranger.post(
      '/sign-in',
      { key: program.key },
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    );
    expect(crossed.status).toBe(403);
  });

  it('ends with the session, and with the key it was made with', async () => {
    const { body: made } = await program.call('POST', `/api/programs/${program.programId}/keys`, {
      body: { name: 'short-lived', scopes: ['read'] },
    });
    const guest = await signedIn(url, made.key);
    expect((await guest.get(at('jobs'))).status).toBe(200);
    expectStatus(await program.call('DELETE', `/api/programs/${program.programId}/keys/${made.keyId}`), 204);
    expect((await guest.get(at('jobs'))).status).toBe(303);

    const leaving = await signedIn(url, program.key);
    expect((await leaving.post('/sign-out')).location).toBe('/sign-in');
    expect((await leaving.get(at('jobs'))).status).toBe(303);
  });
});

describe('a single-use link', () => {
  it('opens once, with its own scopes, and says in the audit log for whom', async () => {
    const made = await program.call('POST', `/api/programs/${program.programId}/portal-links`, {
      body: { name: 'Ms Berg', scopes: ['read'], path: 'jobs' },
    });
    const path = new URL(expectStatus(made, 201).body.url).pathname;
    const guest = newVisitor(url);
    expect((await guest.get(path)).status).toBe(200);
    const opened = await guest.post(path);
    expect([opened.status, opened.location]).toEqual([303, at('jobs')]);
    expect((await guest.get(at('jobs'))).status).toBe(200);
    expect((await guest.get(at('keys'))).status).toBe(403);
    expect((await newVisitor(url).post(path)).status).toBe(410);
    const { body } = await program.call('GET', `/api/programs/${program.programId}/audit`);
    expect(body.items.map(({ action, detail }: never) => [action, detail])).toContainEqual([
      'session.opened',
      { keyId: program.keyId, name: 'Ms Berg' },
    ]);
  });

  it('has the person named where they acted, and the key beneath', async () => {
    const { flowId } = await newFlow(program, { title: 'Geography' });
    await newSource(program, flowId, 'class-A');
    const made = await program.call('POST', `/api/programs/${program.programId}/portal-links`, {
      body: { name: 'Ms Vik', scopes: ['read', 'flows'], path: `flows/${flowId}` },
    });
    const guest = newVisitor(url);
    const path = new URL(expectStatus(made, 201).body.url).pathname;
    await guest.get(path);
    expect((await guest.post(path)).location).toBe(at(`flows/${flowId}`));
    // The page gives the form its token.
    await guest.get(at(`flows/${flowId}`));
    expect((await guest.post(at(`flows/${flowId}/sync`))).status).toBe(303);
    const named = `Ms Vik<small class="dim beneath"><code>${program.keyId}</code>`;
    expect((await guest.get(at(`flows/${flowId}`))).html).toContain(named);
    const owner = await signedIn(url, program.key);
    expect((await owner.get(at('audit'))).html).toContain(named);
  });
});

const pages = [
  'overview',
  'files',
  'jobs',
  'tasks',
  'tasks/warehouse',
  'datasets',
  'datasets/people',
  'datasets/people/record?key=1',
  'deliveries',
  'events',
  'subscriptions',
  'webhooks',
  'flows',
  'exports',
  'monitors',
  'drop',
  'keys',
  'audit',
];

describe.each(pages)('the page %s', (page) => {
  it('is whole without a script, and carries the policy', async () => {
    const { status, headers, html } = await visitor.get(at(page));
    expect(status).toBe(200);
    expect(html.startsWith('<!doctype html>')).toBe(true);
    expect(html).toContain('<h1>');
    expect(html).not.toMatch(/<script(?![^>]*\bsrc="\/assets\/)/);
    // A command to paste may name another host: the page asks it for nothing.
    expect(html.replace(/<pre.*?<\/pre>/gs, '')).not.toMatch(
      /\sstyle=|\son[a-z]+=|https?:\/\/(?!127\.0\.0\.1|www\.w3\.org)/,
    );
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/);
    expect(headers.get('cache-control')).toBe('private, no-cache');
    // No time without its machine form.
    expect(html.replace(/<time datetime="[^"]+">[^<]+<\/time>/g, '')).not.toMatch(/\d\d:\d\d:\d\d/);
  });

  it('is not sent again while it stays the same', async () => {
    const first = await visitor.get(at(page));
    const again = await visitor.get(at(page), { 'if-none-match': first.headers.get('etag') ?? '' });
    // "3 s ago" may have become "4 s ago" between the two.
    if (!/ ago\)| in \d/.test(first.html)) expect(again.status).toBe(304);
    expect([200, 304]).toContain(again.status);
  });

  it('is another tenant’s 404', async () => {
    const other = await newProgram(url);
    const stranger = await signedIn(url, other.key);
    expect((await stranger.get(at(page))).status).toBe(404);
  });
});

describe('forms', () => {
  it('are refused without the token, from another site, and for what a scope does not allow', async () => {
    const path = at(`jobs/${heldJobId}/approve`);
    const noToken = await visitor.post(path, { _token: 'wrong' });
    const crossed = await visitor.post(
      path,
      {},
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    );
    const reader = await signedIn(url, await program.keyWith('read'));
    const beyond = await reader.post(path);
    expect([noToken.status, crossed.status, beyond.status]).toEqual([403, 403, 403]);
    expect((await program.call('GET', `/api/jobs/${heldJobId}`)).body.status).toBe('held');
  });

  it('do what the API does, once, and lead on', async () => {
    const shown = await visitor.get(at(`jobs/${heldJobId}`));
    expect(shown.html).toContain('Approve: apply it');
    expect(shown.html).toContain('would be deleted');
    const path = at(`jobs/${heldJobId}/reject`);
    const rejected = await visitor.post(path);
    expect([rejected.status, rejected.location]).toEqual([303, `${at(`jobs/${heldJobId}`)}?done=reject`]);
    const twice = await visitor.post(path);
    expect(twice.status).toBe(409);
    expect(twice.html).toContain('role="alert"');
    const { body } = await program.call('GET', `/api/programs/${program.programId}/audit`);
    expect(body.items[0].actor).toContain('(test)');
  });

  it('show what was typed again, beside what was wrong with it', async () => {
    const answer = await visitor.post(at('keys'), { name: '"><img src=x>' });
    expect(answer.status).toBe(400);
    expect(answer.html).toContain('&quot;&gt;&lt;img src=x&gt;');
    expect(answer.html).not.toContain('<img');
  });
});

describe('flows', () => {
  it('are created, get sources and are requested, and the page says what became of it', async () => {
    const made = await visitor.post(at('flows'), { code: 'HIS-101', title: '<b>History</b>' });
    expect(made.status).toBe(303);
    const page = new URL(made.location, url).pathname;
    expect((await visitor.get(page)).html).toContain('It has no external source yet.');
    const refused = await visitor.post(`${page}/sources`, { reference: 'not / allowed' });
    expect(refused.status).toBe(400);
    expect((await visitor.post(`${page}/sources`, { reference: 'class-A' })).status).toBe(303);
    const asked = await visitor.post(`${page}/sync`);
    expect(asked.location).toBe(`${page}?done=requested`);
    const shown = await visitor.get(page);
    expect(shown.html).toContain('Sync Requested');
    expect(shown.html).toContain('&lt;b&gt;History&lt;/b&gt;');
    expect(shown.html).toContain('data-every="2"');
    expect((await visitor.post(`${page}/sync`)).location).toBe(`${page}?done=requested-already`);
  });
});

describe('webhooks', () => {
  it('are registered, paused, resumed and deleted', async () => {
    const made = await visitor.post(at('webhooks'), {
      url: 'https://school.example/hooks',
      events: 'job.*, event.published',
    });
    expect(made.status).toBe(200);
    expect(made.html).toContain('whsec_');
    expect(made.headers.get('cache-control')).toBe('no-store');
    const page = /href="([^"]+\/webhooks\/[^"]+)"/.exec(made.html)?.[1] ?? '';
    expect((await visitor.get(page)).html).not.toMatch(/whsec_[\w+/]{8}/);
    expect((await visitor.post(`${page}/pause`)).location).toBe(`${page}?done=paused`);
    expect((await visitor.get(page)).html).toContain('Paused: what becomes due waits.');
    expect((await visitor.post(`${page}/resume`)).location).toBe(`${page}?done=resumed`);
    expect((await visitor.post(`${page}/delete`)).location).toBe(`${at('webhooks')}?done=deleted`);
    expect((await visitor.get(page)).status).toBe(404);
  });
});

describe('a record', () => {
  it('keeps its values until they are asked for, and the log says who looked', async () => {
    const closed = await visitor.get(at('datasets/people/record?key=1'));
    expect(closed.html).not.toContain('alert(1)');
    const open = await visitor.post(at('datasets/people/record'), { key: '1' });
    expect(open.status).toBe(200);
    expect(open.html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(open.headers.get('cache-control')).toBe('no-store');
    const { body } = await program.call('GET', `/api/programs/${program.programId}/audit`);
    expect(body.items.map(({ action, target }: never) => [action, target])).toContainEqual([
      'record.shown',
      'people/1',
    ]);
  });
});

describe('the operator', () => {
  it('sees every program, and a program’s people do not', async () => {
    const operator = await signedIn(url, localSystemKey);
    const { status, html } = await operator.get('/hub');
    expect(status).toBe(200);
    expect(html).toContain('All programs');
    expect((await operator.get(at('jobs'))).status).toBe(200);
    expect((await visitor.get('/hub')).status).toBe(403);
  });

  it('has no page that answers to a key in a header', async () => {
    const answer = await fetch(`${url}${at('jobs')}`, {
      headers: { 'x-api-key': program.key },
      redirect: 'manual',
    });
    expect(answer.status).toBe(303);
  });
});

it('names its own assets, which are there for ever', async () => {
  const { html } = await newVisitor(url).get('/sign-in');
  const paths = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path);
  expect(paths).toHaveLength(3);
  for (const path of paths) {
    const asset = await fetch(`${url}${path}`);
    expect(asset.status).toBe(200);
    expect(asset.headers.get('cache-control')).toContain('immutable');
  }
});
