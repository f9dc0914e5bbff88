import type { Ctx } from '../../context.ts';
import { writeCsvRow } from '../../platform/csv/write.ts';
import { utf8 } from '../../platform/encoding.ts';
import { AppError } from '../../platform/errors.ts';
import {
  type CompiledSchema,
  fieldIndexOf,
  type Json,
  reportColumns,
  writeCell,
} from '../../platform/tableschema/index.ts';
import { compileTask } from '../tasks/index.ts';
import { planOf, type RejectedRow } from './rows.ts';
import { objectKeys } from './state.ts';
import type { Job } from './store.ts';

/**
 * `<file>.errors.csv`: what must be corrected, in the shape of the file itself, with four columns more.
 * Streamed part by part, so that a hundred thousand errors cost no more memory than a thousand. Dropped
 * again, corrected, it is a correction, which `_job` says.
 */
export async function openErrorReport(ctx: Ctx, job: Job): Promise<ReadableStream<Uint8Array>> {
  const parts = await listRejectParts(ctx, job);
  if (parts.length === 0 && job.counts.rejected > 0) {
    throw new AppError('expired', 'The report of this job has passed its retention.');
  }
  const schema = compileTask(job.task);
  const columns = await columnsOf(ctx, job, schema, parts);
  let next = -1;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (next < 0) {
        // A byte-order mark: spreadsheets take a CSV without one for Windows-1252.
        controller.enqueue(
          utf8(`\ufeff${writeCsvRow([...reportColumns, ...columns.map(({ name }) => name)])}`),
        );
        next = 0;
        return;
      }
      const key = parts[next++];
      if (key === undefined) return controller.close();
      const part = await ctx.objects.get(key);
      if (!part) throw new Error('a part of the report is gone');
      const lines = (await part.text()).split('\n').filter((line) => line !== '');
      controller.enqueue(
        utf8(lines.map((line) => reportRow(job, schema, columns, JSON.parse(line))).join('')),
      );
    },
  });
}

async function listRejectParts(ctx: Ctx, job: Job): Promise<string[]> {
  const prefix = objectKeys.rejectsPrefix(job.programId, job.jobId);
  const keys: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await ctx.objects.list(prefix, cursor === null ? {} : { cursor });
    keys.push(...page.objects.map((object) => object.key));
    cursor = page.cursor;
  } while (cursor !== null);
  // Keys end in the part's number, which lists sort as text.
  return keys.sort((a, b) => Number(a.slice(prefix.length)) - Number(b.slice(prefix.length)));
}

interface ReportColumn {
  name: string;
  /** The field it feeds, if any: a column may stand under an alias. */
  field: string | null;
}

/** The file's own columns, without those of an earlier report; for JSON the schema's fields, and what it keeps. */
async function columnsOf(
  ctx: Ctx,
  job: Job,
  schema: CompiledSchema,
  parts: string[],
): Promise<ReportColumn[]> {
  const saved = await ctx.objects.get(objectKeys.header(job.programId, job.jobId));
  if (!saved) {
    const fields = job.task.schema.fields.map(({ name }) => ({ name, field: name }));
    const kept = schema.unknownColumns === 'keep' ? await keptMembers(ctx, schema, parts) : [];
    return [...fields, ...kept.map((name) => ({ name, field: null }))];
  }
  const header: string[] = JSON.parse(await saved.text());
  const fields = new Map(planOf(job, header).fed.map(({ index, field }) => [index, field.name]));
  return header.flatMap((name, index) =>
    reportColumns.includes(name) ? [] : [{ name, field: fields.get(index) ?? null }],
  );
}

/** A file of JSON may have a new member on every line; a report has so many columns for them at most. */
const keptMembersLimit = 500;

/** Members that are no field, of all rejected rows: left out, a correction would lose them. */
async function keptMembers(ctx: Ctx, schema: CompiledSchema, parts: string[]): Promise<string[]> {
  const names = new Set<string>();
  for (const key of parts) {
    const part = await ctx.objects.get(key);
    for (const line of (await part?.text())?.split('\n') ?? []) {
      if (line === '') continue;
      const row: RejectedRow = JSON.parse(line);
      for (const name of Object.keys(row.values ?? parseObject(row.text ?? '') ?? {})) {
        const isKept = fieldNameOf(schema, name) === undefined && !reportColumns.includes(name);
        if (isKept && names.size < keptMembersLimit) names.add(name);
      }
    }
  }
  return [...names];
}

/** `_line` and the codes first; then the original cells, as many as the row had. */
function reportRow(job: Job, schema: CompiledSchema, columns: ReportColumn[], row: RejectedRow): string {
  const codes = [...new Set(row.errors.map((error) => error.code))].join(' ');
  const messages = row.errors.map(
    (error) => `${error.column === null ? '' : `${error.column}: `}${error.message}`,
  );
  return writeCsvRow([
    job.jobId,
    String(row.line),
    codes,
    messages.join(' | '),
    ...cellsOf(job, schema, columns, row),
  ]);
}

function cellsOf(job: Job, schema: CompiledSchema, columns: ReportColumn[], row: RejectedRow): string[] {
  if (row.cells) return row.cells;
  const write = (name: string, value: unknown) =>
    writeCell(schema, job.task.schema, name, (value ?? null) as Json);
  const { values } = row;
  if (values) return columns.map(({ name, field }) => write(field ?? name, values[field ?? name]));
  const record = parseObject(row.text ?? '');
  if (!record) return [row.text ?? ''];
  const byField = new Map(
    Object.entries(record).map(([name, value]) => [fieldNameOf(schema, name) ?? name, value]),
  );
  return columns.map(({ name }) => {
    const value = byField.get(name);
    // A string is read as a cell is.
    return typeof value === 'string' ? value : write(name, value);
  });
}

function fieldNameOf(schema: CompiledSchema, name: string): string | undefined {
  return schema.fields[fieldIndexOf(schema, name)]?.name;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
