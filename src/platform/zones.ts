/**
 * Local time in IANA zones, from the runtime's own zone data. A local day may have 23, 25 or any other
 * number of hours, begin at one o'clock, or not be there at all.
 */

const dayMs = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(zone, format);
  return format;
}

/** What a clock on the wall reads, as milliseconds of a UTC clock that reads the same. */
function wallClock(zone: string, atMs: number): number {
  const wholeMs = Math.floor(atMs / 1_000) * 1_000;
  const read: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(wholeMs)) read[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = read;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (atMs - wholeMs);
}

/** How far local time is ahead of UTC at an instant. */
export function zoneOffsetMs(zone: string, atMs: number): number {
  return wallClock(zone, atMs) - atMs;
}

/** `YYYY-MM-DD` where the zone's clocks are at an instant. */
export function localDateAt(zone: string, atMs: number): string {
  return new Date(wallClock(zone, atMs)).toISOString().slice(0, 10);
}

/** The date so many days later; a calendar's arithmetic, without any zone. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * dayMs).toISOString().slice(0, 10);
}

/**
 * The first instant at which a local date and time (`HH:MM`) has come: of a time that comes twice the
 * first, of one that is skipped the instant of the change.
 */
export function instantOf(zone: string, date: string, time = '00:00'): number {
  const wanted = Date.parse(`${date}T${time}:00Z`);
  // No zone is further than 14 hours from UTC, so that a day either way lies on both sides of any change.
  const before = zoneOffsetMs(zone, wanted - dayMs);
  const after = zoneOffsetMs(zone, wanted + dayMs);
  const candidates = [wanted - before, wanted - after].filter((at) => wallClock(zone, at) === wanted);
  if (candidates.length > 0) return Math.min(...candidates);
  let [early, late] = [wanted - Math.max(before, after), wanted - Math.min(before, after)];
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    if (zoneOffsetMs(zone, middle) === before) early = middle;
    else late = middle;
  }
  return late;
}
