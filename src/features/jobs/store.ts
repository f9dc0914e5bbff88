import { and, asc, desc, eq, gte, isNull, lt, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import type { JobStatus } from './statuses.ts';
import { jobRecipients, jobs } from './table.ts';

export type Job = typeof jobs.$inferSelect;
export type NewJob = Omit<typeof jobs.$inferInsert, 'sequence'>;

/** Nothing when an unfinished job has this file version already. */
export function insertJob(ctx: Ctx, job: NewJob): Statement {
  return ctx.db.insert(jobs).values(job).onConflictDoNothing();
}

/** Adds whom to tell to the unfinished job of a file version: the one just inserted, or the one before it. */
export function joinRecipient(
  ctx: Ctx,
  of: { programId: string; job: string; versionId: string },
  recipient: { channel: 'email' | 'webhook'; target: string; deliveryId: string },
): Statement {
  const { channel, target, deliveryId } = recipient;
  return ctx.db.run(sql`INSERT INTO job_recipients (job_id, channel, target, delivery_id)
    SELECT job_id, ${channel}, ${target}, ${deliveryId} FROM jobs
    WHERE program_id = ${of.programId} AND job = ${of.job} AND version_id = ${of.versionId} AND finished_at IS NULL
      AND (SELECT count(*) FROM job_recipients AS r WHERE r.job_id = jobs.job_id) < 50
    ON CONFLICT DO NOTHING`);
}

export async function findUnfinishedOfVersion(
  ctx: Ctx,
  programId: string,
  job: string,
  versionId: string,
): Promise<Job | null> {
  const [row] = await ctx.db
    .select()
    .from(jobs)
    .where(
      and(
        eq(jobs.programId, programId),
        eq(jobs.job, job),
        eq(jobs.versionId, versionId),
        isNull(jobs.finishedAt),
      ),
    )
    .limit(1);
  return row ?? null;
}

export async function findJob(ctx: Ctx, programId: string, jobId: string): Promise<Job | null> {
  const [row] = await ctx.db
    .select()
    .from(jobs)
    .where(and(eq(jobs.programId, programId), eq(jobs.jobId, jobId)))
    .limit(1);
  return row ?? null;
}

/** Jobs that a page of a filter looks at, which polls; and where somebody asks to look further back. */
const lookedAt = { first: 2_000, further: 20_000 };

/**
 * Newest first; of a task or a dataset by its index. For a status a bounded stretch is looked through, and
 * `lookedTo` says where that ended before the list did.
 */
export async function listJobs(
  ctx: Ctx,
  programId: string,
  filter: { job?: string | undefined; dataset?: string | undefined; status?: JobStatus | undefined },
  before: number | null,
  limit: number,
): Promise<{ rows: Job[]; lookedTo: Pick<Job, 'sequence' | 'queuedAt'> | null }> {
  const { job, dataset, status } = filter;
  const found = and(
    eq(jobs.programId, programId),
    job === undefined ? undefined : eq(jobs.job, job),
    dataset === undefined ? undefined : eq(jobs.dataset, dataset),
    before === null ? undefined : lt(jobs.sequence, before),
  );
  const many = before === null ? lookedAt.first : lookedAt.further;
  const [lookedTo = null] =
    status === undefined
      ? []
      : await ctx.db.all<Pick<Job, 'sequence' | 'queuedAt'>>(sql`SELECT w.sequence, w.at AS queuedAt
          FROM (SELECT min(sequence) AS sequence, queued_at AS at FROM (SELECT sequence, queued_at FROM ${jobs}
            WHERE ${found} ORDER BY ${jobs.sequence} DESC LIMIT ${many})) AS w
          WHERE EXISTS (SELECT 1 FROM ${jobs} WHERE ${found} AND ${jobs.sequence} < w.sequence)`);
  const rows = await ctx.db
    .select()
    .from(jobs)
    .where(
      and(
        found,
        status === undefined ? undefined : eq(jobs.status, status),
        lookedTo === null ? undefined : gte(jobs.sequence, lookedTo.sequence),
      ),
    )
    .orderBy(desc(jobs.sequence))
    .limit(limit);
  return { rows, lookedTo };
}

/** The unfinished job of a dataset that was called before this one, if any. */
export async function findJobAhead(ctx: Ctx, job: Job): Promise<Job | null> {
  const [row] = await ctx.db
    .select()
    .from(jobs)
    .where(
      and(
        eq(jobs.programId, job.programId),
        eq(jobs.dataset, job.dataset),
        isNull(jobs.finishedAt),
        lt(jobs.sequence, job.sequence),
      ),
    )
    .orderBy(asc(jobs.sequence))
    .limit(1);
  return row ?? null;
}

/** Changes an unfinished job; nothing once it has ended. */
export function updateUnfinished(
  ctx: Ctx,
  job: Pick<Job, 'programId' | 'jobId'>,
  change: Partial<Job>,
): Statement {
  return ctx.db
    .update(jobs)
    .set(change)
    .where(and(eq(jobs.programId, job.programId), eq(jobs.jobId, job.jobId), isNull(jobs.finishedAt)));
}

/** Wakes the jobs that wait for the same dataset. */
export function wakeDataset(ctx: Ctx, job: Job): Statement {
  return ctx.db
    .update(jobs)
    .set({ wakeAt: ctx.now() })
    .where(
      and(
        eq(jobs.programId, job.programId),
        eq(jobs.dataset, job.dataset),
        isNull(jobs.finishedAt),
        eq(jobs.status, 'queued'),
      ),
    );
}

export async function nextOfDataset(ctx: Ctx, job: Job): Promise<string | null> {
  const next = await findJobAhead(ctx, { ...job, sequence: Number.MAX_SAFE_INTEGER });
  return next?.jobId ?? null;
}

/** Everyone who is told of one job is told of the other, too. */
export function copyRecipients(ctx: Ctx, fromJobId: string, toJobId: string): Statement {
  return ctx.db.run(sql`INSERT INTO job_recipients (job_id, channel, target, delivery_id)
    SELECT j.job_id, r.channel, r.target, 'dlv_' || substr(j.job_id, 5, 20) || printf('%06d', row_number() OVER ())
    FROM job_recipients AS r JOIN jobs AS j ON j.job_id = ${toJobId} WHERE r.job_id = ${fromJobId}
    ON CONFLICT DO NOTHING`);
}

export async function findUnfinishedUndo(ctx: Ctx, job: Job): Promise<Job | null> {
  const [row] = await ctx.db
    .select()
    .from(jobs)
    .where(and(eq(jobs.programId, job.programId), eq(jobs.undoOf, job.jobId), isNull(jobs.finishedAt)))
    .limit(1);
  return row ?? null;
}

/** Lets a held job go on; changes nothing for one that is not held, or whose hold is being ended. */
export function approveHeld(ctx: Ctx, job: Job): Statement {
  const at = ctx.now();
  return ctx.db
    .update(jobs)
    .set({ status: 'queued', approvedAt: at, wakeAt: at, message: 'Approved; waiting to go on.' })
    .where(and(eq(jobs.programId, job.programId), eq(jobs.jobId, job.jobId), awaitsDecision));
}

const awaitsDecision = sql`status = 'held' AND phase IS NOT 'reverting'`;

/** A condition: the job waits for a decision still. */
export const isHeld = ({ programId, jobId }: Job) =>
  sql`EXISTS (SELECT 1 FROM jobs WHERE program_id = ${programId} AND job_id = ${jobId} AND ${awaitsDecision})`;

/**
 * From here on nobody can approve it; changes nothing for one that is not held. Whoever does it ends the hold;
 * should it die before it has, the job is held still, and can be rejected again.
 */
export function endApproval(ctx: Ctx, job: Job): Statement {
  return ctx.db
    .update(jobs)
    .set({ phase: 'reverting' })
    .where(and(eq(jobs.programId, job.programId), eq(jobs.jobId, job.jobId), eq(jobs.status, 'held')));
}

/** The last job that changed a dataset. */
export async function findLatestSucceeded(
  ctx: Ctx,
  of: Pick<Job, 'programId' | 'dataset'>,
): Promise<Job | null> {
  const [row] = await ctx.db
    .select()
    .from(jobs)
    .where(
      and(
        eq(jobs.programId, of.programId),
        eq(jobs.dataset, of.dataset),
        eq(jobs.status, 'succeeded'),
        eq(jobs.dryRun, false),
      ),
    )
    .orderBy(desc(jobs.sequence))
    .limit(1);
  return row ?? null;
}

export function listRecipients(ctx: Ctx, jobId: string): Promise<(typeof jobRecipients.$inferSelect)[]> {
  return ctx.db.select().from(jobRecipients).where(eq(jobRecipients.jobId, jobId));
}
