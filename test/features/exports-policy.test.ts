import { describe, expect, it } from 'vitest';
import { dayBefore, dueNights, type Night, nextNight } from '../../src/features/exports/policy.ts';
import { addDays, instantOf } from '../../src/platform/zones.ts';

const at = (text: string) => Date.parse(text);
const utc = (atMs: number) => new Date(atMs).toISOString().replace('.000Z', 'Z');
const clock = (timeZone: string, atLocalTime = '02:00') => ({ timeZone, atLocalTime });
const newYork = clock('America/New_York');
const datesOf = (nights: Night[]) => nights.map((night) => night.localDate);

describe('dueNights', () => {
  it('sends Thursday at 2 am on Friday, and not a moment before', () => {
    const friday = at('2026-05-15T06:00:00Z');
    expect(dueNights(newYork, '2026-05-13', friday - 1)).toEqual([]);
    expect(dueNights(newYork, '2026-05-13', friday)).toEqual([
      { localDate: '2026-05-14', endsAt: at('2026-05-15T04:00:00Z'), dueAt: friday },
    ]);
  });

  it('has nothing more to send once the date was sent, however often it is asked', () => {
    expect(dueNights(newYork, '2026-05-14', at('2026-05-15T06:00:00Z'))).toEqual([]);
    expect(dueNights(newYork, '2026-05-14', at('2026-05-16T05:59:59Z'))).toEqual([]);
  });

  it('sends at the first valid instant where 2 am does not exist', () => {
    const changed = at('2026-03-08T07:00:00Z');
    expect(dueNights(newYork, '2026-03-06', changed - 1)).toEqual([]);
    expect(datesOf(dueNights(newYork, '2026-03-06', changed))).toEqual(['2026-03-07']);
  });

  it('sends once where 2 am comes twice', () => {
    const berlin = clock('Europe/Berlin');
    const [first, second] = [at('2026-10-25T00:00:00Z'), at('2026-10-25T01:00:00Z')];
    expect(dueNights(berlin, '2026-10-23', first - 1)).toEqual([]);
    expect(datesOf(dueNights(berlin, '2026-10-23', first))).toEqual(['2026-10-24']);
    expect(dueNights(berlin, '2026-10-24', second)).toEqual([]);
  });

  it('ends the day at the change where midnight does not exist', () => {
    const [night] = dueNights(clock('America/Santiago'), '2026-09-04', at('2026-09-06T05:00:00Z'));
    expect(night).toMatchObject({ localDate: '2026-09-05', endsAt: at('2026-09-06T04:00:00Z') });
    // 01:00 is what the clocks read first on that day, 02:00 an hour later.
    expect(night?.dueAt).toBe(at('2026-09-06T05:00:00Z'));
  });

  it('may send at midnight itself, also at one that is skipped', () => {
    const santiago = clock('America/Santiago', '00:00');
    expect(datesOf(dueNights(santiago, '2026-09-04', at('2026-09-06T04:00:00Z')))).toEqual(['2026-09-05']);
    expect(dueNights(santiago, '2026-09-04', at('2026-09-06T04:00:00Z') - 1)).toEqual([]);
  });

  it('sends each missed night, oldest first', () => {
    const nights = dueNights(newYork, '2026-03-05', at('2026-03-09T12:00:00Z'));
    expect(datesOf(nights)).toEqual(['2026-03-06', '2026-03-07', '2026-03-08']);
    expect(nights.map(({ endsAt }) => utc(endsAt))).toEqual([
      '2026-03-07T05:00:00Z',
      '2026-03-08T05:00:00Z',
      '2026-03-09T04:00:00Z',
    ]);
  });

  it('gives a long absence in parts', () => {
    const first = dueNights(newYork, '2024-12-31', at('2026-05-15T06:00:00Z'), 200);
    expect(first).toHaveLength(200);
    const rest = dueNights(newYork, first.at(-1)?.localDate ?? '', at('2026-05-15T06:00:00Z'), 400);
    expect(datesOf([...first, ...rest])).toEqual(
      Array.from({ length: 499 }, (_, day) => addDays('2025-01-01', day)),
    );
  });
});

