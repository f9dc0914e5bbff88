import { sql } from 'drizzle-orm';
import type { Ctx } from '../../../context.ts';
import type { SyncState } from '../table.ts';

/** Events and rows of a quarantine that are counted for a subscription; what is more is said as "more". */
export const countedTo = 100;

/** How a subscription stands. */
export interface SyncStanding {
  publisherId: string;
  /** Since when the publisher withholds its events. */
  suspendedAt: number | null;
  /** Events after the cursor, counted to one more than `countedTo`, and when the first of them came. */
  behind: number;
  waitingSince: number | null;
  quarantined: number;
  last: {
    state: SyncState;
    openedAt: number;
    endedAt: number | null;
    selected: number;
    rendered: number;
    quarantined: number;
  } | null;
}

/** Of a program's subscriptions after a publisher, by the publishers' ids: one statement, whose counts end. */
export async function listStandings(
  ctx: Ctx,
  programId: string,
  after: string,
  limit: number,
): Promise<SyncStanding[]> {
  const rows = await ctx.db.all<Omit<SyncStanding, 'last'> & { last: string | null }>(
    sql`SELECT s.publisher_id AS publisherId, s.suspended_at AS suspendedAt,
      (SELECT count(*) FROM (SELECT 1 FROM events AS e
        WHERE e.program_id = s.publisher_id AND e.sequence > s.sync_cursor LIMIT ${countedTo + 1})) AS behind,
      (SELECT e.received_at FROM events AS e WHERE e.program_id = s.publisher_id AND e.sequence > s.sync_cursor
        ORDER BY e.sequence LIMIT 1) AS waitingSince,
      (SELECT count(*) FROM (SELECT 1 FROM sync_quarantine AS q
        WHERE q.program_id = s.program_id AND q.publisher_id = s.publisher_id LIMIT ${countedTo + 1})) AS quarantined,
      (SELECT json_object('state', y.state, 'openedAt', y.opened_at, 'endedAt', y.ended_at, 'selected', y.selected,
          'rendered', y.rendered, 'quarantined', y.quarantined) FROM syncs AS y
        WHERE y.program_id = s.program_id AND y.publisher_id = s.publisher_id ORDER BY y.sync_id DESC LIMIT 1) AS last
    FROM subscriptions AS s WHERE s.program_id = ${programId} AND s.publisher_id > ${after}
    ORDER BY s.publisher_id LIMIT ${limit}`,
  );
  return rows.map((row) => ({ ...row, last: row.last === null ? null : JSON.parse(row.last) }));
}
