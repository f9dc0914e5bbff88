import { and, desc, eq, lt, sql } from 'drizzle-orm';
import type { Ctx } from '../../../context.ts';
import { AppError } from '../../../platform/errors.ts';
import { bucketHash } from '../../../platform/hash.ts';
import { findEventsOfChanges } from '../../events/index.ts';
import { findRecordOf } from '../../records/index.ts';
import { publisherEventIdOf } from '../publish.ts';
import { findJob, type Job } from '../store.ts';
import { jobs } from '../table.ts';
import { type BeforeImage, findImage } from './image.ts';

/** What one job did to one record. */
export interface RecordChange {
  jobId: string;
  kind: 'inserted' | 'updated' | 'deleted';
  /** The version that it made; of a deletion, the one that would have come. */
  version: number;
  changedAt: number | null;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  /** Null where its job's row has passed its retention. */
  job: Pick<Job, 'job' | 'filename' | 'undoOf'> | null;
  event: { eventId: string; states: Record<string, number> } | null;
}

export interface RecordHistory {
  items: RecordChange[];
  /** The job after whose change the next page begins. */
  next: string | null;
  /** Jobs that deleted something and were asked for this key. */
  lookedThrough: number;
  /** Older changes have passed the retention of before-images. */
  expired: boolean;
}

/** Jobs with deletions that one call asks whether the key was among them. */
const searchedAtOnce = 20;
/** Jobs of the dataset among which those are looked for. */
const scannedAtOnce = 500;

type Draft = Omit<RecordChange, 'job' | 'event'>;

/**
 * The changes of a record, newest first. Each version names the job that made it, and the log of that job what
 * was before and which job had made that: so the history is followed from one to the next, and costs nothing
 * when records are written. Only across a deletion the chain is broken; the job that deleted is searched for
 * among the latest that deleted anything. `after` is the job of the last change seen. Throws `cursor_invalid`.
 */
export async function readHistory(
  ctx: Ctx,
  of: { programId: string; dataset: string; key: string },
  after: string | null,
  limit: number,
): Promise<RecordHistory> {
  const walk = new Walk(ctx, of);
  if (after === null) await walk.begin();
  else await walk.goOn(after);
  while (walk.items.length < limit && (await walk.step()));
  return {
    items: await withJobs(ctx, of, walk.items),
    next: walk.hasMore ? (walk.items.at(-1)?.jobId ?? null) : null,
    lookedThrough: walk.lookedThrough,
    expired: walk.expired,
  };
}

/** From a change to the one before it. */
class Walk {
  readonly items: Draft[] = [];
  lookedThrough = 0;
  expired = false;
  readonly #ctx: Ctx;
  readonly #of: { programId: string; dataset: string; key: string };
  readonly #bucket: number;
  /** What stood after the change that comes next. */
  #now: BeforeImage | null = null;
  /** Before which job a deletion is searched for; null: none is. */
  #searchBefore: number | null = null;

  constructor(ctx: Ctx, of: { programId: string; dataset: string; key: string }) {
    this.#ctx = ctx;
    this.#of = of;
    this.#bucket = bucketHash(of.key);
  }

  get hasMore(): boolean {
    return this.#now !== null || this.#searchBefore !== null;
  }

