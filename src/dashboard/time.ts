/** A zone to print times in, and whose it is. */
export interface Zone {
  mode: 'program' | 'mine' | 'utc';
  /** IANA name. */
  name: string;
}

// A formatter costs more than the rest of a page: one per zone and form, and a bounded number of zones.
const formatters = new Map<string, Intl.DateTimeFormat>();
const formattersAtMost = 200;

const forms = {
  moment: {
    year: 'numeric',
    month: 'short',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  },
  offset: { timeZoneName: 'shortOffset' },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

function formatter(zone: string, form: keyof typeof forms): Intl.DateTimeFormat {
  const id = `${form} ${zone}`;
  const known = formatters.get(id);
  if (known) return known;
  if (formatters.size >= formattersAtMost) formatters.clear();
  const made = new Intl.DateTimeFormat('en-GB', { ...forms[form], timeZone: zone });
  formatters.set(id, made);
  return made;
}

/** `22 Nov 2026, 02:04:10`. */
export function formatMoment(atMs: number, zone: string): string {
  return formatter(zone, 'moment').format(atMs);
}

/** `GMT+1`, of that moment. */
export function offsetOf(atMs: number, zone: string): string {
  const part = formatter(zone, 'offset')
    .formatToParts(atMs)
    .find(({ type }) => type === 'timeZoneName');
  return part?.value ?? 'UTC';
}

export function isZone(name: string): boolean {
  if (name.length > 60) return false;
  try {
    formatter(name, 'offset');
    return true;
  } catch {
    return false;
  }
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** `4 min 10 s`, the two largest units; `under 1 s`, or milliseconds where they are what matters. */
export function formatDuration(ms: number, exact = false): string {
  if (ms < 1_000) return exact ? `${Math.round(ms)} ms` : 'under 1 s';
  if (exact && ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  const first = units.findIndex(([, unit]) => ms >= unit);
  const parts: string[] = [];
  let rest = ms;
  for (const [name, unit] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / unit);
    rest -= count * unit;
    if (count > 0) parts.push(`${count} ${name}`);
  }
  return parts.join(' ');
}

/** `3 min ago`, or `in 4 min 10 s`. */
export function formatRelative(atMs: number, nowMs: number): string {
  const ahead = atMs - nowMs;
  return ahead > 0 ? `in ${formatDuration(ahead)}` : `${formatDuration(-ahead)} ago`;
}

export function formatCount(value: number): string {
  return value.toString().replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const names = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1_000;
  let at = 0;
  while (value >= 1_000 && at < names.length - 1) {
    value /= 1_000;
    at++;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${names[at]}`;
}
