import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CsvEncoding } from '../../../src/platform/csv/dialect.ts';
import { writeCsvRow } from '../../../src/platform/csv/write.ts';
import { damageKinds, makeFile, randomFrom } from './damage.ts';
import { type ReadOptions, read, toBytes, toUtf16 } from './read.ts';

/**
 * Text that is hard on a reader: mostly delimiters, quotes and line ends. Seven parts are too few for a cell
 * of a table this narrow to be taken for rows (see `looksLikeRows`).
 */
const hardText = fc
  .array(fc.constantFrom('a', 'b', ' ', ',', ';', '"', '\n', '\r', '\r\n', 'é', '漢', '😀', "'"), {
    maxLength: 7,
  })
  .map((parts) => parts.join(''));

const table = fc
  .integer({ min: 1, max: 4 })
  .chain((width) =>
    fc.array(fc.array(hardText, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }),
  );

/** Bytes that are hardly a file at all. */
const wildBytes = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...toBytes('ab,,"""\n\r')) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }) },
    ),
    { maxLength: 120 },
  )
  .map((bytes) => Uint8Array.from(bytes));

const smallLimits = { quotedLineEnds: 4, cellChars: 30, recordChars: 60, columns: 6 };
const encodings: CsvEncoding[] = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252'];

describe('CsvReader', () => {
  it('reads what writeCsvRow wrote', () => {
    fc.assert(
      fc.property(
        table,
        fc.constantFrom(',', ';', '\t', '|'),
        fc.constantFrom('\n' as const, '\r\n' as const),
        (rows, delimiter, lineEnd) => {
          const text = rows.map((row) => writeCsvRow(row, { delimiter, lineEnd })).join('');
          const width = rows[0]?.length ?? 1;
          const reading = read(text, { width, dialect: { delimiter } });
          expect(reading.faults).toEqual([]);
          expect(reading.rows.map((row) => row.cells)).toEqual(rows);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('reads the same from UTF-16 as from UTF-8', () => {
    fc.assert(
      fc.property(table, fc.boolean(), (rows, bigEndian) => {
        const text = `\ufeff${rows.map((row) => writeCsvRow(row)).join('')}`;
        const width = rows[0]?.length ?? 1;
        const encoding = bigEndian ? 'utf-16be' : 'utf-16le';
        const wide = read(toUtf16(text, bigEndian), { width, dialect: { encoding } });
        expect(wide.rows.map((row) => row.cells)).toEqual(read(text, { width }).rows.map((row) => row.cells));
      }),
      { numRuns: 200 },
    );
  });

  it('gives the same rows and faults whatever the chunks, down to one byte', () => {
    fc.assert(
      fc.property(
        wildBytes,
        fc.constantFrom(...encodings),
        fc.constantFrom(null, 2, 3),
        fc.boolean(),
        fc.integer(),
        (bytes, encoding, width, small, seed) => {
          const options: ReadOptions = {
            width,
            dialect: { encoding },
            ...(small && { limits: smallLimits }),
          };
          const whole = read(bytes, options);
          const random = randomFrom(seed);
          for (const chunk of [1, 2, 3, () => 1 + random(9)]) {
            const parts = read(bytes, { ...options, chunk });
            expect(parts).toEqual(whole);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('gives exactly the rest when it starts again at any of its positions', () => {
    fc.assert(
      fc.property(
        wildBytes,
        fc.constantFrom(...encodings),
        fc.integer({ min: 2, max: 3 }),
        fc.boolean(),
        (bytes, encoding, width, small) => {
          const options: ReadOptions = {
            width,
            dialect: { encoding },
            ...(small && { limits: smallLimits }),
          };
          const whole = read(bytes, options);
          const all = [...whole.rows, ...whole.faults].toSorted((a, b) => a.offset - b.offset);
          expect(whole.positions).toHaveLength(all.length);
          for (const start of [...whole.positions, whole.end]) {
            const rest = read(bytes, { ...options, start });
            expect(rest.end).toEqual(whole.end);
            expect([...rest.rows, ...rest.faults].toSorted((a, b) => a.offset - b.offset)).toEqual(
              all.filter((record) => record.offset >= start.offset),
            );
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('leaves out nothing but blank lines', () => {
    fc.assert(
      fc.property(wildBytes, (bytes) => {
        const { rows, faults, positions } = read(bytes, { width: 2 });
        const all = [...rows, ...faults].toSorted((a, b) => a.offset - b.offset);
        let behind = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
        for (const [i, record] of all.entries()) {
          const between = bytes.subarray(behind, record.offset);
          expect(between.every((byte) => byte === 0x0a || byte === 0x0d)).toBe(true);
          behind = positions[i]?.offset ?? 0;
          expect(behind).toBeGreaterThan(record.offset);
        }
        const rest = bytes.subarray(behind);
        expect(rest.every((byte) => byte === 0x0a || byte === 0x0d || byte === 0x1a)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('loses only rows that a changed byte touches', () => {
    const random = randomFrom(99);
    for (const quoting of ['all', 'some', 'minimal'] as const) {
      const file = makeFile({
        seed: 5,
        rows: 120,
        damagedPerMille: 0,
        kinds: damageKinds,
        quoting,
        multiLinePerMille: 0,
      });
      for (let run = 0; run < 300; run++) {
        const bytes = file.bytes.slice();
        const at = random(bytes.length);
        const byte = random(3) === 0 ? random(256) : (toBytes('",\n\r\0x')[random(6)] as number);
        bytes[at] = byte;
        const found = new Map(read(bytes, { width: file.width }).rows.map((row) => [row.offset, row.cells]));
        const lost = file.records.filter((record, i) => {
          const next = file.records[i + 1]?.offset ?? bytes.length;
          // A line end that goes touches the row behind it as well.
          const touched = at >= record.offset - 1 && at < next;
          return !touched && found.get(record.offset)?.join('\0') !== record.cells.join('\0');
        });
        expect(lost, `byte ${at} became ${byte}, quoting ${quoting}`).toEqual([]);
      }
    }
  });
});
