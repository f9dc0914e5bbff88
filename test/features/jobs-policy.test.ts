import { describe, expect, it } from 'vitest';
import { type GuardFigures, trippedGuards } from '../../src/features/jobs/guards.ts';
import { cutChunks } from '../../src/features/jobs/log.ts';
import { compare, mergeRows, type Operation } from '../../src/features/jobs/merge.ts';
import { attemptWaitMs } from '../../src/features/jobs/policy.ts';
import { noCounts } from '../../src/features/jobs/schema.ts';
import { rejectedMark, SlotWriter, sumOf } from '../../src/features/jobs/staging.ts';
import { fingerprint } from '../../src/platform/hash.ts';

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
      { bucket: 7, key: 'a', fingerprint: '1', sizeBytes: 9 },
      { bucket: 7, key: 'gone', fingerprint: '1', sizeBytes: 9 },
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

describe('sumOf', () => {
  const indexOf = (rows: { fingerprint: string; bucket?: number }[]) => {
    const writer = new SlotWriter();
    for (const { fingerprint, bucket = 9 } of rows) {
      writer.add({ bucket, keyJson: '"k"', fingerprint, line: 1, dataJson: '{}' });
    }
    return writer.finish().index;
  };
  const [one, other] = [fingerprint('{"id":1}'), fingerprint('{"id":2}')];

  it('is the same whatever the order, and the parts, of the rows', () => {
    const together = sumOf([indexOf([{ fingerprint: one }, { fingerprint: other }])], 0);
    const apart = sumOf([indexOf([{ fingerprint: other }]), indexOf([{ fingerprint: one }])], 0);
    expect(apart).toEqual(together);
    expect(together?.[0]).toBe(2);
    expect(sumOf([indexOf([])], 0)).toEqual([0, 0, 0, 0]);
  });

  it('differs where a row, a key’s hash or the number of rows does', () => {
    const sums = [
      [{ fingerprint: one }],
      [{ fingerprint: other }],
      [{ fingerprint: one, bucket: 10 }],
      [{ fingerprint: one }, { fingerprint: one }],
    ].map((rows) => JSON.stringify(sumOf([indexOf(rows)], 0)));
    expect(new Set(sums).size).toBe(4);
  });

  it('is none where a rejected row is among them', () => {
    const rejected = indexOf([{ fingerprint: one }, { fingerprint: rejectedMark }, { fingerprint: one }]);
    expect(sumOf([indexOf([{ fingerprint: one }]), rejected], 0)).toBeNull();
  });
});

describe('cutChunks', () => {
  const operation = (size: number, bytesBefore = 0) => ({
    bucket: 1,
    keyJson: '"k"',
    kind: 'u' as const,
    fingerprint: one,
    dataJson: 'x'.repeat(size),
    bytesBefore,
  });
  const one = fingerprint('');

  it('keeps every operation once and in order, and a chunk below what D1 takes', () => {
    const operations = Array.from({ length: 20_000 }, (_, i) => operation(i % 700, (i * 7) % 900));
    const chunks = cutChunks(operations);
    expect(chunks.flat()).toEqual(operations);
    const weight = (chunk: Operation[]) =>
      chunk.reduce((sum, { dataJson, bytesBefore }) => sum + dataJson.length + bytesBefore, 0);
    expect(Math.max(...chunks.map(weight))).toBeLessThanOrEqual(550_000);
    expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThanOrEqual(4_000);
  });

  it('gives a record that is too large for company a chunk of its own', () => {
    const chunks = cutChunks([operation(10), operation(300_000, 900_000), operation(10)]);
    expect(chunks.map(({ length }) => length)).toEqual([1, 1, 1]);
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