  async begin(): Promise<void> {
    const { programId, dataset, key } = this.#of;
    this.#now = await findRecordOf(this.#ctx, programId, dataset, key);
    if (!this.#now) this.#searchBefore = Number.MAX_SAFE_INTEGER;
  }

  async goOn(jobId: string): Promise<void> {
    const job = await findJob(this.#ctx, this.#of.programId, jobId);
    if (job?.dataset !== this.#of.dataset)
      throw new AppError(
        'cursor_invalid',
        'This cursor is not one of this list. Begin again without a cursor.',
      );
    const image = await this.#imageOf(jobId);
    if (image) this.#now = image;
    else if (!this.expired) this.#searchBefore = job.sequence;
  }

  /** False at the end. */
  async step(): Promise<boolean> {
    if (this.#now) return this.#describe(this.#now);
    if (this.#searchBefore === null) return false;
    return this.#findDeletion(this.#searchBefore);
  }

  async #describe({ jobId, version, changedAt, data }: BeforeImage): Promise<boolean> {
    this.#now = null;
    const isInsert = version === 1;
    const image = isInsert ? null : await this.#imageOf(jobId);
    const kind = isInsert ? 'inserted' : 'updated';
    this.items.push({ jobId, kind, version, changedAt, before: image?.data ?? null, after: data });
    if (image) this.#now = image;
    else if (isInsert) {
      const job = await findJob(this.#ctx, this.#of.programId, jobId);
      this.#searchBefore = job?.sequence ?? null;
    }
    return image !== null || this.#searchBefore !== null;
  }

  async #findDeletion(before: number): Promise<boolean> {
    this.#searchBefore = null;
    for (const { jobId, finishedAt } of await listDeleting(this.#ctx, this.#of, before)) {
      this.lookedThrough++;
      const image = await this.#imageOf(jobId);
      if (this.expired) return false;
      if (!image) continue;
      this.items.push({
        ...{ jobId, kind: 'deleted', version: image.version + 1, changedAt: finishedAt },
        ...{ before: image.data, after: null },
      });
      this.#now = image;
      return true;
    }
    return false;
  }

  async #imageOf(jobId: string): Promise<BeforeImage | null> {
    const { programId, key } = this.#of;
    const image = await findImage(this.#ctx, { programId, jobId }, this.#bucket, key);
    if (image !== 'expired') return image;
    this.expired = true;
    return null;
  }
}

/** The latest jobs before `sequence` that deleted anything of the dataset. */
function listDeleting(
  ctx: Ctx,
  { programId, dataset }: { programId: string; dataset: string },
  sequence: number,
): Promise<{ jobId: string; finishedAt: number | null }[]> {
  const scanned = ctx.db
    .select({ jobId: jobs.jobId, finishedAt: jobs.finishedAt, status: jobs.status, counts: jobs.counts })
    .from(jobs)
    .where(
      and(
        eq(jobs.programId, programId),
        eq(jobs.dataset, dataset),
        eq(jobs.dryRun, false),
        lt(jobs.sequence, sequence),
      ),
    )
    .orderBy(desc(jobs.sequence))
    .limit(scannedAtOnce)
    .as('scanned');
  return ctx.db
    .select({ jobId: scanned.jobId, finishedAt: scanned.finishedAt })
    .from(scanned)
    .where(and(eq(scanned.status, 'succeeded'), sql`${scanned.counts} ->> '$.deleted' > 0`))
    .limit(searchedAtOnce);
}

/** Names each change's job, and the event that it made where its task publishes. */
async function withJobs(
  ctx: Ctx,
  { programId, key }: { programId: string; key: string },
  items: Draft[],
): Promise<RecordChange[]> {
  if (items.length === 0) return [];
  const ids = JSON.stringify(items.map(({ jobId }) => jobId));
  const rows = await ctx.db
    .select({
      ...{ jobId: jobs.jobId, job: jobs.job, filename: jobs.filename },
      ...{ undoOf: jobs.undoOf, task: jobs.task },
    })
    .from(jobs)
    .where(and(eq(jobs.programId, programId), sql`${jobs.jobId} IN (SELECT value FROM json_each(${ids}))`));
  const known = new Map(rows.map((row) => [row.jobId, row]));
  const published = items.flatMap(({ jobId, version }) => {
    const publish = known.get(jobId)?.task.publish;
    return publish
      ? [{ eventType: publish.eventType, publisherEventId: publisherEventIdOf(jobId, key, version) }]
      : [];
  });
  const events = await findEventsOfChanges(ctx, programId, published);
  return items.map((item) => {
    const row = known.get(item.jobId);
    return {
      ...item,
      job: row ? { job: row.job, filename: row.filename, undoOf: row.undoOf } : null,
      event: events.get(publisherEventIdOf(item.jobId, key, item.version)) ?? null,
    };
  });
}
