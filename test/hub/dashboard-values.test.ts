import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { signedIn, type Visit, type Visitor } from '../support/browser.ts';
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
import { crawl } from '../support/crawl.ts';
import { actionRoutes, downloadRoutes, type Role, roleScopes, roles } from '../support/dashboard-routes.ts';
import { courseTemplate, eventOf, publish, subscribe } from '../support/events.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

// Rows and events are of people: who sees their values, by role, and what the others see instead.

const url = inject('hubUrl');

/** The values that are of people; none of them is a name, an id or a count. */
const personal = {
  row: 'Tricia McMillan',
  rejected: 'not-a-number-of-Tricia',
  event: 'Beeblebrox',
  participant: 'zaphod-42',
  answer: 'answered-of-Tricia',
};
const anyPersonal = new RegExp(Object.values(personal).join('|'));

const handlers: Role[] = ['operator', 'engineer'];

interface Reveal {
  of: string;
  may: Role[];
  ask(visitor: Visitor): Promise<Visit>;
  /** What it shows, to whom it does. */
  holds: string;
  /** What the audit log then says. */
  act: string;
}

/** Everything that opens values, and for whom. */
const reveals: Reveal[] = [
  {
    ...{ of: 'a record', may: handlers, holds: personal.row, act: 'record.shown' },
    ask: (visitor) => visitor.post(at('datasets/people/record'), { key: '1' }),
  },
  {
    ...{ of: 'records by a column', may: handlers, holds: personal.row, act: 'dataset.searched' },
    ask: (visitor) =>
      visitor.post(at('datasets/people/search'), { field: 'name', match: 'is', value: personal.row }),
  },
  {
    ...{ of: 'the records as CSV', may: handlers, holds: personal.row, act: 'dataset.exported' },
    ask: (visitor) => visitor.get(at('datasets/people/records.csv')),
  },
  {
    ...{ of: 'a dropped file', may: handlers, holds: personal.row, act: 'file.downloaded' },
    ask: (visitor) => visitor.get(at('files/warehouse/people.csv')),
  },
  {
    ...{ of: 'rejected values', may: handlers, holds: personal.rejected, act: 'job.rejects_shown' },
    ask: (visitor) => visitor.post(at(`jobs/${ids.jobId}/show`)),
  },
  {
    ...{ of: 'rejected rows as CSV', may: handlers, holds: personal.rejected, act: 'job.report_downloaded' },
    ask: (visitor) => visitor.get(at(`jobs/${ids.jobId}/errors.csv`)),
  },
  {
    ...{ of: 'an event', may: handlers, holds: personal.participant, act: 'event.shown' },
    ask: (visitor) => visitor.post(at(`events/${ids.eventId}/show`)),
  },
  {
    ...{ of: 'a request and its answer', may: handlers, holds: personal.answer, act: 'delivery.shown' },
    ask: (visitor) => visitor.post(at(`deliveries/${ids.deliveryId}/show`)),
  },
  {
    ...{ of: 'a mail', may: handlers, holds: 'Rows: 2 read', act: 'delivery.shown' },
    ask: (visitor) => visitor.post(at(`deliveries/${ids.mailId}/show`)),
  },
  {
    ...{ of: 'the answer to a batch', may: [...handlers, 'consultant'] },
    ...{ holds: personal.answer, act: 'delivery.shown' },
    ask: (visitor) => visitor.post(at(`deliveries/${ids.batchId}/show`)),
  },
  {
    ...{ of: 'a template’s rows', may: ['operator', 'consultant'] },
    ...{ holds: personal.event, act: 'events.shown' },
    ask: (visitor) =>
      visitor.post(at(`subscriptions/${ids.publisherId}/template/preview`), {
        ...{ category: 'COURSE', reveal: '1', action: 'import', importProcessId: '42', mode: 'json' },
        row: courseTemplate.COURSE.batchRowTemplate,
      }),
  },
];

let program: TestProgram;
let receiver: Receiver;
const ids: Record<string, string> = {};
const visitors = new Map<Role, Visitor>();

const at = (path: string) => `/p/${program.programId}/${path}`;
const api = (path: string) => `/api/programs/${program.programId}/${path}`;

