import { z } from '@hono/zod-openapi';
import {
  createRouter,
  defineRoute,
  jsonBody,
  linkNext,
  noContent,
  ok,
  pageOf,
  pageQuery,
  programParam,
  toIso,
  toIsoOrNull,
} from '../../http.ts';
import { decodeCursor, toPage } from '../../platform/cursor.ts';
import { AppError } from '../../platform/errors.ts';
import { pingByHand } from './ping.ts';
import { deleteMonitor, saveMonitor } from './save.ts';
import { monitorIn, monitorNameIn, monitorOut, snoozeIn } from './schema.ts';
import { snoozeMonitor } from './snooze.ts';
import {
  findMonitor,
  type JudgedMonitor,
  listMonitors,
  listMonitorsBySilence,
  silencePlace,
} from './store.ts';

export type MonitorOut = z.output<typeof monitorOut>;
export type MonitorPage = { items: MonitorOut[]; nextCursor: string | null };

const tags = ['Monitors'];

const monitorParam = programParam.extend({
  monitorName: z.string().openapi({ param: { name: 'monitorName', in: 'path' }, example: 'nightly-feed' }),
});

const listRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/monitors',
    tags,
    summary: "The program's monitors, by name or silence first",
    request: {
      params: programParam,
      query: pageQuery.extend({
        order: z.enum(['name', 'silence']).default('name').openapi({
          description: '`silence`: those that are silent first, and then what is due soonest.',
        }),
      }),
    },
    responses: { 200: ok(pageOf(monitorOut, 'MonitorPage'), 'A page of monitors.') },
  },
);

const getRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/monitors/{monitorName}',
    tags,
    summary: 'A monitor, and when it last heard of a success',
    request: { params: monitorParam },
    responses: { 200: ok(monitorOut, 'The monitor.') },
  },
);

const putRoute = defineRoute(
  { scope: 'webhooks' },
  {
    method: 'put',
    path: '/api/programs/{programId}/monitors/{monitorName}',
    tags,
    summary: 'Be told when something has not succeeded in time',
    request: { params: monitorParam, body: jsonBody(monitorIn) },
    responses: {
      200: ok(
        monitorOut,
        'The monitor; its time begins now. Look at `exists`: a wrong name is not refused, for the thing may come later.',
      ),
    },
  },
);

const deleteRoute = defineRoute(
  { scope: 'webhooks' },
  {
    method: 'delete',
    path: '/api/programs/{programId}/monitors/{monitorName}',
    tags,
    summary: 'Watch no more',
    request: { params: monitorParam },
    responses: { 204: noContent },
  },
);

const snoozePath = '/api/programs/{programId}/monitors/{monitorName}/snooze';

const snoozeRoute = defineRoute(
  { scope: 'webhooks' },
  {
    method: 'post',
    path: snoozePath,
    tags,
    summary: 'Tell nobody of its silence for some hours, and say why',
    request: { params: monitorParam, body: jsonBody(snoozeIn) },
    responses: { 200: ok(monitorOut, 'The monitor. Silence that lasts longer is told after all.') },
  },
);

const wakeRoute = defineRoute(
  { scope: 'webhooks' },
  {
    method: 'delete',
    path: snoozePath,
    tags,
    summary: 'End a snooze now',
    request: { params: monitorParam },
    responses: { 200: ok(monitorOut, 'The monitor.') },
  },
);

const pingRoute = defineRoute(
  { scope: 'webhooks', idempotent: true },
  {
    method: 'post',
    path: '/api/programs/{programId}/monitors/{monitorName}/ping',
    tags,
    summary: 'Ping its URL once by hand, as after a success; its delivery tells how that went',
    request: { params: monitorParam },
    responses: {
      202: ok(z.object({ deliveryId: z.string() }).openapi('PingSent'), 'On its way.'),
    },
  },
);

