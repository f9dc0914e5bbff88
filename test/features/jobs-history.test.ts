import { describe, expect, it } from 'vitest';
import { findImage } from '../../src/features/jobs/history/image.ts';
import { chunkLines } from '../../src/features/jobs/log.ts';
import type { Operation } from '../../src/features/jobs/merge.ts';
import { objectKeys } from '../../src/features/jobs/state.ts';
import { bucketHash, fingerprint } from '../../src/platform/hash.ts';
import type { ObjectStore } from '../../src/platform/objects/index.ts';

const job = { programId: 'school', jobId: 'job_1' };
const kinds = ['i', 'u', 'd'] as const;

/** Keys that JSON must escape, among plain ones; the values of some look like an image of another key. */
const keyOf = (n: number) => (n % 7 === 0 ? `k"${n}\\é` : String(n));
const dataOf = (n: number) => JSON.stringify({ n, like: [bucketHash(keyOf(n + 1)), keyOf(n + 1), 'x'] });

const operations: Operation[] = Array.from({ length: 3_000 }, (_, n) => ({
  bucket: bucketHash(keyOf(n)),
  keyJson: JSON.stringify(keyOf(n)),
  kind: kinds[n % 3] ?? 'i',
  fingerprint: fingerprint(dataOf(n)),
  dataJson: n % 3 === 2 ? '' : dataOf(n),
  bytesBefore: 0,
})).sort((a, b) => a.bucket - b.bucket);

const numberOf = new Map(operations.map((_, n) => [keyOf(n), n]));

/** The log of all operations in parts of 61, each of chunks of 20, as the check writes it. */
function writeParts(): Map<string, string> {
  const parts = new Map<string, string>();
  for (let at = 0; at < operations.length; at += 61) {
    const part = operations.slice(at, at + 61);
    const lines: string[] = [];
    for (let from = 0; from < part.length; from += 20) {
      const chunk = part.slice(from, from + 20);
      const images = chunk
        .filter(({ kind }) => kind !== 'i')
        .map(({ bucket, keyJson, fingerprint: print }) => {
          const key: string = JSON.parse(keyJson);
          const data = dataOf((numberOf.get(key) ?? 0) + 10_000);
          return { bucket, key, fingerprint: print, data, version: 3, jobId: 'job_0', changedAt: 5 };
        });
      lines.push(...chunkLines(chunk, images as never));
    }
    parts.set(objectKeys.changes(job.programId, job.jobId, parts.size), lines.join('\n'));
  }
  return parts;
}

/** The least of a store that keeps them, and what was asked of it. */
function storeOf(parts: Map<string, string>) {
  const asked = { bytes: 0, parts: 0 };
  const objects = {
    list: async () => ({
      objects: [...parts.keys(), `changes/${job.programId}/${job.jobId}/rows-0`].map((key) => ({ key })),
      cursor: null,
    }),
    get: async (key: string, options?: { range?: { length: number } }) => {
      const text = parts.get(key);
      if (text === undefined) return null;
      const cut = options?.range ? text.slice(0, options.range.length) : text;
      asked.bytes += cut.length;
      if (!options?.range) asked.parts++;
      return { text: async () => cut };
    },
  } as unknown as ObjectStore;
  return { objects, asked };
}

describe('the image of a key in a change log', () => {
  const parts = writeParts();

  it('is found by a search among its parts, of which one or two are read', async () => {
    expect(parts.size).toBe(50);
    for (const { bucket, keyJson, kind } of operations) {
      const key: string = JSON.parse(keyJson);
      const { objects, asked } = storeOf(parts);
      const image = await findImage({ objects }, job, bucket, key);
      if (kind === 'i') expect([key, image]).toEqual([key, null]);
      else {
        const data = JSON.parse(dataOf((numberOf.get(key) ?? 0) + 10_000));
        expect([key, image]).toEqual([key, { data, version: 3, jobId: 'job_0', changedAt: 5 }]);
      }
      expect(asked.parts).toBeLessThanOrEqual(2);
      expect(asked.bytes).toBeLessThan(6 * 2_048 + 2 * 30_000);
    }
  });

  it('is absent for a key that the job did not touch, and expired without the log', async () => {
    const { objects } = storeOf(parts);
    expect(await findImage({ objects }, job, bucketHash('never'), 'never')).toBeNull();
    expect(await findImage({ objects: storeOf(new Map()).objects }, job, 1, '1')).toBe('expired');
  });
});
