import type { Ctx } from '../../context.ts';

/** What a rate limit leaves between two attempts, and when the last one began, by the wall clock. */
export interface Pace {
  gapMs: number;
  lastMs: number;
}

/** Waits for an attempt's turn. What was held up does not catch up: a limit holds for any second. */
export async function turnOf(ctx: Ctx, pace: Pace, atMs: number): Promise<void> {
  if (pace.gapMs === 0) return;
  const waitMs = () =>
    Math.max(atMs - ctx.now(), Math.min(pace.gapMs, pace.lastMs + pace.gapMs - ctx.wallNow()));
  for (let wait = waitMs(); wait > 0; wait = waitMs())
    await new Promise((resolve) => setTimeout(resolve, wait));
  pace.lastMs = ctx.wallNow();
}