function present(monitor: JudgedMonitor) {
  return {
    name: monitor.name,
    watches: { [monitor.watchKind]: monitor.watchRef },
    exists: monitor.isThere,
    everyHours: monitor.everyHours,
    byLocalTime: monitor.byLocalTime,
    graceMinutes: monitor.graceMinutes,
    pingUrl: monitor.pingUrl,
    state: monitor.silentSince === null ? ('waiting' as const) : ('silent' as const),
    lastSuccessAt: toIsoOrNull(monitor.lastSuccessAt),
    dueAt: toIso(monitor.dueAt),
    silentSince: toIsoOrNull(monitor.silentSince),
    snoozed:
      monitor.snoozedUntil === null
        ? null
        : {
            until: toIso(monitor.snoozedUntil),
            reason: monitor.snoozeReason ?? '',
            by: monitor.snoozedBy ?? '',
          },
    missed: monitor.missed.map(({ dueAt, endedAt, snoozed }) => ({
      dueAt: toIso(dueAt),
      endedAt: toIsoOrNull(endedAt),
      snoozed,
    })),
    createdAt: toIso(monitor.createdAt),
    updatedAt: toIso(monitor.updatedAt),
  };
}

export const monitorRoutes = createRouter()
  .openapi(listRoute, async (c) => {
    const ctx = c.get('ctx');
    const { limit, cursor, order } = c.req.valid('query');
    const bySilence = async () => {
      const after = cursor === undefined ? null : decodeCursor(cursor, 'number', 'number', 'string');
      const rows = await listMonitorsBySilence(ctx, c.get('programId'), after, limit + 1);
      return toPage(rows, limit, present, silencePlace);
    };
    const byName = async () => {
      const after = cursor === undefined ? '' : decodeCursor(cursor, 'string')[0];
      const rows = await listMonitors(ctx, c.get('programId'), after, limit + 1);
      return toPage(rows, limit, present, (row) => [row.name]);
    };
    const page = await (order === 'silence' ? bySilence() : byName());
    linkNext(c, page.nextCursor);
    return c.json(page, 200);
  })
  .openapi(getRoute, async (c) => {
    const monitor = await findMonitor(c.get('ctx'), c.get('programId'), c.req.valid('param').monitorName);
    if (!monitor) throw new AppError('not_found', 'There is no such monitor.');
    return c.json(present(monitor), 200);
  })
  .openapi(putRoute, async (c) => {
    const { monitorName: name } = c.req.valid('param');
    const judged = monitorNameIn.safeParse(name);
    if (!judged.success) {
      throw new AppError('invalid_input', judged.error.issues[0]?.message ?? 'Not a name.');
    }
    return c.json(
      present(await saveMonitor(c.get('ctx'), c.get('programId'), name, c.req.valid('json'))),
      200,
    );
  })
  .openapi(snoozeRoute, async (c) => {
    const { monitorName: name } = c.req.valid('param');
    const { hours, reason } = c.req.valid('json');
    const ctx = c.get('ctx');
    if (!(await findMonitor(ctx, c.get('programId'), name)))
      throw new AppError('not_found', 'There is no such monitor.');
    if (hours === undefined || reason === undefined)
      throw new AppError('invalid_input', 'Say for how long and why: "hours" and "reason".');
    return c.json(present(await snoozeMonitor(ctx, c.get('programId'), name, { hours, reason })), 200);
  })
  .openapi(wakeRoute, async (c) => {
    const { monitorName: name } = c.req.valid('param');
    return c.json(present(await snoozeMonitor(c.get('ctx'), c.get('programId'), name, null)), 200);
  })
  .openapi(pingRoute, async (c) => {
    const { monitorName: name } = c.req.valid('param');
    return c.json({ deliveryId: await pingByHand(c.get('ctx'), c.get('programId'), name) }, 202);
  })
  .openapi(deleteRoute, async (c) => {
    await deleteMonitor(c.get('ctx'), c.get('programId'), c.req.valid('param').monitorName);
    return c.body(null, 204);
  });
