import { type SQL, sql } from 'drizzle-orm';

/** An event's time is taken before its commit, which gives its sequence: so much later at most. */
const commitMs = 10 * 60_000;

/** Where fewer sequences than this are left, a scan of them is as good. */
const closeEnough = 200;

/**
 * A sequence before all of a program's events that were received at a time or after it, and not far before
 * the first of them. Times have no index, but go with sequences: it halves the log, 20 looks for a million
 * events. To be used as `sequence > …`, beside the time itself.
 */
export function sequenceBeforeTime(programId: string, atMs: number): SQL {
  const middle = sql.raw('(low + high) / 2');
  const isEarlier = sql`(SELECT b.received_at FROM events AS b WHERE b.program_id = ${programId}
    AND b.sequence >= ${middle} ORDER BY b.sequence LIMIT 1) < ${atMs - commitMs}`;
  return sql`(WITH RECURSIVE span(low, high) AS (
      SELECT 0, coalesce((SELECT max(b.sequence) FROM events AS b WHERE b.program_id = ${programId}), 0)
      UNION ALL SELECT CASE WHEN ${isEarlier} THEN ${middle} ELSE low END,
        CASE WHEN ${isEarlier} THEN high ELSE ${middle} END
      FROM span WHERE high - low > ${closeEnough})
    SELECT max(low) FROM span)`;
}
