import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { bucketHash } from '../../platform/hash.ts';
import { ReadMemory } from '../../platform/objects/index.ts';
import {
  type CompiledSchema,
  type Json,
  type RowResult,
  uniqueTexts,
} from '../../platform/tableschema/index.ts';
import { compileTask } from '../tasks/index.ts';
import { openSource, sourceOf } from './decide.ts';
import {
  createRowReader,
  planOf,
  type ReadingMemory,
  type RejectedRow,
  type RowReader,
  type RowSink,
} from './rows.ts';
import type { JobError } from './schema.ts';
import { rejectedMark, SlotWriter } from './staging.ts';
import { addErrors, FileFault, type JobState, objectKeys, type Source } from './state.ts';
import { type Job, updateUnfinished } from './store.ts';
import { stageUnique } from './unique.ts';

export type { ReadingMemory } from './rows.ts';

/** Bytes of the file that one step reads: rows, text and parts of it stay far below an isolate's 128 MB. */
const sliceBytes = 4 * 1_024 * 1_024;

/** Bytes between two looks at how much has been read, and how much is enough however few bytes it took. */
const pieceBytes = 65_536;
/** Bytes, or a hundredth of the file, after which a job says how far it is. */
const reportedBytes = 1_024 * 1_024;
const sliceRows = 100_000;
const sliceErrors = 20_000;

/** A record goes into one chunk of SQL, which D1 bounds at 2 MB and we at a megabyte of UTF-8. */
const dataCharacters = 300_000;

/** Reads one slice of the file, stages its rows, and says where the next begins. Touches no record. */
export async function readSlice(
  ctx: Ctx,
  job: Job,
  state: JobState,
  memory: ReadingMemory,
): Promise<JobState> {
  const source = sourceOf(job, state);
  const start = state.position?.offset ?? 0;
  const hadHeader = state.header;
  if (hadHeader && !memory.plan) await reloadHeader(ctx, job, memory);
  const schema = compileTask(job.task);
  const slice = new Slice(schema, memory);
  const reader = createRowReader(job, state, memory, slice);
  const report = (at: number) => reportReading(ctx, job, state, at, slice.rows);
  memory.slice ??= new ReadMemory();
  const isLast =
    (await pushSlice(ctx, source, start, reader, slice, memory.slice, report)) >= source.sizeBytes;
  if (isLast) reader.end();
  const position = reader.position();
  if (state.format === 'csv' && !memory.plan) {
    throw new FileFault('header_missing', 'The file has no header: its first line must name the columns.');
  }
  if (!hadHeader && memory.header) {
    await ctx.objects.put(objectKeys.header(job.programId, job.jobId), JSON.stringify(memory.header));
  }
  return {
    ...state,
    ...(await slice.save(ctx, job, state)),
    phase: isLast ? 'comparing' : 'reading',
    header: hadHeader || memory.header !== undefined,
    position,
    corrects: slice.oneCorrected(state.corrects),
    counts: {
      ...state.counts,
      read: state.counts.read + slice.rows,
      rejected: state.counts.rejected + slice.rejects.length,
    },
    errors: addErrors(state.errors, slice.firstErrors()),
    unreadableKeys: state.unreadableKeys + slice.unreadableKeys,
  };
}

/**
 * Pushes four MiB, less if they hold very many rows or errors, and more until there is one whole record: the
 * readers bound what that can be. Answers the offset behind the last byte pushed.
 */
async function pushSlice(
  ctx: Ctx,
  source: Source,
  start: number,
  reader: RowReader,
  slice: Slice,
  memory: ReadMemory,
  report: (at: number) => Promise<void>,
): Promise<number> {
  let at = start;
  let reportedAt = start;
  while (at < source.sizeBytes && reader.position().offset === start) {
    const length = Math.min(sliceBytes, source.sizeBytes - at);
    memory.reuse();
    const bytes = await memory.read(await openSource(ctx, source, { offset: at, length }));
    for (let from = 0; from < bytes.length; from += pieceBytes) {
      if (slice.isFull) return at;
      const piece = bytes.subarray(from, from + pieceBytes);
      reader.push(piece);
      at += piece.length;
      if (at - reportedAt < Math.max(reportedBytes, source.sizeBytes / 100)) continue;
      await report(at);
      reportedAt = at;
    }
  }
  return at;
}

/** Tells lists and askers how far a slice is; what counts is the checkpoint at its end. */
async function reportReading(ctx: Ctx, job: Job, state: JobState, at: number, rows: number): Promise<void> {
  const counts = { ...state.counts, read: state.counts.read + rows };
  await commit(ctx.db, [updateUnfinished(ctx, job, { readBytes: at, counts })]);
  // The local runtime looks at its sockets only when nothing is ready: others get their turn here.
  await scheduler.wait(0);
}

