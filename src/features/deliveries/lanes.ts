import { and, eq, type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { rowsOf, type Statement } from '../../platform/d1.ts';
import { laneOf, parkedAt, wholeLane } from './announced.ts';
import { endpointLanes } from './table.ts';

/** What the senders need of a ledger row. */
export interface DueRow {
  programId: string;
  deliveryId: string;
  endpointId: string;
  type: string;
  messageId: string;
  body: string | null;
  traceId: string;
  about: string;
  status: string;
  uncertain: boolean;
  attempts: number;
  attemptsTotal: number;
}

export interface LaneClaim {
  endpointId: string;
  lane: number;
  token: string;
  untilMs: number;
  most: number;
  /** Milliseconds between two sends, for a rate limit. */
  gapMs: number;
}

/** Statements for one transaction, and what they gave once it is committed. */
export interface ChunkClaim {
  statements: Statement[];
  /** `startMs` is when the first of them may go. */
  chunk(): { rows: DueRow[]; startMs: number };
}

/**
 * Takes a lane with the next rows that are due in it. What a dead holder was sending is marked as uncertain.
 */
export function takeLane(ctx: Ctx, claim: LaneClaim): ChunkClaim {
  const { endpointId, lane, token } = claim;
  const at = ctx.now();
  const others = lane === wholeLane ? sql`o.lane <> ${wholeLane}` : sql`o.lane = ${wholeLane}`;
  const next = claimNext(
    ctx,
    claim,
    sql`lease_until <= ${at} AND NOT EXISTS (SELECT 1 FROM endpoint_lanes AS o WHERE o.endpoint_id = ${endpointId}
      AND ${others} AND o.lease_until > ${at})`,
  );
  return {
    ...next,
    statements: [
      ctx.db.run(sql`INSERT INTO endpoint_lanes (endpoint_id, lane, program_id, lease_until, sending, next_send_at)
        SELECT e.endpoint_id, ${lane}, e.program_id, 0, '[]', 0 FROM webhook_endpoints AS e
        WHERE e.endpoint_id = ${endpointId} ON CONFLICT DO NOTHING`),
      ctx.db.run(sql`UPDATE deliveries SET uncertain = 1, reason = ${cutOff}
        WHERE next_attempt_at <= ${at} AND status <> 'sending' AND (program_id, delivery_id) IN (
          SELECT l.program_id, s.value FROM endpoint_lanes AS l, json_each(l.sending) AS s
          WHERE l.endpoint_id = ${endpointId} AND l.lease_token <> ${token} AND l.lease_until <= ${at})`),
      ...next.statements,
    ],
  };
}

/** Keeps a lane with the next rows, if it is still this holder's. */
export function keepLane(ctx: Ctx, claim: LaneClaim): ChunkClaim {
  return claimNext(ctx, claim, sql`lease_token = ${claim.token}`);
}

/** A chunk takes a second of a rate limit: what says more is of a clock that has gone back since. */
const paceAheadMs = 2_000;

/**
 * Lets the lane go where nothing is due in it: whoever makes a row due just after the transaction finds it
 * free.
 */
function claimNext(ctx: Ctx, claim: LaneClaim, isFree: SQL): ChunkClaim {
  const { endpointId, lane, token, untilMs, most, gapMs } = claim;
  const at = ctx.now();
  const inLane = lane === wholeLane ? sql`true` : sql`${laneOf} = ${lane}`;
  const take = ctx.db.run(sql`UPDATE endpoint_lanes SET sending = c.ids,
      lease_token = CASE WHEN c.n > 0 THEN ${token} END, lease_until = CASE WHEN c.n > 0 THEN ${untilMs} ELSE 0 END,
      next_send_at = CASE WHEN ${gapMs} > 0 THEN max(min(next_send_at, ${at + paceAheadMs}), ${at}) + CAST(c.n * ${gapMs} AS INTEGER) ELSE 0 END
    FROM (SELECT json_group_array(delivery_id) AS ids, count(*) AS n FROM (SELECT delivery_id FROM deliveries
      WHERE endpoint_id = ${sameText(endpointId)} AND next_attempt_at IS NOT NULL AND next_attempt_at <= ${at} AND ${inLane}
      ORDER BY next_attempt_at LIMIT ${most})) AS c
    WHERE endpoint_id = ${endpointId} AND lane = ${lane} AND ${isFree}
    RETURNING next_send_at AS nextSendAt`);
  const select =
    ctx.db.run(sql`SELECT d.program_id AS programId, d.delivery_id AS deliveryId, d.endpoint_id AS endpointId,
      d.type, d.message_id AS messageId, d.body, d.trace_id AS traceId, d.about, d.status, d.uncertain, d.attempts,
      d.attempts_total AS attemptsTotal
    FROM endpoint_lanes AS l CROSS JOIN json_each(l.sending) AS s CROSS JOIN deliveries AS d
    WHERE l.endpoint_id = ${endpointId} AND l.lane = ${lane} AND l.lease_token = ${token}
      AND d.program_id = l.program_id AND d.delivery_id = s.value AND d.next_attempt_at <= ${at}`);
  return {
    statements: [take, select],
    chunk() {
      const [taken] = rowsOf(take) as { nextSendAt: number }[];
      const rows = (rowsOf(select) as (Omit<DueRow, 'uncertain'> & { uncertain: number })[]).map((row) => ({
        ...row,
        uncertain: row.uncertain === 1,
      }));
      return { rows, startMs: (taken?.nextSendAt ?? 0) - rows.length * gapMs };
    },
  };
}

/**
 * The same text. SQLite compares a bare parameter with the conditions of partial indexes, and so prepares the
 * statement anew for each of its values.
 */
const sameText = (text: string) => sql`(${text} || '')`;

const cutOff = 'An attempt may have been cut off on our side; whether the receiver took it is not known.';

/** A row that was born leased and is not sent after all is due, as if nobody had taken it. */
export function giveBack(ctx: Ctx, row: { programId: string; deliveryId: string }): Statement {
  return ctx.db.run(sql`UPDATE deliveries SET status = 'pending', next_attempt_at = ${ctx.now()}, attempts = 0,
      attempts_total = 0
    WHERE program_id = ${row.programId} AND delivery_id = ${row.deliveryId} AND status = 'sending'
      AND attempts_total = 1`);
}

export function releaseLane(ctx: Ctx, endpointId: string, lane: number, token: string): Statement {
  return ctx.db
    .update(endpointLanes)
    .set({ leaseToken: null, leaseUntil: 0, sending: [] })
    .where(
      and(
        eq(endpointLanes.endpointId, endpointId),
        eq(endpointLanes.lane, lane),
        eq(endpointLanes.leaseToken, token),
      ),
    );
}

/** Rows changed by one statement of those below. */
export const settledAtOnce = 500;

/** What is unfinished waits for the endpoint to be active again. */
export function parkDue(ctx: Ctx, endpointId: string): Statement {
  return ctx.db.run(sql`UPDATE deliveries SET status = 'paused', reason = 'The endpoint is paused.',
      next_attempt_at = ${parkedAt}
    WHERE (program_id, delivery_id) IN (SELECT program_id, delivery_id FROM deliveries
      WHERE endpoint_id = ${endpointId} AND next_attempt_at IS NOT NULL AND next_attempt_at < ${parkedAt}
        AND status <> 'sending' LIMIT ${settledAtOnce})`);
}

/** What is unfinished ends, on record. */
export function cancelDue(ctx: Ctx, endpointId: string, reason: string): Statement {
  return ctx.db.run(sql`UPDATE deliveries SET status = 'cancelled', reason = ${reason}, next_attempt_at = NULL,
      ended_at = ${ctx.now()}
    WHERE (program_id, delivery_id) IN (SELECT program_id, delivery_id FROM deliveries
      WHERE endpoint_id = ${endpointId} AND next_attempt_at IS NOT NULL
        AND (status <> 'sending' OR next_attempt_at <= ${ctx.now()}) LIMIT ${settledAtOnce})`);
}

/** What waited through a pause is due again, one after another, `perSecond` of them: no flood on resume. */
export function unpark(ctx: Ctx, endpointId: string, perSecond: number): Statement {
  return ctx.db.run(sql`UPDATE deliveries SET status = 'pending', reason = 'The endpoint was resumed.',
      next_attempt_at = due.at
    FROM (SELECT program_id, delivery_id,
        ${ctx.now()} + CAST((row_number() OVER (ORDER BY delivery_id) - 1) * 1000 / ${perSecond} AS INTEGER) AS at
      FROM (SELECT program_id, delivery_id FROM deliveries WHERE endpoint_id = ${endpointId}
        AND next_attempt_at = ${parkedAt} ORDER BY delivery_id LIMIT ${settledAtOnce})) AS due
    WHERE deliveries.program_id = due.program_id AND deliveries.delivery_id = due.delivery_id`);
}
