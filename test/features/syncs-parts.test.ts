import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  maxCallBytes,
  maxCallRows,
  type Part,
  PartCutter,
  readPart,
  writePart,
} from '../../src/features/syncs/parts.ts';

const bytesOf = (part: Part) => Buffer.byteLength(`${part.lines.join('\n')}\n`);

describe('the calls that rows are cut into', () => {
  it('hold every row once, by process and in order, within 5,000 rows and 4 MB', () => {
    const row = fc.record({
      processId: fc.constantFrom('1', '2', '3'),
      chars: fc.oneof(fc.nat(200), fc.constantFrom(150_000, 999_999)),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), fc.nat(10), (rows, every) => {
        let cutter = new PartCutter([]);
        const cut: Part[] = [];
        rows.forEach(({ processId, chars }, sequence) => {
          cutter.add(processId, 'é'.repeat(chars / 2), sequence);
          if (sequence % (every + 1) !== 0) return;
          // As at a checkpoint: what is open goes on in another cutter.
          const { full, open } = cutter.take(false);
          cut.push(...full);
          expect(open.reduce((sum, part) => sum + part.bytes, 0)).toBeLessThanOrEqual(8_000_000);
          cutter = new PartCutter(open);
        });
        cut.push(...cutter.take(true).full);
        for (const part of cut) {
          expect(bytesOf(part)).toBe(part.bytes);
          expect(part.bytes).toBeLessThanOrEqual(maxCallBytes);
          expect(part.lines.length).toBe(part.sequences.length);
        }
        for (const id of ['1', '2', '3']) {
          const wanted = rows.flatMap(({ processId }, sequence) => (processId === id ? [sequence] : []));
          expect(cut.filter((part) => part.processId === id).flatMap((part) => part.sequences)).toEqual(
            wanted,
          );
        }
      }),
      { numRuns: 60 },
    );
  });

  it('are full at 5,000 rows', () => {
    const cutter = new PartCutter([]);
    for (let sequence = 0; sequence < 2 * maxCallRows + 1; sequence++) cutter.add('7', '{}', sequence);
    expect(cutter.hasFull()).toBe(true);
    const { full, open } = cutter.take(false);
    expect(full.map((part) => part.lines.length)).toEqual([maxCallRows, maxCallRows]);
    expect(open.map((part) => part.sequences)).toEqual([[2 * maxCallRows]]);
  });

  it('are read as they were written', () => {
    const part = { lines: ['{"a":1}', '{"b":"\u2028"}'], sequences: [3, 9] };
    expect(readPart(writePart(part))).toEqual(part);
    expect(readPart(writePart({ lines: [], sequences: [] }))).toEqual({ lines: [], sequences: [] });
  });
});