beforeAll(async () => {
  receiver = await startReceiver();
  receiver.answer((_, response) => {
    response.statusCode = 400;
    response.end(`{"error": "${personal.answer}"}`);
  });
  const learningBuilder = { baseUrl: receiver.url, apiKey: 'key' };
  program = await newProgram(url, { learningBuilder });
  const { call } = program;
  const guards = { maxRejectedPercent: 100 };
  expectStatus(await call('PUT', api('tasks/people'), { body: { ...peopleTask, guards } }), 200);
  const hook = { url: `${receiver.url}/hook`, events: ['event.published'] };
  expectStatus(await call('POST', api('webhooks'), { body: hook }), 201);
  const content = `id,name\n1,${personal.row}\n${personal.rejected},x\n`;
  const called = await dropAndCall(program, 'people', 'people.csv', content, {
    notifyEmail: 'told@school.example',
  });
  ids.jobId = expectStatus(called, 200).body.jobId;
  await jobEnded(call, ids.jobId ?? '');
  const event = {
    PublisherEventCategory: 'COURSE',
    PublisherParticipantId: personal.participant,
    PublisherEventData: { course: personal.event },
  };
  const [published] = await publish(program, eventOf(program, event));
  ids.eventId = published.EventId ?? published.eventId;
  const publisher = await newProgram(url);
  ids.publisherId = publisher.programId;
  await subscribe(url, program, publisher);
  await publish(publisher, eventOf(publisher, event));
  expectStatus(await call('POST', api(`eventSubs/${publisher.programId}/sync`)), 200);
  const tried = (channel: string) =>
    until(
      async () => (await call('GET', api(`deliveries?channel=${channel}`))).body.items[0],
      (one: Body) => one?.attemptCount > 0,
    );
  for (const [name, channel] of Object.entries({ deliveryId: 'webhook', mailId: 'email', batchId: 'batch' }))
    ids[name] = (await tried(channel)).deliveryId;
  for (const role of roles) {
    const key = role === 'operator' ? localSystemKey : await program.keyWith(...roleScopes[role]);
    visitors.set(role, await signedIn(url, key));
  }
});

afterAll(() => receiver.close());

const as = (role: Role): Visitor => {
  const visitor = visitors.get(role);
  if (visitor === undefined) throw new Error(`nobody is ${role}`);
  return visitor;
};

const acts = async (): Promise<Body[]> =>
  (await program.call('GET', api('audit?limit=200'))).body.items.map(
    ({ action, target }: Body) => `${action} ${target}`,
  );

const plain = (html: string) => html.replaceAll('&quot;', '"').replaceAll('&#39;', "'");

describe.each(roles)('the values of rows and events, for the role %s', (role) => {
  it('stand on no page that merely is opened', async () => {
    const paths = [
      ...['overview', 'datasets/people', 'datasets/people/record?key=1', 'files', `jobs/${ids.jobId}`],
      ...['events', `events/${ids.eventId}`, `deliveries/${ids.deliveryId}`, `deliveries/${ids.batchId}`],
      ...[`subscriptions/${ids.publisherId}`, `subscriptions/${ids.publisherId}/template?category=COURSE`],
    ];
    const seen = await Promise.all(paths.map((path) => as(role).get(at(path))));
    for (const [i, { status, html }] of seen.entries())
      expect([paths[i], status, anyPersonal.exec(html)?.[0]]).toEqual([paths[i], 200, undefined]);
  });

  it('are shown on record, or refused with who can see them', async () => {
    const before = await acts();
    const seen = await Promise.all(reveals.map(({ ask }) => ask(as(role))));
    for (const [i, { status, headers, html }] of seen.entries()) {
      const { of, may, holds } = reveals[i] as Reveal;
      if (may.includes(role)) {
        expect([of, status, plain(html).includes(holds)]).toEqual([of, 200, true]);
        expect([of, headers.get('cache-control')]).toEqual([of, 'no-store']);
      } else {
        expect([of, status, anyPersonal.exec(html)?.[0]]).toEqual([of, 403, undefined]);
        expect(html, of).toMatch(/Somebody with the scope “[a-z:]+”|is for a key with the scope/);
      }
    }
    const since = (await acts()).slice(0, -before.length);
    const expected = reveals.filter(({ may }) => may.includes(role)).map(({ act }) => act);
    expect([...new Set(since.map((act) => act.split(' ')[0]))].sort()).toEqual([...new Set(expected)].sort());
  });
});

