import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { signedIn, type Visitor } from '../support/browser.ts';
import {
  type Body,
  dropAndCall,
  expectStatus,
  jobEnded,
  localSystemKey,
  newProgram,
  peopleTask,
  type TestProgram,
  until,
} from '../support/client.ts';
import { type Crawled, crawl } from '../support/crawl.ts';
import { eventOf, publish, subscribe } from '../support/events.ts';
import { newFlow, newSource, sourcesPath, syncPath } from '../support/flows.ts';
import { madeOfText } from '../support/hostile.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

const url = inject('hubUrl');

/** Each would do something, were it ever taken for markup. */
const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(2)>',
  "'><svg onload=alert(3)>",
  'javascript:alert(4)',
  "{{constructor.constructor('alert(5)')()}}",
  '</title><script>alert(6)</script>',
  '</textarea><script>alert(7)</script>',
  '" autofocus onfocus=alert(8) x="',
  '<!--<script>alert(9)',
  '&lt;script&gt;alert(10)&lt;/script&gt;',
  '\u202e<b>gpj.alert(11)\u2066',
  '<style>*{display:none}</style>alert(12)',
];
const all = hostile.join(' ');
const payload = (place: number) => hostile[place % hostile.length] ?? '';

let program: TestProgram;
let visitor: Visitor;
let receiver: Receiver;
let pages: Crawled[];
let held: string;
let flowId: number;

const at = (path: string) => `/p/${program.programId}/${path}`;

beforeAll(async () => {
  receiver = await startReceiver();
  receiver.answer((_, response) => {
    response.writeHead(500);
    response.end(all);
  });
  program = await newProgram(url, { name: payload(5) });
  const { call, programId } = program;
  const api = `/api/programs/${programId}`;
  expectStatus(
    await call('PUT', `${api}/tasks/warehouse`, {
      body: { ...peopleTask, guards: { maxRejectedPercent: 100 } },
    }),
    200,
  );
  await call('POST', `${api}/webhooks`, {
    body: { url: `${receiver.url}/x?q=${encodeURIComponent(all)}`, events: ['*'], description: all },
  }).then((made) => expectStatus(made, 201));
  const csv = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const rows = hostile.map((text, index) => `${index},${csv(text)}`).join('\n');
  const names = ['<img src=x onerror=alert(2)>.csv', '" onfocus=alert(8) x=".csv', 'a&lt;b&gt;.csv'];
  for (const name of names) {
    const called = await dropAndCall(program, 'warehouse', name, `id,name\n${rows}\n${csv(all)},no number\n`);
    await jobEnded(call, expectStatus(called, 200).body.jobId);
  }
  const small = await dropAndCall(program, 'warehouse', 'small.csv', 'id,name\n0,Ann\n');
  held = expectStatus(small, 200).body.jobId;
  await until(
    async () => (await call('GET', `/api/jobs/${held}`)).body,
    ({ status }) => status === 'held',
  );
  const publisher = await newProgram(url);
  const events = hostile.map((text, index) =>
    eventOf(publisher, {
      PublisherEventId: `${index} ${text}`.slice(0, 100),
      PublisherParticipantId: text,
      PublisherEventCategory: { value: text, label: text },
      PublisherEventData: { [text]: text },
    }),
  );
  await publish(publisher, ...events);
  await publish(
    program,
    eventOf(program, {
      PublisherEventId: payload(0),
      PublisherEventCategory: { value: payload(0), label: payload(1) },
    }),
  );
  await subscribe(url, program, publisher, {
    [payload(1)]: {
      action: 'import',
      label: all,
      importProcessId: 1,
      batchRowTemplate: '{"a": {{number b}} }',
    },
    _default: { action: 'ignore', label: payload(1) },
  });
  flowId = (await newFlow(program as Body, { title: `${payload(1)} ${payload(7)}` })).flowId;
  await newSource(program as Body, flowId, 'class-A|;,');
  expectStatus(await call('POST', `${sourcesPath(flowId)}/sync`), 202);
  const told = { body: { message: all } };
  expectStatus(await call('POST', `${syncPath(flowId, 'class-A|;,')}/fail`, told), 200);
  expectStatus(
    await call('POST', `${api}/exports`, {
      body: {
        name: all.slice(0, 150),
        format: 'csv',
        events: { categories: hostile, types: [] },
        destination: `sftp://${encodeURIComponent(all).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)}:x@127.0.0.1:9/in`,
      },
    }),
    201,
  );
  expectStatus(
    await call('PUT', `${api}/monitors/feed`, { body: { watches: { task: 'warehouse' }, everyHours: 1 } }),
    200,
  );
  const key = expectStatus(
    await call('POST', `${api}/keys`, {
      body: {
        name: all.slice(0, 100),
        scopes: ['read', 'manage', 'jobs', 'flows', 'webhooks', 'exports', 'templates'],
      },
    }),
    201,
  ).body.key;
  await receiver.waitFor(3);
  visitor = await signedIn(url, key);
  pages = await crawl(visitor, at('overview'), `/p/${program.programId}/`);
});

afterAll(() => receiver.close());

/** A few at a time: the hub answers side by side. */
async function inParts<T>(list: T[], check: (one: T) => Promise<void>): Promise<void> {
  for (let i = 0; i < list.length; i += 6) await Promise.all(list.slice(i, i + 6).map(check));
}

/** One address for each form, whatever it is of. */
function actionsOf(among: Crawled[]): string[] {
  const shapes = new Map<string, string>();
  for (const action of among.flatMap((page) => page.actions))
    shapes.set(action.replace(/[a-z]{3}_[0-9a-z]{26}|\/\d+(?=\/)/g, '*'), action);
  return [...shapes.values()];
}

