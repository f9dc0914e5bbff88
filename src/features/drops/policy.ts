import { addDays, instantOf, localDateAt } from '../../platform/zones.ts';

/**
 * The calendar of drop keys, each date in the program's own zone:
 *
 * | day | of January, April, July and October |
 * |---|---|
 * | the 10th, 00:00 | a new pair is there; the old one goes on |
 * | the 20th | the last whole day of the old pair: it ends when the 21st begins |
 */
const months = ['01', '04', '07', '10'];
const rotationDay = '10';
const overlapDays = 11;
const dayMs = 86_400_000;

/** The latest rotation that is not after `nowMs`. */
export function lastRotationAt(zone: string, nowMs: number): number {
  return Math.max(...rotationsAround(zone, nowMs).filter((at) => at <= nowMs));
}

export function nextRotationAt(zone: string, nowMs: number): number {
  return Math.min(...rotationsAround(zone, nowMs).filter((at) => at > nowMs));
}

function rotationsAround(zone: string, nowMs: number): number[] {
  const year = Number(localDateAt(zone, nowMs).slice(0, 4));
  return [year - 1, year, year + 1].flatMap((one) =>
    months.map((month) => instantOf(zone, `${one}-${month}-${rotationDay}`)),
  );
}

/** When the old pair ends. A rotation that comes late leaves ten days all the same. */
export function oldPairEndsAt(zone: string, rotatesAt: number, nowMs: number): number {
  const planned = instantOf(zone, addDays(localDateAt(zone, rotatesAt), overlapDays));
  return Math.max(planned, nowMs + 10 * dayMs);
}
