import type { CsvFindings, JsonFindings } from '../../src/platform/csv/detect.ts';
import type { CsvFault } from '../../src/platform/csv/faults.ts';
import { CsvReader } from '../../src/platform/csv/reader.ts';
import { JsonArrayReader } from '../../src/platform/json/array.ts';
import type { JsonFault } from '../../src/platform/json/faults.ts';
import { JsonLinesReader } from '../../src/platform/json/lines.ts';
import {
  type CompiledSchema,
  checkRecord,
  checkRow,
  type JsonObject,
  matchColumns,
  matchRecords,
  type RowResult,
} from '../../src/platform/tableschema/index.ts';
import { Sample } from './sample.ts';
import { type FileSource, Refusal } from './source.ts';

export type TableFindings = CsvFindings | JsonFindings;

/** One thing wrong with a row. */
export interface Finding {
  line: number;
  column: string | null;
  code: string;
  message: string;
}

export interface RowVisitor {
  good(result: Extract<RowResult, { ok: true }>, line: number): void;
  bad(findings: Finding[]): void;
}

interface Reader {
  push(bytes: Uint8Array): void;
  end(): void;
}

async function pump(source: FileSource, offset: number, reader: Reader): Promise<void> {
  for await (const bytes of source.read(offset)) reader.push(bytes);
  reader.end();
}

function headerFault(fault: CsvFault): Refusal {
  return new Refusal(fault.code, `The header cannot be read: ${fault.message}`);
}

/** The columns of a file, and rows of it from both ends and all over, as texts. Throws `Refusal`. */
export async function sampleRows(
  source: FileSource,
  findings: TableFindings,
): Promise<{ header: string[]; rows: string[][] }> {
  if (findings.kind === 'csv') {
    let header: string[] | null = null;
    const sample = new Sample<string[]>();
    const onRow = (cells: string[]) => {
      if (header === null) header = cells;
      else sample.add(cells, sizeOf(cells));
    };
    const onFault = (fault: CsvFault) => {
      if (header === null) throw headerFault(fault);
    };
    const { dialect, start } = findings;
    await pump(source, start.offset, new CsvReader({ dialect, width: null, start, onRow, onFault }));
    return { header: header ?? [], rows: sample.rows };
  }
  const sample = new Sample<Record<string, string>>();
  const onRow = (row: Record<string, unknown>) => {
    const texts = Object.fromEntries(Object.entries(row).map(([name, value]) => [name, textOf(value)]));
    sample.add(texts, sizeOf(Object.values(texts)));
  };
  await pump(
    source,
    0,
    jsonReader(findings, onRow, () => {}),
  );
  const header = [...new Set(sample.rows.flatMap((row) => Object.keys(row)))];
  return { header, rows: sample.rows.map((row) => header.map((name) => row[name] ?? '')) };
}

function sizeOf(cells: string[]): number {
  return cells.reduce((sum, cell) => sum + cell.length, 0);
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function jsonReader(
  { kind, encoding }: JsonFindings,
  onRow: (row: Record<string, unknown>, line: number) => void,
  onFault: (fault: JsonFault) => void,
): Reader {
  const options = { encoding: encoding.value, onRow, onFault };
  return kind === 'json' ? new JsonArrayReader(options) : new JsonLinesReader(options);
}

/** Checks every row as the hub does. Throws `Refusal` where the file as a whole cannot be one of the schema. */
export async function checkRows(
  source: FileSource,
  findings: TableFindings,
  schema: CompiledSchema,
  visitor: RowVisitor,
): Promise<void> {
  const visit = (line: number, result: RowResult) => {
    if (result.ok) visitor.good(result, line);
    else visitor.bad(result.issues.map(({ column, code, message }) => ({ line, column, code, message })));
  };
  if (findings.kind !== 'csv') {
    const plan = matchRecords(schema);
    const onRow = (row: Record<string, unknown>, line: number) =>
      visit(line, checkRecord(plan, row as JsonObject));
    const onFault = ({ line, code, message }: JsonFault) =>
      visitor.bad([{ line, column: null, code, message }]);
    await pump(source, 0, jsonReader(findings, onRow, onFault));
    return;
  }
  const { dialect, start } = findings;
  let header: string[] = [];
  let plan: Extract<ReturnType<typeof matchColumns>, { ok: true }>['plan'] | null = null;
  const onRow = (cells: string[], line: number) => {
    if (plan !== null) return visit(line, checkRow(plan, cells));
    const matched = matchColumns(schema, cells);
    if (!matched.ok) {
      const [first] = matched.issues;
      const messages = matched.issues.slice(0, 10).map((issue) => issue.message);
      throw new Refusal(first?.code ?? '', `The header does not fit the schema: ${messages.join('; ')}.`);
    }
    header = cells;
    plan = matched.plan;
  };
  const onFault = (fault: CsvFault) => {
    if (plan === null) throw headerFault(fault);
    const columnOf = (column: number | null) =>
      column === null ? null : (header[column - 1] ?? `#${column}`);
    const all = [fault, ...fault.also];
    visitor.bad(
      all.map(({ column, code, message }) => ({ line: fault.line, column: columnOf(column), code, message })),
    );
  };
  await pump(source, start.offset, new CsvReader({ dialect, width: null, start, onRow, onFault }));
  if (plan === null)
    throw new Refusal('header_missing', 'The file has no header: its first line must name the columns.');
}

/** Counts rows, keeps the first findings, and counts the others by column and code. */
export class Tally implements RowVisitor {
  read = 0;
  rejected = 0;
  readonly first: Finding[] = [];
  /** By column and code; bounded by the schema and the codes there are. */
  readonly counts = new Map<string, number>();
  readonly #onGood: RowVisitor['good'];

  constructor(onGood: RowVisitor['good']) {
    this.#onGood = onGood;
  }

  good(result: Extract<RowResult, { ok: true }>, line: number): void {
    this.read += 1;
    this.#onGood(result, line);
  }

  bad(findings: Finding[]): void {
    this.read += 1;
    this.rejected += 1;
    for (const finding of findings) {
      if (this.first.length < 10) this.first.push(finding);
      const name = `${finding.code}${finding.column ? ` in ${finding.column}` : ''}`;
      if (this.counts.size < 1_000 || this.counts.has(name)) {
        this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
      }
    }
  }
}
