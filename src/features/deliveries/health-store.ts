import { and, eq, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { rowsOf, type Statement } from '../../platform/d1.ts';
import { prepared } from '../../platform/prepared.ts';
import { laneOf, wholeLane } from './announced.ts';
import { flightLimits, goodHealth, type Health, laneCount } from './policy.ts';
import { endpointHealth } from './table.ts';

/**
 * The statement that forgets all that was wrong with endpoints that answer, of each with its number of
 * successes; writes nothing for healthy ones.
 */
export function healHealth(ctx: Ctx, successes: Record<string, number>): Statement {
  return ctx.db.run(sql`UPDATE endpoint_health SET timeouts = 0, failures = 0, failing_since = NULL,
      degraded_since = NULL, probe_at = NULL, flight_limit = min(${flightLimits.most}, flight_limit + s.value)
    FROM json_each(${JSON.stringify(successes)}) AS s
    WHERE endpoint_id = s.key AND (failing_since IS NOT NULL OR flight_limit < ${flightLimits.most})`);
}

/** What `standingOf` says of an endpoint; its health is null where it never failed. */
export interface Standing {
  endpointId: string;
  /** Something is due that nobody attends to. */
  unattended: boolean;
  /** Its health is anything but good. */
  ill: boolean;
  health: Health | null;
}

/**
 * Of these endpoints: whether something is due now that nobody attends to, and their health. It joins the
 * commit that ends an attempt, so that what waited for room is seen. The oldest tell; whoever ends a lane looks
 * at all. Of those that did not fail, the ones with nothing to say are left out.
 */
export function standingOf(
  ctx: Ctx,
  endpointIds: string[],
  failed: string[],
): { statement: Statement; standing(): Standing[] } {
  const statement = readStanding(ctx.db, {
    at: ctx.now(),
    endpointIds: JSON.stringify(endpointIds),
    failed: JSON.stringify(failed),
  });
  return {
    statement,
    standing: () =>
      (rowsOf(statement) as (HealthRow & { endpointId: string; unattended: number; ill: number })[]).map(
        (row) => ({
          endpointId: row.endpointId,
          unattended: row.unattended === 1,
          ill: row.ill === 1,
          health: toHealth(row),
        }),
      ),
  };
}

const healthColumns = sql.raw(`h.timeouts, h.failures, h.failing_since AS failingSince,
  h.degraded_since AS degradedSince, h.probe_at AS probeAt, h.flight_limit AS flightLimit`);

const readStanding = prepared(
  () => sql`SELECT * FROM (SELECT e.value AS endpointId,
      (SELECT coalesce(sum(CASE l.lane WHEN ${wholeLane} THEN ${laneCount} ELSE 1 END), 0) FROM endpoint_lanes AS l
          WHERE l.endpoint_id = e.value AND l.lease_until > ${sql.placeholder('at')}) < ${laneCount}
        AND EXISTS (SELECT 1 FROM (SELECT delivery_id, endpoint_id FROM deliveries AS d
          WHERE d.endpoint_id = e.value AND d.next_attempt_at IS NOT NULL AND d.next_attempt_at <= ${sql.placeholder('at')}
          ORDER BY d.next_attempt_at LIMIT 30) AS due
          WHERE NOT EXISTS (SELECT 1 FROM endpoint_lanes AS l WHERE l.endpoint_id = due.endpoint_id
            AND l.lane IN (${laneOf}, ${wholeLane}) AND l.lease_until > ${sql.placeholder('at')})) AS unattended,
      coalesce(h.failing_since IS NOT NULL OR h.flight_limit < ${flightLimits.most}, 0) AS ill,
      ${healthColumns}
    FROM json_each(${sql.placeholder('endpointIds')}) AS e LEFT JOIN endpoint_health AS h ON h.endpoint_id = e.value)
    WHERE unattended = 1 OR ill = 1 OR endpointId IN (SELECT value FROM json_each(${sql.placeholder('failed')}))`,
);

/** Of an endpoint that never failed all of it is null. */
type HealthRow = { [Member in keyof Health]: Health[Member] | null };

function toHealth({ timeouts, failures, flightLimit, ...rest }: HealthRow): Health | null {
  if (timeouts === null || failures === null || flightLimit === null) return null;
  const { failingSince, degradedSince, probeAt } = rest;
  return { timeouts, failures, failingSince, degradedSince, probeAt, flightLimit };
}

/** The statement that reads an endpoint's health, and what it gave once it is committed. */
export function readHealth(
  ctx: Ctx,
  programId: string,
  endpointId: string,
): { statement: Statement; health(): Health | null } {
  const statement = ctx.db.run(sql`SELECT ${healthColumns} FROM endpoint_health AS h
    WHERE h.program_id = ${programId} AND h.endpoint_id = ${endpointId}`);
  return {
    statement,
    health() {
      const [row] = rowsOf(statement) as HealthRow[];
      return row ? toHealth(row) : null;
    },
  };
}

/** Writes what was judged of the health as it was read; no change where another was faster. */
export function writeHealth(
  ctx: Ctx,
  programId: string,
  endpointId: string,
  was: Health | null,
  next: Health,
): Statement {
  if (was === null) {
    return ctx.db
      .insert(endpointHealth)
      .values({ ...next, programId, endpointId })
      .onConflictDoNothing();
  }
  const { timeouts, failures, failingSince, degradedSince, probeAt, flightLimit } = next;
  return ctx.db
    .update(endpointHealth)
    .set({ timeouts, failures, failingSince, degradedSince, probeAt, flightLimit })
    .where(
      and(
        eq(endpointHealth.endpointId, endpointId),
        eq(endpointHealth.failures, was.failures),
        eq(endpointHealth.timeouts, was.timeouts),
        eq(endpointHealth.flightLimit, was.flightLimit),
      ),
    );
}

/** A fresh start: for an endpoint that a person made active again. */
export function resetHealth(ctx: Ctx, endpointId: string): Statement {
  return ctx.db
    .update(endpointHealth)
    .set({ ...goodHealth })
    .where(eq(endpointHealth.endpointId, endpointId));
}
