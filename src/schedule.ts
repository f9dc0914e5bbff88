import type { Ctx } from './context.ts';
import { sendAlerts } from './features/alerts/index.ts';
import { sweepDeliveries } from './features/deliveries/index.ts';
import { sweepJobs } from './features/jobs/index.ts';
import { pruneIdempotencyKeys } from './features/keys/index.ts';
import { defaultRetention, eraseDeletedPrograms, livePrograms } from './features/programs/index.ts';

type Step = (ctx: Ctx) => Promise<number>;

/** Door: cron expression → steps, in order. Each is bounded, and none keeps the next from running. */
const steps: Record<string, Record<string, Step>> = {
  '* * * * *': {
    jobs: sweepJobs,
    deliveries: sweepDeliveries,
    alerts: sendAlerts,
    erasure: eraseDeletedPrograms,
  },
  '17 3 * * *': { idempotency: pruneIdempotencyKeys, retention: pruneRetention },
};

/** What each step did, by name; -1 where it failed. */
export async function runCron(ctx: Ctx, cron: string): Promise<Record<string, number>> {
  const done: Record<string, number> = {};
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
  return done;
}

/** The minute's steps: what a lost message forgot is found here. */
export function sweep(ctx: Ctx): Promise<Record<string, number>> {
  return runCron(ctx, '* * * * *');
}

/** Prunes the hub's own and program after program, and says what went. */
async function pruneRetention(ctx: Ctx): Promise<number> {
  let pruned = 0;
  const hub = { programId: '', retention: defaultRetention };
  for (const { programId, retention } of [hub, ...(await livePrograms(ctx, '', 1_000))]) {
    for (const slice of ctx.registry.lifecycles) {
      const count = (await slice.prune?.(ctx, programId, { ...retention })) ?? 0;
      if (count > 0) ctx.log.line('retention.pruned', { programId, slice: slice.slice, count });
      pruned += count;
    }
  }
  return pruned;
}
