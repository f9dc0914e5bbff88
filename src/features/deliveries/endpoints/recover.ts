import { and, desc, eq, isNotNull, lt, sql } from 'drizzle-orm';
import type { Ctx } from '../../../context.ts';
import { commit, type Statement } from '../../../platform/d1.ts';
import { AppError } from '../../../platform/errors.ts';
import { newId } from '../../../platform/ids.ts';
import { endAttentionOf } from '../../attention/index.ts';
import { recordAudit } from '../../audit/index.ts';
import { findEndpoint, requireEndpoint } from '../../webhooks/index.ts';
import { startEndpoint } from '../deliver.ts';
import { listOpenRecoveries } from '../deliveries.system.ts';
import { resumePerSecond } from '../drain.ts';
import { recoveries } from '../table.ts';

export type Recovery = typeof recoveries.$inferSelect;

export interface RecoveryProgress {
  recovery: Recovery;
  /** How many of those made due again stand where. */
  states: Record<string, number>;
}

interface Window {
  sinceMs: number;
  untilMs: number;
}

/** Ids begin with their time, so that a window is a stretch of the ledger. */
const edges = ({ sinceMs, untilMs }: Window) => ({
  from: newId('dlv', sinceMs).slice(0, 14),
  to: newId('dlv', untilMs + 1).slice(0, 14),
});

/** Where a count of failures ends. */
export const countedTo = 50_000;

/**
 * How many deliveries of an endpoint failed for good in a window: exhausted, or cancelled with it. By their own
 * index, however long the ledger is.
 */
export async function countFailures(
  ctx: Ctx,
  programId: string,
  endpointId: string,
  window: Window,
): Promise<number> {
  const { from, to } = edges(window);
  const rows = await ctx.db.all<{ n: number }>(sql`SELECT count(*) AS n FROM (SELECT 1 FROM deliveries
    INDEXED BY deliveries_failed_to
    WHERE endpoint_id = ${endpointId} AND delivery_id >= ${from} AND delivery_id < ${to}
      AND program_id = ${programId} AND status IN ('exhausted', 'cancelled') AND body IS NOT ''
    LIMIT ${countedTo})`);
  return rows[0]?.n ?? 0;
}

/** Makes a window of failures due again, one after another. Throws `conflict` for what is not active. */
export async function recoverEndpoint(
  ctx: Ctx,
  programId: string,
  endpointId: string,
  window: Window,
): Promise<RecoveryProgress> {
  const endpoint = await requireEndpoint(ctx, programId, endpointId);
  if (endpoint.state !== 'active') {
    throw new AppError('conflict', `This endpoint is ${endpoint.state}: POST …/resume first.`);
  }
  const at = ctx.now();
  const recovery: Recovery = {
    recoveryId: newId('rcv', at),
    programId,
    endpointId,
    sinceAt: window.sinceMs,
    untilAt: window.untilMs,
    total: await countFailures(ctx, programId, endpointId, window),
    rearmed: 0,
    position: '',
    wakeAt: at,
    createdAt: at,
  };
  const detail = { since: window.sinceMs, until: window.untilMs, total: recovery.total };
  await commit(ctx.db, [
    ctx.db.insert(recoveries).values(recovery),
    recordAudit(ctx, { programId, action: 'webhook.recovered', target: endpointId, detail }),
  ]);
  await advanceRecovery(ctx, programId, recovery.recoveryId);
  startEndpoint(ctx, endpointId);
  return requireRecovery(ctx, programId, endpointId, recovery.recoveryId);
}

const rearmedAtOnce = 500;

