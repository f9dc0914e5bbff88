import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { fingerprint } from '../../platform/hash.ts';
import { newId } from '../../platform/ids.ts';
import { startDeliveries } from '../deliveries/index.ts';
import { type ChangeEvent, publishChanges } from '../events/index.ts';
import { readChangeLog } from './apply.ts';
import { type JobState, objectKeys } from './state.ts';
import type { Job } from './store.ts';

/** A key that is longer stands in the publisher's id by its fingerprint: the contract allows 200 characters. */
const keyInIdLimit = 120;

/**
 * Publishes one chunk of the job's change log as events of the program. Their ids are made from job, key
 * and version, so that a chunk that runs again adds nothing.
 */
export async function publishChunk(ctx: Ctx, job: Job, state: JobState): Promise<JobState> {
  const { publish } = job.task;
  const saved = publish && (await ctx.objects.get(objectKeys.changes(job.programId, job.jobId, state.slot)));
  if (!publish || !saved) return { ...state, phase: 'done' };
  const changes = toEvents(ctx, job, await saved.text());
  const category = publish.category === undefined ? null : asCategory(publish.category);
  const { programId, traceId } = job;
  const of = { programId, eventType: publish.eventType, category, atMs: ctx.now(), traceId };
  const { statements, deliveryIds } = await publishChanges(ctx, of, changes);
  await commit(ctx.db, statements);
  startDeliveries(ctx, deliveryIds);
  return { ...state, slot: state.slot + 1 };
}

function asCategory(given: string | { value: string; label?: string | undefined }) {
  return typeof given === 'string'
    ? { value: given, label: null }
    : { value: given.value, label: given.label ?? null };
}

type Image = [bucket: number, key: string, fingerprint: string, data: unknown, version: number];

function toEvents(ctx: Ctx, job: Job, text: string): ChangeEvent[] {
  const log = readChangeLog(text);
  const images: Image[] = JSON.parse(log.images);
  const upserts: [number, string, string, unknown][] = JSON.parse(log.upserts);
  const before = new Map(images.map((image) => [image[1], image]));
  const at = ctx.now();
  const eventOf = (
    key: string,
    version: number,
    change: ChangeEvent['change'],
    data: unknown,
  ): ChangeEvent => ({
    eventId: newId('evt', at),
    publisherEventId: `${job.jobId}:${key.length > keyInIdLimit ? fingerprint(key) : key}:${version}`,
    data: JSON.stringify(data),
    change,
    recordKey: key,
  });
  const written = new Set(upserts.map(([, key]) => key));
  return [
    ...upserts.map(([, key, , data]) => {
      const was = before.get(key);
      return eventOf(key, (was?.[4] ?? 0) + 1, was ? 'updated' : 'inserted', data);
    }),
    ...images
      .filter(([, key]) => !written.has(key))
      .map(([, key, , data, version]) => eventOf(key, version + 1, 'deleted', data)),
  ];
}
