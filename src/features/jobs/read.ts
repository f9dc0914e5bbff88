import type { Ctx } from '../../context.ts';
import type { CsvDialect } from '../../platform/csv/dialect.ts';
import type { CsvFault } from '../../platform/csv/faults.ts';
import { CsvReader } from '../../platform/csv/reader.ts';
import { bucketHash, fingerprint } from '../../platform/hash.ts';
import { ObjectChangedError } from '../../platform/objects/index.ts';
import { type ColumnPlan, checkRow, matchColumns } from '../../platform/tableschema/index.ts';
import { compileTask } from '../tasks/index.ts';
import type { JobError } from './schema.ts';
import { rejectedMark, SlotWriter } from './staging.ts';
import { addErrors, FileFault, type JobState, objectKeys } from './state.ts';
import type { Job } from './store.ts';

/** Bytes of the file that one step reads: rows, text and parts of it stay far below an isolate's 128 MB. */
const sliceBytes = 4 * 1_024 * 1_024;

/** A record goes into one chunk of SQL, which D1 bounds at 2 MB and we at a megabyte of UTF-8. */
const dataCharacters = 300_000;

/** A row that was rejected, as the report needs it. */
export interface RejectedRow {
  line: number;
  cells: string[];
  errors: JobError[];
}

/** Kept between the steps of one message; made again from the object store in the next. */
export interface ReadingMemory {
  plan?: ColumnPlan;
}

/** Reads one slice of the file, stages its rows, and says where the next begins. Touches no record. */
export async function readSlice(
  ctx: Ctx,
  job: Job,
  state: JobState,
  memory: ReadingMemory,
): Promise<JobState> {
  if (job.sizeBytes === 0) throw new FileFault('The file is empty: it has not even a header.');
  const dialect = state.dialect ?? (await decideDialect(job));
  const start = state.position ?? { offset: 0, line: 1 };
  const slice = new Slice(memory, state);
  if (state.position !== null) slice.plan = memory.plan ?? (await reloadPlan(ctx, job));
  const reader = new CsvReader({
    dialect,
    width: slice.plan?.width ?? null,
    start,
    onRow: (cells, line) => slice.takeRow(job, cells, line),
    onFault: (fault) => slice.takeFault(fault),
  });
  const length = Math.min(sliceBytes, job.sizeBytes - start.offset);
  const isLast = start.offset + length >= job.sizeBytes;
  for await (const bytes of await openRange(ctx, job, start.offset, length)) reader.push(bytes);
  if (isLast) reader.end();
  const position = reader.position();
  if (!isLast && position.offset === start.offset) {
    throw new Error('a slice of the file gave no record');
  }
  if (!slice.plan) throw new FileFault('The file has no header: its first line must name the columns.');
  if (state.position === null) await saveHeader(ctx, job, slice.header);
  memory.plan = slice.plan;
  const { parts, rejectParts } = await slice.save(ctx, job, state);
  return {
    ...state,
    phase: isLast ? 'checking' : 'reading',
    dialect,
    decisions: state.decisions ?? {
      format: 'csv',
      encoding: dialect.encoding,
      delimiter: dialect.delimiter,
      quote: dialect.quote,
      evidence: [],
    },
    position,
    parts,
    rejectParts,
    counts: {
      ...state.counts,
      read: state.counts.read + slice.rows,
      rejected: state.counts.rejected + slice.rejects.length,
    },
    errors: addErrors(
      state.errors,
      slice.rejects.slice(0, 10).flatMap((row) => row.errors),
    ),
    unreadableKeys: state.unreadableKeys + slice.unreadableKeys,
  };
}

/** What the rows of one slice become. */
class Slice {
  plan: ColumnPlan | undefined;
  header: string[] = [];
  rows = 0;
  unreadableKeys = 0;
  readonly rejects: RejectedRow[] = [];
  readonly #writer = new SlotWriter();

  constructor(memory: ReadingMemory, state: JobState) {
    this.plan = state.position === null ? undefined : memory.plan;
  }

