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
import { listAudit } from './store.ts';

const auditOut = z
  .object({
    auditId: z.string(),
    at: isoTime,
    actor: z.string(),
    action: z.string(),
    target: z.string(),
    requestId: z.string(),
    detail: z.record(z.string(), z.unknown()),
  })
  .openapi('AuditEntry');

export type AuditPage = { items: z.output<typeof auditOut>[]; nextCursor: string | null };

const listRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/audit',
    tags: ['Programs and keys'],
    summary: 'Who changed what, newest first',
    request: { params: programParam, query: pageQuery },
    responses: { 200: ok(pageOf(auditOut, 'AuditPage'), 'A page of the log.') },
  },
);

export const auditRoutes = createRouter().openapi(listRoute, async (c) => {
  const { limit, cursor } = c.req.valid('query');
  const before = cursor === undefined ? null : decodeCursor(cursor, 'string')[0];
  const rows = await listAudit(c.get('ctx'), c.get('programId'), before, limit + 1);
  const page = toPage(
    rows,
    limit,
    ({ programId: _, ...row }) => ({ ...row, at: toIso(row.at) }),
    (row) => [row.auditId],
  );
  linkNext(c, page.nextCursor);
  return c.json(page, 200);
});
