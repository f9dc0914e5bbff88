import { z } from '@hono/zod-openapi';
import {
  createRouter,
  defineRoute,
  isoTime,
  linkNext,
  ok,
  pageQuery,
  programParam,
  toIsoOrNull,
} from '../../../http.ts';
import { decodeCursor, encodeCursor } from '../../../platform/cursor.ts';
import { AppError } from '../../../platform/errors.ts';
import { findDataset } from '../../records/index.ts';
import { readHistory } from './read.ts';

const values = z.record(z.string(), z.unknown()).nullable();

const changeOut = z
  .object({
    jobId: z.string(),
    job: z.string().nullable().openapi({ description: 'Null once the job has passed its retention.' }),
    filename: z.string().nullable(),
    undoOf: z.string().nullable(),
    kind: z.enum(['inserted', 'updated', 'deleted']),
    version: z.number().int(),
    changedAt: isoTime.nullable(),
    before: values.openapi({ description: 'Null too where it has passed its retention: see `expired`.' }),
    after: values,
    event: z
      .object({
        eventId: z.string(),
        states: z
          .record(z.string(), z.number())
          .openapi({ description: 'Its deliveries to this program’s endpoints, by status.' }),
      })
      .nullable()
      .openapi({ description: 'What the change became, where its task publishes.' }),
  })
  .openapi('RecordChange');

const historyOut = z
  .object({
    items: z.array(changeOut),
    nextCursor: z.string().nullable(),
    lookedThrough: z
      .number()
      .int()
      .openapi({ description: 'Jobs with deletions that were searched for this key: at most 20 a call.' }),
    expired: z
      .boolean()
      .openapi({ description: 'Older changes have passed the retention of before-images.' }),
  })
  .openapi('RecordHistory');

export type RecordHistoryOut = z.output<typeof historyOut>;

const historyRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/datasets/{dataset}/records/{key}/history',
    tags: ['Records'],
    summary: 'What each job did to a record, newest first, with the values before and after',
    request: {
      params: programParam.extend({
        dataset: z.string().openapi({ param: { name: 'dataset', in: 'path' } }),
        key: z.string().openapi({ param: { name: 'key', in: 'path' } }),
      }),
      query: pageQuery.extend({
        limit: z.coerce
          .number({ error: 'A whole number from 1 to 50.' })
          .int()
          .min(1, 'At least 1.')
          .max(50, 'At most 50.')
          .default(10),
      }),
    },
    responses: {
      200: ok(historyOut, 'Also of a record that was deleted; empty for a key that nothing is known of.'),
    },
  },
);

export const historyRoutes = createRouter().openapi(historyRoute, async (c) => {
  const [ctx, programId] = [c.get('ctx'), c.get('programId')];
  const { dataset, key } = c.req.valid('param');
  const { limit, cursor } = c.req.valid('query');
  if (!(await findDataset(ctx, programId, dataset)))
    throw new AppError('not_found', 'There is no such dataset yet: a job makes it when it first applies.');
  const after = cursor === undefined ? null : decodeCursor(cursor, 'string')[0];
  const { items, next, lookedThrough, expired } = await readHistory(
    ctx,
    { programId, dataset, key },
    after,
    limit,
  );
  const nextCursor = next === null ? null : encodeCursor([next]);
  linkNext(c, nextCursor);
  const shown = items.map(({ job, changedAt, ...change }) => ({
    ...change,
    job: job?.job ?? null,
    filename: job?.filename ?? null,
    undoOf: job?.undoOf ?? null,
    changedAt: toIsoOrNull(changedAt),
  }));
  return c.json({ items: shown, nextCursor, lookedThrough, expired }, 200);
});
