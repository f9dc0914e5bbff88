import { describe, expect, it } from 'vitest';
import { monthName, monthOf, nightOf, weeksOf } from '../../src/dashboard/nights.ts';

describe('the calendar of an export', () => {
  it('takes a month of the address, and today’s for anything else', () => {
    expect(monthOf('2026-02', '2026-11-22')).toBe('2026-02');
    for (const asked of [null, '', '2026-13', '2026-1', '<b>', '0000-01'])
      expect(monthOf(asked, '2026-11-22')).toBe('2026-11');
    expect(monthName('2026-02')).toBe('February 2026');
  });

  it('has every day of a month once, in weeks that begin on Monday', () => {
    for (const month of ['2026-02', '2024-02', '2026-03', '2026-11', '2027-08']) {
      const weeks = weeksOf(month);
      expect(weeks.every((week) => week.length === 7)).toBe(true);
      const days = weeks.flat().filter((date) => date !== null);
      expect(days).toHaveLength(
        new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 0)).getUTCDate(),
      );
      expect(new Set(days).size).toBe(days.length);
      const place = weeks.flat().indexOf(`${month}-01`);
      expect((new Date(`${month}-01T00:00:00Z`).getUTCDay() + 6) % 7).toBe(place);
    }
  });

  const of = { active: true, lastLocalDate: '2026-05-13', firstDate: '2026-05-10' };
  const word = (date: string, more: Partial<typeof of> = {}) =>
    nightOf({ ...of, ...more }, undefined, date, '2026-05-15')?.word ?? null;

  it('tells a night that is due from one that is late, and neither from one that never was', () => {
    expect(word('2026-05-09')).toBeNull();
    expect(word('2026-05-12')).toBe('past retention');
    expect(word('2026-05-14')).toBe('due');
    expect(word('2026-05-15')).toBe('tonight');
    expect(word('2026-05-16')).toBeNull();
    expect(word('2026-05-13', { lastLocalDate: '2026-05-11' })).toBe('late');
    expect(word('2026-05-14', { active: false })).toBe('waits');
    expect(word('2026-05-15', { active: false })).toBeNull();
  });

  it.each([
    [{ status: 'delivered', sends: 1, events: 4 }, 'sent', 'ok'],
    [{ status: 'delivered', sends: 2, events: 4 }, 'sent again', 'ok'],
    [{ status: 'delivered', sends: 1, events: 0 }, 'empty day', 'quiet'],
    [{ status: 'exhausted', sends: 1, events: 4 }, 'failed', 'bad'],
    [{ status: 'writing', sends: 0, events: 0 }, 'writing', 'busy'],
  ] as const)('shows %j as "%s"', (run, shown, tone) => {
    expect(nightOf(of, run, '2026-05-13', '2026-05-15')).toEqual({ word: shown, tone });
  });
});
