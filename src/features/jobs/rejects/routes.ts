import { z } from '@hono/zod-openapi';
import { createRouter, defineRoute, ok } from '../../../http.ts';
import { AppError } from '../../../platform/errors.ts';
import { programOfJob } from '../jobs.system.ts';
import { findJob } from '../store.ts';
import { readRejects } from './read.ts';

const one = {
  line: z.number().int().nullable(),
  column: z.string().nullable(),
  code: z.string(),
  message: z.string(),
};

const rejectsOut = z
  .object({
    rowsRead: z.number().int().openapi({ description: 'Rejected rows looked at; the groups are of these.' }),
    groups: z.array(
      z.object({
        column: z.string().nullable(),
        code: z.string(),
        count: z.number().int(),
        lines: z.array(z.number().int()).openapi({ description: 'The first three.' }),
        message: z.string().openapi({ description: 'Of the first.' }),
      }),
    ),
    items: z.array(
      z.object({
        ...one,
        value: z.string().nullable().openapi({ description: 'With `values=true` alone.' }),
      }),
    ),
  })
  .openapi('JobRejects');

export type JobRejects = z.output<typeof rejectsOut>;

const rejectsRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/jobs/{jobId}/rejects',
    tags: ['Warehouse sync'],
    summary: 'The rejected rows as a diagnosis: grouped by column and code, the most frequent first',
    request: {
      params: z.object({ jobId: z.string().openapi({ param: { name: 'jobId', in: 'path' } }) }),
      query: z.object({
        values: z
          .enum(['true', 'false'])
          .default('false')
          .openapi({ description: 'The cells too: personal data, and the reading is on record.' }),
      }),
    },
    responses: { 200: ok(rejectsOut, 'Of the first 2,000 rejected rows; all are in errors.csv.') },
  },
);

export const rejectRoutes = createRouter().openapi(rejectsRoute, async (c) => {
  const ctx = c.get('ctx');
  const { jobId } = c.req.valid('param');
  const programId = ctx.actor.kind === 'program' ? ctx.actor.programId : await programOfJob(ctx, jobId);
  const job = programId === null ? null : await findJob(ctx, programId, jobId);
  if (!job) throw new AppError('not_found', 'There is no such job.');
  return c.json(await readRejects(ctx, job, c.req.valid('query').values === 'true'), 200);
});
