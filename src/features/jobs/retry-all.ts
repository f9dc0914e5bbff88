import type { Ctx, Remedy, RemedyPlan } from '../../context.ts';
import { AppError } from '../../platform/errors.ts';
import { retryJob } from './again.ts';
import type { JobStatus } from './statuses.ts';
import { type Job, listJobs } from './store.ts';

/** Jobs that one call looks back over, and those of them that it runs again: each is a few statements. */
const lookedAt = 200;
const retriedAtOnce = 50;

/** The statuses that a retry is for. */
export const retryable = ['failed', 'rejected', 'cancelled'] as const satisfies JobStatus[];

export interface RetryFilter {
  job?: string | undefined;
  dataset?: string | undefined;
  status: (typeof retryable)[number];
}

/**
 * The jobs to run again, oldest first: of each file of a task its last call alone, where that ended in this
 * status. Pure; `jobs` are the latest, newest first. What came after a failure of the same name is its retry.
 */
export function chooseRetries(jobs: Job[], status: JobStatus): Job[] {
  const seen = new Set<string>();
  const chosen: Job[] = [];
  for (const job of jobs) {
    if (job.undoOf !== null) continue;
    const name = JSON.stringify([job.job, job.folder, job.filename, job.dryRun]);
    if (seen.has(name)) continue;
    seen.add(name);
    if (job.status === status && job.finishedAt !== null) chosen.push(job);
  }
  return chosen.reverse();
}

/** What matches a list's filter among the program's latest 200 jobs of the task or dataset. */
export async function planRetries(ctx: Ctx, programId: string, filter: RetryFilter): Promise<RemedyPlan> {
  const { status, ...of } = filter;
  const chosen = chooseRetries((await listJobs(ctx, programId, of, null, lookedAt)).rows, status);
  const now = chosen.slice(0, retriedAtOnce);
  return {
    count: now.length,
    more: chosen.length > retriedAtOnce,
    of: `${status} jobs${filter.job === undefined ? '' : ` of the task ${filter.job}`}, each the last of its file`,
    async run() {
      let started = 0;
      for (const job of now) {
        try {
          await retryJob(ctx, job);
          started++;
        } catch (error) {
          // A file that is gone, or a call that came first: the others are still to be run.
          if (!(error instanceof AppError)) throw error;
        }
      }
      return { started, refused: now.length - started };
    },
  };
}

/** The failed jobs of a task. */
export const jobsRemedy: Remedy = {
  scope: 'jobs',
  plan: (ctx, { programId, subject: job }) => planRetries(ctx, programId, { job, status: 'failed' }),
};
