import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { signedIn, type Visitor } from '../support/browser.ts';
import {
  caller,
  dropAndCall,
  expectStatus,
  jobEnded,
  localSystemKey,
  newProgram,
  peopleTask,
  type TestProgram,
  until,
} from '../support/client.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

const url = inject('hubUrl');
let program: TestProgram;
let visitor: Visitor;
let receiver: Receiver;
let webhookId: string;
let secret: string;
let jobId: string;
let traceId: string;

const at = (path: string) => `/p/${program.programId}/${path}`;
const api = (path: string) => `/api/programs/${program.programId}/${path}`;
const verdictOf = (html: string) => /class="verdict[^>]*>.*?<span>(.*?)<\/span>/s.exec(html)?.[1] ?? '';

/** The latest delivery to the endpoint, when it has come to that. */
const delivery = (status: string, type = '') =>
  until(
    async () =>
      (
        await program.call(
          'GET',
          api(`deliveries?webhookId=${webhookId}${type === '' ? '' : `&type=${type}`}`),
        )
      ).body.items[0],
    (one) => one?.status === status,
  );

beforeAll(async () => {
  receiver = await startReceiver();
  program = await newProgram(url, { timeZone: 'Europe/Oslo' });
  visitor = await signedIn(url, program.key);
  const made = await program.call('POST', api('webhooks'), {
    body: { url: `${receiver.url}/hooks`, events: ['job.*'], headers: { 'x-own': 'own-secret-value' } },
  });
  ({ webhookId, secret } = expectStatus(made, 201).body);
  expectStatus(
    await program.call('PUT', api('tasks/people'), {
      body: { ...peopleTask, guards: { maxRejectedPercent: 100 } },
    }),
    200,
  );
  const called = await dropAndCall(
    program,
    'people',
    'people.csv',
    'id,name\n1,Ann\nx,Secret Name\ny,Another\n',
    { notifyEmail: 'told@school.example' },
  );
  ({ jobId } = expectStatus(called, 200).body);
  ({ traceId } = await jobEnded(program.call, jobId));
});

afterAll(() => receiver.close());

describe('the jump box', () => {
  const lead = async (text: string, who = visitor, within = program.programId) =>
    (await who.get(`/jump?in=${within}&q=${encodeURIComponent(text)}`)).location;

  it('leads from an id of any kind, and from a name, to its page', async () => {
    const { body: job } = await program.call('GET', `/api/jobs/${jobId}`);
    const sent = await delivery('delivered');
    const flow = expectStatus(
      await program.call('POST', api('flows'), { body: { code: 'HIS-101', title: 'History' } }),
      201,
    ).body;
    expectStatus(
      await program.call('PUT', api('monitors/feed'), {
        body: { watches: { task: 'people' }, everyHours: 24 },
      }),
      200,
    );
    const drop = (await program.call('GET', api('drop'))).body;
    for (const [text, path] of [
      [jobId, `jobs/${jobId}`],
      [` ${jobId} `, `jobs/${jobId}`],
      [sent.deliveryId, `deliveries/${sent.deliveryId}`],
      [sent.messageId, `deliveries/${sent.deliveryId}`],
      [traceId, `t/${traceId}`],
      [webhookId, `webhooks/${webhookId}`],
      [program.keyId, 'keys'],
      [drop.keys[0].accessKeyId, 'drop'],
      [job.versionId, `files?prefix=${encodeURIComponent('warehouse/people.csv')}`],
      ['people.csv', `files?prefix=${encodeURIComponent('warehouse/people.csv')}`],
      ['warehouse/people.csv', `files?prefix=${encodeURIComponent('warehouse/people.csv')}`],
      ['people', 'tasks/people'],
      ['feed', 'monitors'],
      ['HIS-101', `flows/${flow.flowId}`],
      [String(flow.flowId), `flows/${flow.flowId}`],
      ['', 'overview'],
    ])
      expect([text, await lead(text ?? '')]).toEqual([text, at(path ?? '')]);
  });

  it('says so where nothing has the id, and finds nothing of another program', async () => {
    const other = await newProgram(url);
    const stranger = await signedIn(url, other.key);
    for (const text of [jobId, webhookId, 'people.csv', 'job_00000000000000000000000000', '%', "' OR 1=1"]) {
      const answer = await stranger.get(`/jump?in=${program.programId}&q=${encodeURIComponent(text)}`);
      expect([text, answer.status]).toEqual([text, 404]);
    }
  });

  it('leads the operator to the program that an id is of', async () => {
    const operator = await signedIn(url, localSystemKey);
    expect(await lead(jobId, operator, '')).toBe(at(`jobs/${jobId}`));
    expect(await lead(program.programId, operator, '')).toBe(at('overview'));
  });
});

