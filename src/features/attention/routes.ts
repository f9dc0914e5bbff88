import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Ctx } from '../../context.ts';
import {
  type ApiEnv,
  createRouter,
  defineRoute,
  isoTime,
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
import { programOfProblem } from './attention.system.ts';
import { type Handling, handleProblem, planRetry, resolveProblem } from './handle.ts';
import { listOpenAttention, type OpenAttention } from './store.ts';
import { problemStates } from './table.ts';

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
    state: z.enum(problemStates).openapi({
      description:
        '`acknowledged`: somebody has it in hand. `ignored`: seen by nobody until it is mended, which ends it.',
    }),
    stateBy: z.string().nullable().openapi({ description: 'Who said so; null while it is open.' }),
    stateAt: isoTime.nullable(),
    retryable: z
      .boolean()
      .openapi({ description: 'POST …/retry does again what has this problem, and those like it.' }),
  })
  .openapi('OpenProblem');

export type OpenProblem = z.output<typeof problemOut>;
export type OpenProblemPage = { items: z.output<typeof problemOut>[]; nextCursor: string | null };

const listQuery = pageQuery.extend({
  state: z
    .enum(problemStates)
    .optional()
    .openapi({ description: 'Those that are open or acknowledged, unless told.' }),
});

const listRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/attention',
    tags: ['Webhooks and deliveries'],
    summary: 'What is wrong now and needs a person, newest first',
    request: { params: programParam, query: listQuery },
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
    request: { query: listQuery },
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

const handlingParam = problemParam.extend({
  handling: z
    .enum(['acknowledge', 'ignore', 'reopen'] satisfies Handling[])
    .openapi({ param: { name: 'handling', in: 'path' } }),
});

const handleSummary =
  'Say that somebody has a problem in hand, that it is not to be seen until it is mended, or neither';

const handleRoute = defineRoute(
  { scope: 'manage' },
  {
    method: 'post',
    path: '/api/programs/{programId}/attention/{attentionId}/{handling}',
    tags: ['Webhooks and deliveries'],
    summary: handleSummary,
    request: { params: programParam.extend(handlingParam.shape) },
    responses: { 200: ok(problemOut, 'As it is now. It ends by itself when it is mended, in any state.') },
  },
);

const systemHandleRoute = defineRoute(
  { scope: 'system' },
  {
    method: 'post',
    path: '/api/system/attention/{attentionId}/{handling}',
    tags: ['Operating'],
    summary: `${handleSummary}, whosever it is`,
    request: { params: handlingParam },
    responses: { 200: ok(problemOut, 'As it is now.') },
  },
);

const retryOut = z
  .object({
    count: z.number().int().openapi({ description: 'How many there are to do again.' }),
    more: z.boolean().openapi({ description: 'There are more than one call does: call again.' }),
    of: z.string().openapi({ description: 'What is counted, in words.' }),
    started: z.number().int().nullable().openapi({ description: 'Null where they were only counted.' }),
    refused: z.number().int().nullable().openapi({ description: 'Those that could not be done again now.' }),
    found: z
      .array(z.string())
      .nullable()
      .openapi({ description: 'What there was to do nothing about, each in a sentence.' }),
  })
  .openapi('ProblemRetry');

export type ProblemRetry = z.output<typeof retryOut>;

const retryRoute = defineRoute(
  { scope: 'manage' },
  {
    method: 'post',
    path: '/api/programs/{programId}/attention/{attentionId}/retry',
    tags: ['Webhooks and deliveries'],
    summary:
      'Do again all that has this problem: deliveries to the same receiver, jobs of the same task, files not taken up',
    request: {
      params: programParam.extend(problemParam.shape),
      body: jsonBody(
        z
          .strictObject({ dryRun: z.boolean().default(false).openapi({ description: 'Count only.' }) })
          .openapi('ProblemRetryIn'),
      ),
    },
    responses: { 200: ok(retryOut, 'Counted, and unless `dryRun` begun.') },
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
  })
  .openapi(retryRoute, async (c) => {
    const plan = await planRetry(c.get('ctx'), c.get('programId'), c.req.valid('param').attentionId);
    const { count, more, of } = plan;
    const done = c.req.valid('json').dryRun ? null : await plan.run();
    const { started = null, refused = null, found = null } = done ?? {};
    return c.json({ count, more, of, started, refused, found }, 200);
  })
  .openapi(handleRoute, async (c) => {
    const { attentionId, handling } = c.req.valid('param');
    const ctx = c.get('ctx');
    return c.json(present(ctx, await handleProblem(ctx, c.get('programId'), attentionId, handling)), 200);
  })
  .openapi(systemHandleRoute, async (c) => {
    const { attentionId, handling } = c.req.valid('param');
    const ctx = c.get('ctx');
    const programId = await programOfProblem(ctx, attentionId);
    return c.json(present(ctx, await handleProblem(ctx, programId, attentionId, handling)), 200);
  });

async function listOpen(
  c: Context<ApiEnv, string, { out: { query: z.output<typeof listQuery> } }>,
  programId: string,
) {
  const ctx = c.get('ctx');
  const { limit, cursor, state } = c.req.valid('query');
  const before = cursor === undefined ? null : decodeCursor(cursor, 'string')[0];
  const forStaff = ctx.actor.kind === 'system';
  const rows = await listOpenAttention(ctx, programId, before, limit + 1, forStaff, state);
  const page = toPage(
    rows,
    limit,
    (row) => present(ctx, row),
    (row) => [row.attentionId],
  );
  linkNext(c, page.nextCursor);
  return c.json(page, 200);
}

function present(ctx: Ctx, row: OpenAttention): OpenProblem {
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
    state: row.state,
    stateBy: row.stateBy,
    stateAt: toIsoOrNull(row.stateAt),
    retryable: ctx.registry.remedies[row.kind] !== undefined,
  };
}
