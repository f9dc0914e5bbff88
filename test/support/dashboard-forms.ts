import { signedIn } from './browser.ts';
import {
  type Body,
  dropAndCall,
  expectStatus,
  jobEnded,
  newProgram,
  peopleTask,
  type TestProgram,
  until,
} from './client.ts';
import type { Role } from './dashboard-routes.ts';
import { courseTemplate, eventOf, publish, subscribe } from './events.ts';
import { newFlow, newSource, sourcesPath } from './flows.ts';
import type { Receiver } from './receiver.ts';

/** A form: the roles beside the operator's that may send it, and fields that the hub takes. */
interface Form {
  by: Exclude<Role, 'operator'>[];
  fields: (ids: Record<string, string>) => Record<string, string>;
}

const form = (by: Form['by'], fields: Record<string, string> | Form['fields'] = {}): Form => ({
  by,
  fields: typeof fields === 'function' ? fields : () => fields,
});

const engineer = (fields?: Parameters<typeof form>[1]) => form(['engineer'], fields);
const consultant = (fields?: Parameters<typeof form>[1]) => form(['consultant'], fields);
const manager = (fields?: Parameters<typeof form>[1]) => form(['manager'], fields);
const operator = (fields?: Parameters<typeof form>[1]) => form([], fields);

const category = {
  ...{ category: 'COURSE', base: 'x', action: 'import', label: 'Courses', importProcessId: '42' },
  ...{ mode: 'json', row: courseTemplate.COURSE.batchRowTemplate },
};
const tried = { ...category, event: '', pasted: '', shown: '', reveal: '1' };
const destination = {
  ...{ destination: 'sftp://school@127.0.0.1:9/in', password: 'p', privateKey: '', passphrase: '' },
};

