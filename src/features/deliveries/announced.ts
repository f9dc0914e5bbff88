import { type Placeholder, type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { hashedText, idAlphabet } from '../../platform/ids.ts';
import { prepared } from '../../platform/prepared.ts';
import { attemptTimeoutMs, flightLimits, laneCount, leaseMs } from './policy.ts';

/** Due at this time means: parked, until its endpoint is active again. */
export const parkedAt = Number.MAX_SAFE_INTEGER;

/**
 * The ids of a message's deliveries in a program, without the endpoint's slot that ends each: the message's
 * time, and what follows from both names. So a delivery of a message is found by its id, can be there only
 * once, and is another one in another program.
 */
export function deliveryPrefix(programId: string, messageId: string): string {
  return `dlv_${messageId.slice(-26, -16)}${hashedText(`${programId} ${messageId}`, 13)}`;
}

/** `n` below 32,768 in three characters of base 32, as ids are written. */
const slotText = sql.raw(
  `substr('${idAlphabet}', (e.slot >> 10 & 31) + 1, 1) || substr('${idAlphabet}', (e.slot >> 5 & 31) + 1, 1)
      || substr('${idAlphabet}', (e.slot & 31) + 1, 1)`,
);

/** All lanes at once: for who is rate-limited or degraded. Never held together with one of the others. */
export const wholeLane = laneCount;

/** The lane of a `delivery_id` follows from a random character of it. */
export const laneOf = sql.raw(`instr('${idAlphabet}', substr(delivery_id, 15, 1)) % ${laneCount}`);

/** How many of an endpoint were born leased so lately that their attempt may be under way; at most the flight. */
export function bornInFlight(
  endpointId: SQL,
  { leaseEndsAfter, leaseEnd }: Record<'leaseEndsAfter' | 'leaseEnd', number | Placeholder>,
): SQL {
  return sql`(SELECT count(*) FROM (SELECT 1 FROM deliveries AS d WHERE d.endpoint_id = ${endpointId}
    AND d.next_attempt_at > ${leaseEndsAfter} AND d.next_attempt_at <= ${leaseEnd} LIMIT ${flightLimits.most}))`;
}

/** When the leases end of what was born so lately that its attempt may be under way at a moment. */
export function leasesUnderWay(at: number): { leaseEndsAfter: number; leaseEnd: number } {
  return { leaseEndsAfter: at - attemptTimeoutMs - 1_000 + leaseMs, leaseEnd: at + leaseMs };
}

/** What `insertAnnounced` gives back of each row. */
export interface AnnouncedRow {
  deliveryId: string;
  programId: string;
  endpointId: string;
  messageId: string;
  /** `sending`: it belongs to the invocation that announced it, which is to send it now. */
  status: 'sending' | 'pending' | 'paused';
  reason: string | null;
  /** 1 where somebody is sending for its lane of the endpoint now, and will come to it. */
  attended: number;
}

/** Why a delivery waits though its endpoint answers: those on their way see to it when they end. */
export const flightFull = 'As many as may be are on their way to this endpoint.';
const behindOthers = 'Others to this endpoint come first.';
const probedOnly = 'The endpoint does not answer in time: one probe at a time goes out, the others wait.';

/**
 * Makes messages of one type due at each endpoint that wants them. `rows` is JSON, of each message:
 * program, the delivery's id without its slot, message id, body (null where it is kept apart), about,
 * trace, whether it has a category, the category, an endpoint to leave out, whether it needs a dedupe key,
 * the only endpoint.
 *
 * The first `startNow` rows of endpoints that may be called at once, and that nothing waits for, are born
 * leased, which saves the write of a claim. A lease ends a fixed time after its birth, so that those whose
 * attempt may still be under way are counted by that, across invocations and isolates.
 */
export function insertAnnounced(
  ctx: Ctx,
  type: string,
  rows: string,
  startNow: number,
  onlyIf: SQL,
): Statement {
  let insert = inserts.get(onlyIf);
  if (!insert) {
    insert = prepared(() => insertOnlyIf(onlyIf));
    inserts.set(onlyIf, insert);
  }
  const at = ctx.now();
  return insert(ctx.db, { type, rows, startNow, at, ...leasesUnderWay(at) });
}

/** By its condition: who announces the same kind of thing often gives the same object. */
const inserts = new WeakMap<SQL, ReturnType<typeof prepared>>();

function insertOnlyIf(onlyIf: SQL): SQL {
  const value = sql.placeholder;
  const leases = { leaseEndsAfter: value('leaseEndsAfter'), leaseEnd: value('leaseEnd') };
  return sql`INSERT INTO deliveries (program_id, delivery_id, endpoint_id, channel, type, message_id,
      dedupe_key, target, secret_purpose, subject, body, trace_id, about, status, reason, attempts, attempts_total,
      next_attempt_at, created_at)
    SELECT due.program_id, due.delivery_id, due.endpoint_id, 'webhook', ${value('type')}, due.message_id, due.dedupe_key,
      due.target, due.endpoint_id, '', due.body, due.trace_id, due.about,
      CASE WHEN due.state = 'paused' THEN 'paused' WHEN due.starts THEN 'sending' ELSE 'pending' END,
      CASE WHEN due.state = 'paused' THEN 'The endpoint is paused.'
        WHEN due.degraded = 1 THEN ${probedOnly} WHEN due.in_flight >= due.most THEN ${flightFull}
        WHEN due.is_behind = 1 THEN ${behindOthers} END,
      due.starts, due.starts,
      CASE WHEN due.state = 'paused' THEN ${parkedAt} WHEN due.starts THEN ${leases.leaseEnd} ELSE ${value('at')} END,
      ${value('at')}
    FROM (SELECT *, is_free AND in_flight < most AND NOT is_behind
        AND row_number() OVER () <= ${value('startNow')} AS starts
      FROM (SELECT e.program_id, m.value ->> 1 || ${slotText} AS delivery_id, e.endpoint_id, m.value ->> 2 AS message_id,
        CASE m.value ->> 9 WHEN 1 THEN 'endpoint:' || (m.value ->> 2) || ':' || e.endpoint_id END AS dedupe_key,
        e.url AS target, m.value ->> 3 AS body, m.value ->> 4 AS about, m.value ->> 5 AS trace_id, e.state,
        h.degraded_since IS NOT NULL AS degraded,
        e.state = 'active' AND h.degraded_since IS NULL AND e.rate_limit_per_second IS NULL AS is_free,
        ${bornInFlight(sql`e.endpoint_id`, leases)} AS in_flight, coalesce(h.flight_limit, ${flightLimits.most}) AS most,
        EXISTS (SELECT 1 FROM deliveries AS d WHERE d.endpoint_id = e.endpoint_id
          AND d.next_attempt_at IS NOT NULL AND d.next_attempt_at <= ${value('at')}) AS is_behind
      FROM json_each(${value('rows')}) AS m CROSS JOIN webhook_endpoints AS e LEFT JOIN endpoint_health AS h
        ON h.endpoint_id = e.endpoint_id
      WHERE e.program_id = m.value ->> 0 AND e.deleted_at IS NULL AND e.state <> 'disabled'
        AND e.endpoint_id <> m.value ->> 8
        AND (e.endpoint_id = m.value ->> 10 OR (m.value ->> 10 IS NULL
          AND EXISTS (SELECT 1 FROM json_each(e.events) AS p WHERE ${value('type')} GLOB p.value)
          AND (e.categories IS NULL OR m.value ->> 6 = 0
            OR EXISTS (SELECT 1 FROM json_each(e.categories) AS c WHERE c.value = m.value ->> 7)))))) AS due
    WHERE ${onlyIf} ON CONFLICT DO NOTHING
    RETURNING delivery_id AS deliveryId, program_id AS programId, endpoint_id AS endpointId,
      message_id AS messageId, status, reason,
      EXISTS (SELECT 1 FROM endpoint_lanes AS l WHERE l.endpoint_id = deliveries.endpoint_id
        AND l.lane IN (${laneOf}, ${wholeLane}) AND l.lease_until > ${value('at')}) AS attended`;
}

/** Keeps large bodies once per message, after the statement above; `rows` is JSON of `[program, delivery's id
 * without its slot, message id, body]`, and those that nobody wants are not kept. */
export function insertBodies(ctx: Ctx, rows: string): Statement {
  return ctx.db.run(sql`INSERT INTO delivery_bodies (program_id, message_id, body, created_at)
    SELECT m.value ->> 0, m.value ->> 2, m.value ->> 3, ${ctx.now()} FROM json_each(${rows}) AS m
    WHERE EXISTS (SELECT 1 FROM deliveries AS d WHERE d.program_id = m.value ->> 0
      AND d.delivery_id >= m.value ->> 1 AND d.delivery_id < (m.value ->> 1) || '~')
    ON CONFLICT DO NOTHING`);
}