/** What the rows of one slice become. */
class Slice implements RowSink {
  rows = 0;
  unreadableKeys = 0;
  #errorCount = 0;
  readonly rejects: RejectedRow[] = [];
  readonly #memory: ReadingMemory;
  readonly #uniques = new SlotWriter();
  readonly #schema: CompiledSchema;
  readonly #corrected = new Set<string>();

  constructor(schema: CompiledSchema, memory: ReadingMemory) {
    this.#schema = schema;
    this.#memory = memory;
  }

  /** Made at the first row, when it is known which members most rows have. */
  get #staged(): SlotWriter {
    const memory = this.#memory;
    memory.writer ??= new SlotWriter(memory.plan?.names ?? this.#schema.fields.map(({ name }) => name));
    return memory.writer;
  }

  get isFull(): boolean {
    return this.rows >= sliceRows || this.#errorCount >= sliceErrors;
  }

  values(line: number, key: string, values: readonly Json[]): boolean {
    if (this.#schema.uniqueKeys.length > 0) return false;
    const most = this.#staged.addValues(key, values, line);
    if (most > dataCharacters) this.#staged.removeLast();
    if (most < 0 || most > dataCharacters) return false;
    this.rows++;
    return true;
  }

  row(line: number, { key, values }: Extract<RowResult, { ok: true }>, original: RejectedRow): void {
    const most = this.#staged.addRow(key, values, line);
    if (most > dataCharacters && JSON.stringify(values).length > dataCharacters) {
      this.#staged.removeLast();
      const message = `The row is longer than ${dataCharacters} characters: shorten its cells.`;
      const error = { line, column: null, code: 'row_too_large', message };
      this.reject({ ...original, errors: [error] }, key);
      return;
    }
    this.rows++;
    if (this.#schema.uniqueKeys.length === 0) return;
    const keyJson = JSON.stringify(key);
    uniqueTexts(this.#schema, values).forEach((text, which) => {
      if (text !== null) stageUnique(this.#uniques, which, text, keyJson, line);
    });
  }

  reject(row: RejectedRow, key: string | undefined): void {
    this.rows++;
    this.#errorCount += row.errors.length;
    this.rejects.push(row);
    if (key === undefined) {
      this.unreadableKeys++;
      return;
    }
    const keyJson = JSON.stringify(key);
    const { line } = row;
    this.#staged.add({ bucket: bucketHash(key), keyJson, fingerprint: rejectedMark, line, dataJson: '' });
  }

  corrects(jobId: string): void {
    if (this.#corrected.size < 3) this.#corrected.add(jobId);
  }

  /** The one job that this file corrects, if any. Throws when its rows name several, or some name none. */
  oneCorrected(before: string | null): string | null {
    const all = new Set([...(before === null ? [] : [before]), ...this.#corrected]);
    if (all.size > 1 || all.has('')) {
      throw new FileFault(
        'correction_mixed',
        'The column _job must name one and the same job in every row: send the corrections of one report at a time, or remove the column.',
      );
    }
    return [...all][0] ?? null;
  }

  firstErrors(): JobError[] {
    return this.rejects.slice(0, 10).flatMap((row) => row.errors);
  }

  async save(
    ctx: Ctx,
    job: Job,
    state: JobState,
  ): Promise<Pick<JobState, 'parts' | 'uniqueParts' | 'rejectParts'>> {
    const { programId, jobId } = job;
    const writes: Promise<unknown>[] = [];
    let { parts, uniqueParts, rejectParts } = state;
    if (this.#staged.rows > 0) {
      const { bytes, index } = this.#staged.finish();
      writes.push(ctx.objects.put(objectKeys.rowsOf(job, state)(parts), bytes));
      writes.push(ctx.objects.put(objectKeys.index(programId, jobId, parts), JSON.stringify(index)));
      parts++;
    }
    if (this.#uniques.rows > 0) {
      const { bytes, index } = this.#uniques.finish();
      writes.push(ctx.objects.put(objectKeys.uniques(programId, jobId, uniqueParts), bytes));
      writes.push(
        ctx.objects.put(objectKeys.uniqueIndex(programId, jobId, uniqueParts), JSON.stringify(index)),
      );
      uniqueParts++;
    }
    if (this.rejects.length > 0) {
      const text = this.rejects.map((row) => JSON.stringify(row)).join('\n');
      writes.push(ctx.objects.put(objectKeys.rejects(programId, jobId, rejectParts), `${text}\n`));
      rejectParts++;
    }
    await Promise.all(writes);
    return { parts, uniqueParts, rejectParts };
  }
}

async function reloadHeader(ctx: Ctx, job: Job, memory: ReadingMemory): Promise<void> {
  const saved = await ctx.objects.get(objectKeys.header(job.programId, job.jobId));
  if (!saved) throw new Error('the staged header is gone');
  const header: string[] = JSON.parse(await saved.text());
  memory.header = header;
  memory.plan = planOf(job, header);
}
