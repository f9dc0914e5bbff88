import { and, desc, eq, lt, type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../../context.ts';
import type { Statement } from '../../../platform/d1.ts';
import { endAttention } from '../../attention/index.ts';
import { actorName } from '../../audit/index.ts';
import type { RequestOutcome } from '../states.ts';
import { externalSources, flowRequestSources, flowRequests } from '../table.ts';
import type { Source } from './store.ts';

export type SyncRequest = typeof flowRequests.$inferSelect;
/** A request at one of its sources. */
export type RequestPart = typeof flowRequestSources.$inferSelect;

/** Open while a source of the request is FAILED; its subject is the request. */
export const failureKind = 'flow_sync_failed';

/** The statements that put a request on record at each of its sources. */
export function insertRequest(ctx: Ctx, request: SyncRequest, sources: Source[]): Statement[] {
  const parts = JSON.stringify(sources.map(({ sourceId, reference }) => [sourceId, reference]));
  return [
    ctx.db.insert(flowRequests).values(request),
    ctx.db.run(sql`INSERT INTO ${flowRequestSources} (request_id, source_id, program_id, flow_id, reference, outcome)
      SELECT ${request.requestId}, value ->> 0, ${request.programId}, ${request.flowId}, value ->> 1, 'PENDING'
      FROM json_each(${parts})`),
  ];
}

interface Ending {
  outcome: Exclude<RequestOutcome, 'PENDING'>;
  message: string | null;
  /** Who acts, unless told. */
  endedBy?: string;
}

/** Records how a request ended at these sources, over an earlier end where the answer came late. */
export function endParts(
  ctx: Ctx,
  programId: string,
  requestId: string,
  sources: { sourceId: number }[],
  { outcome, message, endedBy = actorName(ctx.actor) }: Ending,
): Statement {
  const ids = JSON.stringify(sources.map(({ sourceId }) => sourceId));
  return ctx.db
    .update(flowRequestSources)
    .set({ outcome, message, endedAt: ctx.now(), endedBy })
    .where(
      and(
        // "+" keeps SQLite from the program's whole history: the request leads to the rows.
        sql`+${flowRequestSources.programId} = ${programId}`,
        eq(flowRequestSources.requestId, requestId),
        sql`${flowRequestSources.sourceId} IN (SELECT value FROM json_each(${ids}))`,
      ),
    );
}

/** The statements that end all that a flow waits for, where nobody will take the answer any more. */
export function cancelOpenParts(ctx: Ctx, programId: string, flowId: number, message: string): Statement[] {
  const at = ctx.now();
  return [
    ctx.db
      .update(flowRequestSources)
      .set({ outcome: 'CANCELLED', message, endedAt: at, endedBy: actorName(ctx.actor) })
      .where(
        and(
          eq(flowRequestSources.programId, programId),
          eq(flowRequestSources.flowId, flowId),
          eq(flowRequestSources.outcome, 'PENDING'),
        ),
      ),
    ctx.db
      .update(externalSources)
      .set({ state: 'FAILED', timedOut: false, message, deadlineAt: null, updatedAt: at })
      .where(
        and(
          eq(externalSources.programId, programId),
          eq(externalSources.flowId, flowId),
          eq(externalSources.state, 'PENDING'),
        ),
      ),
  ];
}

/** The requests of which a source of the flow is FAILED now. */
export async function failedRequestsOf(ctx: Ctx, programId: string, flowId: number): Promise<string[]> {
  const rows = await ctx.db
    .selectDistinct({ requestId: externalSources.requestId })
    .from(externalSources)
    .where(
      and(
        eq(externalSources.programId, programId),
        eq(externalSources.flowId, flowId),
        eq(externalSources.state, 'FAILED'),
      ),
    );
  return rows.flatMap(({ requestId }) => requestId ?? []);
}

/** True inside a transaction while the flow has no failure but those of these requests. */
export function noOtherFailures(programId: string, flowId: number, requestIds: string[]): SQL {
  return sql`NOT EXISTS (SELECT 1 FROM external_sources WHERE program_id = ${programId} AND flow_id = ${flowId}
    AND state = 'FAILED' AND request_id NOT IN (SELECT value FROM json_each(${JSON.stringify(requestIds)})))`;
}

/** The statements that end the problems of these requests, whatever their sources say. */
export function endFailures(ctx: Ctx, programId: string, requestIds: string[]): Statement[] {
  return requestIds.map((requestId) => endAttention(ctx, programId, failureKind, requestId));
}

/** The statements that end the problems of these requests where no source of theirs is FAILED any more. */
export function endMendedFailures(
  ctx: Ctx,
  { programId, flowId }: { programId: string; flowId: number },
  requestIds: string[],
): Statement[] {
  return [...new Set(requestIds)].map((requestId) =>
    endAttention(
      ctx,
      programId,
      failureKind,
      requestId,
      sql`NOT EXISTS (SELECT 1 FROM external_sources s WHERE s.program_id = ${programId}
        AND s.flow_id = ${flowId} AND s.request_id = ${requestId} AND s.state = 'FAILED')`,
    ),
  );
}

export interface HistoryFilter {
  sourceId?: number | undefined;
  reference?: string | undefined;
  requestId?: string | undefined;
  state?: RequestOutcome | undefined;
}

/** A flow's requests at each of their sources, newest first. */
export function listHistory(
  ctx: Ctx,
  programId: string,
  flowId: number,
  filter: HistoryFilter,
  before: number | null,
  limit: number,
): Promise<{ part: RequestPart; request: SyncRequest }[]> {
  const { sourceId, reference, requestId, state } = filter;
  return ctx.db
    .select({ part: flowRequestSources, request: flowRequests })
    .from(flowRequestSources)
    .innerJoin(flowRequests, eq(flowRequests.requestId, flowRequestSources.requestId))
    .where(
      and(
        eq(flowRequestSources.programId, programId),
        // One source or one request is found by its own index.
        sourceId === undefined && requestId === undefined
          ? eq(flowRequestSources.flowId, flowId)
          : sql`+${flowRequestSources.flowId} = ${flowId}`,
        before === null ? undefined : lt(flowRequestSources.sequence, before),
        sourceId === undefined ? undefined : eq(flowRequestSources.sourceId, sourceId),
        reference === undefined ? undefined : eq(flowRequestSources.reference, reference),
        requestId === undefined ? undefined : eq(flowRequestSources.requestId, requestId),
        state === undefined ? undefined : eq(flowRequestSources.outcome, state),
      ),
    )
    .orderBy(desc(flowRequestSources.sequence))
    .limit(limit);
}
