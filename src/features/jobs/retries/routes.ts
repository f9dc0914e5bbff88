import { z } from '@hono/zod-openapi';
import { createRouter, defineRoute, jsonBody, ok, programParam } from '../../../http.ts';
import { planRetries, retryable } from '../retry-all.ts';

const retriesIn = z
  .strictObject({
    job: z.string().max(100).optional().openapi({ description: 'Of this task alone.' }),
    dataset: z.string().max(100).optional(),
    status: z.enum(retryable).default('failed'),
    dryRun: z.boolean().default(false).openapi({ description: 'Count only.' }),
  })
  .openapi('JobRetriesIn');

const retriesOut = z
  .object({
    count: z.number().int(),
    more: z.boolean().openapi({ description: 'There are more than one call runs: call again.' }),
    of: z.string().openapi({ description: 'What is counted, in words.' }),
    started: z.number().int().nullable().openapi({ description: 'Null where they were only counted.' }),
    refused: z.number().int().nullable(),
  })
  .openapi('JobRetries');

export type JobRetries = z.output<typeof retriesOut>;

const retriesRoute = defineRoute(
  { scope: 'jobs' },
  {
    method: 'post',
    path: '/api/programs/{programId}/jobs/retry',
    tags: ['Warehouse sync'],
    summary:
      'Run again the jobs that match: of the latest 200, the last of each file; with `dryRun` count them',
    request: { params: programParam, body: jsonBody(retriesIn) },
    responses: { 200: ok(retriesOut, 'Each is a job of its own, oldest first; at most 50 a call.') },
  },
);

export const jobRetryRoutes = createRouter().openapi(retriesRoute, async (c) => {
  const { dryRun, ...filter } = c.req.valid('json');
  const plan = await planRetries(c.get('ctx'), c.get('programId'), filter);
  const done = dryRun ? null : await plan.run();
  const { count, more, of } = plan;
  return c.json({ count, more, of, started: done?.started ?? null, refused: done?.refused ?? null }, 200);
});
