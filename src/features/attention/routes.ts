import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  type ApiEnv,
  createRouter,
  defineRoute,
  isoTime,
  linkNext,
  noContent,
  ok,
  pageOf,
  pageQuery,
  programParam,
  toIso,
} from '../../http.ts';
import { decodeCursor, toPage } from '../../platform/cursor.ts';
import { programOfProblem } from './attention.system.ts';
import { resolveProblem } from './resolve.ts';
import { listOpenAttention } from './store.ts';

const problemOut = z
  .object({
    attentionId: z.string(),
    kind: z.string().openapi({ example: 'delivery_exhausted' }),
    subject: z.string(),
    message: z.string(),
    nextStep: z.string(),
    since: isoTime,
    lastAt: isoTime,
    count: z.number().int(),
    traceId: z.string().nullable(),
  })
  .openapi('OpenProblem');

export type OpenProblemPage = { items: z.output<typeof problemOut>[]; nextCursor: string | null };

const listRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/attention',
    tags: ['Webhooks and deliveries'],
    summary: 'What is wrong now and needs a person, newest first',
    request: { params: programParam, query: pageQuery },
    responses: { 200: ok(pageOf(problemOut, 'OpenProblemPage'), 'Open problems.') },
  },
);

const systemListRoute = defineRoute(
  { scope: 'system' },
  {
    method: 'get',
    path: '/api/system/attention',
    tags: ['Operating'],
    summary: 'What is wrong with the hub as a whole, newest first',
    request: { query: pageQuery },
    responses: { 200: ok(pageOf(problemOut, 'OpenProblemPage'), 'Open problems.') },
  },
);

const problemParam = z.object({
  attentionId: z.string().openapi({ param: { name: 'attentionId', in: 'path' } }),
});

const resolveRoute = defineRoute(
  { scope: 'manage' },
  {
    method: 'post',
    path: '/api/programs/{programId}/attention/{attentionId}/resolve',
    tags: ['Webhooks and deliveries'],
    summary: 'Close a problem by hand; where it happens again it opens anew, and is told anew',
    request: { params: programParam.extend(problemParam.shape) },
    responses: { 204: noContent },
  },
);

const systemResolveRoute = defineRoute(
  { scope: 'system' },
  {
    method: 'post',
    path: '/api/system/attention/{attentionId}/resolve',
    tags: ['Operating'],
    summary: 'Close a problem by hand, whosever it is',
    request: { params: problemParam },
    responses: { 204: noContent },
  },
);

/** The hub as a whole: what belongs to no program. */
const hubProgramId = '';

export const attentionRoutes = createRouter()
  .openapi(listRoute, async (c) => listOpen(c, c.get('programId')))
  .openapi(systemListRoute, async (c) => listOpen(c, hubProgramId))
  .openapi(resolveRoute, async (c) => {
    await resolveProblem(c.get('ctx'), c.get('programId'), c.req.valid('param').attentionId);
    return c.body(null, 204);
  })
  .openapi(systemResolveRoute, async (c) => {
    const { attentionId } = c.req.valid('param');
    await resolveProblem(c.get('ctx'), await programOfProblem(c.get('ctx'), attentionId), attentionId);
    return c.body(null, 204);
  });

async function listOpen(
  c: Context<ApiEnv, string, { out: { query: z.output<typeof pageQuery> } }>,
  programId: string,
) {
  const ctx = c.get('ctx');
  const { limit, cursor } = c.req.valid('query');
  const before = cursor === undefined ? null : decodeCursor(cursor, 'string')[0];
  const rows = await listOpenAttention(ctx, programId, before, limit + 1, ctx.actor.kind === 'system');
  const page = toPage(rows, limit, present, (row) => [row.attentionId]);
  linkNext(c, page.nextCursor);
  return c.json(page, 200);
}

function present(row: Awaited<ReturnType<typeof listOpenAttention>>[number]) {
  return {
    attentionId: row.attentionId,
    kind: row.kind,
    subject: row.subject,
    message: row.message,
    nextStep: row.nextStep,
    since: toIso(row.since),
    lastAt: toIso(row.lastAt),
    count: row.count,
    traceId: row.traceId,
  };
}
