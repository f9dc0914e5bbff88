import type { Ctx } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import { type BeforeImage, type Fence, imagesOf, restoreChunk, writeChunk } from '../records/index.ts';
import { type Operation, parseOperationLine } from './staging.ts';
import { type JobState, objectKeys } from './state.ts';
import type { Job } from './store.ts';

/** One chunk holds the database for some tens of milliseconds, and its JSON stays far below D1's 2 MB. */
const operationsAtOnce = 2_000;
const chunkCharacters = 300_000;

export interface ApplyingMemory {
  plan?: { number: number; lines: string[] };
}

/** A step's writes, to be committed with the checkpoint that follows from them. */
export interface Step {
  state: JobState;
  statements: Statement[];
}

/**
 * Applies the next chunk: its change log, before-images first of all, goes to the object store; then the
 * chunk and its checkpoint are one transaction. A chunk that runs again after a crash writes the same.
 */
export async function applyChunk(
  ctx: Ctx,
  job: Job,
  datasetId: number,
  state: JobState,
  fence: Fence,
  memory: ApplyingMemory,
): Promise<Step> {
  if (state.plan >= state.plans) return { state: succeed(job, state), statements: [] };
  const lines = await planLines(ctx, job, state.plan, memory);
  const { operations: planned, next } = takeChunk(lines, state.operation);
  const operations = state.withholdsDeletes ? planned.filter(({ kind }) => kind !== 'd') : planned;
  const changed = operations.filter((operation) => operation.kind !== 'i');
  const inserted = operations.filter((operation) => operation.kind === 'i').map(pairOf);
  const images =
    changed.length === 0 ? [] : await imagesOf(ctx, job.programId, datasetId, `[${changed.map(pairOf)}]`);
  const upserts = operations.filter((operation) => operation.kind !== 'd');
  const deletes = operations.filter((operation) => operation.kind === 'd');
  const countChange = inserted.length - deletes.length;
  await ctx.objects.put(
    objectKeys.changes(job.programId, job.jobId, state.chunks),
    changeLog(countChange, images, inserted, upserts),
  );
  const statements = writeChunk(ctx, job.programId, {
    datasetId,
    jobId: job.jobId,
    fence,
    upserts: `[${upserts.map(rowJson).join(',')}]`,
    deletes: `[${deletes.map(pairOf).join(',')}]`,
    countChange,
  });
  const planDone = next >= lines.length;
  return {
    statements,
    state: {
      ...state,
      chunks: state.chunks + 1,
      plan: planDone ? state.plan + 1 : state.plan,
      operation: planDone ? 0 : next,
    },
  };
}

/** Puts the last applied chunk back as it was. */
export async function revertChunk(
  ctx: Ctx,
  job: Job,
  datasetId: number,
  state: JobState,
  fence: Fence,
): Promise<Step> {
  if (state.chunks === 0) return { state: { ...state, phase: 'done' }, statements: [] };
  const chunk = state.chunks - 1;
  const saved = await ctx.objects.get(objectKeys.changes(job.programId, job.jobId, chunk));
  if (!saved) throw new Error('the before-images of a chunk are gone');
  const { countChange, images, inserted } = readChangeLog(await saved.text());
  const statements = restoreChunk(ctx, job.programId, {
    datasetId,
    jobId: job.jobId,
    fence,
    images,
    inserted,
    countChange: -countChange,
  });
  return { statements, state: { ...state, chunks: chunk } };
}

/**
 * What one chunk did, as four lines: the change of the record count; the rows before, whole; the keys it
 * inserted; the rows after. The last three are JSON that goes into SQL as it stands, never parsed on the
 * way, so that what is put back is byte for byte what was there.
 */
export function changeLog(
  countChange: number,
  images: BeforeImage[],
  inserted: string[],
  upserts: Operation[],
): string {
  return [
    String(countChange),
    `[${images.map(imageJson).join(',')}]`,
    `[${inserted.join(',')}]`,
    `[${upserts.map(rowJson).join(',')}]`,
  ].join('\n');
}

export function readChangeLog(text: string): {
  countChange: number;
  images: string;
  inserted: string;
  upserts: string;
} {
  const [countChange = '0', images = '[]', inserted = '[]', upserts = '[]'] = text.split('\n');
  return { countChange: Number(countChange), images, inserted, upserts };
}

function succeed(job: Job, state: JobState): JobState {
  const phase = job.task.publish ? 'publishing' : 'done';
  return { ...state, phase, slot: 0, outcome: { status: 'succeeded', message: doneMessage(state) } };
}

function doneMessage(state: JobState): string {
  const notes = [
    ...state.guards,
    ...(state.withholdsDeletes ? ['The deletes were withheld, as the task says.'] : []),
    ...(state.unreadableKeys > 0 ? ['Keys of rejected rows could not be read, so nothing was removed.'] : []),
  ];
  return ['Done.', ...notes].join(' ');
}

async function planLines(ctx: Ctx, job: Job, plan: number, memory: ApplyingMemory): Promise<string[]> {
  if (memory.plan?.number === plan) return memory.plan.lines;
  const saved = await ctx.objects.get(objectKeys.plan(job.programId, job.jobId, plan));
  if (!saved) throw new Error('a plan is gone');
  const lines = (await saved.text()).split('\n');
  memory.plan = { number: plan, lines };
  return lines;
}

/** The operations of one chunk from `from` on, at least one, and where the next chunk begins. */
export function takeChunk(lines: string[], from: number): { operations: Operation[]; next: number } {
  const operations: Operation[] = [];
  let characters = 0;
  let at = from;
  for (; at < lines.length && operations.length < operationsAtOnce; at++) {
    const line = lines[at] ?? '';
    if (operations.length > 0 && characters + line.length > chunkCharacters) break;
    characters += line.length;
    operations.push(parseOperationLine(line));
  }
  return { operations, next: at };
}

const pairOf = ({ bucket, keyJson }: Operation) => `[${bucket},${keyJson}]`;

const rowJson = (row: Operation) => `[${row.bucket},${row.keyJson},"${row.fingerprint}",${row.dataJson}]`;

function imageJson(image: BeforeImage): string {
  const { bucket, key, fingerprint, data, version, jobId, changedAt } = image;
  return `[${bucket},${JSON.stringify(key)},"${fingerprint}",${data},${version},"${jobId}",${changedAt}]`;
}

/** Runs a step's writes and its checkpoint in one transaction; true unless another has the lease by now. */
export async function commitStep(
  ctx: Ctx,
  programId: string,
  statements: Statement[],
  checkpoint: Statement,
): Promise<boolean> {
  const results = await commit(ctx.recordsDatabase(programId), [...statements, checkpoint]);
  return results.at(-1)?.changes === 1;
}
