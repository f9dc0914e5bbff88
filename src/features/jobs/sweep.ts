import type { Ctx } from '../../context.ts';
import { listDueJobs } from './jobs.system.ts';
import { jobsPerSweep, sweepBudget } from './policy.ts';
import { runJob } from './run.ts';

/** Finds jobs whose wake-up was lost: a bounded part of the first it does itself, the rest it wakes. */
export async function sweepJobs(ctx: Ctx): Promise<number> {
  const due = await listDueJobs(ctx, 200);
  for (const jobId of due.slice(0, jobsPerSweep)) {
    const result = await runJob(ctx, jobId, sweepBudget);
    if (result === 'more') await ctx.queues.ingest.send([{ type: 'job', jobId }]);
  }
  await ctx.queues.ingest.send(due.slice(jobsPerSweep).map((jobId) => ({ type: 'job', jobId })));
  return due.length;
}
