import type { Ctx } from '../../context.ts';
import { AppError } from '../../platform/errors.ts';
import { changesOf, loadLog } from './log.ts';
import { objectKeys } from './state.ts';
import type { Job } from './store.ts';

export interface Change {
  key: string;
  kind: 'inserted' | 'updated' | 'deleted';
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

type Place = [part: number, chunk: number, row: number];

/**
 * What a job did to each key, or would do while it is held or was a dry run: a page from `from` on, at most
 * `limit` changes of one chunk, and where the next page begins. Nothing for a job that ended without a
 * change. Throws `expired` when the log has passed its retention.
 */
export async function listChanges(
  ctx: Ctx,
  job: Job,
  [part, chunk, row]: Place,
  limit: number,
): Promise<{ items: Change[]; next: Place | null }> {
  const none = { items: [], next: null };
  if (job.finishedAt !== null && job.status !== 'succeeded') return none;
  const chunks = await loadLog(ctx, job, part);
  if (!chunks) {
    const { inserted, updated, deleted } = job.counts;
    if (part > 0 || job.finishedAt === null || inserted + updated + deleted === 0) return none;
    throw new AppError('expired', 'The change log of this job has passed its retention.');
  }
  const found = chunks[chunk];
  if (!found) return none;
  const changes = changesOf(found, { withDeletes: hasDeleted(job) });
  const items = changes.slice(row, row + limit).map(({ key, before, after }) => ({
    key,
    kind:
      before === null ? ('inserted' as const) : after === null ? ('deleted' as const) : ('updated' as const),
    before: before?.data ?? null,
    after,
  }));
  if (row + limit < changes.length) return { items, next: [part, chunk, row + limit] };
  if (chunk + 1 < chunks.length) return { items, next: [part, chunk + 1, 0] };
  const hasMore = await ctx.objects.head(objectKeys.changes(job.programId, job.jobId, part + 1));
  return { items, next: hasMore ? [part + 1, 0, 0] : null };
}

/** A job that withheld its deletes has them in its log all the same. */
export function hasDeleted(job: Job): boolean {
  return job.finishedAt === null || job.counts.deleted > 0;
}