/** Every form of the dashboard, by its address below the program's. */
export const forms: Record<string, Form> = {
  'subscriptions/:publisherId/sync/count': consultant(),
  'subscriptions/:publisherId/sync': consultant(),
  'subscriptions/:publisherId/quarantine/retry': consultant(),
  'subscriptions/:publisherId/replay': consultant(({ eventId = '' }) => ({ eventId })),
  'subscriptions/:publisherId/nightly': operator({ enabled: 'false' }),
  'subscriptions/:publisherId/rewind/count': operator({ LastSyncUtc: '2026-11-20T00:00:00Z' }),
  'subscriptions/:publisherId/rewind': operator({ LastSyncUtc: '2026-11-20T00:00:00Z' }),
  'subscriptions/:publisherId/template': consultant(tried),
  'subscriptions/:publisherId/template/preview': consultant(tried),
  'subscriptions/:publisherId/template/remove': consultant({ category: 'COURSE', base: 'x' }),
  'subscriptions/:publisherId/template/versions/:version/revert': consultant({ etag: '"1"' }),
  'problems/:attentionId/:verb{acknowledge|ignore|reopen}': engineer(),
  'problems/:attentionId/resolve': engineer(),
  'problems/:attentionId/retry/count': engineer(),
  'problems/:attentionId/retry': engineer(),
  '/hub/problems/:attentionId/:verb{acknowledge|ignore|reopen}': operator(),
  '/hub/problems/:attentionId/resolve': operator(),
  '/hub/problems/:attentionId/retry/count': operator(),
  '/hub/problems/:attentionId/retry': operator(),
  'jobs/retry/count': engineer({ status: 'failed', job: 'people', dataset: 'people' }),
  'jobs/retry': engineer({ status: 'failed', job: 'people', dataset: 'people' }),
  'jobs/:jobId/show': engineer(),
  'jobs/:jobId/:verb{approve|reject|cancel|retry|undo}': engineer(),
  'deliveries/:deliveryId/show': form(['engineer', 'consultant']),
  'deliveries/:deliveryId/retry': engineer(),
  'events/publish': engineer({ EventType: 'test', category: 'COURSE', data: '{}' }),
  'events/:eventId/show': engineer(),
  'events/:eventId/replay': engineer(({ webhookId = '' }) => ({ webhookId })),
  'files/upload': engineer({ folder: 'warehouse' }),
  'files/:folder/:filename/run': engineer({ job: 'people', notifyEmail: 'told@school.example', dryRun: '1' }),
  'files/:folder/:filename/delete': engineer(),
  'datasets/:dataset/search': engineer({ field: 'name', match: 'is', value: 'Ann', cursor: '', looked: '' }),
  'datasets/:dataset/record': engineer({ key: '1', cursor: '' }),
  webhooks: engineer({ url: 'https://school.example/hook', events: 'job.*', description: 'for the walk' }),
  'webhooks/:webhookId/:active{pause|resume}': engineer(),
  'webhooks/:webhookId/test': engineer(),
  'webhooks/:webhookId/change': engineer({
    ...{ url: 'https://school.example/other', events: 'job.*', description: 'changed', rate: '5', base: '' },
  }),
  'webhooks/:webhookId/rotate': engineer({ base: '' }),
  'webhooks/:webhookId/recover/count': engineer({ hours: '24' }),
  'webhooks/:webhookId/recover': engineer({ since: '2026-11-20T00:00:00Z', until: '2026-11-21T00:00:00Z' }),
  'webhooks/:webhookId/delete': engineer(),
  'webhooks/:webhookId/recoveries/:recoveryId/cancel': engineer(),
  flows: manager({ code: 'WALK', title: 'A walk' }),
  'flows/:flowId/sync': manager({ reference: 'class-A' }),
  'flows/:flowId/:archived{archive|reopen}': manager(),
  'flows/:flowId/sources': manager({ reference: 'class-B', description: 'of the walk' }),
  'flows/:flowId/sources/:sourceId/delete': manager(),
  exports: engineer({
    ...{ name: 'walk', format: 'csv', ...destination, types: 'A', categories: 'B' },
    ...{ atLocalTime: '02:00', timeZone: 'Europe/Oslo' },
  }),
  'exports/:exportId/probe': engineer(),
  'exports/:exportId/pin': engineer({ type: 'ssh-ed25519', fingerprint: `SHA256:${'A'.repeat(43)}` }),
  'exports/:exportId/test': engineer(),
  'exports/:exportId/change': engineer({ name: 'changed', atLocalTime: '03:00', ...destination, base: '' }),
  'exports/:exportId/delete': engineer(),
  'exports/:exportId/:active{pause|resume}': engineer(),
  'exports/:exportId/nights/:localDate/send': engineer(),
  monitors: engineer({
    ...{ name: 'walk', kind: 'task', ref: 'people', byLocalTime: '', everyHours: '24' },
    ...{ graceMinutes: '0', pingUrl: '' },
  }),
  'monitors/:monitor/delete': engineer(),
  'monitors/:monitor/snooze': engineer({ hours: '24', reason: 'a break' }),
  'monitors/:monitor/wake': engineer(),
  'monitors/:monitor/ping': engineer(),
  'drop/secrets': engineer(),
  'drop/rotate': engineer({ overlapHours: '24' }),
  keys: engineer({ name: 'walk', scopes: 'read' }),
  'keys/:keyId/rotate': engineer(),
  'keys/:keyId/revoke': engineer(),
  'sessions/:sessionId/end': engineer(),
};

export const formOf = (path: string): Form | undefined => forms[path.replace('/p/:programId/', '')];

/** An address with the ids of what is there, or `none` for each. */
export function addressOf(path: string, ids: Record<string, string> | null, programId: string): string {
  return path.replaceAll(/:([A-Za-z]+)(?:\{([^}]*)\})?/g, (_, name: string, choice?: string) => {
    const [verb] = choice?.split('|') ?? [];
    const value = name === 'programId' ? programId : (verb ?? (ids === null ? 'none' : ids[name]));
    if (value === undefined) throw new Error(`nothing is there for ":${name}" of ${path}: make one`);
    return encodeURIComponent(value);
  });
}

