import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Ctx } from '../../context.ts';
import {
  type ApiEnv,
  createRouter,
  defineRoute,
  jsonBody,
  linkNext,
  ok,
  pageOf,
  pageQuery,
  programParam,
  toIso,
  toIsoOrNull,
} from '../../http.ts';
import { decodeCursor, encodeCursor, toPage } from '../../platform/cursor.ts';
import { AppError } from '../../platform/errors.ts';
import { findProgram } from '../programs/index.ts';
import { findCheckpoint } from '../records/index.ts';
import { retryJob, undoJob } from './again.ts';
import { callJob } from './call.ts';
import { listChanges } from './changes.ts';
import { approveJob, cancelJob, rejectJob } from './decision.ts';
import { programOfJob } from './jobs.system.ts';
import { progressOf } from './progress.ts';
import { openErrorReport } from './report.ts';
import { changeOut, jobCallIn, jobCallOut, jobOut, jobPage } from './schema.ts';
import { type JobState, phaseOf } from './state.ts';
import { jobStatuses } from './statuses.ts';
import { findJob, type Job, listJobs, listRecipients } from './store.ts';

export type JobOut = z.output<typeof jobOut>;
export type JobPage = z.output<typeof jobPage>;
export type ChangePage = { items: z.output<typeof changeOut>[]; nextCursor: string | null };

const tags = ['Warehouse sync'];

const callRoute = defineRoute(
  { scope: 'jobs', keyInBody: true, idempotent: true, bodyLimitBytes: 64 * 1_024 },
  {
    method: 'post',
    path: '/api/webhook/{job}',
    tags,
    summary: 'Queue the job that consumes a dropped file',
    request: {
      params: z.object({
        job: z.string().openapi({ param: { name: 'job', in: 'path' }, example: 'warehouse' }),
      }),
      query: z.object({
        program: z
          .string()
          .optional()
          .openapi({ description: 'With a system key: the program that is meant.' }),
      }),
      body: jsonBody(jobCallIn),
    },
    responses: { 200: ok(jobCallOut, 'Accepted; the notification will carry the same jobId.') },
  },
);

const listRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/jobs',
    tags,
    summary: 'Jobs, newest first',
    request: {
      params: programParam,
      query: pageQuery.extend({
        job: z.string().max(63).optional(),
        dataset: z.string().max(63).optional(),
        status: z.enum(jobStatuses).optional(),
      }),
    },
    responses: { 200: ok(jobPage, 'A page of jobs.') },
  },
);

const changesRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/jobs/{jobId}/changes',
    tags,
    summary: 'What the job did to each key, before and after, until the retention of before-images ends',
    request: {
      params: z.object({ jobId: z.string().openapi({ param: { name: 'jobId', in: 'path' } }) }),
      query: pageQuery,
    },
    responses: { 200: ok(pageOf(changeOut, 'ChangePage'), 'A page of changes.') },
  },
);

const reportRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/jobs/{jobId}/errors.csv',
    tags,
    summary: 'The rejected rows, to be corrected and dropped again',
    description:
      'The cells as the file has them. Of a cell beyond 65,536 characters the first 4,096; and of rows rejected for what other rows say (`key_conflict`, `not_unique`) the columns that the task does not read are empty.',
    request: { params: z.object({ jobId: z.string().openapi({ param: { name: 'jobId', in: 'path' } }) }) },
    responses: { 200: { description: 'CSV.', content: { 'text/csv': { schema: z.string() } } } },
  },
);

const summaries = {
  approve: 'Let a held job go on',
  reject: 'End a held job without a change',
  cancel: 'Stop a job; what it had applied is put back first',
  retry: 'A new job over the same file, for one that did not succeed',
  undo: 'Put the dataset back as it was before this, its latest job',
};

const getRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/jobs/{jobId}',
    tags,
    summary: 'A job, how far it is and what it did',
    request: { params: z.object({ jobId: z.string().openapi({ param: { name: 'jobId', in: 'path' } }) }) },
    responses: { 200: ok(jobOut, 'The job.') },
  },
);

const decisionRoutes = (['approve', 'reject', 'cancel', 'retry', 'undo'] as const).map((verb) => ({
  verb,
  route: defineRoute(
    { scope: 'jobs', idempotent: true },
    {
      method: 'post',
      path: `/api/jobs/{jobId}/${verb}`,
      tags,
      summary: summaries[verb],
      request: { params: z.object({ jobId: z.string().openapi({ param: { name: 'jobId', in: 'path' } }) }) },
      responses: { 200: ok(jobOut, 'The job as it is now; the new one, for `retry` and `undo`.') },
    },
  ),
}));

