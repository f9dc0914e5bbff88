import type { CsvFault } from '../../platform/csv/faults.ts';
import { CsvReader } from '../../platform/csv/reader.ts';
import { JsonArrayReader } from '../../platform/json/array.ts';
import type { JsonFault, JsonPosition } from '../../platform/json/faults.ts';
import { JsonLinesReader } from '../../platform/json/lines.ts';
import type { ReadMemory } from '../../platform/objects/index.ts';
import {
  type ColumnPlan,
  checkRecord,
  checkRow,
  type Json,
  type JsonObject,
  matchColumns,
  matchRecords,
  type RowResult,
  readRow,
} from '../../platform/tableschema/index.ts';
import { compileTask } from '../tasks/index.ts';
import type { JobError } from './schema.ts';
import type { SlotWriter } from './staging.ts';
import { FileFault, type JobState, type Position } from './state.ts';
import type { Job } from './store.ts';

/** A row that was rejected, as the report needs it. */
export interface RejectedRow {
  line: number;
  /** The original cells of a CSV row, in the order of the header. */
  cells?: string[];
  /** What a good row says by field, where it is rejected for what other rows say. */
  values?: Record<string, unknown>;
  /** The original text of a JSON row, perhaps cut. */
  text?: string;
  errors: JobError[];
}

/** What a reader finds, one call per data row, in order. */
export interface RowSink {
  /** The short way of a CSV row that is right, its values by the plan's names; false where it takes the long one. */
  values(line: number, key: string, values: readonly Json[]): boolean;
  row(line: number, result: Extract<RowResult, { ok: true }>, original: RejectedRow): void;
  reject(row: RejectedRow, key: string | undefined): void;
  /** The report's `_job` column: this file corrects that job. */
  corrects(jobId: string): void;
}

/** Reads rows of one format from bytes; `position()` is where a later reader goes on. */
export interface RowReader {
  push(bytes: Uint8Array): void;
  end(): void;
  position(): Position;
}

/** Kept between the steps of one message; made again from the checkpoint in the next. */
export interface ReadingMemory {
  header?: string[];
  plan?: ColumnPlan;
  /** For its buffers. */
  writer?: SlotWriter;
  slice?: ReadMemory;
}

export function createRowReader(job: Job, state: JobState, memory: ReadingMemory, sink: RowSink): RowReader {
  if (!state.dialect || !state.position) throw new Error('the format is not decided yet');
  if (state.format === 'csv') return csvRows(job, state, memory, sink);
  return jsonRows(job, state, sink);
}

function csvRows(job: Job, state: JobState, memory: ReadingMemory, sink: RowSink): RowReader {
  const { dialect, position } = state;
  if (!dialect || !position) throw new Error('the format is not decided yet');
  const values: Json[] = [];
  const onRow = (all: string[], line: number) => {
    if (!memory.plan) {
      memory.header = all;
      memory.plan = planOf(job, all);
      return;
    }
    const { report } = memory.plan;
    if (report._job === undefined) {
      const key = readRow(memory.plan, all, values);
      if (key !== undefined && sink.values(line, key, values)) return;
    }
    if (report._job !== undefined) sink.corrects(all[report._job - 1] ?? '');
    const result = checkRow(memory.plan, all);
    const cells = withoutReport(all, report);
    if (result.ok) sink.row(line, result, { line, cells, errors: [] });
    else sink.reject({ line, cells, errors: toErrors(line, result.issues) }, result.key);
  };
  const onFault = (fault: CsvFault) => {
    if (!memory.plan) {
      throw new FileFault(fault.code, `The header cannot be read: ${fault.message}`);
    }
    const names = memory.header ?? [];
    const errors = [fault, ...fault.also].map((finding) => ({
      line: fault.line,
      column: finding.column === null ? null : (names[finding.column - 1] ?? `#${finding.column}`),
      code: finding.code,
      message: finding.message,
    }));
    // The cells of such a row are a guess, and so would be its key.
    const cells = withoutReport(fault.cells, memory.plan.report);
    sink.reject({ line: fault.line, cells, errors }, undefined);
  };
  return new CsvReader({ dialect, width: memory.plan?.width ?? null, start: position, onRow, onFault });
}

/** A correction's own report columns are not part of the next report's cells. */
function withoutReport(cells: string[], report: ColumnPlan['report']): string[] {
  if (report._job === undefined) return cells;
  const columns = new Set(Object.values(report));
  return cells.filter((_, index) => !columns.has(index + 1));
}

function jsonRows(job: Job, state: JobState, sink: RowSink): RowReader {
  const plan = matchRecords(compileTask(job.task));
  const onRow = (record: Record<string, unknown>, line: number) => {
    if (typeof record._job === 'string') sink.corrects(record._job);
    const result = checkRecord(plan, record as JsonObject);
    const original = { line, text: JSON.stringify(record), errors: [] };
    if (result.ok) sink.row(line, result, original);
    else sink.reject({ ...original, errors: toErrors(line, result.issues) }, result.key);
  };
  const onFault = (fault: JsonFault) => {
    const { line, code, message, text } = fault;
    sink.reject({ line, text, errors: [{ line, column: null, code, message }] }, undefined);
  };
  const options = {
    encoding: state.dialect?.encoding ?? 'utf-8',
    start: state.position as JsonPosition,
    onRow,
    onFault,
  };
  return state.format === 'json' ? new JsonArrayReader(options) : new JsonLinesReader(options);
}

export function planOf(job: Job, header: string[]): ColumnPlan {
  const matched = matchColumns(compileTask(job.task), header);
  if (matched.ok) return matched.plan;
  const errors = matched.issues.map((issue) => ({
    line: 1,
    column: issue.field ?? null,
    code: issue.code,
    message: issue.message,
  }));
  throw new FileFault(
    'header_mismatch',
    `The header does not fit the schema: ${matched.issues[0]?.message}.`,
    errors,
  );
}

function toErrors(line: number, issues: { column: string; code: string; message: string }[]): JobError[] {
  return issues.map(({ column, code, message }) => ({ line, column: column || null, code, message }));
}
