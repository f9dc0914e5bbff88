import { JsonArrayReader } from '../../../src/platform/json/array.ts';
import type { JsonFault, JsonPosition, JsonRow } from '../../../src/platform/json/faults.ts';
import { JsonLinesReader, type JsonReaderOptions } from '../../../src/platform/json/lines.ts';

export interface Reading {
  rows: { row: JsonRow; line: number; offset: number }[];
  faults: JsonFault[];
  /** The place behind each row and fault, in order. */
  positions: JsonPosition[];
  end: JsonPosition;
}

export type ReadOptions = Partial<Pick<JsonReaderOptions, 'encoding' | 'maxChars' | 'start'>> & {
  chunk?: number;
};

export const readLines = readWith(JsonLinesReader);
export const readArray = readWith(JsonArrayReader);

function readWith(Reader: typeof JsonLinesReader | typeof JsonArrayReader) {
  return (file: string | Uint8Array, options: ReadOptions = {}): Reading => {
    const { chunk = 1_000_000, encoding = 'utf-8', start, maxChars } = options;
    const bytes = typeof file === 'string' ? new TextEncoder().encode(file) : file;
    const reading: Reading = { rows: [], faults: [], positions: [], end: { offset: 0, line: 1 } };
    const reader = new Reader({
      encoding,
      ...(start && { start }),
      ...(maxChars !== undefined && { maxChars }),
      onRow: (row, line, offset) => {
        reading.rows.push({ row, line, offset });
        reading.positions.push(reader.position());
      },
      onFault: (fault) => {
        reading.faults.push(fault);
        reading.positions.push(reader.position());
      },
    });
    for (let at = start?.offset ?? 0; at < bytes.length; at += chunk)
      reader.push(bytes.subarray(at, at + chunk));
    reader.end();
    reading.end = reader.position();
    return reading;
  };
}

export function faultsOf(reading: Reading): [line: number, lineCount: number, code: string][] {
  return reading.faults.map((fault) => [fault.line, fault.lineCount, fault.code]);
}

export function idsOf(reading: Reading): unknown[] {
  return reading.rows.map(({ row }) => row.id);
}