/** Whatever of the tables says that it holds values is among the reveals: one that is added tomorrow too. */
it('is asked for by every route that names values', () => {
  const named = [...actionRoutes, ...downloadRoutes].filter(({ values }) => values !== undefined);
  const walked = [
    ...['datasets/:dataset/record', 'datasets/:dataset/search', 'datasets/:dataset/records.csv'],
    ...['files/:folder/:filename', 'jobs/:jobId/show', 'jobs/:jobId/errors.csv', 'events/:eventId/show'],
    ...['deliveries/:deliveryId/show', 'exports/:exportId/nights/:localDate/files/:name'],
    ...['', '/preview', '/remove'].map((verb) => `subscriptions/:publisherId/template${verb}`),
  ];
  expect(named.map(({ path }) => path.replace('/p/:programId/', '')).sort()).toEqual(walked.sort());
});

it('a night’s file is for who has to do with exports', async () => {
  const path = at('exports/exp_00000000000000000000000000/nights/2026-11-21/files/none.csv');
  const seen = await Promise.all(roles.map(async (role) => [role, (await as(role).get(path)).status]));
  const may: Role[] = handlers;
  expect(seen).toEqual(roles.map((role) => [role, may.includes(role) ? 404 : 403]));
});

describe('a viewer', () => {
  it('finds no value on any page, and no link that is refused', async () => {
    const pages = await crawl(as('viewer'), at('overview'), at(''), 1);
    expect(pages.length).toBeGreaterThan(25);
    for (const { path, visit } of pages)
      expect([path, visit.status, anyPersonal.exec(visit.html)?.[0]]).toEqual([path, 200, undefined]);
  });

  it.each([
    ['a record', () => 'datasets/people/record?key=1', '•••', 'Values are masked.'],
    ['a dataset', () => 'datasets/people', '', 'can see values, search by them'],
    ['the files', () => 'files', 'warehouse/people.csv', 'can open a file'],
    ['a job', () => `jobs/${ids.jobId}`, '', 'The rejected values are masked.'],
    ['an event', () => `events/${ids.eventId}`, '•••', 'Its data are masked.'],
    ['a delivery', () => `deliveries/${ids.deliveryId}`, '•••', 'What was sent and answered is masked.'],
    ['a batch', () => `deliveries/${ids.batchId}`, '•••', 'What was sent and answered is masked.'],
  ])('is told who can see the values of %s, and is offered no way to them', async (_, path, mask, told) => {
    const { html } = await as('viewer').get(at(path()));
    expect(html).toContain(mask);
    expect(html).toContain(told);
    expect(html).toContain('Somebody with the scope “');
    expect(html).not.toMatch(/\/(show|search|records\.csv|errors\.csv|files\/warehouse\/people\.csv)"/);
    expect(html).not.toContain('>Show data<');
  });

  it('still finds a record by its key, and reads the API as its contract says', async () => {
    const { status, html } = await as('viewer').get(at('datasets/people/record?key=1'));
    expect([status, html.includes('>name</dt>')]).toEqual([200, true]);
    const key = await program.keyWith('read');
    const { body } = await program.call('GET', api('datasets/people/records/1'), { key });
    expect(body.data.name).toBe(personal.row);
  });
});

it('a form for values refuses nobody who has the scope but not the role’s others', async () => {
  const files = await signedIn(url, await program.keyWith('read', 'files'));
  expect((await files.post(at('datasets/people/record'), { key: '1' })).html).toContain(personal.row);
  expect((await files.post(at(`deliveries/${ids.deliveryId}/show`))).status).toBe(403);
  const templates = await signedIn(url, await program.keyWith('read', 'templates'));
  expect((await templates.post(at(`deliveries/${ids.deliveryId}/show`))).status).toBe(403);
});