  takeRow(job: Job, cells: string[], line: number): void {
    if (!this.plan) {
      this.header = cells;
      this.plan = planOf(job, cells);
      return;
    }
    this.rows++;
    const result = checkRow(this.plan, cells);
    if (!result.ok) {
      const errors = result.issues.map(({ column, code, message }) => ({
        line,
        column: column || null,
        code,
        message,
      }));
      this.#reject({ line, cells, errors }, result.key);
      return;
    }
    const dataJson = JSON.stringify(result.values);
    if (dataJson.length > dataCharacters) {
      const message = `The row is longer than ${dataCharacters} characters: shorten its cells.`;
      this.#reject(
        { line, cells, errors: [{ line, column: null, code: 'row_too_large', message }] },
        result.key,
      );
      return;
    }
    this.#writer.add({
      bucket: bucketHash(result.key),
      keyJson: JSON.stringify(result.key),
      fingerprint: fingerprint(dataJson).text,
      line,
      dataJson,
    });
  }

  takeFault(fault: CsvFault): void {
    if (!this.plan)
      throw new FileFault(`The header cannot be read: ${fault.message}`, [toError(fault.line, null, fault)]);
    this.rows++;
    const columns = this.plan.fed;
    const name = (column: number | null) =>
      column === null ? null : (columns.find((fed) => fed.index === column - 1)?.field.name ?? `#${column}`);
    const errors = [fault, ...fault.also].map((finding) =>
      toError(fault.line, name(finding.column), finding),
    );
    // The cells of such a row are a guess, and so would be its key.
    this.#reject({ line: fault.line, cells: fault.cells, errors }, undefined);
  }

  #reject(row: RejectedRow, key: string | undefined): void {
    this.rejects.push(row);
    if (key === undefined) {
      this.unreadableKeys++;
      return;
    }
    const keyJson = JSON.stringify(key);
    this.#writer.add({
      bucket: bucketHash(key),
      keyJson,
      fingerprint: rejectedMark,
      line: row.line,
      dataJson: '',
    });
  }

  async save(ctx: Ctx, job: Job, state: JobState): Promise<{ parts: number; rejectParts: number }> {
    const { programId, jobId } = job;
    const writes: Promise<unknown>[] = [];
    let { parts, rejectParts } = state;
    if (this.#writer.rows > 0) {
      const { bytes, index } = this.#writer.finish();
      writes.push(ctx.objects.put(objectKeys.rows(programId, jobId, parts), bytes));
      writes.push(ctx.objects.put(objectKeys.index(programId, jobId, parts), JSON.stringify(index)));
      parts++;
    }
    if (this.rejects.length > 0) {
      const text = this.rejects.map((row) => JSON.stringify(row)).join('\n');
      writes.push(ctx.objects.put(objectKeys.rejects(programId, jobId, rejectParts), `${text}\n`));
      rejectParts++;
    }
    await Promise.all(writes);
    return { parts, rejectParts };
  }
}

function toError(line: number, column: string | null, finding: { code: string; message: string }): JobError {
  return { line, column, code: finding.code, message: finding.message };
}

function planOf(job: Job, header: string[]): ColumnPlan {
  const matched = matchColumns(compileTask(job.task), header);
  if (matched.ok) return matched.plan;
  const errors = matched.issues.map((issue) => ({
    line: 1,
    column: issue.field ?? null,
    code: issue.code,
    message: issue.message,
  }));
  throw new FileFault(`The header does not fit the schema: ${matched.issues[0]?.message}`, errors);
}

async function saveHeader(ctx: Ctx, job: Job, header: string[]): Promise<void> {
  await ctx.objects.put(objectKeys.header(job.programId, job.jobId), JSON.stringify(header));
}

async function reloadPlan(ctx: Ctx, job: Job): Promise<ColumnPlan> {
  const saved = await ctx.objects.get(objectKeys.header(job.programId, job.jobId));
  if (!saved) throw new Error('the staged header is gone');
  return planOf(job, JSON.parse(await saved.text()));
}

async function decideDialect(job: Job): Promise<CsvDialect> {
  const { delimiter, encoding, quote } = job.task.dialect;
  return {
    encoding: encoding === 'auto' ? 'utf-8' : encoding,
    delimiter: delimiter === 'auto' ? ',' : delimiter,
    quote: quote === 'auto' ? '"' : quote,
  };
}

/** A range of the pinned version. */
async function openRange(
  ctx: Ctx,
  job: Job,
  offset: number,
  length: number,
): Promise<AsyncIterable<Uint8Array>> {
  if (length === 0) return noBytes;
  try {
    const read = await ctx.objects.get(job.objectKey, { range: { offset, length }, ifMatch: job.etag });
    if (!read) throw new FileFault('The file was deleted while its job was waiting or running.');
    return read.body;
  } catch (error) {
    if (error instanceof ObjectChangedError) {
      throw new FileFault(
        'The stored file is no longer the one that was accepted. Drop it again and call the job again.',
      );
    }
    throw error;
  }
}

const noBytes: AsyncIterable<Uint8Array> = {
  async *[Symbol.asyncIterator]() {
    // Nothing is left to read.
  },
};
