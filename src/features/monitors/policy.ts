import { addDays, instantOf, localDateAt } from '../../platform/zones.ts';
import type { MissedTime } from './table.ts';

const minute = 60_000;
const hour = 60 * minute;

export interface Expectation {
  everyHours: number | null;
  byLocalTime: string | null;
  graceMinutes: number;
}

/**
 * When a monitor counts as silent if nothing succeeds until then. Pure. After a success: so many hours on,
 * or the day's next time after the one that this success was for; before any, the next time at all.
 */
export function dueAfter(
  { everyHours, byLocalTime, graceMinutes }: Expectation,
  zone: string,
  from: { atMs: number; isSuccess: boolean },
): number {
  const grace = graceMinutes * minute;
  if (byLocalTime === null) return from.atMs + (everyHours ?? 24) * hour + grace;
  // Within the grace a success still is for the time that has just passed.
  const since = from.isSuccess ? from.atMs - grace : from.atMs;
  const date = localDateAt(zone, since);
  const ahead = [-1, 0, 1, 2, 3].map((days) => instantOf(zone, addDays(date, days), byLocalTime));
  const [next = since, after = next] = ahead.filter((at) => at >= since);
  return (from.isSuccess ? after : next) + grace;
}

const missedKept = 30;

/** The list of missed times with one more, or with its end where it is there already. Pure. */
export function withMissed(missed: MissedTime[], one: MissedTime): MissedTime[] {
  const others = missed.filter(({ dueAt }) => dueAt !== one.dueAt);
  return [one, ...others].slice(0, missedKept);
}
