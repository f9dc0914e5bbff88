import { z } from '@hono/zod-openapi';
import {
  createRouter,
  defineRoute,
  isoTime,
  linkNext,
  ok,
  pageOf,
  pageQuery,
  programParam,
  toIso,
} from '../../http.ts';
import { decodeCursor, toPage } from '../../platform/cursor.ts';
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

export const attentionRoutes = createRouter().openapi(listRoute, async (c) => {
  const ctx = c.get('ctx');
  const { limit, cursor } = c.req.valid('query');
  const before = cursor === undefined ? null : decodeCursor(cursor, 'string')[0];
  const rows = await listOpenAttention(
    ctx,
    c.get('programId'),
    before,
    limit + 1,
    ctx.actor.kind === 'system',
  );
  const page = toPage(
    rows,
    limit,
    (row) => ({
      attentionId: row.attentionId,
      kind: row.kind,
      subject: row.subject,
      message: row.message,
      nextStep: row.nextStep,
      since: toIso(row.since),
      lastAt: toIso(row.lastAt),
      count: row.count,
      traceId: row.traceId,
    }),
    (row) => [row.attentionId],
  );
  linkNext(c, page.nextCursor);
  return c.json(page, 200);
});
