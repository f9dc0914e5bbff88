import { addDays, instantOf, localDateAt } from '../../platform/zones.ts';

/** When a night ends and goes out. */
export interface NightClock {
  /** IANA name. */
  timeZone: string;
  /** `HH:MM`. */
  atLocalTime: string;
}

/** A local day's events, sent in the night after it. */
export interface Night {
  localDate: string;
  /** The local midnight that ends the day: what was received before it is in the night, or in an earlier one. */
  endsAt: number;
  /** When it goes out: at the local time of the following day, the first time that this has come. */
  dueAt: number;
}

/**
 * The night after `lastLocalDate`. A day that a zone never had (Samoa, 30 December 2011) has none. After a
 * change of the zone it may begin before the last one ended: its bound is a sequence, so nothing is sent twice.
 */
export function nextNight({ timeZone, atLocalTime }: NightClock, lastLocalDate: string): Night {
  let localDate = addDays(lastLocalDate, 1);
  let endsAt = instantOf(timeZone, addDays(localDate, 1));
  while (endsAt === instantOf(timeZone, localDate)) {
    localDate = addDays(localDate, 1);
    endsAt = instantOf(timeZone, addDays(localDate, 1));
  }
  const sentAt = instantOf(timeZone, addDays(localDate, 1), atLocalTime);
  return { localDate, endsAt, dueAt: Math.max(endsAt, sentAt) };
}

/** Every night that should have gone out by now, oldest first: one, or more where the hub was down. */
export function dueNights(clock: NightClock, lastLocalDate: string, nowMs: number, atMost = 400): Night[] {
  const nights: Night[] = [];
  for (let last = lastLocalDate; nights.length < atMost; ) {
    const night = nextNight(clock, last);
    if (night.dueAt > nowMs) break;
    nights.push(night);
    last = night.localDate;
  }
  return nights;
}

/** What an export says it has sent when it is made: its first night is the day of its creation. */
export function dayBefore(timeZone: string, atMs: number): { lastLocalDate: string; endedAt: number } {
  const today = localDateAt(timeZone, atMs);
  return { lastLocalDate: addDays(today, -1), endedAt: instantOf(timeZone, today) };
}
