import { createReadStream, statSync } from 'node:fs';
import { parse } from 'csv-parse';
import { check } from './failures.ts';
import type { Field, TableSchema } from './schema.ts';

/** A row as csv-parse reads it, by the names of its header. */
interface SourceRow {
  key: string;
  cells: Map<string, string>;
}

/** What another reader than the hub's finds in the file: the demo's claims are held against it. */
export interface Source {
  rows: number;
  columns: number;
  sizeBytes: number;
  /** Every key there is, as `/records/{key}` has it. */
  keys: ReadonlySet<string>;
  /** The first row, the last, and the one with most quotes, commas and letters beyond ASCII. */
  samples: SourceRow[];
}

/** Reads a CSV file in UTF-8 with csv-parse. */
export async function inspectFile(
  path: string,
  schema: TableSchema,
  progress: (fraction: number, rows: number) => void,
): Promise<Source> {
  const sizeBytes = statSync(path).size;
  const bytes = createReadStream(path);
  const reader = bytes.pipe(parse({ bom: true, relaxColumnCount: true, skipEmptyLines: true }));
  bytes.once('error', (error) => reader.destroy(error));
  const keys = new Set<string>();
  let header: string[] | null = null;
  let keyColumns: { index: number; field: Field }[] = [];
  let rows = 0;
  let hardest = { score: -1, cells: [] as string[] };
  let first: string[] = [];
  let last: string[] = [];
  for await (const cells of reader as AsyncIterable<string[]>) {
    if (header === null) {
      header = cells;
      keyColumns = findKeyColumns(schema, cells);
      continue;
    }
    rows++;
    keys.add(keyOf(keyColumns, cells));
    if (rows === 1) first = cells;
    last = cells;
    const score = difficulty(cells);
    if (score > hardest.score) hardest = { score, cells };
    if (rows % 2_000 === 0) progress(bytes.bytesRead / sizeBytes, rows);
  }
  check(header !== null && rows > 0, 'The file has no rows: there is nothing to show.');
  const names = header;
  const toRow = (cells: string[]) => ({
    key: keyOf(keyColumns, cells),
    cells: new Map(names.map((name, index) => [name, cells[index] ?? ''])),
  });
  const samples = new Map([first, hardest.cells, last].map(toRow).map((row) => [row.key, row]));
  return { rows, columns: names.length, sizeBytes, keys, samples: [...samples.values()] };
}

function findKeyColumns(schema: TableSchema, header: string[]) {
  return [schema.primaryKey].flat().map((name) => {
    const index = header.indexOf(name);
    check(index >= 0, `The file has no column "${name}", which the schema's primaryKey names.`);
    return { index, field: schema.fields.find((field) => field.name === name) ?? { name } };
  });
}

/** The parts of a composite key are joined by `~`; `~` and `!` inside one are written `!~` and `!!`. */
function keyOf(columns: { index: number; field: Field }[], cells: string[]): string {
  const parts = columns.map(({ index, field }) => keyPart(field, cells[index] ?? ''));
  return parts.length === 1 ? (parts[0] ?? '') : parts.map((part) => part.replace(/[~!]/g, '!$&')).join('~');
}

function keyPart(field: Field, cell: string): string {
  const text = cell.trim();
  return field.type === 'integer' && /^[+-]?\d+$/.test(text) ? String(BigInt(text.replace('+', ''))) : cell;
}

function difficulty(cells: string[]): number {
  const text = cells.join('');
  return (text.includes('"') ? 1 : 0) + (text.includes(',') ? 1 : 0) + (/[^\p{ASCII}]/u.test(text) ? 1 : 0);
}

/** Whether the hub's value is the cell's; undefined for types whose canonical form only the hub knows. */
export function isValueOf(schema: TableSchema, field: Field, cell: string, value: unknown) {
  const missing = (field.missingValues ?? schema.missingValues ?? ['']).map((one) =>
    typeof one === 'string' ? one : one.value,
  );
  if (missing.includes(cell)) return value === null;
  const plain = field.decimalChar === undefined && field.groupChar === undefined;
  switch (field.type ?? 'any') {
    case 'string':
    case 'any':
      return value === cell;
    case 'integer':
    case 'number':
    case 'year':
      return plain && field.bareNumber !== false ? Number(value) === Number(cell) : undefined;
    case 'date':
      return (field.format ?? 'default') === 'default' ? value === cell.trim() : undefined;
    case 'boolean':
      return value === (field.trueValues ?? ['true', 'True', 'TRUE', '1']).includes(cell.trim());
    default:
      return undefined;
  }
}