/** One of everything that a form can be about: its ids by the names of the routes. */
export async function oneOfEach(
  url: string,
  program: TestProgram,
  receiver: Receiver,
): Promise<Record<string, string>> {
  const { call, programId } = program;
  const api = (path: string) => `/api/programs/${programId}/${path}`;
  const make = async (path: string, body: unknown): Promise<Body> =>
    expectStatus(await call('POST', api(path), { body }), 201).body;
  const guards = { maxRejectedPercent: 100 };
  expectStatus(await call('PUT', api('tasks/people'), { body: { ...peopleTask, guards } }), 200);
  const run = async (filename: string, content: string): Promise<Body> => {
    const called = await dropAndCall(program, 'people', filename, content);
    return expectStatus(called, 200).body;
  };
  const first = await run('people.csv', 'id,name\n1,Ann\n2,Bob\n3,Cy\n4,Di\nx,No\n');
  await jobEnded(call, first.jobId);
  const { webhookId } = await make('webhooks', { url: `${receiver.url}/hook`, events: ['event.published'] });
  const [event] = await publish(program, eventOf(program));
  const delivery = await until(
    async () => (await call('GET', api(`deliveries?webhookId=${webhookId}`))).body.items[0],
    (one: Body) => one?.status === 'delivered',
  );
  const since = new Date(Date.now() - 86_400_000).toISOString();
  const recovery = await call('POST', api(`webhooks/${webhookId}/recover`), { body: { since } });
  const { flowId } = await newFlow(program);
  await newSource(program, flowId, 'class-A');
  const sources = expectStatus(await call('GET', sourcesPath(flowId)), 200).body.items;
  const { exportId } = await make('exports', {
    ...{ name: 'nightly', format: 'csv', destination: 'sftp://school:p@127.0.0.1:9/in' },
  });
  const monitor = { watches: { task: 'people' }, everyHours: 24 };
  expectStatus(await call('PUT', api('monitors/feed'), { body: monitor }), 200);
  const publisher = await newProgram(url);
  await subscribe(url, program, publisher);
  await publish(publisher, eventOf(publisher));
  const { keyId } = await make('keys', { name: 'of the walk', scopes: ['read'] });
  await signedIn(url, await program.keyWith('read'));
  const sessions = expectStatus(await call('GET', api('sessions')), 200).body.items;
  // The last: it is held, and a problem, until somebody decides.
  const held = await run('small.csv', 'id,name\n1,Ann\n');
  const problems = await until(
    async () => (await call('GET', api('attention'))).body.items,
    (all: Body[]) => all.some(({ kind }) => kind === 'job_held'),
  );
  return {
    ...{ publisherId: publisher.programId, version: '1', jobId: held.jobId, webhookId, keyId, exportId },
    ...{ attentionId: problems.find(({ kind }: Body) => kind === 'job_held').attentionId },
    ...{ deliveryId: delivery.deliveryId, eventId: event.EventId ?? event.eventId, folder: 'warehouse' },
    ...{ filename: 'small.csv', dataset: 'people', flowId: String(flowId), sourceId: String(sources[0].id) },
    ...{ recoveryId: expectStatus(recovery, 202).body.recoveryId, localDate: '2026-11-21', monitor: 'feed' },
    ...{ sessionId: sessions[0].sessionId, job: 'people', traceId: delivery.traceId, name: 'none.csv' },
  };
}

/** What a form could change, as text; when somebody was last seen is no change. */
export async function stateOf(
  { call, programId }: TestProgram,
  ids: Record<string, string>,
): Promise<string> {
  const api = (path: string) => `/api/programs/${programId}/${path}`;
  const paths = [
    ...['', 'tasks', 'files', 'flows', 'webhooks', 'exports', 'monitors', 'keys', 'eventSubs', 'drop'].map(
      api,
    ),
    ...['attention', 'jobs', 'deliveries', 'datasets/people/records'].map(api),
    ...[api(`eventSubs/${ids.publisherId}/syncs`), sourcesPath(Number(ids.flowId))],
    ...[`${sourcesPath(Number(ids.flowId))}/requests`, `/api/events/${programId}`],
  ].map((path) => path.replace(/\/$/, ''));
  const answers = await Promise.all(paths.map((path) => call('GET', path)));
  return answers
    .map(({ status, body }, i) => `${paths[i]} ${status} ${JSON.stringify(body, withoutUse)}`)
    .join('\n');
}

const withoutUse = (name: string, value: unknown) => (/^last(Used|Seen)|^ageDays$/.test(name) ? null : value);
