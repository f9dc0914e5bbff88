import type { Ctx } from '../../../context.ts';
import { commit } from '../../../platform/d1.ts';
import { AppError } from '../../../platform/errors.ts';
import { reportColumns } from '../../../platform/tableschema/index.ts';
import { recordAudit } from '../../audit/index.ts';
import { planOf, type RejectedRow } from '../rows.ts';
import type { JobError } from '../schema.ts';
import { objectKeys } from '../state.ts';
import type { Job } from '../store.ts';

/** One thing that was wrong, with the cell's own text where it was asked for. */
export interface Reject extends JobError {
  value: string | null;
}

export interface RejectGroup {
  column: string | null;
  code: string;
  count: number;
  /** The first three. */
  lines: number[];
  /** Of the first of them. */
  message: string;
}

export interface Rejects {
  /** Rejected rows that were looked at, the first of the file; the groups are of these. */
  rowsRead: number;
  groups: RejectGroup[];
  items: Reject[];
}

/** Enough for a diagnosis; all of them are in the report. */
const rowsAtMost = 2_000;
const partsAtMost = 8;
const itemsShown = 200;
const valueChars = 200;

/**
 * The rejected rows as a diagnosis: grouped by column and code, the most frequent first. A bounded part of
 * what was staged for the report. `withValues` shows personal data, which is put on record.
 */
export async function readRejects(ctx: Ctx, job: Job, withValues: boolean): Promise<Rejects> {
  const prefix = objectKeys.rejectsPrefix(job.programId, job.jobId);
  const { objects } = await ctx.objects.list(prefix);
  if (objects.length === 0 && job.counts.rejected > 0)
    throw new AppError('expired', 'The rejected rows of this job have passed their retention.');
  const part = (key: string) => Number(key.slice(prefix.length));
  const keys = objects.map(({ key }) => key).sort((a, b) => part(a) - part(b));
  const cellOf = withValues ? await valueReader(ctx, job) : null;
  const found: Rejects = { rowsRead: 0, groups: [], items: [] };
  const groups = new Map<string, RejectGroup>();
  for (const key of keys.slice(0, partsAtMost)) {
    const text = await (await ctx.objects.get(key))?.text();
    for (const line of (text ?? '').split('\n')) {
      if (line === '' || found.rowsRead >= rowsAtMost) continue;
      const row: RejectedRow = JSON.parse(line);
      found.rowsRead++;
      for (const error of row.errors) {
        count(groups, row.line, error);
        if (found.items.length >= itemsShown) continue;
        found.items.push({ ...error, line: row.line, value: cellOf?.(row, error.column) ?? null });
      }
    }
  }
  if (withValues) {
    const { programId, jobId } = job;
    await commit(ctx.db, [recordAudit(ctx, { programId, action: 'job.rejects_shown', target: jobId })]);
  }
  return { ...found, groups: [...groups.values()].sort((a, b) => b.count - a.count) };
}

function count(groups: Map<string, RejectGroup>, line: number, { column, code, message }: JobError): void {
  const id = JSON.stringify([column, code]);
  const known = groups.get(id);
  if (known === undefined) {
    groups.set(id, { column, code, count: 1, lines: [line], message });
    return;
  }
  known.count++;
  if (known.lines.length < 3) known.lines.push(line);
}

/** Finds the text of a column in a row, whatever the file was. */
async function valueReader(
  ctx: Ctx,
  job: Job,
): Promise<(row: RejectedRow, column: string | null) => string | null> {
  const saved = await ctx.objects.get(objectKeys.header(job.programId, job.jobId));
  const header: string[] = saved ? JSON.parse(await saved.text()) : [];
  // A correction's file has the report's columns too; a row's cells are without them.
  const own = header.filter((name) => !reportColumns.includes(name));
  const places = new Map(own.map((name, index) => [name, index]));
  if (saved)
    for (const { index, field } of planOf(job, header).fed)
      places.set(field.name, own.indexOf(header[index] ?? ''));
  return (row, column) => {
    if (column === null) return null;
    if (row.cells) return row.cells[places.get(column) ?? -1]?.slice(0, valueChars) ?? null;
    const record = row.values ?? parsed(row.text ?? '');
    const value = record[column];
    if (value === undefined || value === null) return null;
    return (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, valueChars);
  };
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
