import { and, asc, eq, isNotNull, lte, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { rowsOf, type Statement } from '../../platform/d1.ts';
import type { EndpointState } from '../webhooks/index.ts';
import { bornInFlight, leasesUnderWay, parkedAt } from './announced.ts';
import { flightLimits, type Health, probeWaitMs } from './policy.ts';
import type { Delivery } from './store.ts';
import { deliveries, recoveries } from './table.ts';

/** Across tenants, for the queue: a message carries the id alone. Of what goes to no endpoint. */
export async function findDirectDelivery(ctx: Ctx, deliveryId: string): Promise<Delivery | null> {
  const [row] = await ctx.db
    .select()
    .from(deliveries)
    .where(and(eq(deliveries.deliveryId, deliveryId), sql`endpoint_id = ''`))
    .limit(1);
  return row ?? null;
}

/** Across tenants, for a system key that names a delivery alone: one look-up for each program. */
export async function programOfDelivery(ctx: Ctx, deliveryId: string): Promise<string | null> {
  const rows = await ctx.db.all<{ programId: string }>(
    sql`SELECT p.program_id AS programId FROM (SELECT program_id FROM programs UNION ALL SELECT '') AS p
      WHERE EXISTS (SELECT 1 FROM deliveries AS d WHERE d.program_id = p.program_id AND d.delivery_id = ${deliveryId})
      LIMIT 1`,
  );
  return rows[0]?.programId ?? null;
}

/** Across tenants, for the sweeper: what is due to no endpoint, oldest first. */
export function listDueDirect(ctx: Ctx, limit: number): Promise<{ deliveryId: string; channel: string }[]> {
  return ctx.db
    .select({ deliveryId: deliveries.deliveryId, channel: deliveries.channel })
    .from(deliveries)
    .where(
      and(
        eq(deliveries.endpointId, ''),
        isNotNull(deliveries.nextAttemptAt),
        lte(deliveries.nextAttemptAt, ctx.now()),
      ),
    )
    .orderBy(asc(deliveries.nextAttemptAt))
    .limit(limit);
}

/**
 * Across tenants, for the sweeper: the endpoints that something is due to and that may be called now, the
 * longest waiting first. One look into the index of what is due for each endpoint, however much waits there.
 */
export async function listDueEndpoints(ctx: Ctx, limit: number): Promise<string[]> {
  const at = ctx.now();
  const rows = await ctx.db.all<{ endpointId: string }>(
    sql`WITH RECURSIVE waiting(endpoint_id) AS (
        SELECT min(endpoint_id) FROM deliveries WHERE next_attempt_at IS NOT NULL AND endpoint_id > ''
        UNION ALL
        SELECT (SELECT min(d.endpoint_id) FROM deliveries AS d
          WHERE d.next_attempt_at IS NOT NULL AND d.endpoint_id > waiting.endpoint_id)
        FROM waiting WHERE waiting.endpoint_id IS NOT NULL),
      oldest AS (SELECT w.endpoint_id, (SELECT min(d.next_attempt_at) FROM deliveries AS d
          WHERE d.endpoint_id = w.endpoint_id AND d.next_attempt_at IS NOT NULL) AS at
        FROM waiting AS w WHERE w.endpoint_id IS NOT NULL)
      SELECT o.endpoint_id AS endpointId FROM oldest AS o
      LEFT JOIN endpoint_health AS h ON h.endpoint_id = o.endpoint_id
      WHERE o.at <= ${at} AND (coalesce(h.probe_at, 0) <= ${at} OR h.probe_at > ${at + probeWaitMs.most})
      ORDER BY o.at LIMIT ${limit}`,
  );
  return rows.map((row) => row.endpointId);
}

/** Across tenants, for the sweeper: recoveries that have more to make due, the longest waiting first. */
export function listOpenRecoveries(
  ctx: Ctx,
  limit: number,
): Promise<{ programId: string; recoveryId: string }[]> {
  return ctx.db
    .select({ programId: recoveries.programId, recoveryId: recoveries.recoveryId })
    .from(recoveries)
    .where(and(isNotNull(recoveries.wakeAt), lte(recoveries.wakeAt, ctx.now())))
    .orderBy(asc(recoveries.wakeAt))
    .limit(limit);
}

/** Where a wake-up leads: the endpoint as it is now, its health, and what waits for it. */
export interface Target extends Health {
  programId: string;
  endpointId: string;
  state: EndpointState | 'deleted';
  stateReason: string | null;
  rateLimitPerSecond: number | null;
  /** The next that is due, whenever; null for none. */
  nextDueAt: number | null;
  hasParked: boolean;
  /** Of those born leased. */
  inFlight: number;
  /** Lanes that somebody holds now. */
  heldLanes: number[];
  /** How many are due now, of many no more than this says. */
  dueCount: number;
}

/** Across tenants, for the queue and the sweeper: a wake-up names the endpoint alone. */
export function findTarget(ctx: Ctx, endpointId: string): { statement: Statement; target(): Target | null } {
  const statement = ctx.db.run(
    sql`SELECT e.program_id AS programId, e.endpoint_id AS endpointId, e.state_reason AS stateReason,
        CASE WHEN e.deleted_at IS NULL THEN e.state ELSE 'deleted' END AS state,
        e.rate_limit_per_second AS rateLimitPerSecond, coalesce(h.timeouts, 0) AS timeouts,
        coalesce(h.failures, 0) AS failures, h.failing_since AS failingSince, h.degraded_since AS degradedSince,
        h.probe_at AS probeAt, h.flight_limit AS flightLimit,
        (SELECT min(d.next_attempt_at) FROM deliveries AS d WHERE d.endpoint_id = e.endpoint_id
          AND d.next_attempt_at IS NOT NULL AND d.next_attempt_at < ${parkedAt}) AS nextDueAt,
        EXISTS (SELECT 1 FROM deliveries AS d WHERE d.endpoint_id = e.endpoint_id
          AND d.next_attempt_at = ${parkedAt}) AS hasParked,
        ${bornInFlight(sql`e.endpoint_id`, leasesUnderWay(ctx.now()))} AS inFlight,
        (SELECT count(*) FROM (SELECT 1 FROM deliveries AS d WHERE d.endpoint_id = e.endpoint_id
          AND d.next_attempt_at IS NOT NULL AND d.next_attempt_at <= ${ctx.now()} LIMIT 30)) AS dueCount,
        (SELECT json_group_array(l.lane) FROM endpoint_lanes AS l WHERE l.endpoint_id = e.endpoint_id
          AND l.lease_until > ${ctx.now()}) AS heldLanes
      FROM webhook_endpoints AS e LEFT JOIN endpoint_health AS h ON h.endpoint_id = e.endpoint_id
      WHERE e.endpoint_id = ${endpointId}`,
  );
  return {
    statement,
    target() {
      const [row] = rowsOf(statement) as (Omit<Target, 'hasParked' | 'flightLimit' | 'heldLanes'> & {
        hasParked: number;
        flightLimit: number | null;
        heldLanes: string;
      })[];
      if (!row) return null;
      return {
        ...row,
        hasParked: Boolean(row.hasParked),
        flightLimit: row.flightLimit ?? flightLimits.most,
        heldLanes: JSON.parse(row.heldLanes),
      };
    },
  };
}