describe('a job’s rejected rows', () => {
  it('are a diagnosis; their values are shown on demand, on record', async () => {
    const shown = await visitor.get(at(`jobs/${jobId}`));
    expect(shown.html).toMatch(/<td class="number" data-label="Times">2<\/td>/);
    expect(shown.html).toContain('data-label="Lines">3, 4</td>');
    expect(shown.html).not.toContain('<code class="excerpt">x</code>');
    const open = await visitor.post(at(`jobs/${jobId}/show`));
    expect(open.html).toContain('<code class="excerpt">x</code>');
    expect(open.headers.get('cache-control')).toBe('no-store');
    const { body } = await program.call('GET', api('audit'));
    expect(body.items[0]).toMatchObject({ action: 'job.rejects_shown', target: jobId });
  });
});

describe('a job', () => {
  it('shows who was told, endpoints and others', async () => {
    const { html } = await until(
      () => visitor.get(at(`jobs/${jobId}`)),
      (page) => page.html.split('</svg>delivered</span>').length === 3,
    );
    expect(html).toContain('told@school.example');
    expect(html).toContain(`${receiver.url}/hooks`);
  });
});

describe('the list of deliveries', () => {
  it('gives the ids of what it lists, one on each line, to copy', async () => {
    await delivery('delivered');
    const { html } = await visitor.get(at('deliveries?status='));
    const [, text = ''] = /<pre tabindex="0">(dlv_[^<]+)<\/pre>/.exec(html) ?? [];
    const listed = [...html.matchAll(/<a href="[^"]+\/deliveries\/(dlv_\w+)">/g)].map(([, id]) => id);
    expect(listed.length).toBeGreaterThan(1);
    expect(text.split('\n')).toEqual(listed);
    expect(html).toContain('aria-label="Copy the ids"');
  });
});

describe('a delivery', () => {
  it('shows the exact request, which verifies, and names no secret of the endpoint', async () => {
    const { deliveryId, messageId } = await delivery('delivered');
    const received = (await receiver.waitFor(1)).find(({ headers }) => headers['webhook-id'] === messageId);
    const closed = await visitor.get(at(`deliveries/${deliveryId}`));
    expect(closed.html).not.toContain('webhook-signature');
    const { html } = await visitor.post(at(`deliveries/${deliveryId}/show`));
    const text = html.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
    expect(text).toContain(received?.body);
    expect(text).toContain(`webhook-id: ${messageId}`);
    expect(text).toContain('x-own: •••');
    expect(text).not.toContain('own-secret-value');
    const command = text.slice(text.indexOf('curl -i'));
    const headers = Object.fromEntries(
      [...command.matchAll(/-H '(webhook-[a-z]+): ([^']+)'/g)].map(([, name, value]) => [name, value]),
    ) as Record<string, string>;
    const body = /--data-binary '([^']*)'/.exec(command)?.[1] ?? '';
    expect(new Webhook(secret).verify(body, headers)).toMatchObject({ type: 'job.succeeded' });
    // The snippet holds this call's own headers and body: as it stands it verifies.
    const given = /const request = \{ headers: (\{.*?\}) \};\nconst body = (".*?");\n/s.exec(text);
    const [own, sent] = [JSON.parse(given?.[1] ?? '{}'), JSON.parse(given?.[2] ?? '""')];
    expect(new Webhook(secret).verify(sent, own)).toMatchObject({ type: 'job.succeeded' });
    const { body: log } = await program.call('GET', api('audit'));
    expect(log.items[0]).toMatchObject({ action: 'delivery.shown', target: deliveryId });
  });
});

describe('a trace', () => {
  it('tells in one sentence what a file became, and links to each step', async () => {
    await delivery('delivered');
    const { html } = await visitor.get(at(`t/${traceId}`));
    expect(verdictOf(html)).toBe('This file became 1 job and 2 deliveries.');
    expect(html).toContain(`href="${at(`jobs/${jobId}`)}"`);
    const json = await visitor.get(at(`t/${traceId}/trace.json`));
    expect(json.headers.get('content-disposition')).toContain('attachment');
    expect(JSON.parse(json.html).steps).toHaveLength(4);
  });
});

