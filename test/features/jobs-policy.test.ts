import { describe, expect, it } from 'vitest';
import { type GuardFigures, trippedGuards } from '../../src/features/jobs/guards.ts';
import { compare, mergeRows } from '../../src/features/jobs/merge.ts';
import { attemptWaitMs } from '../../src/features/jobs/policy.ts';
import { noCounts } from '../../src/features/jobs/schema.ts';
import {
  parseStagedLine,
  SlotWriter,
  slotCount,
  slotOf,
  stagedLine,
} from '../../src/features/jobs/staging.ts';

const guards = {
  maxRejectedPercent: 5,
  maxRowDropPercent: 30,
  maxDeletePercent: 15,
  onTrip: 'hold' as const,
};
const figures = (counts: Partial<typeof noCounts>, storedBefore: number, mode: 'full' | 'upsert' = 'full') =>
  ({ counts: { ...noCounts, ...counts }, storedBefore, mode }) satisfies GuardFigures;
const names = (one: GuardFigures) => trippedGuards(one, guards).map(({ guard }) => guard);

describe('trippedGuards', () => {
  it('is quiet at each limit and trips just beyond it', () => {
    expect(names(figures({ read: 100, rejected: 5 }, 0))).toEqual([]);
    expect(names(figures({ read: 100, rejected: 6 }, 0))).toEqual(['maxRejectedPercent']);
    expect(names(figures({ read: 70 }, 100))).toEqual([]);
    expect(names(figures({ read: 69 }, 100))).toEqual(['maxRowDropPercent']);
    expect(names(figures({ read: 100, deleted: 15 }, 100))).toEqual([]);
    expect(names(figures({ read: 100, deleted: 16 }, 100))).toEqual(['maxDeletePercent']);
  });

  it('never trips on a first load, nor on the rows an upsert leaves out', () => {
    expect(names(figures({ read: 1 }, 0))).toEqual([]);
    expect(names(figures({ read: 1 }, 1_000, 'upsert'))).toEqual([]);
  });
});

describe('mergeRows', () => {
  const row = (key: string, fingerprint: string, line: number) => ({
    bucket: 7,
    keyJson: JSON.stringify(key),
    fingerprint,
    line,
    dataJson: fingerprint === 'x' ? '' : `{"v":"${fingerprint}"}`,
  });

  it('counts an equal repeat as such, and takes no row of a key whose rows differ', () => {
    const merged = mergeRows([
      row('a', '1', 2),
      row('a', '1', 3),
      row('b', '1', 4),
      row('b', '2', 5),
      row('b', '1', 6),
    ]);
    expect(merged.repeats).toBe(1);
    expect(merged.rejects.map(({ line, errors }) => [line, errors[0]?.code])).toEqual([
      [4, 'key_conflict'],
      [5, 'key_conflict'],
      [6, 'key_conflict'],
    ]);
    const { operations, inserted } = compare(merged, [], true);
    expect(inserted).toBe(1);
    expect(operations.map(({ keyJson }) => keyJson)).toEqual(['"a"']);
  });

  it('keeps the key of a rejected row from counting as absent', () => {
    const known = [
      { bucket: 7, key: 'a', fingerprint: '1' },
      { bucket: 7, key: 'gone', fingerprint: '1' },
    ];
    const compared = compare(mergeRows([row('a', 'x', 2)]), known, true);
    expect(compared).toMatchObject({ inserted: 0, updated: 0, deleted: 1 });
    expect(compared.operations).toMatchObject([{ kind: 'd', keyJson: '"gone"' }]);
  });

  it('takes a good row after a rejected one of the same key', () => {
    expect(compare(mergeRows([row('a', 'x', 2), row('a', '1', 3)]), [], true).inserted).toBe(1);
    expect(compare(mergeRows([row('a', '1', 2), row('a', 'x', 3)]), [], true).inserted).toBe(1);
  });
});

describe('staging', () => {
  it('gives back what a line was made from', () => {
    const row = {
      bucket: 4_294_967_295,
      keyJson: '"a\\tb"',
      fingerprint: 'f',
      line: 9,
      dataJson: '{"t":"x\\ty"}',
    };
    expect(parseStagedLine(stagedLine(row))).toEqual(row);
  });

  it('finds each row again between the index’s offsets of its slot', () => {
    const writer = new SlotWriter();
    const buckets = [0, 5, 2 ** 22, 2 ** 31, 2 ** 32 - 1];
    for (const bucket of buckets) {
      writer.add({ bucket, keyJson: `"é${bucket}"`, fingerprint: 'f', line: 1, dataJson: '{}' });
    }
    const { bytes, index } = writer.finish();
    expect(index).toHaveLength(slotCount + 1);
    expect(index.at(-1)).toBe(bytes.byteLength);
    for (const bucket of buckets) {
      const slot = slotOf(bucket);
      const text = new TextDecoder().decode(bytes.subarray(index[slot], index[slot + 1]));
      expect(text).toContain(`"é${bucket}"`);
    }
  });
});

describe('attemptWaitMs', () => {
  it('doubles from ten seconds, with half of it jitter, and stops at ten minutes', () => {
    expect(attemptWaitMs(2, 1)).toBe(10_000);
    expect(attemptWaitMs(2, 0)).toBe(5_000);
    expect(attemptWaitMs(5, 1)).toBe(80_000);
    expect(attemptWaitMs(50, 1)).toBe(600_000);
  });
});
