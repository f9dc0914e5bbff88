import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { fingerprint } from '../../platform/hash.ts';
import { newId } from '../../platform/ids.ts';
import { startDeliveries } from '../deliveries/index.ts';
import { type ChangeEvent, publishChanges } from '../events/index.ts';
import { type ApplyingMemory, chunksOf } from './apply.ts';
import { changesOf, type LogChunk } from './log.ts';
import type { JobState } from './state.ts';
import type { Job } from './store.ts';

/** A key that is longer stands in the publisher's id by its fingerprint: the contract allows 200 characters. */
const keyInIdLimit = 120;

/**
 * Publishes one chunk of the job's change log as events of the program. Their ids are made from job, key
 * and version, so that a chunk that runs again adds nothing.
 */
export async function publishChunk(
  ctx: Ctx,
  job: Job,
  state: JobState,
  memory: ApplyingMemory,
): Promise<JobState> {
  const { publish } = job.task;
  if (!publish || state.slot >= state.logParts) return { ...state, phase: 'done' };
  const chunks = await chunksOf(ctx, job, state.slot, memory);
  const chunk = chunks[state.chunk];
  if (!chunk) throw new Error('a chunk of the change log is gone');
  const changes = toEvents(ctx, job, chunk, !state.withholdsDeletes);
  const category = publish.category === undefined ? null : asCategory(publish.category);
  if (changes.length > 0) {
    const { programId, traceId } = job;
    const of = { programId, eventType: publish.eventType, category, atMs: ctx.now(), traceId };
    const { statements, deliveryIds } = await publishChanges(ctx, of, changes);
    await commit(ctx.db, statements);
    startDeliveries(ctx, deliveryIds);
  }
  const isLastOfPart = state.chunk + 1 >= chunks.length;
  return {
    ...state,
    slot: isLastOfPart ? state.slot + 1 : state.slot,
    chunk: isLastOfPart ? 0 : state.chunk + 1,
  };
}

/** The publisher's id of the event that a job's change of a key makes, with the version it leads to. */
export function publisherEventIdOf(jobId: string, key: string, version: number): string {
  return `${jobId}:${key.length > keyInIdLimit ? fingerprint(key) : key}:${version}`;
}

function asCategory(given: string | { value: string; label?: string | undefined }) {
  return typeof given === 'string'
    ? { value: given, label: null }
    : { value: given.value, label: given.label ?? null };
}

function toEvents(ctx: Ctx, job: Job, chunk: LogChunk, withDeletes: boolean): ChangeEvent[] {
  const at = ctx.now();
  return changesOf(chunk, { withDeletes }).map(({ key, before, after }) => {
    const version = (before?.version ?? 0) + 1;
    return {
      eventId: newId('evt', at),
      publisherEventId: publisherEventIdOf(job.jobId, key, version),
      data: JSON.stringify(after ?? before?.data),
      change: before === null ? 'inserted' : after === null ? 'deleted' : 'updated',
      recordKey: key,
    };
  });
}
