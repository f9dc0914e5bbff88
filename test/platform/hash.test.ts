import { describe, expect, it } from 'vitest';
import { bucketHash, fingerprint } from '../../src/platform/hash.ts';

describe('bucketHash', () => {
  it('spreads counted keys evenly over 1,024 slots', () => {
    const slots = new Array<number>(1_024).fill(0);
    const keys = 200_000;
    for (let i = 0; i < keys; i++) {
      const slot = Math.floor(bucketHash(`C${String(i).padStart(8, '0')}`) / 2 ** 22);
      slots[slot] = (slots[slot] ?? 0) + 1;
    }
    const mean = keys / 1_024;
    expect(Math.min(...slots)).toBeGreaterThan(mean * 0.6);
    expect(Math.max(...slots)).toBeLessThan(mean * 1.4);
  });

  it('never changes, since records are stored by it', () => {
    expect([bucketHash(''), bucketHash('AAA~2013J~11391'), bucketHash('é')]).toMatchInlineSnapshot(`
      [
        451841411,
        1091399345,
        3422417790,
      ]
    `);
  });
});

describe('fingerprint', () => {
  it('differs for half a million rows that differ in one place', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 250_000; i++) {
      seen.add(fingerprint(`{"id":${i},"name":"Ann"}`));
      seen.add(fingerprint(`{"id":1,"name":"Ann ${i}"}`));
    }
    expect(seen.size).toBe(500_000);
  });

  it('never changes, since events are named by it', () => {
    expect(fingerprint('{"id":1,"name":"Ann"}')).toMatchInlineSnapshot(`"482592407388596095"`);
  });
});
