import type { Ctx } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import { ReadMemory } from '../../platform/objects/index.ts';
import { type Fence, restoreChunk, writeChunk } from '../records/index.ts';
import { type LogChunk, loadLog } from './log.ts';
import type { JobState } from './state.ts';
import type { Job } from './store.ts';

export interface ApplyingMemory {
  log?: { part: number; chunks: LogChunk[] };
  rows?: ReadMemory;
}

/** A step's writes, to be committed with the checkpoint that follows from them. */
export interface Step {
  state: JobState;
  statements: Statement[];
}

/**
 * Applies the next chunk of the change log, which has been in the object store since the check: the chunk and
 * its checkpoint are one transaction. A chunk that runs again after a crash writes the same.
 */
export async function applyChunk(
  ctx: Ctx,
  job: Job,
  datasetId: number,
  state: JobState,
  fence: Fence,
  memory: ApplyingMemory,
): Promise<Step> {
  if (state.logPart >= state.logParts) return { state: succeed(job, state), statements: [] };
  const chunks = await chunksOf(ctx, job, state.logPart, memory);
  const chunk = chunks[state.chunk];
  if (!chunk) throw new Error('a chunk of the change log is gone');
  const deleted = state.withholdsDeletes ? 0 : chunk.deleted;
  const { upserts, foreign } = chunk.narrowed ?? { upserts: chunk.upserts, foreign: [] };
  const statements = writeChunk(ctx, job.programId, {
    datasetId,
    jobId: job.jobId,
    fence,
    upserts,
    foreign,
    deletes: state.withholdsDeletes ? '[]' : chunk.deletedImages,
    countChange: chunk.inserted - deleted,
  });
  const isLastOfPart = state.chunk + 1 >= chunks.length;
  return {
    statements,
    state: {
      ...state,
      logPart: isLastOfPart ? state.logPart + 1 : state.logPart,
      chunk: isLastOfPart ? 0 : state.chunk + 1,
      applied: state.applied + sizeOf(chunk),
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
  memory: ApplyingMemory,
): Promise<Step> {
  if (!hasApplied(state)) return { state: { ...state, phase: 'done' }, statements: [] };
  const logPart = state.chunk > 0 ? state.logPart : state.logPart - 1;
  const chunks = await chunksOf(ctx, job, logPart, memory);
  const at = state.chunk > 0 ? state.chunk - 1 : chunks.length - 1;
  const chunk = chunks[at];
  if (!chunk) throw new Error('the before-images of a chunk are gone');
  const statements = restoreChunk(ctx, job.programId, {
    datasetId,
    jobId: job.jobId,
    fence,
    upserts: chunk.upserts,
    images: state.withholdsDeletes ? [chunk.updatedImages] : [chunk.updatedImages, chunk.deletedImages],
    countChange: (state.withholdsDeletes ? 0 : chunk.deleted) - chunk.inserted,
  });
  return {
    statements,
    state: { ...state, logPart, chunk: at, applied: state.applied - sizeOf(chunk) },
  };
}

/** True when something of the job stands in the dataset. */
export function hasApplied(state: JobState): boolean {
  return state.logPart > 0 || state.chunk > 0;
}

const sizeOf = (chunk: LogChunk) => chunk.inserted + chunk.updated + chunk.deleted;

/** The chunks of one part of the log, kept in memory for the next. */
export async function chunksOf(
  ctx: Ctx,
  job: Job,
  part: number,
  memory: ApplyingMemory,
): Promise<LogChunk[]> {
  if (memory.log?.part === part) return memory.log.chunks;
  memory.rows ??= new ReadMemory();
  memory.rows.reuse();
  const chunks = await loadLog(ctx, job, part, memory.rows);
  if (!chunks) throw new Error('a part of the change log is gone');
  memory.log = { part, chunks };
  return chunks;
}

function succeed(job: Job, state: JobState): JobState {
  const phase = job.task.publish ? 'publishing' : 'done';
  return {
    ...state,
    phase,
    slot: 0,
    chunk: 0,
    outcome: { status: 'succeeded', message: doneMessage(state) },
  };
}

function doneMessage(state: JobState): string {
  const notes = [
    ...state.guards,
    ...(state.withholdsDeletes ? ['The deletes were withheld, as the task says.'] : []),
    ...(state.unreadableKeys > 0 ? ['Keys of rejected rows could not be read, so nothing was removed.'] : []),
  ];
  return ['Done.', ...notes].join(' ');
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
