import { type SQL, sql } from 'drizzle-orm';

// What there is much of, as the roll-up counts it: rows of `program_id`, `at`, `ok`, `failed` and `other`.

const hourMs = sql.raw('3600000');

/** The first event that is not counted comes after this sequence; asked inside a transaction. */
export const countedSequence = sql`(SELECT CAST(position AS INTEGER) FROM activity_cursors WHERE name = 'events')`;

/** The first id of a delivery that the roll-up has not passed. */
export const uncountedId = sql`(SELECT position FROM activity_cursors WHERE name = 'webhook')`;

/** Published events; `part` is a part of the log, as `e`. */
export const eventsIn = (part: SQL) => sql`SELECT program_id, min(received_at) AS at, count(*) AS ok,
    0 AS failed, 0 AS other
  FROM (SELECT e.program_id, e.received_at FROM ${part}) GROUP BY program_id, received_at / ${hourMs}`;

/** Deliveries to endpoints that an attempt has ended; `part` is a part of the ledger, as `d`. */
export const endsIn = (
  part: SQL,
) => sql`SELECT program_id, min(ended_at) AS at, sum(status = 'delivered') AS ok,
    sum(status = 'exhausted') AS failed, sum(status = 'cancelled') AS other
  FROM (SELECT d.program_id, d.ended_at, d.status, d.endpoint_id, d.attempts_total FROM ${part})
  WHERE endpoint_id <> '' AND ended_at IS NOT NULL AND attempts_total > 0
  GROUP BY program_id, ended_at / ${hourMs}`;

/** The same by the endpoint, with the last of each hour: `delivery_id` and `status` are of the row with the `at`. */
export const endsOfEndpointsIn = (
  part: SQL,
) => sql`SELECT program_id, endpoint_id, max(ended_at) AS at, sum(status = 'delivered') AS ok,
    sum(status = 'exhausted') AS failed, sum(status = 'cancelled') AS other, delivery_id, status
  FROM (SELECT d.program_id, d.delivery_id, d.ended_at, d.status, d.endpoint_id, d.attempts_total FROM ${part})
  WHERE endpoint_id <> '' AND ended_at IS NOT NULL AND attempts_total > 0
  GROUP BY program_id, endpoint_id, ended_at / ${hourMs}`;

/** An hour as `activity_endpoints` names it. */
export const hourOfEpoch = (at: SQL) => sql`CAST(${at} / ${hourMs} AS TEXT)`;
