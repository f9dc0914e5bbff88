import { sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { type Announced, announce } from '../deliveries/index.ts';
import type { Job } from './store.ts';

/** What the program's endpoints are told: the same message as the recipients, if the job ended just now. */
export function announceEnd(ctx: Ctx, job: Job): Promise<Announced> {
  return announceJob(
    ctx,
    job,
    { type: typeOf(job), data: jobData(ctx, job), messageId: job.notificationId, atMs: job.finishedAt },
    sql`EXISTS (SELECT 1 FROM jobs WHERE job_id = ${job.jobId} AND finished_at = ${job.finishedAt})`,
  );
}

/** A hold is not the end, and a message of its own; a job is held once. */
export function announceHeld(ctx: Ctx, job: Job): Promise<Announced> {
  const { success, ...data } = jobData(ctx, job);
  void success;
  return announceJob(
    ctx,
    job,
    { type: 'job.held', data, messageId: `msg_${job.jobId.slice(4)}`, atMs: job.heldAt },
    sql`EXISTS (SELECT 1 FROM jobs WHERE job_id = ${job.jobId} AND held_at = ${job.heldAt})`,
  );
}

function announceJob(
  ctx: Ctx,
  job: Job,
  message: {
    type: 'job.succeeded' | 'job.failed' | 'job.held';
    data: Record<string, unknown>;
    messageId: string;
    atMs: number | null;
  },
  onlyIf: ReturnType<typeof sql>,
): Promise<Announced> {
  const { programId, jobId, traceId } = job;
  const atMs = message.atMs ?? ctx.now();
  return announce(ctx, { ...message, atMs, programId, about: jobId, traceId }, onlyIf);
}

export function typeOf(job: Job): 'job.succeeded' | 'job.failed' {
  return job.status === 'succeeded' ? 'job.succeeded' : 'job.failed';
}

/** The contract's body; members and order are part of it. */
export function webhookBody(ctx: Ctx, job: Job): string {
  return JSON.stringify({
    type: typeOf(job),
    timestamp: isoOrNull(job.finishedAt),
    data: jobData(ctx, job),
  });
}

function jobData(ctx: Ctx, job: Job): Record<string, unknown> {
  const success = job.status === 'succeeded';
  return {
    success,
    jobId: job.jobId,
    job: job.job,
    filename: job.filename,
    status: job.status,
    attempts: job.attempt,
    queuedAt: isoOrNull(job.queuedAt),
    startedAt: isoOrNull(job.startedAt),
    finishedAt: isoOrNull(job.finishedAt),
    rows: job.counts,
    errorReportUrl: reportUrl(ctx, job),
    message: job.message,
    ...(success ? {} : { errors: job.errors }),
    ...(job.dryRun ? { dryRun: true } : {}),
  };
}

export function reportUrl(ctx: Ctx, job: Job): string | null {
  return job.counts.rejected === 0 ? null : `${ctx.config.PUBLIC_URL}/api/jobs/${job.jobId}/errors.csv`;
}

export function isoOrNull(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
