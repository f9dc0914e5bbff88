import { z } from '@hono/zod-openapi';
import {
  createRouter,
  defineRoute,
  ifMatchHeader,
  jsonBody,
  linkNext,
  noContent,
  ok,
  pageOf,
  pageQuery,
  programParam,
  toIso,
} from '../../http.ts';
import { decodeCursor, toPage } from '../../platform/cursor.ts';
import { versionTag } from '../../platform/etag.ts';
import { showDestination } from './destination.ts';
import { probeHost } from './probe.ts';
import { relayEgress } from './relay.ts';
import { sampleFile } from './samples.ts';
import { changeExport, createExport, deleteExport, requireExport } from './save.ts';
import {
  exportIn,
  exportOut,
  exportPatch,
  probeOut,
  type runOut,
  type runWithFiles,
  testOut,
} from './schema.ts';
import { type Export, listExports } from './store.ts';
import { sendTest } from './test-file.ts';

export type ExportOut = z.output<typeof exportOut>;
export type ExportPage = { items: ExportOut[]; nextCursor: string | null };
export type ExportRunPage = { items: z.output<typeof runOut>[]; nextCursor: string | null };
export type ExportNight = z.output<typeof runWithFiles>;
export type HostProbe = z.output<typeof probeOut>;

const tags = ['Nightly SFTP events'];
const base = '/api/programs/{programId}/exports';

const exportParam = programParam.extend({
  exportId: z.string().openapi({ param: { name: 'exportId', in: 'path' } }),
});

const egressRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: `${base}/egress`,
    tags,
    summary: 'The addresses that transfers come from, for allow-lists',
    request: { params: programParam },
    responses: {
      200: ok(
        z.object({ fixed: z.boolean(), addresses: z.array(z.string()) }).openapi('Egress'),
        'They are fixed, or `fixed` is false: then there are none to list.',
      ),
    },
  },
);

const sampleRoute = <F extends 'json' | 'csv'>(format: F, media: string) =>
  defineRoute(
    { scope: 'read' },
    {
      method: 'get',
      path: `${base}/samples/${format}`,
      tags,
      summary: `A valid ${format.toUpperCase()} file to test with`,
      request: { params: programParam },
      responses: { 200: { description: 'The file.', content: { [media]: { schema: z.string() } } } },
    },
  );

const sampleJson = sampleRoute('json', 'application/json');
const sampleCsv = sampleRoute('csv', 'text/csv');

const createRoute = defineRoute(
  { scope: 'exports' },
  {
    method: 'post',
    path: base,
    tags,
    summary: 'Set up a nightly file',
    request: { params: programParam, body: jsonBody(exportIn) },
    responses: { 201: ok(exportOut, 'Set up. Without a pinned host key it is not active yet.') },
  },
);

const listRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: base,
    tags,
    summary: 'The nightly files of this program',
    request: { params: programParam, query: pageQuery },
    responses: { 200: ok(pageOf(exportOut, 'ExportPage'), 'A page of exports.') },
  },
);

const getRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: `${base}/{exportId}`,
    tags,
    summary: 'An export',
    request: { params: exportParam },
    responses: { 200: ok(exportOut, 'The export; its password does not come out again.') },
  },
);

const patchRoute = defineRoute(
  { scope: 'exports' },
  {
    method: 'patch',
    path: `${base}/{exportId}`,
    tags,
    summary: 'Change an export: pin a host key, pause it, send it elsewhere',
    request: { params: exportParam, headers: ifMatchHeader, body: jsonBody(exportPatch) },
    responses: { 200: ok(exportOut, 'As it is now.') },
  },
);

const deleteRoute = defineRoute(
  { scope: 'exports' },
  {
    method: 'delete',
    path: `${base}/{exportId}`,
    tags,
    summary: 'Delete an export with its nights; what was sent stays where it is',
    request: { params: exportParam },
    responses: { 204: noContent },
  },
);

