import { describe, expect, it } from 'vitest';
import type { AttemptResult } from '../../src/context.ts';
import {
  decideOutcome,
  flightLimits,
  goodHealth,
  type Health,
  judgeHealth,
  mustDisable,
  retryAfterMs,
  waitsMs,
} from '../../src/features/deliveries/policy.ts';

const nowMs = Date.parse('2026-11-22T12:00:00Z');
const failed: AttemptResult = {
  status: 503,
  failure: 'status',
  detail: 'Answered 503.',
  excerpt: '',
  retryAfter: null,
  uncertain: false,
};
const at = { channel: 'webhook', attempts: 1, nowMs, random: 0.5 };
const waitOf = (result: AttemptResult, attempts: number, random = 0.5) => {
  const outcome = decideOutcome(result, { ...at, attempts, random });
  if (outcome.status !== 'waiting') throw new Error(`not waiting but ${outcome.status}`);
  return Number(outcome.nextAttemptAt) - nowMs;
};

describe('decideOutcome', () => {
  it('is delivered when nothing failed', () => {
    const { failure: _, ...taken } = failed;
    expect(decideOutcome(taken, at)).toEqual({ status: 'delivered' });
  });

  it('waits as Standard Webhooks does, for 75.6 hours in all, and is exhausted by the tenth failure', () => {
    const waits = Array.from({ length: 9 }, (_, i) => waitOf(failed, i + 1));
    expect(waits).toEqual(waitsMs.webhook);
    expect(waits.reduce((a, b) => a + b) / 3_600_000).toBeCloseTo(75.585, 2);
    expect(decideOutcome(failed, { ...at, attempts: 10 }).status).toBe('exhausted');
  });

  it('waits for a nightly file to the second: ten retries, 12,300 seconds in all', () => {
    const waits = Array.from({ length: 10 }, (_, i) => {
      const outcome = decideOutcome(failed, { ...at, channel: 'sftp', attempts: i + 1, random: i % 2 });
      return outcome.status === 'waiting' ? (Number(outcome.nextAttemptAt) - nowMs) / 1_000 : outcome.status;
    });
    expect(waits).toEqual([20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600]);
    expect(decideOutcome(failed, { ...at, channel: 'sftp', attempts: 11 }).status).toBe('exhausted');
  });

  it('tries a batch five times in a night, and then waits for the next one', () => {
    const nights = Array.from({ length: 5 }, (_, i) =>
      decideOutcome(failed, { ...at, channel: 'batch', attempts: i + 1, random: i % 2 }),
    );
    expect(nights.every(({ status }) => status === 'waiting')).toBe(true);
    const minutes = nights.map((one) =>
      one.status === 'waiting' && one.nextAttemptAt !== null ? (one.nextAttemptAt - nowMs) / 60_000 : null,
    );
    expect(minutes).toEqual([1, 5, 15, 60, null]);
  });

  it('spreads each wait by a fifth either way', () => {
    expect(waitOf(failed, 2, 0)).toBe(240_000);
    expect(waitOf(failed, 2, 0.999_999)).toBeCloseTo(360_000, -2);
  });

  it('honours Retry-After between one and two of its own waits', () => {
    expect(waitOf({ ...failed, retryAfter: '1' }, 2)).toBe(300_000);
    expect(waitOf({ ...failed, retryAfter: '400' }, 2)).toBe(400_000);
    expect(waitOf({ ...failed, retryAfter: '86400' }, 2)).toBe(600_000);
    expect(waitOf({ ...failed, retryAfter: 'Sun, 22 Nov 2026 12:08:00 GMT' }, 2)).toBe(480_000);
  });

  it('ends at once when the receiver is gone or the hub refuses', () => {
    expect(decideOutcome({ ...failed, final: 'gone' }, at).status).toBe('cancelled');
    expect(decideOutcome({ ...failed, final: 'refused' }, at).status).toBe('cancelled');
  });
});

describe('retryAfterMs', () => {
  it.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['Sun, 22 Nov 2026 12:00:30 GMT', 30_000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    ['-5', null],
    ['soon', null],
    ['1e3', null],
    ['2026-11-22', null],
    ['99999999999999', null],
  ])('reads %j', (value, wanted) => {
    expect(retryAfterMs(value, nowMs)).toBe(wanted);
  });
});

describe('judgeHealth', () => {
  const judged = (failures: (string | undefined)[], was: Health = goodHealth): Health =>
    failures.reduce<Health>(
      (health, failure, i) => judgeHealth(health, { failure, startedAt: nowMs + i }, nowMs + i),
      was,
    );

  it('makes an endpoint degraded by its third time-out in a row, and by no fewer', () => {
    expect(judged(['timeout', 'timeout'])).toMatchObject({ degradedSince: null, probeAt: null });
    expect(judged(['timeout', 'timeout', 'status', 'timeout'])).toMatchObject({ degradedSince: null });
    expect(judged(['timeout', 'timeout', 'timeout'])).toMatchObject({
      degradedSince: nowMs + 2,
      probeAt: nowMs + 2 + 5_000,
    });
  });

  it('puts each next probe off for twice as long, up to five minutes', () => {
    const waits: number[] = [];
    let health = judged(['timeout', 'timeout', 'timeout']);
    for (let probe = 0; probe < 9; probe++) {
      const at = health.probeAt ?? 0;
      health = judgeHealth(health, { failure: 'timeout', startedAt: at }, at + 15_000);
      waits.push((health.probeAt ?? 0) - at - 15_000);
    }
    expect(waits).toEqual([10, 20, 40, 80, 160, 300, 300, 300, 300].map((seconds) => seconds * 1_000));
  });

  it('learns nothing from attempts that were under way when it became degraded', () => {
    const degraded = judged(['timeout', 'timeout', 'timeout']);
    const late = judgeHealth(degraded, { failure: 'timeout', startedAt: nowMs - 10_000 }, nowMs + 20);
    expect(late).toEqual({ ...degraded, failures: 4 });
  });

  it('is good again after one success, and lets one more fly with each', () => {
    const failing = judged(['status', 'status', 'status', 'status']);
    expect(failing).toMatchObject({ failures: 4, failingSince: nowMs, flightLimit: flightLimits.least });
    expect(judged([undefined], failing)).toEqual({ ...goodHealth, flightLimit: 4 });
    expect(judged(Array(40).fill(undefined), failing).flightLimit).toBe(flightLimits.most);
  });
});

describe('mustDisable', () => {
  const day = 24 * 3_600_000;
  const failing = { ...goodHealth, failures: 20, failingSince: nowMs };

  it('wants five days without a success and twenty failures', () => {
    expect(mustDisable(failing, 0, nowMs + 5 * day)).toBe(true);
    expect(mustDisable(failing, 0, nowMs + 5 * day - 1)).toBe(false);
    expect(mustDisable({ ...failing, failures: 19 }, 0, nowMs + 50 * day)).toBe(false);
    expect(mustDisable(goodHealth, 0, nowMs + 50 * day)).toBe(false);
  });

  it('counts from when a person made it active again', () => {
    expect(mustDisable(failing, nowMs + day, nowMs + 5 * day)).toBe(false);
    expect(mustDisable(failing, nowMs + day, nowMs + 6 * day)).toBe(true);
  });
});
