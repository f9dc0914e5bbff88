import { describe, expect, it } from 'vitest';
import { dueAfter } from '../../src/features/monitors/policy.ts';

const at = (text: string) => Date.parse(text);
const due = (
  expectation: { everyHours?: number; byLocalTime?: string; graceMinutes?: number },
  zone: string,
  from: string,
  isSuccess = true,
) =>
  new Date(
    dueAfter({ everyHours: null, byLocalTime: null, graceMinutes: 0, ...expectation }, zone, {
      atMs: at(from),
      isSuccess,
    }),
  ).toISOString();

describe('a monitor by hours', () => {
  it('waits so many hours and the grace, whatever the zone', () => {
    const daily = { everyHours: 24, graceMinutes: 30 };
    expect(due(daily, 'Asia/Kathmandu', '2026-11-22T01:00:00Z')).toBe('2026-11-23T01:30:00.000Z');
    // Hours are hours, also over the night that has 25 of them.
    expect(due(daily, 'Europe/Oslo', '2026-10-24T22:00:00Z')).toBe('2026-10-25T22:30:00.000Z');
  });
});

describe('a monitor by a local time', () => {
  const bySix = { byLocalTime: '06:00', graceMinutes: 30 };

  it('waits first for the next such time, then for the one after that of a success', () => {
    expect(due(bySix, 'UTC', '2026-11-22T05:00:00Z', false)).toBe('2026-11-22T06:30:00.000Z');
    expect(due(bySix, 'UTC', '2026-11-22T07:00:00Z', false)).toBe('2026-11-23T06:30:00.000Z');
    // A success at five is today's; the next is due tomorrow.
    expect(due(bySix, 'UTC', '2026-11-22T05:00:00Z')).toBe('2026-11-23T06:30:00.000Z');
    // One at a quarter past six is within today's grace.
    expect(due(bySix, 'UTC', '2026-11-22T06:15:00Z')).toBe('2026-11-23T06:30:00.000Z');
    // One at seven is too late for today, and counts as tomorrow's: what runs in the evening is early.
    expect(due(bySix, 'UTC', '2026-11-22T07:00:00Z')).toBe('2026-11-24T06:30:00.000Z');
  });

  it('keeps to the clock on the wall when the clocks change', () => {
    // Oslo goes back on 25 October 2026: six is 05:00 UTC from then on.
    expect(due(bySix, 'Europe/Oslo', '2026-10-24T03:00:00Z')).toBe('2026-10-25T05:30:00.000Z');
    // And forward on 28 March 2027: six is 04:00 UTC.
    expect(due(bySix, 'Europe/Oslo', '2027-03-27T04:00:00Z')).toBe('2027-03-28T04:30:00.000Z');
  });

  it('has a time on the day on which it is skipped', () => {
    // 02:30 does not exist in Oslo on 28 March 2027.
    const skipped = Date.parse(due({ byLocalTime: '02:30' }, 'Europe/Oslo', '2027-03-27T23:30:00Z', false));
    expect(skipped).toBeGreaterThanOrEqual(at('2027-03-28T00:30:00Z'));
    expect(skipped).toBeLessThanOrEqual(at('2027-03-28T01:30:00Z'));
  });
});
