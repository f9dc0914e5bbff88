import { describe, expect, it } from 'vitest';
import { toUtf16 } from '../csv/read.ts';
import { faultsOf, idsOf, readLines } from './read.ts';

describe('JsonLinesReader', () => {
  it('reads one object per line, with line and byte offset', () => {
    const file = '\ufeff{"id":1,"name":"Zoë"}\r\n\n {"id":2} \n{"id":3}';
    for (const chunk of [1, 5, 1000]) {
      const { rows, faults, end } = readLines(file, { chunk });
      expect(faults).toEqual([]);
      expect(rows).toEqual([
        { row: { id: 1, name: 'Zoë' }, line: 1, offset: 3 },
        { row: { id: 2 }, line: 3, offset: 28 },
        { row: { id: 3 }, line: 4, offset: 39 },
      ]);
      expect(end.offset).toBe(47);
    }
  });

  it('reads UTF-16', () => {
    const file = toUtf16('\ufeff{"id":1}\n{"id":"é"}\n');
    expect(idsOf(readLines(file, { encoding: 'utf-16le', chunk: 3 }))).toEqual([1, 'é']);
  });

  it('reports what is wrong with a line and reads the others', () => {
    const text = '{"id":1}\n{"id":2\n{"id":"3}\n[4]\n5\nnull\n{"id":6}{"id":7}\n{"id":"\0"}\n{"id":8}\n';
    for (const chunk of [1, 1000]) {
      const reading = readLines(text, { chunk });
      expect(idsOf(reading)).toEqual([1, 8]);
      expect(faultsOf(reading)).toEqual([
        [2, 1, 'broken_json'],
        [3, 1, 'broken_json'],
        [4, 1, 'not_an_object'],
        [5, 1, 'not_an_object'],
        [6, 1, 'not_an_object'],
        [7, 1, 'broken_json'],
        [8, 1, 'broken_json'],
      ]);
      expect(reading.faults[0]?.text).toBe('{"id":2');
    }
  });

  it('reports bytes that are no UTF-8, with the offset of the first', () => {
    const bytes = new TextEncoder().encode('{"id":1}\n{"id":"xx"}\n{"id":3}\n');
    bytes[17] = 0xe9;
    const reading = readLines(bytes);
    expect(idsOf(reading)).toEqual([1, 3]);
    expect(reading.faults.map((f) => [f.code, f.line, f.at])).toEqual([['bad_bytes', 2, 17]]);
  });

  it('drops a line that is too large, once, whatever the chunks', () => {
    const file = `{"id":1}\n{"id":"${'x'.repeat(300)}"}\n{"id":3}\n`;
    for (const chunk of [1, 7, 1000]) {
      const reading = readLines(file, { chunk, maxChars: 100 });
      expect(idsOf(reading)).toEqual([1, 3]);
      expect(faultsOf(reading)).toEqual([[2, 1, 'element_too_large']]);
      expect(reading.positions[1]).toEqual({ offset: 110, line: 2, skipLine: true });
    }
  });

  it('gives exactly the rest when it starts again at any of its positions', () => {
    const file = `{"id":1}\r\n{"id":"é"}\n\n{"id":"${'x'.repeat(300)}"}\nbroken\n{"id":3}`;
    const whole = readLines(file, { maxChars: 100 });
    expect(whole.positions).toHaveLength(5);
    for (const start of [...whole.positions, whole.end]) {
      const rest = readLines(file, { maxChars: 100, start });
      expect(rest.rows).toEqual(whole.rows.filter((row) => row.offset >= start.offset));
      expect(rest.faults).toEqual(whole.faults.filter((fault) => fault.offset >= start.offset));
      expect(rest.end).toEqual(whole.end);
    }
  });
});
