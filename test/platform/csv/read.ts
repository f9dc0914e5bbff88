import type { CsvDialect, CsvLimits, CsvPosition } from '../../../src/platform/csv/dialect.ts';
import type { CsvFault } from '../../../src/platform/csv/faults.ts';
import { CsvReader } from '../../../src/platform/csv/reader.ts';

export interface Row {
  cells: string[];
  line: number;
  offset: number;
}

export interface Reading {
  rows: Row[];
  faults: CsvFault[];
  /** The place behind each record, in order. */
  positions: CsvPosition[];
  end: CsvPosition;
}

export interface ReadOptions {
  dialect?: Partial<CsvDialect>;
  width?: number | null;
  start?: CsvPosition;
  limits?: Partial<CsvLimits>;
  /** Bytes per push; whole by default. */
  chunk?: number | (() => number);
}

export function toBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The bytes of a text in UTF-16, without a byte-order mark. */
export function toUtf16(text: string, bigEndian = false): Uint8Array {
  const view = new DataView(new ArrayBuffer(text.length * 2));
  for (let i = 0; i < text.length; i++) view.setUint16(i * 2, text.charCodeAt(i), !bigEndian);
  return new Uint8Array(view.buffer);
}

/** Reads a whole file with the reader under test. */
export function read(file: string | Uint8Array, options: ReadOptions = {}): Reading {
  const bytes = typeof file === 'string' ? toBytes(file) : file;
  const rows: Row[] = [];
  const faults: CsvFault[] = [];
  const positions: CsvPosition[] = [];
  const reader = new CsvReader({
    dialect: { encoding: 'utf-8', delimiter: ',', quote: '"', ...options.dialect },
    width: options.width ?? null,
    ...(options.start && { start: options.start }),
    ...(options.limits && { limits: options.limits }),
    onRow: (cells, line, offset) => {
      rows.push({ cells, line, offset });
      positions.push(reader.position());
    },
    onFault: (fault) => {
      faults.push(fault);
      positions.push(reader.position());
    },
  });
  for (let at = options.start?.offset ?? 0; at < bytes.length; ) {
    const size = typeof options.chunk === 'function' ? options.chunk() : (options.chunk ?? bytes.length);
    reader.push(bytes.subarray(at, at + size));
    at += size;
  }
  reader.end();
  return { rows, faults, positions, end: reader.position() };
}

/** The cells of every row. */
export function cellsOf(file: string | Uint8Array, options: ReadOptions = {}): string[][] {
  return read(file, options).rows.map((row) => row.cells);
}
