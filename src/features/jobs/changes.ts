import type { Ctx } from '../../context.ts';
import { AppError } from '../../platform/errors.ts';
import { readChangeLog } from './apply.ts';
import { objectKeys } from './state.ts';
import type { Job } from './store.ts';

export interface Change {
  key: string;
  kind: 'inserted' | 'updated' | 'deleted';
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

type Place = [chunk: number, row: number];

/**
 * What a job did to each key, from its change log: a page from `from` on, at most `limit` changes of one
 * chunk, and where the next page begins. Throws `expired` when the log has passed its retention.
 */
export async function listChanges(
  ctx: Ctx,
  job: Job,
  from: Place,
  limit: number,
): Promise<{ items: Change[]; next: Place | null }> {
  const [chunk, row] = from;
  const saved = await ctx.objects.get(objectKeys.changes(job.programId, job.jobId, chunk));
  if (!saved) {
    const { inserted, updated, deleted } = job.counts;
    if (chunk > 0 || inserted + updated + deleted === 0) return { items: [], next: null };
    throw new AppError('expired', 'The change log of this job has passed its retention.');
  }
  const changes = toChanges(await saved.text());
  const items = changes.slice(row, row + limit);
  const isChunkDone = row + limit >= changes.length;
  const next: Place = isChunkDone ? [chunk + 1, 0] : [chunk, row + limit];
  const more =
    !isChunkDone || (await ctx.objects.head(objectKeys.changes(job.programId, job.jobId, chunk + 1)));
  return { items, next: more ? next : null };
}

function toChanges(text: string): Change[] {
  const log = readChangeLog(text);
  const images: [number, string, string, Record<string, unknown>][] = JSON.parse(log.images);
  const upserts: [number, string, string, Record<string, unknown>][] = JSON.parse(log.upserts);
  const before = new Map(images.map((image) => [image[1], image[3]]));
  const changes: Change[] = upserts.map(([, key, , after]) => {
    const was = before.get(key) ?? null;
    return { key, kind: was === null ? 'inserted' : 'updated', before: was, after };
  });
  const written = new Set(upserts.map(([, key]) => key));
  for (const [key, was] of before) {
    if (!written.has(key)) changes.push({ key, kind: 'deleted', before: was, after: null });
  }
  return changes;
}