export const jobRoutes = createRouter()
  .openapi(callRoute, async (c) => {
    const ctx = c.get('ctx');
    const programId = await programOfCall(c, c.req.valid('query').program);
    const { job, duplicate } = await callJob(ctx, programId, c.req.valid('param').job, c.req.valid('json'));
    return c.json(
      {
        success: true as const,
        jobId: job.jobId,
        job: job.job,
        filename: job.filename,
        size: job.sizeBytes,
        etag: job.etag,
        status: job.status,
        statusUrl: `${ctx.config.PUBLIC_URL}/api/jobs/${job.jobId}`,
        ...(duplicate ? { duplicate: true as const } : {}),
      },
      200,
    );
  })
  .openapi(listRoute, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query');
    const before = cursor === undefined ? null : decodeCursor(cursor, 'number')[0];
    const listed = await listJobs(c.get('ctx'), c.get('programId'), filter, before, limit + 1);
    const page = toPage(
      listed.rows,
      limit,
      (row) => present(row, null, 0),
      (row) => [row.sequence],
    );
    const lookedTo = page.nextCursor === null ? listed.lookedTo : null;
    const nextCursor = lookedTo === null ? page.nextCursor : encodeCursor([lookedTo.sequence]);
    linkNext(c, nextCursor);
    const lookedBackTo = lookedTo === null ? null : toIso(lookedTo.queuedAt);
    return c.json({ items: page.items, nextCursor, lookedBackTo }, 200);
  })
  .openapi(getRoute, async (c) => {
    const ctx = c.get('ctx');
    const job = await jobOf(ctx, c.req.valid('param').jobId);
    const checkpoint = job.finishedAt === null ? await findCheckpoint(ctx, job.programId, job.jobId) : null;
    const state: JobState | null = checkpoint ? JSON.parse(checkpoint.state) : null;
    const recipients = await listRecipients(ctx, job.jobId);
    return c.json(present(job, state, recipients.length), 200);
  });

const decisions = {
  approve: approveJob,
  reject: rejectJob,
  cancel: cancelJob,
  retry: retryJob,
  undo: undoJob,
};

for (const { verb, route } of decisionRoutes) {
  jobRoutes.openapi(route, async (c) => {
    const ctx = c.get('ctx');
    const job = await decisions[verb](ctx, await jobOf(ctx, c.req.valid('param').jobId));
    return c.json(present(job, null, (await listRecipients(ctx, job.jobId)).length), 200);
  });
}

jobRoutes.openapi(changesRoute, async (c) => {
  const ctx = c.get('ctx');
  const job = await jobOf(ctx, c.req.valid('param').jobId);
  const { limit, cursor } = c.req.valid('query');
  const start: [number, number, number] = [0, 0, 0];
  const from = cursor === undefined ? start : decodeCursor(cursor, 'number', 'number', 'number');
  const { items, next } = await listChanges(ctx, job, from, limit);
  const nextCursor = next === null ? null : encodeCursor(next);
  linkNext(c, nextCursor);
  return c.json({ items, nextCursor }, 200);
});

jobRoutes.openapi(reportRoute, async (c) => {
  const ctx = c.get('ctx');
  const job = await jobOf(ctx, c.req.valid('param').jobId);
  if (job.finishedAt === null && job.status !== 'held') {
    throw new AppError('conflict', 'The job is still running: its report is there when it has ended.');
  }
  const name = encodeURIComponent(`${job.filename}.errors.csv`);
  return new Response(await openErrorReport(ctx, job), {
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename*=UTF-8''${name}`,
    },
  });
});

/** The key tells the program; a system key names it. */
async function programOfCall(c: Context<ApiEnv>, named: string | undefined): Promise<string> {
  const { actor } = c.get('ctx');
  const own = actor.kind === 'program' ? actor.programId : null;
  if (named === undefined) {
    if (own !== null) return own;
    throw new AppError('program_required', 'A system key names the program: /api/webhook/{job}?program=….');
  }
  const program = await findProgram(c.get('ctx'), named);
  if (!program || (own !== null && own !== program.programId)) {
    throw new AppError('not_found', 'There is no such program, or it is not yours.');
  }
  return program.programId;
}

async function jobOf(ctx: Ctx, jobId: string): Promise<Job> {
  const programId = ctx.actor.kind === 'program' ? ctx.actor.programId : await programOfJob(ctx, jobId);
  const job = programId === null ? null : await findJob(ctx, programId, jobId);
  if (!job) throw new AppError('not_found', 'There is no such job.');
  return job;
}

function present(job: Job, state: JobState | null, recipients: number): z.output<typeof jobOut> {
  const counts = state?.counts ?? job.counts;
  return {
    jobId: job.jobId,
    programId: job.programId,
    job: job.job,
    dataset: job.dataset,
    folder: job.folder,
    filename: job.filename,
    size: job.sizeBytes,
    etag: job.etag,
    versionId: job.versionId,
    dryRun: job.dryRun,
    status: job.status,
    phase: (state && phaseOf(state)) ?? job.phase,
    waitingFor: job.waitingFor,
    retryOf: job.retryOf,
    undoOf: job.undoOf,
    attempt: job.attempt,
    progress: progressOf(job, state),
    rows: counts,
    decisions: state?.decisions ?? job.decisions,
    errors: state?.errors ?? job.errors,
    message: job.message,
    traceId: job.traceId,
    queuedAt: toIso(job.queuedAt),
    startedAt: toIsoOrNull(job.startedAt),
    finishedAt: toIsoOrNull(job.finishedAt),
    notification: { messageId: job.notificationId, recipients },
  };
}
