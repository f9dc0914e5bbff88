import { describe, expect, it } from 'vitest';
import { newId, randomText } from '../../src/platform/ids.ts';

const now = Date.UTC(2026, 10, 22);

describe('an id', () => {
  it('is its prefix and 26 characters without look-alikes', () => {
    expect(newId('job', now)).toMatch(/^job_[0-9a-hjkmnp-tv-z]{26}$/);
  });

  it('sorts by its time, to the millisecond', () => {
    const times = [0, 1, 31, 32, now - 1, now, now + 1, now + 86_400_000, 2 ** 47];
    const ids = times.map((at) => newId('evt', at));
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids.map((id) => id.slice(0, 14))).size).toBe(times.length);
  });

  it('is not made twice in one millisecond', () => {
    const ids = Array.from({ length: 20_000 }, () => newId('evt', now));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('could be no programId, which may not begin like one', () => {
    expect(newId('key', now)).toMatch(/^[a-z]{2,5}_/);
  });
});

describe('random text', () => {
  it('uses the whole alphabet evenly', () => {
    const counts = new Map<string, number>();
    for (const character of randomText(64_000)) counts.set(character, (counts.get(character) ?? 0) + 1);
    expect(counts.size).toBe(32);
    for (const count of counts.values()) {
      expect(count).toBeGreaterThan(1_700);
      expect(count).toBeLessThan(2_300);
    }
  });
});
