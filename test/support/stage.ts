import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startRelay } from '../../relay/dev/relay.ts';
import { type SftpServer, startSftpServer } from '../../relay/dev/server.ts';
import { type Hub, type HubOptions, startHub } from '../../scripts/hub.ts';
import { openBrowser } from './chromium.ts';
import {
  type Answer,
  type Body,
  caller,
  dropAndCall,
  expectStatus,
  localSystemKey,
  newProgram,
  type TestProgram,
  until,
} from './client.ts';
import { feed, feedTask, sweepLater } from './crash.ts';
import { eventOf, publish, subscribe } from './events.ts';
import { hostile } from './hostile.ts';
import { type LearningBuilder, startLearningBuilder } from './learning-builder.ts';
import { completion, createExport, exportTo } from './nights.ts';
import { type Receiver, startReceiver } from './receiver.ts';

// One hub, one browser and one program in which every kind of thing is in every state that it can have.

export interface Stage {
  hub: Hub;
  browser: Browser;
  receiver: Receiver;
  sftp: SftpServer;
  lb: LearningBuilder;
  program: TestProgram;
  publisher: TestProgram;
  /** A program with nothing in it. */
  empty: TestProgram;
  /** A value for each name in a page's address. */
  ids: Record<string, string>;
  heldJobId: string;
  /** Signs what goes to the endpoint `ids.webhookId`. */
  secret: string;
  /** What the policy refused, a page said in error or asked from another host, and each dialog. */
  complaints: string[];
}

export { hostile };

/** Errors planted in the file of the job that rejects: so many rows, by column. */
export const planted = { gift: 39, id: 3 };

export const template = {
  COURSE: {
    action: 'import',
    label: 'Courses',
    importProcessId: 42,
    batchRowTemplate: '{\n  "id": {{@event.PublisherEventId}},\n  "course": {{course}}\n}',
  },
  RAW: { importProcessId: 7, mode: 'none', batchRowTemplate: '{"course": "{{course}}"}' },
  OLD: { action: 'ignore', label: 'Not any more' },
};

export const stage = {} as Stage;

/** A Wednesday far ahead, so that each run has the same nights, months and zones on its pages. */
const openedAt = '2040-05-16T08:00:00.000Z';

export async function openStage(options: Pick<HubOptions, 'root'> = {}): Promise<void> {
  const [relay, sftp, lb, receiver, browser] = await Promise.all([
    startRelay(),
    startSftpServer(),
    startLearningBuilder(),
    startReceiver(),
    openBrowser(),
  ]);
  receiver.answer(({ path }, response) => {
    response.statusCode = path === '/gone' ? 410 : path === '/broken' ? 500 : 200;
    response.end(response.statusCode === 200 ? 'ok' : hostile[1]);
  });
  const hub = await startHub({ ...options, vars: relay.vars });
  closing.push(
    () => browser.close(),
    () => hub.stop(),
    () => relay.stop(),
    () => sftp.stop(),
  );
  closing.push(
    () => lb.close(),
    () => receiver.close(),
  );
  Object.assign(stage, { hub, browser, receiver, sftp, lb, complaints: [] });
  expectStatus(await system()('POST', '/dev/clock', { body: { now: openedAt } }), 200);
  await fill();
}

const closing: (() => Promise<unknown>)[] = [];

export async function closeStage(): Promise<void> {
  await Promise.all(closing.splice(0).map((close) => close()));
}

async function fill(): Promise<void> {
  const { hub, lb } = stage;
  const learningBuilder = { baseUrl: lb.url, apiKey: lb.apiKey };
  const program = await newProgram(hub.url, {
    name: 'Harbour College',
    timeZone: 'Europe/Oslo',
    learningBuilder,
  });
  const publisher = await newProgram(hub.url);
  const empty = await newProgram(hub.url);
  Object.assign(stage, { program, publisher, empty, ids: { programId: program.programId } });
  // The night first: the clock goes on by a day.
  await fillNight();
  // One after the other, so that lists are in the same order in every run.
  for (const next of [fillFlows, fillEvents, fillJobs, fillSettings]) await next();
  const { items } = (await program.call('GET', `/api/programs/${program.programId}/deliveries?limit=200`))
    .body;
  const told = items.find(({ status, channel }: Body) => channel === 'webhook' && status === 'delivered');
  stage.ids.deliveryId = told.deliveryId;
}

const at = (path: string) => `/api/programs/${stage.program.programId}/${path}`;