describe('a changed zone', () => {
  const lateInApril = '2026-04-20';

  it('to the west makes the next night longer, and skips and repeats no date', () => {
    const before = nextNight(clock('Asia/Tokyo'), lateInApril);
    const next = nextNight(clock('America/Los_Angeles'), before.localDate);
    expect(next.localDate).toBe('2026-04-22');
    expect((next.endsAt - before.endsAt) / 3_600_000).toBe(40);
  });

  it('to the east makes it shorter, at most empty', () => {
    const before = nextNight(clock('America/Los_Angeles'), lateInApril);
    const next = nextNight(clock('Asia/Tokyo'), before.localDate);
    expect(next.localDate).toBe('2026-04-22');
    expect((next.endsAt - before.endsAt) / 3_600_000).toBe(8);
    const farthest = nextNight(
      clock('Pacific/Kiritimati'),
      nextNight(clock('Pacific/Midway'), lateInApril).localDate,
    );
    expect(farthest.localDate).toBe('2026-04-22');
  });

  it('sends nothing for a date that was sent, though it is that day again', () => {
    // 2026-04-21 was sent at 2 am in Tokyo; in Los Angeles that day has only just begun.
    const sentAt = nextNight(clock('Asia/Tokyo'), lateInApril).dueAt;
    expect(dueNights(clock('America/Los_Angeles'), '2026-04-21', sentAt)).toEqual([]);
  });
});

describe('the first night', () => {
  it('is the day of creation, from its local midnight on', () => {
    const made = at('2026-05-14T15:00:00Z');
    const { lastLocalDate, endedAt } = dayBefore('America/New_York', made);
    expect({ lastLocalDate, endedAt: utc(endedAt) }).toEqual({
      lastLocalDate: '2026-05-13',
      endedAt: '2026-05-14T04:00:00Z',
    });
    expect(nextNight(newYork, lastLocalDate).localDate).toBe('2026-05-14');
    expect(dueNights(newYork, lastLocalDate, made)).toEqual([]);
  });

  it('of an export made at one at night is that new day, not the one that has just ended', () => {
    expect(dayBefore('America/New_York', at('2026-05-14T05:00:00Z')).lastLocalDate).toBe('2026-05-13');
    expect(dayBefore('America/New_York', at('2026-05-14T03:59:59Z')).lastLocalDate).toBe('2026-05-12');
  });
});

describe('nights', () => {
  it.each([
    'America/New_York',
    'Europe/London',
    'Australia/Lord_Howe',
    'America/Santiago',
    'America/Havana',
    'Asia/Kolkata',
    'Pacific/Kiritimati',
  ])('of %s tile two years: each ends where the next begins, in the order of their dates', (timeZone) => {
    let last = '2024-12-31';
    let endedAt = instantOf(timeZone, '2025-01-01');
    for (let days = 0; days < 730; days++) {
      const night = nextNight(clock(timeZone), last);
      expect(night.localDate).toBe(addDays(last, 1));
      const hours = (night.endsAt - endedAt) / 3_600_000;
      expect(hours >= 23 && hours <= 25, `${night.localDate}: ${hours} h`).toBe(true);
      expect(night.dueAt).toBeGreaterThanOrEqual(night.endsAt);
      expect(night.dueAt - night.endsAt).toBeLessThanOrEqual(3 * 3_600_000);
      [last, endedAt] = [night.localDate, night.endsAt];
    }
  });

  it('leave out the day that Samoa never had', () => {
    const apia = clock('Pacific/Apia');
    const first = nextNight(apia, '2011-12-28');
    const second = nextNight(apia, first.localDate);
    expect([first.localDate, second.localDate]).toEqual(['2011-12-29', '2011-12-31']);
    expect(utc(first.endsAt)).toBe('2011-12-30T10:00:00Z');
    expect((second.endsAt - first.endsAt) / 3_600_000).toBe(24);
  });
});
