import { and, eq, inArray, lt, type SQL, sql } from 'drizzle-orm';
import type { Ctx, Lifecycle } from '../../context.ts';
import {
  allocations,
  externalSources,
  flowParticipants,
  flowRequestSources,
  flowRequests,
  flows,
} from './table.ts';

const erasedAtOnce = 2_000;

/** Erases a bounded part of what a deleted flow holds; true when nothing is left of it. */
export async function eraseFlow(ctx: Ctx, programId: string, flowId: number): Promise<boolean> {
  const ofFlow = sql`program_id = ${programId} AND flow_id = ${flowId}`;
  const sources = sql`(SELECT source_id FROM external_sources WHERE ${ofFlow})`;
  const some = (key: string, table: string) =>
    sql`${sql.raw(key)} IN (SELECT ${sql.raw(key)} FROM ${sql.raw(table)} WHERE ${ofFlow} LIMIT ${erasedAtOnce})`;
  const left = [
    await ctx.db.delete(allocations).where(
      sql`(source_id, participant_id) IN (SELECT source_id, participant_id FROM allocations
          WHERE source_id IN ${sources} LIMIT ${erasedAtOnce})`,
    ),
    await ctx.db.delete(flowParticipants).where(some('participant_id', 'flow_participants')),
    await ctx.db.delete(flowRequestSources).where(some('sequence', 'flow_request_sources')),
    await ctx.db.delete(flowRequests).where(some('request_id', 'flow_requests')),
  ];
  if (left.some(({ meta }) => meta.changes >= erasedAtOnce)) return false;
  await ctx.db.delete(externalSources).where(ofFlow);
  await ctx.db.delete(flows).where(and(eq(flows.programId, programId), eq(flows.flowId, flowId)));
  return true;
}

const flowsAtOnce = 5;
const prunedAtOnce = 500;

export const flowsLifecycle: Lifecycle = {
  slice: 'flows',
  async deleted(ctx, programId) {
    const rows = await ctx.db
      .select({ flowId: flows.flowId })
      .from(flows)
      .where(eq(flows.programId, programId))
      .limit(flowsAtOnce);
    for (const { flowId } of rows) await eraseFlow(ctx, programId, flowId);
    return rows.length === 0;
  },
  /** Ended requests go with the retention of jobs; the source keeps how its latest one ended. */
  async prune(ctx, programId, retention) {
    const before = ctx.now() - (retention.jobs ?? 90) * 86_400_000;
    const parts = await deleteSome(
      ctx,
      and(eq(flowRequestSources.programId, programId), lt(flowRequestSources.endedAt, before)),
    );
    const empty = ctx.db
      .select({ requestId: flowRequests.requestId })
      .from(flowRequests)
      .where(
        and(
          eq(flowRequests.programId, programId),
          lt(flowRequests.requestedAt, before),
          sql`NOT EXISTS (SELECT 1 FROM flow_request_sources p WHERE p.request_id = flow_requests.request_id)`,
        ),
      )
      .limit(prunedAtOnce);
    const requests = await ctx.db.delete(flowRequests).where(inArray(flowRequests.requestId, empty));
    return parts + requests.meta.changes;
  },
};

async function deleteSome(ctx: Ctx, condition: SQL | undefined): Promise<number> {
  const some = ctx.db
    .select({ sequence: flowRequestSources.sequence })
    .from(flowRequestSources)
    .where(condition)
    .limit(prunedAtOnce);
  const done = await ctx.db.delete(flowRequestSources).where(inArray(flowRequestSources.sequence, some));
  return done.meta.changes;
}
