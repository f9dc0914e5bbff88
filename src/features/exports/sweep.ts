import type { Ctx } from '../../context.ts';
import { listDueRuns } from './exports.system.ts';
import { eraseExports } from './lifecycle.ts';
import { beginDueNights } from './nights.ts';
import { continueRun, type RunBudget } from './write.ts';

/** D1 allows 1,000 statements in an invocation; a page is one, a step two more. */
export const messageBudget: RunBudget = { pages: 600, steps: 100 };
const sweepBudget: RunBudget = { pages: 60, steps: 10 };
const runsPerSweep = 2;

/** The minute's step: nights that are due, and runs whose wake-up was lost. */
export async function sweepExports(ctx: Ctx): Promise<number> {
  const begun = await beginDueNights(ctx);
  const due = await listDueRuns(ctx, 200);
  for (const { runId } of due.slice(0, runsPerSweep)) {
    const result = await continueRun(ctx, runId, sweepBudget);
    if (result === 'more') await ctx.queues.export.send([{ type: 'run', runId }]);
  }
  await ctx.queues.export.send(due.slice(runsPerSweep).map(({ runId }) => ({ type: 'run', runId })));
  await eraseExports(ctx);
  return begun + due.length;
}
