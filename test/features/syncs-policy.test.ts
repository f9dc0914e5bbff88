import { describe, expect, it } from 'vitest';
import { dueNight } from '../../src/features/syncs/nightly.ts';

const at = (text: string) => Date.parse(text);
const program = { timeZone: 'America/New_York', atLocalTime: '02:30', createdAt: at('2027-01-01T00:00:00Z') };

describe('the night that is due', () => {
  it.each([
    ['2027-06-01T06:29:59Z', '2027-05-31', null],
    ['2027-06-01T06:30:00Z', '2027-05-31', '2027-06-01'],
    ['2027-06-01T23:00:00Z', '2027-06-01', null],
    // The hub was down: the last night is made up for, and the cursor makes up for the others.
    ['2027-06-05T05:00:00Z', '2027-06-01', '2027-06-04'],
    ['2027-06-05T05:00:00Z', null, '2027-06-04'],
    // The 14th of March has no 02:30: it is due when the clocks change.
    ['2027-03-14T06:59:00Z', '2027-03-13', null],
    ['2027-03-14T07:00:00Z', '2027-03-13', '2027-03-14'],
    // The 7th of November has 25 hours.
    ['2027-11-07T07:29:00Z', '2027-11-06', null],
    ['2027-11-07T07:30:00Z', '2027-11-06', '2027-11-07'],
  ])('at %s, after the night of %s, is %s', (now, last, night) => {
    expect(dueNight(program, last, at(now))).toBe(night);
  });

  it('is due at the first of two equal local times, and once', () => {
    const twice = { ...program, atLocalTime: '01:30' };
    expect(dueNight(twice, '2027-11-06', at('2027-11-07T05:29:00Z'))).toBeNull();
    expect(dueNight(twice, '2027-11-06', at('2027-11-07T05:30:00Z'))).toBe('2027-11-07');
    expect(dueNight(twice, '2027-11-07', at('2027-11-07T06:30:00Z'))).toBeNull();
  });

  it('is none before a program was made', () => {
    const createdAt = at('2027-06-01T12:00:00Z');
    expect(dueNight({ ...program, createdAt }, null, at('2027-06-01T13:00:00Z'))).toBeNull();
    expect(dueNight({ ...program, createdAt }, null, at('2027-06-02T07:00:00Z'))).toBe('2027-06-02');
  });
});