async function fillNight(): Promise<void> {
  const { program, sftp, hub, ids } = stage;
  ids.exportId = await createExport(program, exportTo(sftp, { format: 'csv' }));
  const answer = await publish(
    program,
    ...['a', 'b', ...hostile].map((id) => completion(program.programId, id)),
  );
  void answer;
  let jumps = 0;
  const night = await until(
    async () => {
      // Past the next local midnight, and then as long as the transfer takes.
      await sweepLater(hub, jumps++ < 2 ? 13 * 3_600 : 1);
      const { items } = (await program.call('GET', at(`exports/${ids.exportId}/runs`))).body;
      const nights = items.map(({ localDate }: Body) =>
        program.call('GET', at(`exports/${ids.exportId}/runs/${localDate}`)),
      );
      const answers: Answer[] = await Promise.all(nights);
      return answers.map(({ body }) => body).find(({ files }) => files.length > 0);
    },
    (found: Body) => found?.status === 'delivered',
  );
  // Into the night after it, however long the transfer took: the calendar is the same in each run.
  await sweepLater(hub, 13 * 3_600);
  Object.assign(ids, { localDate: night.localDate, name: night.files[0].name });
}

async function fillJobs(): Promise<void> {
  const { program, receiver, ids } = stage;
  for (const [task, dataset] of [
    ['warehouse', 'people'],
    ['guarded', 'guarded'],
  ])
    expectStatus(await program.call('PUT', at(`tasks/${task}`), { body: { ...feedTask, dataset } }), 200);
  const run = async (task: string, filename: string, content: string, more: Record<string, unknown> = {}) => {
    const { jobId } = expectStatus(await dropAndCall(program, task, filename, content, more), 200).body;
    await until(
      async () => (await program.call('GET', `/api/jobs/${jobId}`)).body,
      ({ status, finishedAt }) => status === 'held' || finishedAt !== null,
    );
    return jobId as string;
  };
  const wrong = [
    ...Array.from(
      { length: planted.gift },
      (_, i) => `${500 + i},"Gift ${i}",x,"${hostile[i % 12]?.replaceAll('"', '""')}"`,
    ),
    ...Array.from({ length: planted.id }, (_, i) => `number ${i},Nobody,x,1`),
  ];
  ids.jobId = await run('warehouse', 'people.csv', `${feed(0, 1_200)}${wrong.join('\n')}\n`, {
    notifyWebhook: `${receiver.url}/ok`,
  });
  await run('warehouse', 'damaged.csv', 'not,the,columns\n1,2,3\n');
  await run('guarded', 'guarded.csv', feed(0, 60));
  stage.heldJobId = await run('guarded', 'guarded.csv', feed(0, 10));
  Object.assign(ids, { job: 'warehouse', dataset: 'people', folder: 'warehouse', filename: 'people.csv' });
  const { body } = await program.call('GET', `/api/jobs/${ids.jobId}`);
  ids.traceId = body.traceId;
}

async function fillFlows(): Promise<void> {
  const { program, ids } = stage;
  const create = async (code: string, title: string) =>
    expectStatus(await program.call('POST', at('flows'), { body: { code, title } }), 201).body
      .flowId as number;
  const flowId = await create('HIS-101', 'History, morning');
  for (const [i, title] of hostile.entries()) await create(`X-${i}`, title);
  const sources = `/api/flows/${flowId}/external-sources`;
  for (const reference of ['class-A', 'class-B', 'class-C', 'class-D'])
    expectStatus(await program.call('POST', sources, { body: { reference, description: hostile[0] } }), 201);
  for (const reference of ['class-A', 'class-B', 'class-C'])
    expectStatus(await program.call('POST', `${sources}/${reference}/sync`), 202);
  expectStatus(await program.call('POST', `${sources}/class-B/sync/done`), 200);
  const body = { message: hostile[1] };
  expectStatus(await program.call('POST', `${sources}/class-C/sync/fail`, { body }), 200);
  ids.flowId = String(flowId);
}

