import { describe, expect, it } from 'vitest';
import {
  compileSchema,
  type Json,
  type TableSchema,
  writeCell,
} from '../../../src/platform/tableschema/index.ts';

/** A field's cell read, written and read again. */
function around(
  field: Record<string, unknown>,
  cell: string,
): { value: Json | undefined; text: string; again: Json | undefined } {
  const descriptor = { fields: [{ name: 'x', ...field }] } as TableSchema;
  const compiled = compileSchema(descriptor);
  if (!compiled.ok) throw new Error(compiled.issues[0]?.message);
  const read = (text: string) => compiled.schema.fields[0]?.readText(text);
  const value = read(cell);
  const text = writeCell(compiled.schema, descriptor, 'x', value ?? null);
  return { value, text, again: read(text) };
}

describe('writeCell', () => {
  it.each([
    [{ type: 'integer' }, '-12', '-12'],
    [{ type: 'number', decimalChar: ',', groupChar: '.' }, '1.234,5', '1234,5'],
    [{ type: 'boolean', trueValues: ['y'], falseValues: ['n'] }, 'n', 'n'],
    [{ type: 'date', format: '%d.%m.%Y' }, '1.2.2024', '01.02.2024'],
    [{ type: 'date', format: '%d %b %Y' }, '26 Jan 2024', '26 jan 2024'],
    [{ type: 'date', format: '%A, %B %d, %Y' }, 'Friday, January 26, 2024', 'Friday, january 26, 2024'],
    [{ type: 'date', format: '%Y%j' }, '2024366', '2024366'],
    [{ type: 'time', format: '%I:%M %p' }, '12:05 am', '12:05 AM'],
    [{ type: 'datetime', format: '%d/%m/%Y %T' }, '12/11/2018 09:15:32', '12/11/2018 09:15:32'],
    [{ type: 'datetime', format: '%D %R %z' }, '11/12/18 09:15 +0100', '11/12/18 08:15 Z'],
    [{ type: 'datetime', format: '%Y-%m-%d %T.%f' }, '2024-01-26 15:00:00.120', '2024-01-26 15:00:00.12'],
    [{ type: 'yearmonth' }, '2024-01', '2024-01'],
    [{ type: 'list', itemType: 'integer', delimiter: ';' }, '1;2', '1;2'],
    [{ type: 'array' }, '[1, "a"]', '[1,"a"]'],
    [{ type: 'string', missingValues: ['-'] }, '-', '-'],
    [{ type: 'string' }, ' =1+1 ', ' =1+1 '],
  ])('writes what %j reads', (field, cell, text) => {
    const found = around(field, cell);
    expect(found.value).toBeDefined();
    expect(found).toEqual({ value: found.value, text, again: found.value });
  });
});