describe('an endpoint', () => {
  it('is tested, paused and resumed; what failed is counted, sent again, followed, and can be stopped', async () => {
    const page = at(`webhooks/${webhookId}`);
    receiver.answer((_, response) => {
      response.statusCode = 503;
      response.end('not now');
    });
    const tested = await visitor.post(`${page}/test`);
    expect(tested.status).toBe(303);
    const { deliveryId } = await delivery('waiting', 'webhook.test');
    expect(tested.location).toBe(`${at(`deliveries/${deliveryId}`)}?done=tested`);
    const failing = await until(
      () => visitor.get(at(`deliveries/${deliveryId}`)),
      ({ html }) => /^Not taken yet: .*Next attempt in .*, by itself\.$/.test(verdictOf(html)),
    );
    expect(failing.html).toContain('not now');

    expect((await visitor.post(`${page}/pause`)).location).toBe(`${page}?done=paused`);
    expect(verdictOf((await visitor.get(page)).html)).toBe('Paused: what becomes due waits.');
    const { body } = await program.call('GET', api('audit'));
    expect(body.items[0].action).toMatch(/^webhook\./);
    expect((await visitor.post(`${page}/resume`)).location).toBe(`${page}?done=resumed`);

    // Whatever is cancelled with a recovery is found again by the next.
    const counted = await visitor.post(`${page}/recover/count`, { hours: '24' });
    expect(verdictOf(counted.html)).toMatch(/^Nothing to send again/);
    const window = { since: new Date(Date.now() - 3_600_000).toISOString(), until: new Date().toISOString() };
    const begun = await visitor.post(`${page}/recover`, window);
    const progress = begun.location.split('?')[0] ?? '';
    expect(progress).toMatch(/\/recoveries\/rcv_/);
    expect(verdictOf((await visitor.get(progress)).html)).toBe('Done: 0 of 0 delivered.');
    expect((await visitor.post(`${progress}/cancel`)).location).toBe(`${progress}?done=recovery-cancelled`);
    receiver.answer((_, response) => response.end('ok'));
  });

  it('gets a new secret, shown once', async () => {
    const rotated = await visitor.post(at(`webhooks/${webhookId}/rotate`));
    expect(rotated.html).toMatch(/whsec_[\w+/]{20}/);
    expect(rotated.headers.get('cache-control')).toBe('no-store');
  });
});

describe('exports', () => {
  it('are set up without showing what logs in, say why nothing goes out, and get a pinned key', async () => {
    const form = {
      name: 'Nightly',
      format: 'csv',
      destination: 'sftp://crosswalk@127.0.0.1:9/in',
      password: 'p@ss/w:rd',
      atLocalTime: '02:00',
      types: 'a b',
    };
    const wrong = await visitor.post(at('exports'), { ...form, destination: 'ftp://x' });
    expect(wrong.status).toBe(400);
    expect(wrong.html).toContain('value="ftp://x"');
    expect(wrong.html).not.toContain('p@ss');
    const made = await visitor.post(at('exports'), form);
    const page = made.location.split('?')[0] ?? '';
    const shown = await visitor.get(page);
    expect(verdictOf(shown.html)).toMatch(/^Nothing goes out: no key of the host is pinned yet\./);
    expect(shown.html).toContain('sftp://crosswalk@127.0.0.1:9/in');
    expect(shown.html).not.toMatch(/p@ss|p%40ss/);
    expect((await visitor.get(at('overview'))).html).toContain('Export unpinned');
    const probed = await visitor.post(`${page}/probe`);
    expect(probed.status).toBeGreaterThanOrEqual(400);
    expect(probed.html).toContain('role="alert"');
    const fingerprint = `SHA256:${'A'.repeat(43)}`;
    const pinned = await visitor.post(`${page}/pin`, { type: 'ssh-ed25519', fingerprint });
    expect(pinned.location).toBe(`${page}?done=pinned`);
    const active = await visitor.get(`${page}?month=2026-03`);
    expect(active.html).toContain('March 2026');
    // Oslo's clocks went forward on the 29th.
    expect(active.html).toContain('23 h day');
    expect((await visitor.get(at('overview'))).html).not.toContain('Export unpinned');
    expect((await visitor.get(`${page}/nights/2020-01-01`)).status).toBe(404);
    expect((await visitor.post(`${page}/delete`)).location).toBe(`${at('exports')}?done=deleted`);
  });
});

