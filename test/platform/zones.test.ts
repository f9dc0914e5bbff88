import { describe, expect, it } from 'vitest';
import { addDays, instantOf, localDateAt, zoneOffsetMs } from '../../src/platform/zones.ts';

const utc = (atMs: number) => new Date(atMs).toISOString().replace('.000Z', 'Z');

describe('instantOf', () => {
  it.each([
    ['a plain day', 'Asia/Kolkata', '2026-03-08', '02:00', '2026-03-07T20:30:00Z'],
    ['2 am in winter', 'America/New_York', '2026-03-07', '02:00', '2026-03-07T07:00:00Z'],
    ['2 am that is skipped', 'America/New_York', '2026-03-08', '02:00', '2026-03-08T07:00:00Z'],
    ['half past two that is skipped', 'America/New_York', '2026-03-08', '02:30', '2026-03-08T07:00:00Z'],
    ['1 am that comes twice', 'America/New_York', '2026-11-01', '01:00', '2026-11-01T05:00:00Z'],
    [
      '2 am after the hour that came twice',
      'America/New_York',
      '2026-11-01',
      '02:00',
      '2026-11-01T07:00:00Z',
    ],
    ['2 am that comes twice', 'Europe/Berlin', '2026-10-25', '02:00', '2026-10-25T00:00:00Z'],
    ['2 am that is skipped in Berlin', 'Europe/Berlin', '2026-03-29', '02:00', '2026-03-29T01:00:00Z'],
    ['a clock change of half an hour', 'Australia/Lord_Howe', '2026-10-04', '02:00', '2026-10-03T15:30:00Z'],
    ['the half hour that comes twice', 'Australia/Lord_Howe', '2026-04-05', '01:45', '2026-04-04T14:45:00Z'],
    ['midnight that does not exist', 'America/Santiago', '2026-09-06', '00:00', '2026-09-06T04:00:00Z'],
    [
      'midnight after the hour before it came twice',
      'America/Santiago',
      '2026-04-05',
      '00:00',
      '2026-04-05T04:00:00Z',
    ],
    ['midnight that comes twice', 'America/Havana', '2026-11-01', '00:00', '2026-11-01T04:00:00Z'],
    ['a day that does not exist', 'Pacific/Apia', '2011-12-30', '12:00', '2011-12-30T10:00:00Z'],
    ['far to the east', 'Pacific/Kiritimati', '2026-01-01', '00:00', '2025-12-31T10:00:00Z'],
    ['a quarter of an hour', 'Asia/Kathmandu', '2026-01-01', '00:00', '2025-12-31T18:15:00Z'],
  ])('finds %s', (_, zone, date, time, wanted) => {
    expect(utc(instantOf(zone, date, time))).toBe(wanted);
  });
});

describe('a local day', () => {
  it.each([
    ['America/New_York', '2026-03-08', 23],
    ['America/New_York', '2026-11-01', 25],
    ['Europe/London', '2026-03-29', 23],
    ['Europe/London', '2026-10-25', 25],
    ['Australia/Lord_Howe', '2026-10-04', 23.5],
    ['Australia/Lord_Howe', '2026-04-05', 24.5],
    ['America/Santiago', '2026-09-06', 23],
    ['America/Santiago', '2026-04-04', 25],
    ['Asia/Kolkata', '2026-03-29', 24],
    ['Pacific/Apia', '2011-12-30', 0],
  ])('of %s, %s, has %d hours', (zone, date, hours) => {
    expect((instantOf(zone, addDays(date, 1)) - instantOf(zone, date)) / 3_600_000).toBe(hours);
  });

  // The oracle asks the calendar minute by minute, and knows nothing of offsets.
  it.each([
    'America/New_York',
    'Europe/London',
    'Australia/Lord_Howe',
    'America/Santiago',
    'America/Havana',
    'Africa/Casablanca',
    'Asia/Kolkata',
  ])('of %s begins where its date is first read', (zone) => {
    const dates = Array.from({ length: 731 }, (_, day) => addDays('2025-01-01', day));
    for (const date of dates) {
      const begins = instantOf(zone, date);
      expect(localDateAt(zone, begins), date).toBe(date);
      expect(localDateAt(zone, begins - 1) < date, date).toBe(true);
      for (const minutes of [30, 60, 120]) {
        // Before its first midnight a date is never read, though the hour before it may come again.
        expect(localDateAt(zone, begins - minutes * 60_000) < date, date).toBe(true);
      }
    }
  });
});

describe('zoneOffsetMs', () => {
  it('is exact within a second, and before the year 1970', () => {
    expect(zoneOffsetMs('Asia/Kolkata', 1_770_000_000_123)).toBe(19_800_000);
    expect(zoneOffsetMs('America/New_York', -1)).toBe(-18_000_000);
  });
});
