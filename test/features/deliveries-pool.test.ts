import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Ctx } from '../../src/context.ts';
import { Pool } from '../../src/features/deliveries/pool.ts';

const invocation = () => ({ wallNow: () => Date.now() }) as unknown as Ctx;

/** Attempts at these receivers that end when they are told to: what was begun, what was given back. */
function attempts(pool: Pool, receivers: string[]) {
  const begun: string[] = [];
  const refused: string[] = [];
  const ends: (() => void)[] = [];
  for (const receiver of receivers) {
    const work = () => {
      begun.push(receiver);
      return new Promise<true>((resolve) => ends.push(() => resolve(true)));
    };
    void pool.run(receiver, work).then((result) => {
      if (result === null) refused.push(receiver);
    });
  }
  return { begun, refused, ends };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the connections of an invocation', () => {
  it('are six, whoever sends, and a receiver has four of them at most', async () => {
    const ctx = invocation();
    const one = attempts(new Pool(ctx, 14_000), Array(6).fill('a'));
    const other = attempts(new Pool(ctx, 14_000), ['b', 'c', 'd']);
    await vi.advanceTimersByTimeAsync(0);
    expect(one.begun).toEqual(Array(4).fill('a'));
    expect(other.begun).toEqual(['b', 'c']);
    one.ends[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    // In the order asked, but for those of a receiver that has all it may have.
    expect(one.begun).toHaveLength(5);
    expect(other.begun).toEqual(['b', 'c']);
    other.ends[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(other.begun).toEqual(['b', 'c', 'd']);
    expect(attempts(new Pool(invocation(), 14_000), ['e']).refused).toEqual([]);
  });

  it('are left to another invocation where none comes free in two seconds', async () => {
    const pool = new Pool(invocation(), 14_000);
    const hanging = attempts(pool, ['a', 'a', 'a', 'a', 'b', 'c']);
    const waiting = attempts(pool, ['a', 'd', 'e']);
    await vi.advanceTimersByTimeAsync(1_900);
    expect(pool.mayStart()).toBe(true);
    expect(waiting.refused).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    // What waits for its own receiver would wait elsewhere, too.
    expect(waiting).toMatchObject({ begun: [], refused: ['d', 'e'] });
    expect(pool.mayStart()).toBe(false);
    hanging.ends[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(waiting.begun).toEqual(['a']);
    expect(pool.mayStart()).toBe(true);
  });

  it('are waited for as long as one comes free now and then', async () => {
    const pool = new Pool(invocation(), 14_000);
    const slow = attempts(pool, ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']);
    for (let i = 0; i < 3; i++) {
      await vi.advanceTimersByTimeAsync(1_500);
      slow.ends[i]?.();
    }
    await vi.advanceTimersByTimeAsync(0);
    expect(slow.begun).toHaveLength(9);
    expect(slow.refused).toEqual([]);
  });
});

describe('the statements of an invocation', () => {
  it('are reserved for the worst, and what was written together gives them back', async () => {
    const ctx = invocation();
    const pool = new Pool(ctx, 14_000);
    const send = async (count: number) => {
      for (let i = 0; i < count; i++) await pool.run('a', async () => true);
    };
    await send(109);
    expect(pool.mayStart()).toBe(true);
    await send(1);
    expect(pool.mayStart()).toBe(false);
    expect(new Pool(ctx, 14_000).mayStart()).toBe(false);
    pool.settle(24, 9);
    expect(pool.mayStart()).toBe(true);
    pool.spend(24 * 8 - 9);
    expect(pool.mayStart()).toBe(false);
  });

  it('are not all: of two thousand attempts the next is another invocation’s', async () => {
    const pool = new Pool(invocation(), 14_000);
    for (let i = 0; i < 2_000; i++) {
      expect(pool.mayStart()).toBe(true);
      await pool.run('a', async () => true);
      pool.settle(1, 0);
    }
    expect(pool.mayStart()).toBe(false);
  });

  it('end with its time', async () => {
    const pool = new Pool(invocation(), 14_000);
    await vi.advanceTimersByTimeAsync(13_999);
    expect(pool.mayStart()).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(pool.mayStart()).toBe(false);
  });
});