describe('monitors', () => {
  it('are set, shown and removed', async () => {
    const saved = await visitor.post(at('monitors'), {
      name: 'morning',
      kind: 'task',
      ref: 'people',
      byLocalTime: '06:00',
      graceMinutes: '15',
    });
    expect(saved.status).toBe(303);
    const { html } = await visitor.get(at('monitors'));
    expect(html).toContain('daily by 06:00 local time, 15 min grace');
    expect((await visitor.get(at('overview'))).html).toContain('>morning</a>');
    const snoozed = await visitor.post(at('monitors/morning/snooze'), {
      hours: '2',
      reason: '<b>Closed</b>',
    });
    expect(snoozed.location).toBe(`${at('monitors')}?done=snoozed`);
    expect((await visitor.get(at('monitors'))).html).toContain(': &lt;b&gt;Closed&lt;/b&gt;');
    expect((await visitor.post(at('monitors/morning/wake'))).status).toBe(303);
    expect((await visitor.get(at('monitors'))).html).not.toContain('Closed');
    const both = await visitor.post(at('monitors'), { name: 'x', kind: 'task', ref: 'people' });
    expect(both.status).toBe(400);
    expect((await visitor.post(at('monitors/morning/delete'))).status).toBe(303);
    expect((await visitor.get(at('monitors'))).html).not.toContain('morning');
  });
});

describe('drop keys', () => {
  it('keep their secrets until whoever may see them asks, and are rotated', async () => {
    const closed = await visitor.get(at('drop'));
    expect(closed.html).not.toContain('Secret access key</th>');
    const shown = await visitor.post(at('drop/secrets'));
    expect(shown.html).toContain('Secret access key</th>');
    expect(shown.headers.get('cache-control')).toBe('no-store');
    const reader = await signedIn(url, await program.keyWith('read'));
    expect((await reader.get(at('drop'))).html).not.toContain('Rotate');
    expect((await reader.post(at('drop/secrets'))).status).toBe(403);
    expect((await visitor.post(at('drop/rotate'), { overlapHours: '24' })).location).toBe(
      `${at('drop')}?done=rotated`,
    );
    expect(verdictOf((await visitor.get(at('drop'))).html)).toMatch(/^2 pairs work\./);
  });
});

describe('the overview', () => {
  it('draws what was counted, and says it in words', async () => {
    await until(
      async () => (await visitor.get(at('overview'))).html,
      (html) => html.includes('<title>Jobs: 1 succeeded in the last 24 hours</title>'),
    );
    const { html } = await visitor.get(at('overview'));
    expect(html).toContain('<title>Files: 1 arrived in the last 24 hours</title>');
    expect(html).toMatch(/<title>Webhooks: \d+ delivered/);
    const { body } = await program.call('GET', api('activity'));
    const jobs = body.items.filter(({ kind }: { kind: string }) => kind === 'jobs');
    expect(jobs.flatMap(({ hours }: { hours: object[] }) => hours)).toEqual([
      { hour: expect.any(Number), ok: 1, failed: 0, other: 0 },
    ]);
  });

  it('closes a problem by hand, on record', async () => {
    const called = await dropAndCall(program, 'people', 'broken.csv', 'nothing,like\n1,2\n');
    await jobEnded(program.call, expectStatus(called, 200).body.jobId);
    const { html } = await visitor.get(at('overview'));
    expect(verdictOf(html)).toMatch(/things? needs? you\.$/);
    const action = /action="([^"]+\/problems\/prb_[^"]+\/resolve)"/.exec(html)?.[1] ?? '';
    expect((await visitor.post(action)).location).toBe(`${at('overview')}?done=resolved`);
    expect((await visitor.get(at('overview'))).html).not.toContain(action);
    expect((await visitor.post(action)).status).toBe(404);
  });
});

describe('the operator’s system page', () => {
  it('shows backlog, crons, storage and settings, and no secret', async () => {
    const system = caller(url, localSystemKey);
    expectStatus(await system('POST', '/dev/sweep'), 200);
    const operator = await signedIn(url, localSystemKey);
    const { status, html } = await operator.get('/hub/system');
    expect(status).toBe(200);
    for (const words of [
      'messages to webhooks',
      'every minute',
      '* * * * *',
      'MAX_DATABASE_BYTES',
      'Sealing key',
      'dev1',
    ])
      expect(html).toContain(words);
    expect(html).not.toContain(localSystemKey);
    expect(html).not.toContain('example_relay_token');
    expect((await visitor.get('/hub/system')).status).toBe(403);
  });
});