/** The next part of a recovery: the ledger's next rows, spaced as a resumed endpoint's are. */
export async function advanceRecovery(ctx: Ctx, programId: string, recoveryId: string): Promise<void> {
  const recovery = await findRecovery(ctx, programId, recoveryId);
  if (!recovery || recovery.wakeAt === null) return;
  const { endpointId, position } = recovery;
  const endpoint = await findEndpoint(ctx, programId, endpointId);
  if (endpoint?.state !== 'active') {
    // A pause is waited for, behind the recoveries of others; what is disabled or gone is recovered no further.
    const wakeAt = endpoint?.state === 'paused' ? ctx.now() + 1_000 : null;
    await commit(ctx.db, [moveRecovery(ctx, recovery, { wakeAt })]);
    return;
  }
  const { from, to } = edges({ sinceMs: recovery.sinceAt, untilMs: recovery.untilAt });
  const rows = await ctx.db.all<{ id: string }>(
    sql`SELECT d.delivery_id AS id FROM deliveries AS d INDEXED BY deliveries_failed_to
      WHERE d.program_id = ${programId} AND d.delivery_id >= ${from} AND d.delivery_id < ${to}
        AND d.delivery_id > ${position} AND d.endpoint_id = ${endpointId}
        AND d.status IN ('exhausted', 'cancelled') AND d.body IS NOT ''
      ORDER BY d.delivery_id LIMIT ${rearmedAtOnce}`,
  );
  const at = ctx.now();
  const gapMs = 1_000 / (endpoint.rateLimitPerSecond ?? resumePerSecond);
  const ids = rows.map((row) => row.id);
  const isLast = ids.length < rearmedAtOnce;
  await commit(ctx.db, [
    ctx.db.run(sql`UPDATE deliveries SET status = 'pending', reason = 'Recovered.', attempts = 0, ended_at = NULL,
        recovery_id = ${recoveryId}, next_attempt_at = ${at} + CAST(due.key * ${gapMs} AS INTEGER)
      FROM json_each(${JSON.stringify(ids)}) AS due
      WHERE deliveries.program_id = ${programId} AND deliveries.delivery_id = due.value
        AND deliveries.status IN ('exhausted', 'cancelled')
        AND EXISTS (SELECT 1 FROM recoveries AS r WHERE r.recovery_id = ${recoveryId} AND r.wake_at IS NOT NULL)`),
    moveRecovery(ctx, recovery, {
      rearmed: recovery.rearmed + ids.length,
      position: ids.at(-1) ?? position,
      wakeAt: isLast ? null : Math.round(at + ids.length * gapMs),
    }),
    endAttentionOf(ctx, programId, 'delivery_exhausted', ids),
  ]);
}

/** Of one that is as it was read: cancelled meanwhile, it stays so. */
function moveRecovery(ctx: Ctx, was: Recovery, change: Partial<Recovery>): Statement {
  return ctx.db
    .update(recoveries)
    .set(change)
    .where(
      and(
        eq(recoveries.recoveryId, was.recoveryId),
        eq(recoveries.position, was.position),
        isNotNull(recoveries.wakeAt),
      ),
    );
}

/** The minute's step. */
export async function sweepRecoveries(ctx: Ctx): Promise<number> {
  const open = await listOpenRecoveries(ctx, 10);
  for (const { programId, recoveryId } of open) await advanceRecovery(ctx, programId, recoveryId);
  return open.length;
}

async function findRecovery(ctx: Ctx, programId: string, recoveryId: string): Promise<Recovery | null> {
  const [row] = await ctx.db
    .select()
    .from(recoveries)
    .where(and(eq(recoveries.programId, programId), eq(recoveries.recoveryId, recoveryId)))
    .limit(1);
  return row ?? null;
}

/** Throws `not_found`. */
export async function requireRecovery(
  ctx: Ctx,
  programId: string,
  endpointId: string,
  recoveryId: string,
): Promise<RecoveryProgress> {
  const recovery = await findRecovery(ctx, programId, recoveryId);
  if (recovery?.endpointId !== endpointId) throw new AppError('not_found', 'There is no such recovery.');
  const rows = await ctx.db.all<{ status: string; n: number }>(
    sql`SELECT status, count(*) AS n FROM deliveries INDEXED BY deliveries_recovered
      WHERE recovery_id = ${recoveryId} AND program_id = ${programId} AND endpoint_id = ${endpointId} GROUP BY status`,
  );
  return { recovery, states: Object.fromEntries(rows.map(({ status, n }) => [status, n])) };
}

export function listRecoveries(
  ctx: Ctx,
  programId: string,
  endpointId: string,
  before: string | null,
  limit: number,
): Promise<Recovery[]> {
  return ctx.db
    .select()
    .from(recoveries)
    .where(
      and(
        eq(recoveries.programId, programId),
        eq(recoveries.endpointId, endpointId),
        before === null ? undefined : lt(recoveries.recoveryId, before),
      ),
    )
    .orderBy(desc(recoveries.recoveryId))
    .limit(limit);
}