const probeRoute = defineRoute(
  { scope: 'exports' },
  {
    method: 'post',
    path: `${base}/{exportId}/probe`,
    tags,
    summary: 'Ask the host for its keys, without any credential',
    request: { params: exportParam },
    responses: { 200: ok(probeOut, 'The keys, and which of them are pinned.') },
  },
);

const testRoute = defineRoute(
  { scope: 'exports' },
  {
    method: 'post',
    path: `${base}/{exportId}/test`,
    tags,
    summary: 'Send a test file',
    request: { params: exportParam },
    responses: { 202: ok(testOut, 'On its way; the delivery tells how it went.') },
  },
);

export const exportRoutes = createRouter()
  .openapi(egressRoute, async (c) => c.json(await relayEgress(c.get('ctx')), 200))
  .openapi(sampleJson, (c) => c.body(sampleFile('json'), 200, { 'content-type': 'application/json' }))
  .openapi(sampleCsv, (c) => c.body(sampleFile('csv'), 200, { 'content-type': 'text/csv; charset=utf-8' }))
  .openapi(createRoute, async (c) => {
    const row = await createExport(c.get('ctx'), c.get('programId'), c.req.valid('json'));
    c.header('location', `/api/programs/${row.programId}/exports/${row.exportId}`);
    return c.json(present(row), 201);
  })
  .openapi(listRoute, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const after = cursor === undefined ? '' : decodeCursor(cursor, 'string')[0];
    const rows = await listExports(c.get('ctx'), c.get('programId'), after, limit + 1);
    const page = toPage(rows, limit, present, (row) => [row.exportId]);
    linkNext(c, page.nextCursor);
    return c.json(page, 200);
  })
  .openapi(getRoute, async (c) => {
    const { exportId } = c.req.valid('param');
    const row = await requireExport(c.get('ctx'), c.get('programId'), exportId);
    c.header('etag', versionTag(row.updatedAt));
    return c.json(present(row), 200);
  })
  .openapi(patchRoute, async (c) => {
    const { exportId } = c.req.valid('param');
    const [ctx, programId, ifMatch] = [c.get('ctx'), c.get('programId'), c.req.valid('header')['if-match']];
    const row = await changeExport(ctx, programId, exportId, c.req.valid('json'), ifMatch);
    c.header('etag', versionTag(row.updatedAt));
    return c.json(present(row), 200);
  })
  .openapi(deleteRoute, async (c) => {
    await deleteExport(c.get('ctx'), c.get('programId'), c.req.valid('param').exportId);
    return c.body(null, 204);
  })
  .openapi(probeRoute, async (c) => {
    const ctx = c.get('ctx');
    const row = await requireExport(ctx, c.get('programId'), c.req.valid('param').exportId);
    return c.json(await probeHost(ctx, row), 200);
  })
  .openapi(testRoute, async (c) => {
    const ctx = c.get('ctx');
    const row = await requireExport(ctx, c.get('programId'), c.req.valid('param').exportId);
    const { deliveryId, name, sizeBytes, sha256 } = await sendTest(ctx, row);
    const statusUrl = `${ctx.config.PUBLIC_URL}/api/deliveries/${deliveryId}`;
    return c.json({ deliveryId, name, sizeBytes, sha256, statusUrl }, 202);
  });

function present(row: Export) {
  return {
    exportId: row.exportId,
    programId: row.programId,
    name: row.name,
    events: { categories: row.categories, types: row.types },
    format: row.format,
    destination: showDestination(row),
    hasPassword: row.hasPassword,
    hasPrivateKey: row.hasPrivateKey,
    hostKeys: row.hostKeys,
    mode: row.mode,
    atLocalTime: row.atLocalTime,
    timeZone: row.timeZone,
    emptyDay: row.emptyDay,
    guardFormulas: row.guardFormulas,
    manifest: row.manifest,
    active: row.active,
    lastLocalDate: row.lastLocalDate,
    nextDueAt: row.active ? toIso(row.nextDueAt) : null,
    createdAt: toIso(row.createdAt),
    updatedAt: toIso(row.updatedAt),
  };
}
