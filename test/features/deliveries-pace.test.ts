import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Ctx } from '../../src/context.ts';
import { type Pace, turnOf } from '../../src/features/deliveries/pace.ts';

const clocks = { now: () => Date.now(), wallNow: () => Date.now() } as Ctx;

/** Attempts that are to begin `gapMs` after one another from now on; the times at which they do. */
function begin(count: number, gapMs: number, ctx = clocks): { times: number[]; ended: Promise<unknown> } {
  const pace: Pace = { gapMs, lastMs: 0 };
  const times: number[] = [];
  const from = ctx.now();
  const ended = Promise.all(
    Array.from({ length: count }, async (_, i) => {
      await turnOf(ctx, pace, from + i * gapMs);
      times.push(ctx.wallNow());
    }),
  );
  return { times, ended };
}

const gapsOf = (times: number[]) => times.slice(1).map((at, i) => at - (times[i] ?? 0));

describe('a rate limit', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.UTC(2026, 10, 22, 12) });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('lets an attempt begin each time its gap is over', async () => {
    const { times, ended } = begin(5, 200);
    await vi.advanceTimersByTimeAsync(800);
    await ended;
    expect(gapsOf(times)).toEqual([200, 200, 200, 200]);
  });

  it('does not catch up at once what a stall held up', async () => {
    const { times, ended } = begin(8, 200);
    await vi.advanceTimersByTimeAsync(200);
    expect(times).toHaveLength(2);
    // Nothing runs for five seconds; all eight are due by then.
    vi.setSystemTime(Date.now() + 5_000);
    await vi.advanceTimersByTimeAsync(200);
    expect(times).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(1_000);
    await ended;
    expect(gapsOf(times).slice(2)).toEqual([200, 200, 200, 200, 200]);
  });

  it('is no reason to wait for a clock that went back to come again', async () => {
    const { times, ended } = begin(6, 200);
    await vi.advanceTimersByTimeAsync(400);
    expect(times).toHaveLength(3);
    vi.setSystemTime(Date.now() - 5 * 3_600_000);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(times).toHaveLength(6);
    await ended;
    for (const gap of gapsOf(times.slice(3))) expect(gap).toBeGreaterThanOrEqual(200);
  });

  it('goes by the wall between two attempts, wherever the test clock is', async () => {
    let aheadMs = 0;
    const moved = { ...clocks, now: () => Date.now() + aheadMs } as Ctx;
    const { times, ended } = begin(4, 200, moved);
    await vi.advanceTimersByTimeAsync(0);
    aheadMs = 3_600_000;
    await vi.advanceTimersByTimeAsync(600);
    await ended;
    expect(gapsOf(times)).toEqual([200, 200, 200]);
  });
});

describe('a turn of the isolate that is held up', () => {
  it('is no reason to begin quicker after it', async () => {
    const { times, ended } = begin(8, 40);
    await new Promise(setImmediate);
    // Really: no timer of this thread fires meanwhile.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
    await ended;
    expect(times).toHaveLength(8);
    for (const gap of gapsOf(times)) expect(gap).toBeGreaterThanOrEqual(40);
  });
});