describe('twelve hostile strings in every field that is rendered', () => {
  it('are on pages of every kind, and every page that a link leads to is there', () => {
    const broken = pages.filter(({ visit }) => ![200, 303].includes(visit.status));
    expect(broken.map(({ path, visit }) => `${visit.status} ${path}`)).toEqual([]);
    for (const section of [
      ...['jobs/job_', 'deliveries/dlv_', 'events/evt_', 'webhooks/whk_', 'exports/exp_', 'flows/', 't/tra_'],
      ...['subscriptions/', 'tasks/', 'datasets/', 'monitors', 'drop', 'keys', 'audit'],
    ])
      expect(
        pages.some(({ path }) => path.startsWith(at(section))),
        section,
      ).toBe(true);
    const shown = pages.map(({ visit }) => visit.html).join('');
    for (const number of hostile.keys()) expect(shown).toContain(`alert(${number + 1})`);
  });

  it('stay text: no element, attribute or address is made of them', () => {
    for (const { path, visit } of pages) {
      if (!visit.headers.get('content-type')?.startsWith('text/html')) continue;
      expect([path, madeOfText(visit.html)]).toEqual([path, []]);
    }
  });

  it('stay text where they are shown on demand, too', async () => {
    const job = pages.find(({ actions }) =>
      actions.some((action) => action.endsWith('/show') && action.includes('/jobs/')),
    );
    const delivery = pages.find(({ actions }) =>
      actions.some((action) => action.includes('/deliveries/') && action.endsWith('/show')),
    );
    for (const page of [job, delivery]) {
      const action = page?.actions.find((one) => one.endsWith('/show')) ?? '';
      const shown = await visitor.post(action);
      expect([action, shown.status]).toEqual([action, 200]);
      expect(shown.headers.get('cache-control')).toBe('no-store');
      expect(shown.html).toContain('alert(');
      expect(shown.html).not.toMatch(/<(img|b|style)[\s>]/);
    }
  });
});

describe('another program', () => {
  let stranger: Visitor;
  let other: TestProgram;

  beforeAll(async () => {
    other = await newProgram(url);
    stranger = await signedIn(url, other.key);
  });

  const moved = (path: string) => path.replace(program.programId, other.programId);
  /** Names what is the other's: an id, not a section or a filter. */
  const namesOne = (path: string) => /\/(?:[a-z]{3}_[0-9a-z]{26}|flows\/\d+)/.test(path);

  it('finds none of the pages, by its own path or by the first one’s', async () => {
    await inParts(pages, async ({ path }) => {
      expect([path, (await stranger.get(path)).status]).toEqual([path, 404]);
    });
    const own = pages.filter(({ path }) => namesOne(path));
    expect(own.length).toBeGreaterThan(10);
    const operator = await signedIn(url, localSystemKey);
    await inParts(own, async ({ path }) => {
      for (const who of [stranger, operator]) {
        const { status } = await who.get(moved(path));
        expect([moved(path), status]).toEqual([moved(path), 404]);
      }
    });
  });

  it('can post to none of the forms, with its own token', async () => {
    const actions = actionsOf(pages).filter((action) => action.startsWith('/p/'));
    expect(actions.length).toBeGreaterThan(20);
    const before = (await program.call('GET', `/api/programs/${program.programId}/audit?limit=1`)).body
      .items[0];
    await inParts(actions, async (action) => {
      expect([action, (await stranger.post(action)).status]).toEqual([action, 404]);
      if (!namesOne(action)) return;
      const { status } = await stranger.post(moved(action));
      expect([moved(action), status >= 400 && status < 500]).toEqual([moved(action), true]);
    });
    const after = (await program.call('GET', `/api/programs/${program.programId}/audit?limit=1`)).body
      .items[0];
    expect(after).toEqual(before);
  });

  it('cannot have a form sent from its own site, nor without the session’s token', async () => {
    const actions = actionsOf(pages);
    await inParts(actions, async (action) => {
      const crossed = await visitor.post(
        action,
        {},
        { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      );
      const guessed = await visitor.post(action, { _token: 'guessed' });
      expect([action, crossed.status, guessed.status]).toEqual([action, 403, 403]);
    });
    expect((await program.call('GET', `/api/jobs/${held}`)).body.status).toBe('held');
  });
});

describe('two people at once', () => {
  it('approve a held job once', async () => {
    const [ann, bob] = await Promise.all([signedIn(url, program.key), signedIn(url, program.key)]);
    const path = at(`jobs/${held}/approve`);
    const answers = await Promise.all([ann.post(path), bob.post(path)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 409]);
    expect((await jobEnded(program.call, held)).status).toBe('succeeded');
  });

  it('request a flow, and both see one request', async () => {
    const flow = await newFlow(program as Body);
    await newSource(program as Body, flow.flowId, 'class-B');
    const people = await Promise.all([signedIn(url, program.key), signedIn(url, program.key)]);
    const path = at(`flows/${flow.flowId}`);
    const answers = await Promise.all(people.map((one) => one.post(`${path}/sync`)));
    expect(answers.map(({ location }) => location).sort()).toEqual([
      `${path}?done=requested`,
      `${path}?done=requested-already`,
    ]);
    for (const one of people) expect((await one.get(path)).html).toContain('Sync Requested');
    const { body } = await program.call('GET', `${sourcesPath(flow.flowId)}/requests`);
    expect(body.items).toHaveLength(1);
  });

  it('create the same flow: the second is told that it is there', async () => {
    const people = await Promise.all([signedIn(url, program.key), signedIn(url, program.key)]);
    const answers = await Promise.all(
      people.map((one) => one.post(at('flows'), { code: 'TWICE', title: 'T' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 409]);
  });
});
