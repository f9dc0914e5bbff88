import { z } from '@hono/zod-openapi';
import {
  createRouter,
  defineRoute,
  linkNext,
  ok,
  pageOf,
  pageQuery,
  programParam,
  toIso,
  toIsoOrNull,
} from '../../../http.ts';
import { decodeCursor, toPage } from '../../../platform/cursor.ts';
import { AppError } from '../../../platform/errors.ts';
import { findKnownRun, requireRunFile } from '../runs.ts';
import { requireExport } from '../save.ts';
import { localDate, runOut, runWithFiles } from '../schema.ts';
import { resendRun } from '../send.ts';
import { type ExportFile, listFiles, listRuns, type Run } from '../store.ts';

const tags = ['Nightly SFTP events'];
const base = '/api/programs/{programId}/exports/{exportId}/runs';

const exportParam = programParam.extend({
  exportId: z.string().openapi({ param: { name: 'exportId', in: 'path' } }),
});
const runParam = exportParam.extend({
  localDate: localDate.openapi({ param: { name: 'localDate', in: 'path' }, example: '2026-05-14' }),
});

const listRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: base,
    tags,
    summary: 'The nights of an export, newest first',
    request: { params: exportParam, query: pageQuery },
    responses: { 200: ok(pageOf(runOut, 'ExportRunPage'), 'A page of nights.') },
  },
);

const getRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: `${base}/{localDate}`,
    tags,
    summary: 'A night with its files',
    request: { params: runParam },
    responses: { 200: ok(runWithFiles, 'The night.') },
  },
);

const sendRoute = defineRoute(
  { scope: 'exports', idempotent: true },
  {
    method: 'post',
    path: `${base}/{localDate}/send`,
    tags,
    summary: 'Send a night again: the same bytes under the same names',
    request: { params: runParam },
    responses: { 202: ok(runOut, 'On its way again.') },
  },
);

const fileRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: `${base}/{localDate}/files/{name}`,
    tags,
    summary: 'A file as it was sent',
    request: {
      params: runParam.extend({
        name: z
          .string()
          .max(300)
          .openapi({ param: { name: 'name', in: 'path' } }),
      }),
    },
    responses: {
      200: {
        description: 'The bytes.',
        content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
      },
    },
  },
);

export const exportRunRoutes = createRouter()
  .openapi(listRoute, async (c) => {
    const ctx = c.get('ctx');
    const { limit, cursor } = c.req.valid('query');
    const row = await requireExport(ctx, c.get('programId'), c.req.valid('param').exportId);
    const before = cursor === undefined ? null : decodeCursor(cursor, 'string')[0];
    const rows = await listRuns(ctx, row.programId, row.exportId, before, limit + 1);
    const page = toPage(rows, limit, present, (run) => [run.localDate]);
    linkNext(c, page.nextCursor);
    return c.json(page, 200);
  })
  .openapi(getRoute, async (c) => {
    const ctx = c.get('ctx');
    const { exportId, localDate: date } = c.req.valid('param');
    const run = await findKnownRun(ctx, await requireExport(ctx, c.get('programId'), exportId), date);
    const files = await listFiles(ctx, run.programId, run.runId);
    return c.json({ ...present(run), files: files.map(presentFile) }, 200);
  })
  .openapi(sendRoute, async (c) => {
    const ctx = c.get('ctx');
    const { exportId, localDate: date } = c.req.valid('param');
    const row = await requireExport(ctx, c.get('programId'), exportId);
    return c.json(present(await resendRun(ctx, row, date)), 202);
  })
  .openapi(fileRoute, async (c) => {
    const ctx = c.get('ctx');
    const { exportId, localDate: date, name } = c.req.valid('param');
    const row = await requireExport(ctx, c.get('programId'), exportId);
    const file = await requireRunFile(ctx, row, date, name);
    const read = await ctx.objects.get(file.objectKey);
    if (!read) throw new AppError('expired', 'The file has passed its retention.');
    return new Response(read.body, {
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(file.sizeBytes),
        'content-disposition': `attachment; filename="${file.name}"`,
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store, no-transform',
      },
    });
  });

function present(run: Run) {
  return {
    runId: run.runId,
    exportId: run.exportId,
    localDate: run.localDate,
    status: run.status,
    message: run.message,
    timeZone: run.timeZone,
    endsAt: toIso(run.endsAt),
    events: run.events,
    sends: run.sends,
    startedAt: toIso(run.startedAt),
    writtenAt: toIsoOrNull(run.writtenAt),
    endedAt: toIsoOrNull(run.endedAt),
    expired: run.erasedAt !== null,
    traceId: run.traceId,
  };
}

function presentFile(file: ExportFile) {
  const evidence = file.evidence === null ? null : (JSON.parse(file.evidence) as Record<string, unknown>);
  return {
    name: file.name,
    event: file.eventType,
    rows: file.rows,
    sizeBytes: file.sizeBytes,
    sha256: file.sha256,
    status: file.status,
    reason: file.reason,
    deliveryId: file.deliveryId,
    endedAt: toIsoOrNull(file.endedAt),
    evidence,
  };
}
