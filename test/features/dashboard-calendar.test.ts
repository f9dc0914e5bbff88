import { describe, expect, it } from 'vitest';
import { addDays, instantOf } from '../../src/platform/zones.ts';

// A path that the compiler does not follow: the pages are of the runtime, and so are their types.
const source = new URL('../../src/dashboard/components/calendar.tsx', import.meta.url).href;
const { Calendar }: { Calendar(props: unknown): unknown } = await import(source);

interface Cell {
  day: number;
  word: string;
  change: string;
  link: string;
}

/** The month of an export whose every night of it was sent but `missed`, as seen on the month's last day. */
function monthOf(zone: string, month: string, missed: string): Cell[] {
  const days = new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 0)).getUTCDate();
  const dates = Array.from({ length: days }, (_, i) => `${month}-${String(i + 1).padStart(2, '0')}`);
  const last = dates.at(-1) ?? '';
  const now = instantOf(zone, last) + 12 * 3_600_000;
  const runs = dates
    .filter((date) => date !== missed && date !== last)
    .map((localDate, n) => ({
      localDate,
      status: 'delivered',
      sends: n === 1 ? 2 : 1,
      events: n === 0 ? 0 : 7,
    }));
  const html = String(
    Calendar({
      view: {
        ctx: { now: () => now },
        at: (path: string) => `/p/x/${path}`,
        query: new URLSearchParams(),
        url: new URL('http://hub.example/p/x/exports/exp_1'),
      },
      of: {
        exportId: 'exp_1',
        active: true,
        createdAt: new Date(instantOf(zone, dates[0] ?? '') - 86_400_000).toISOString(),
        // The nights go out in their order: one that is missed is before all that follow.
        lastLocalDate: addDays(missed, -1),
      },
      zone,
      month,
      runs: runs.filter(({ localDate }) => localDate < missed),
    }),
  );
  return [...html.matchAll(/<td[^>]*>(?:(?!<\/td>).)*<span class="day">(\d+)<\/span>(.*?)<\/td>/gs)].map(
    ([cell, day = '', rest = '']) => ({
      day: Number(day),
      word: /class="state[^>]*>.*?<\/svg>([^<]*)</s.exec(rest)?.[1] ?? '',
      change: /class="tone-attention change">([^<]*)</.exec(rest)?.[1] ?? '',
      link: /href="([^"]*)"/.exec(cell)?.[1] ?? '',
    }),
  );
}

describe('a month of nights', () => {
  it.each([
    ['Europe/Oslo', '2026-03', 29, '23 h day'],
    ['Europe/Oslo', '2026-10', 25, '25 h day'],
    ['America/New_York', '2026-03', 8, '23 h day'],
    ['America/New_York', '2026-11', 1, '25 h day'],
    // Half an hour only.
    ['Australia/Lord_Howe', '2026-04', 5, '24.5 h day'],
    ['Australia/Lord_Howe', '2026-10', 4, '23.5 h day'],
    // Its clocks go on at midnight: that day begins at one.
    ['America/Santiago', '2026-09', 6, '23 h day'],
  ])('in %s in %s has one cell per local date, day %i told as a %s (A19)', (zone, month, changed, said) => {
    const missed = `${month}-20`;
    const cells = monthOf(zone, month, missed);
    expect(cells.map(({ day }) => day)).toEqual(cells.map((_, index) => index + 1));
    expect(cells.length).toBe(new Date(Date.UTC(2026, Number(month.slice(5)), 0)).getUTCDate());
    expect(cells.filter(({ change }) => change !== '').map(({ day, change }) => [day, change])).toEqual([
      [changed, said],
    ]);
    const wordOn = (day: number) => cells[day - 1]?.word;
    expect([wordOn(1), wordOn(2), wordOn(3), wordOn(19)]).toEqual([
      'empty day',
      'sent again',
      'sent',
      'sent',
    ]);
    // Missed is said of the night itself and of those that wait behind it; none is a blank.
    expect([wordOn(20), wordOn(21)]).toEqual(['late', 'late']);
    expect([wordOn(cells.length - 1), wordOn(cells.length)]).toEqual(['due', 'tonight']);
    expect(cells.filter(({ link }) => link !== '').map(({ day }) => day)).toEqual(
      Array.from({ length: 19 }, (_, i) => i + 1),
    );
    expect(cells[18]?.link).toBe(`/p/x/exports/exp_1/nights/${month}-19`);
  });
});