async function fillEvents(): Promise<void> {
  const { hub, program, publisher, receiver, ids } = stage;
  await subscribe(hub.url, program, publisher, template);
  const hook = async (path: string, description: string, events: string[]) => {
    const body = { url: `${receiver.url}/${path}`, events, description };
    return expectStatus(await program.call('POST', at('webhooks'), { body }), 201).body;
  };
  const told = await hook('ok', hostile[2] ?? '', ['event.published', 'job.*']);
  ids.webhookId = told.webhookId;
  stage.secret = told.secret;
  const moved = await hook('gone', 'it has moved', ['event.published']);
  await hook('broken', hostile[4] ?? '', ['event.published']);
  const { webhookId: paused } = await hook('ok', 'paused', ['event.published']);
  expectStatus(await program.call('POST', at(`webhooks/${paused}/pause`)), 200);
  const category = ['COURSE', 'COURSE', 'RAW', 'HOBBY'];
  const [first, ...more] = hostile.map((course, i) =>
    eventOf(publisher, {
      PublisherEventId: `e-${i}`,
      PublisherEventCategory: category[i % 4],
      PublisherEventData: { course, teacher: { name: 'Ada' } },
    }),
  );
  // What has moved says so of the first event, before there are more.
  await publish(publisher, first);
  await until(
    async () => (await program.call('GET', at(`webhooks/${moved.webhookId}`))).body,
    ({ state }) => state === 'disabled',
  );
  await publish(publisher, ...more);
  const { now } = (await system()('POST', '/dev/clock', { body: { aheadSeconds: 0 } })).body;
  const since = new Date(Date.parse(now) - 86_400_000).toISOString();
  const recovered = await program.call('POST', at(`webhooks/${ids.webhookId}/recover`), { body: { since } });
  ids.recoveryId = expectStatus(recovered, 202).body.recoveryId;
  const own = await publish(program, ...hostile.map((id) => eventOf(program, { PublisherEventId: id })));
  ids.eventId = own[0].EventId ?? own[0].eventId;
  ids.publisherId = publisher.programId;
  ids.version = '1';
  expectStatus(await program.call('POST', at(`eventSubs/${publisher.programId}/sync`)), 200);
}

async function fillSettings(): Promise<void> {
  const { program } = stage;
  for (const name of hostile.slice(0, 4)) {
    const body = { name, scopes: ['read'] };
    expectStatus(await program.call('POST', at('keys'), { body }), 201);
  }
  const body = { watches: { task: 'warehouse' }, everyHours: 1, graceMinutes: 0 };
  expectStatus(await program.call('PUT', at('monitors/nightly-feed'), { body }), 200);
  stage.ids.monitor = 'nightly-feed';
}

/** Waits until nothing moves by itself any more but what is tried again later. */
export async function settled(): Promise<void> {
  const { program, ids } = stage;
  await until(
    async () => {
      const lists = await Promise.all([
        ...['pending', 'sending'].map((status) =>
          program.call('GET', at(`deliveries?status=${status}&limit=5`)),
        ),
        ...['queued', 'running'].map((status) => program.call('GET', at(`jobs?status=${status}`))),
      ]);
      const recovery = await program.call(
        'GET',
        at(`webhooks/${ids.webhookId}/recoveries/${ids.recoveryId}`),
      );
      const syncs = await program.call('GET', at(`eventSubs/${ids.publisherId}/syncs`));
      const open = (syncs.body.items ?? []).filter(({ endedAt }: Body) => endedAt === null);
      return (
        lists.reduce((sum, { body }) => sum + body.items.length, open.length) + (recovery.body.done ? 0 : 1)
      );
    },
    (moving) => moving === 0,
  );
}

/** Settled, and what failed twice has been tried again so often that it rests for a long time. */
export async function calmed(): Promise<void> {
  const { hub, program } = stage;
  await settled();
  for (const aheadSeconds of [10, 360]) {
    await sweepLater(hub, aheadSeconds);
    await until(
      async () => {
        const [{ body }, clock] = await Promise.all([
          program.call('GET', at('deliveries?status=waiting&limit=200')),
          system()('POST', '/dev/clock', { body: { aheadSeconds: 0 } }),
        ]);
        const soon = Date.parse(clock.body.now) + 60_000;
        return body.items.filter(({ nextAttemptAt }: Body) => Date.parse(nextAttemptAt) < soon).length;
      },
      (due: number) => due === 0,
    );
    await settled();
  }
}

export interface TabOptions {
  key?: string;
  width?: number;
  options?: Parameters<Browser['newContext']>[0];
}

/** A signed-in tab. */
export async function newTab({ key, width = 1280, options = {} }: TabOptions = {}): Promise<{
  context: BrowserContext;
  page: Page;
}> {
  const { browser, hub, program } = stage;
  const context = await browser.newContext({ viewport: { width, height: 800 }, ...options });
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  listenTo(page);
  await page.goto(`${hub.url}/sign-in`);
  await page.fill('#key', key ?? program.key);
  await page.press('#key', 'Enter');
  await page.waitForURL((url) => !url.pathname.startsWith('/sign-in'));
  return { context, page };
}

export function listenTo(page: Page): void {
  const { complaints, hub } = stage;
  page.on('console', (message) => {
    // The browser itself says so of an answer that we test for.
    if (message.type() === 'error' && !/status of 4\d\d|ERR_CONNECTION/.test(message.text()))
      complaints.push(message.text());
  });
  page.on('dialog', (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && origin !== hub.url) complaints.push(`asked ${origin}`);
  });
}

export const pageAt = (path: string) => `${stage.hub.url}/p/${stage.program.programId}/${path}`;

export const system = () => caller(stage.hub.url, localSystemKey);
