import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkRecord,
  checkRow,
  type Json,
  type JsonObject,
  matchRecords,
  readRow,
} from '../../../src/platform/tableschema/index.ts';
import { cellReader, compiled, planOf } from './build.ts';

const types = [
  { type: 'string' },
  { type: 'string', format: 'uri' },
  { type: 'integer' },
  { type: 'integer', groupChar: ',', bareNumber: false },
  { type: 'number' },
  { type: 'number', decimalChar: ',', groupChar: '.', bareNumber: false },
  { type: 'boolean' },
  { type: 'date' },
  { type: 'date', format: 'any' },
  { type: 'date', format: '%d %b %y' },
  { type: 'time', format: 'any' },
  { type: 'datetime' },
  { type: 'datetime', format: 'any' },
  { type: 'year' },
  { type: 'yearmonth' },
  { type: 'array' },
  { type: 'object' },
  { type: 'list', itemType: 'number' },
  { type: 'any' },
];
const fields = types.map((field, i) => ({ name: `f${i}`, ...field }));
const descriptor = { fields, primaryKey: ['f0', 'f2'], unknownColumns: 'keep' };
const header = fields.map(({ name }) => name);

const digits = fc.string({ unit: fc.constantFrom(...'0123456789-+.,:/ TZeE€'), maxLength: 25 });
const cell = fc.oneof(
  digits,
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.json({ maxDepth: 3 }),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom('', ' ', 'true', 'NaN', '2024-02-29', '26 Jan 24', '3/4/2024', '__proto__'),
);

describe('whatever a row holds', () => {
  const plan = planOf(descriptor, header);

  it('it is good or told what is wrong, twice alike', () => {
    fc.assert(
      fc.property(fc.array(cell, { minLength: header.length, maxLength: header.length }), (cells) => {
        const result = checkRow(plan, cells);
        expect(checkRow(plan, cells)).toEqual(result);
        const values: Json[] = [];
        const key = readRow(plan, cells, values);
        expect(key).toBe(result.ok ? result.key : undefined);
        if (result.ok) expect(values).toEqual(Object.values(result.values));
        if (result.ok) expect(Object.keys(result.values)).toEqual(header);
        else expect(result.issues.length).toBeGreaterThan(0);
        expect(JSON.parse(JSON.stringify(result))).toEqual(result);
      }),
      { numRuns: 500 },
    );
  });

  it('so is a record', () => {
    const records = matchRecords(compiled(descriptor));
    const members = fc.dictionary(fc.constantFrom(...header, 'other', '__proto__', 'F1'), fc.jsonValue());
    fc.assert(
      fc.property(members, (record) => {
        const result = checkRecord(records, record as JsonObject);
        if (!result.ok) expect(result.issues.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a canonical value', () => {
  it.each(['string', 'integer', 'number', 'boolean', 'date', 'time', 'datetime', 'year', 'yearmonth'])(
    'of type %s reads back as itself',
    (type) => {
      const read = cellReader({ type });
      const loose = type === 'date' || type === 'datetime' ? cellReader({ type, format: 'any' }) : read;
      fc.assert(
        fc.property(cell, (text) => {
          const first = loose(text);
          if (!('value' in first) || first.value === null) return;
          const written = type === 'year' ? String(first.value).padStart(4, '0') : String(first.value);
          expect(read(written)).toEqual(first);
        }),
        { numRuns: 500 },
      );
    },
  );
});

describe('a real date', () => {
  it('of the four-digit years is read, and only a real one', () => {
    const parts = fc.tuple(
      fc.integer({ min: 1, max: 9999 }),
      fc.integer({ min: 1, max: 13 }),
      fc.integer({ min: 1, max: 32 }),
    );
    const read = cellReader({ type: 'date' });
    fc.assert(
      fc.property(parts, ([year, month, day]) => {
        const pad = (value: number, length: number) => String(value).padStart(length, '0');
        const text = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
        const utc = new Date(0);
        utc.setUTCFullYear(year, month - 1, day);
        const isReal = utc.getUTCMonth() === month - 1 && utc.getUTCDate() === day;
        expect(read(text)).toEqual(isReal ? { value: text } : { codes: ['no_such_date'] });
      }),
      { numRuns: 2_000 },
    );
  });
});
