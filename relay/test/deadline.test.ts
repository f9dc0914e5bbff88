import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { Deadline } from '../src/deadline.ts';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

describe('a deadline', () => {
  it('ends everything that waits with its first reason, and what comes later at once', async () => {
    const deadline = new Deadline();
    const waiting = [
      deadline.race(new Promise(() => undefined)),
      deadline.race(new Promise(() => undefined)),
    ];
    deadline.break('first');
    deadline.break('second');
    for (const one of waiting) await expect(one).rejects.toBe('first');
    await expect(deadline.race(new Promise(() => undefined))).rejects.toBe('first');
  });

  it('passes on what was done in time, and what failed by itself', async () => {
    const deadline = new Deadline();
    expect(await deadline.race(Promise.resolve(7))).toBe(7);
    await expect(deadline.race(Promise.reject(new Error('own')))).rejects.toThrow('own');
  });

  it('breaks when its time is over, unless that was called off', async () => {
    const deadline = new Deadline();
    deadline.limit(0.001, () => 'called off')();
    deadline.limit(0.01, () => 'late');
    await expect(deadline.race(new Promise(() => undefined))).rejects.toBe('late');
  });

  it('keeps nothing of what went through it', async () => {
    const deadline = new Deadline();
    const before = process.memoryUsage().arrayBuffers;
    for (let piece = 0; piece < 2_000; piece++)
      await deadline.race(Promise.resolve(Buffer.alloc(64 * 1_024)));
    collect();
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    // 131 MB went through.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30_000_000);
    // Still in use, so that it is not merely gone with all that it held.
    deadline.break('over');
  });
});
