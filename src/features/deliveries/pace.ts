import type { Ctx } from '../../context.ts';

/** What a rate limit leaves between two attempts, and when the last one began, by the wall clock. */
export interface Pace {
  gapMs: number;
  lastMs: number;
}

/**
 * Waits for an attempt's turn. What was held up does not catch up: a limit holds for any second. Nor does
 * anything wait for a clock that went back to come again.
 */
export async function turnOf(ctx: Ctx, pace: Pace, atMs: number): Promise<void> {
  if (pace.gapMs === 0) return;
  for (let left = atMs - ctx.now(); ; ) {
    pace.lastMs = Math.min(pace.lastMs, ctx.wallNow());
    const wait = Math.max(left, pace.lastMs + pace.gapMs - ctx.wallNow());
    if (wait <= 0) break;
    await new Promise((resolve) => setTimeout(resolve, wait));
    left = Math.min(left - wait, atMs - ctx.now());
  }
  pace.lastMs = ctx.wallNow();
}
