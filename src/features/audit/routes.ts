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
import { decodeCursor, encodeCursor, toPage } from '../../platform/cursor.ts';
import { exportAudit } from './export.ts';
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

const filterQuery = {
  actor: z
    .string()
    .max(200)
    .optional()
    .openapi({ description: 'Any part of it: a key id, or a person’s name.' }),
  action: z
    .string()
    .max(100)
    .optional()
    .openapi({ description: 'Such as `webhook.changed`; `webhook.` for all that begin so.' }),
  target: z.string().max(500).optional(),
};

const listRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/audit',
    tags: ['Programs and keys'],
    summary: 'Who changed what, newest first',
    request: { params: programParam, query: pageQuery.extend(filterQuery) },
    responses: {
      200: ok(
        pageOf(auditOut, 'AuditPage'),
        'A page of the log. With a filter it looks at 2,000 entries: it may hold few or none of them and still have a `nextCursor`.',
      ),
    },
  },
);

const exportRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/audit.csv',
    tags: ['Programs and keys'],
    summary: 'The log as CSV, newest first: of the latest 20,000 entries those that match',
    request: { params: programParam, query: z.object(filterQuery) },
    responses: { 200: { description: 'The file.', content: { 'text/csv': { schema: z.string() } } } },
  },
);

export const auditRoutes = createRouter()
  .openapi(listRoute, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query');
    const before = cursor === undefined ? null : decodeCursor(cursor, 'string')[0];
    const { rows, lookedTo } = await listAudit(c.get('ctx'), c.get('programId'), filter, before, limit + 1);
    const page = toPage(
      rows,
      limit,
      ({ programId: _, ...row }) => ({ ...row, at: toIso(row.at) }),
      (row) => [row.auditId],
    );
    if (page.nextCursor === null && lookedTo !== null) page.nextCursor = encodeCursor([lookedTo]);
    linkNext(c, page.nextCursor);
    return c.json(page, 200);
  })
  .openapi(exportRoute, async (c) => {
    const programId = c.get('programId');
    return c.body(exportAudit(c.get('ctx'), programId, c.req.valid('query')), 200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="${programId}-audit.csv"`,
      'content-security-policy': 'sandbox',
    }) as never;
  });
