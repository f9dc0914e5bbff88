import type { Ctx } from './context.ts';
import { noteCronRun, rollUpActivity } from './features/activity/index.ts';
import { sendAlerts, watchStorage } from './features/alerts/index.ts';
import { sweepDeliveries, sweepRecoveries } from './features/deliveries/index.ts';
import { rotateDueDropKeys } from './features/drops/index.ts';
import { checkRelay, sweepExports } from './features/exports/index.ts';
import { sweepFlows } from './features/flows/index.ts';
import { sweepJobs } from './features/jobs/index.ts';
import { pruneIdempotencyKeys } from './features/keys/index.ts';
import { checkMonitors } from './features/monitors/index.ts';
import {
  defaultRetention,
  duePrograms,
  eraseDeletedPrograms,
  markPruneDue,
  type Retention,
} from './features/programs/index.ts';
import { sweepSyncs } from './features/syncs/index.ts';
import { commit } from './platform/d1.ts';

type Step = (ctx: Ctx) => Promise<number>;

/** Door: cron expression → steps, in order. Each is bounded, and none keeps the next from running. */
const steps: Record<string, Record<string, Step>> = {
  '* * * * *': {
    jobs: sweepJobs,
    syncs: sweepSyncs,
    exports: sweepExports,
    flows: sweepFlows,
    recoveries: sweepRecoveries,
    deliveries: sweepDeliveries,
    monitors: checkMonitors,
    relay: checkRelay,
    storage: watchStorage,
    alerts: sendAlerts,
    dropKeys: rotateDueDropKeys,
    activity: rollUpActivity,
    erasure: eraseDeletedPrograms,
    retention: pruneDuePrograms,
  },
  '17 3 * * *': { idempotency: pruneIdempotencyKeys, retention: beginRetention },
};

/** The expressions that there are steps for. */
export const crons = Object.keys(steps);

/** What each step did, by name; -1 where it failed. */
export async function runCron(ctx: Ctx, cron: string): Promise<Record<string, number>> {
  const done: Record<string, number> = {};
  const begunAt = { now: ctx.now(), wall: ctx.wallNow() };
  for (const [name, step] of Object.entries(steps[cron] ?? {})) {
    const startedAt = ctx.wallNow();
    try {
      done[name] = await step(ctx);
      ctx.log.line('cron.step', {
        cron,
        step: name,
        count: done[name],
        durationMs: ctx.wallNow() - startedAt,
      });
    } catch (error) {
      done[name] = -1;
      ctx.log.error('cron.step', error, { cron, step: name });
    }
  }
  await noteRun(ctx, cron, begunAt, done);
  return done;
}

/** The operator's page says when it last ran; that it cannot be kept must not look as if it had not run. */
async function noteRun(
  ctx: Ctx,
  cron: string,
  begunAt: { now: number; wall: number },
  steps: Record<string, number>,
): Promise<void> {
  const run = { cron, startedAt: begunAt.now, durationMs: ctx.wallNow() - begunAt.wall, steps };
  try {
    await commit(ctx.db, [noteCronRun(ctx, run)]);
  } catch (error) {
    ctx.log.error('cron.noted', error, { cron });
  }
}

/** The minute's steps: what a lost message forgot is found here. */
export function sweep(ctx: Ctx): Promise<Record<string, number>> {
  return runCron(ctx, '* * * * *');
}

/** At night every program is due; the minutes that follow see to a few at a time. */
async function beginRetention(ctx: Ctx): Promise<number> {
  await commit(ctx.db, [markPruneDue(ctx)]);
  return pruneSlices(ctx, '', defaultRetention);
}

const programsAtOnce = 3;

/** Prunes a few programs that are due; one where something went stays due, for there may be more. */
async function pruneDuePrograms(ctx: Ctx): Promise<number> {
  const due = await duePrograms(ctx, programsAtOnce);
  for (const { program, done } of due) {
    const pruned = await pruneSlices(ctx, program.programId, program.retention);
    if (pruned === 0) await commit(ctx.db, [done]);
  }
  return due.length;
}

async function pruneSlices(ctx: Ctx, programId: string, retention: Retention): Promise<number> {
  let pruned = 0;
  for (const slice of ctx.registry.lifecycles) {
    const count = (await slice.prune?.(ctx, programId, { ...retention })) ?? 0;
    if (count > 0) ctx.log.line('retention.pruned', { programId, slice: slice.slice, count });
    pruned += count;
  }
  return pruned;
}
