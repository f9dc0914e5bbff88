import { and, asc, eq, gt, type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../../context.ts';
import type { Statement } from '../../../platform/d1.ts';
import type { SourceState } from '../states.ts';
import { externalSources } from '../table.ts';

export type Source = typeof externalSources.$inferSelect;

/** A press asks all of them in one webhook, and 255 characters each still fit a message. */
export const maxSources = 200;

const ofFlow = (programId: string, flowId: number) =>
  and(eq(externalSources.programId, programId), eq(externalSources.flowId, flowId));

export async function findSource(
  ctx: Ctx,
  programId: string,
  flowId: number,
  sourceId: number,
): Promise<Source | null> {
  const [row] = await ctx.db
    .select()
    .from(externalSources)
    .where(and(ofFlow(programId, flowId), eq(externalSources.sourceId, sourceId)))
    .limit(1);
  return row ?? null;
}

export interface SourceFilter {
  reference?: string | undefined;
  state?: SourceState | undefined;
}

export function listSources(
  ctx: Ctx,
  programId: string,
  flowId: number,
  filter: SourceFilter,
  after: number,
  limit: number,
): Promise<Source[]> {
  return ctx.db
    .select()
    .from(externalSources)
    .where(
      and(
        ofFlow(programId, flowId),
        gt(externalSources.sourceId, after),
        filter.reference === undefined ? undefined : eq(externalSources.reference, filter.reference),
        filter.state === undefined ? undefined : eq(externalSources.state, filter.state),
      ),
    )
    .orderBy(asc(externalSources.sourceId))
    .limit(limit);
}

export async function findSourceByReference(
  ctx: Ctx,
  programId: string,
  flowId: number,
  reference: string,
): Promise<Source | null> {
  const [row] = await listSources(ctx, programId, flowId, { reference }, 0, 1);
  return row ?? null;
}

export function insertSource(ctx: Ctx, row: Omit<Source, 'sourceId'>): Statement {
  return ctx.db.insert(externalSources).values(row).returning({ sourceId: externalSources.sourceId });
}

/** True inside a transaction while the flow has room for one more. */
export function hasRoom(flowId: number): SQL {
  return sql`(SELECT count(*) FROM external_sources WHERE flow_id = ${flowId}) < ${maxSources}`;
}

export function updateSource(ctx: Ctx, source: Source, change: Partial<Source>): Statement {
  return ctx.db
    .update(externalSources)
    .set({ ...change, updatedAt: ctx.now() })
    .where(and(ofFlow(source.programId, source.flowId), eq(externalSources.sourceId, source.sourceId)));
}

export function removeSource(ctx: Ctx, { programId, flowId, sourceId }: Source): Statement {
  return ctx.db
    .delete(externalSources)
    .where(and(ofFlow(programId, flowId), eq(externalSources.sourceId, sourceId)));
}

/** True inside a transaction while nobody has deleted the source. */
export function isThere({ programId, sourceId }: Source): SQL {
  return sql`EXISTS (SELECT 1 FROM external_sources WHERE source_id = ${sourceId} AND program_id = ${programId})`;
}

/** True inside a transaction while the source's sync stands as it was read. */
export function isAsRead({ programId, sourceId, state, requestId, timedOut }: Source): SQL {
  return sql`EXISTS (SELECT 1 FROM external_sources WHERE source_id = ${sourceId} AND program_id = ${programId}
    AND state = ${state} AND request_id IS ${requestId} AND timed_out = ${timedOut ? 1 : 0})`;
}

const idsOf = (sources: { sourceId: number }[]) => JSON.stringify(sources.map(({ sourceId }) => sourceId));

/** True inside a transaction while each of them is there, and none waits for an answer. */
export function areAskable(programId: string, sources: Source[]): SQL {
  return sql`(SELECT count(*) FROM external_sources WHERE program_id = ${programId} AND state <> 'PENDING'
    AND source_id IN (SELECT value FROM json_each(${idsOf(sources)}))) = ${sources.length}`;
}

/** True inside a transaction while each of them waits for the answer to this request. */
export function areWaiting(programId: string, requestId: string, sources: { sourceId: number }[]): SQL {
  return sql`(SELECT count(*) FROM external_sources WHERE program_id = ${programId} AND state = 'PENDING'
    AND request_id = ${requestId}
    AND source_id IN (SELECT value FROM json_each(${idsOf(sources)}))) = ${sources.length}`;
}

export function updateSources(
  ctx: Ctx,
  programId: string,
  sources: { sourceId: number }[],
  change: Partial<Source>,
): Statement {
  return ctx.db
    .update(externalSources)
    .set({ ...change, updatedAt: ctx.now() })
    .where(
      and(
        eq(externalSources.programId, programId),
        sql`${externalSources.sourceId} IN (SELECT value FROM json_each(${idsOf(sources)}))`,
      ),
    );
}
