import { and, asc, desc, eq, gt, lte, max, type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { sequenceBeforeTime } from './since.ts';
import type { Event } from './store.ts';
import { events } from './table.ts';

// What readers of the log ask, in its order. Pages hold fewer events where their data are large, and at least
// one where there is any.

/** Characters of data in one page. */
const pageChars = 2_000_000;

/** `picked` selects `sequence` and `chars`. */
async function readBearable(ctx: Ctx, picked: SQL): Promise<Event[]> {
  const bearable = sql`SELECT sequence FROM (
    SELECT sequence, sum(chars) OVER (ORDER BY sequence) - chars AS before FROM (${picked})) WHERE before < ${pageChars}`;
  const rows = await ctx.db
    .select()
    .from(events)
    .where(sql`${events.sequence} IN (${bearable})`)
    .orderBy(asc(events.sequence));
  return rows;
}

/** The next events of several publishers, each after a sequence of its own. */
export async function listEventsOf(
  ctx: Ctx,
  after: [publisherId: string, sequence: number][],
  limit: number,
): Promise<Event[]> {
  if (after.length === 0) return [];
  // Of each publisher the next by the index, of those the first.
  return readBearable(
    ctx,
    sql`SELECT e.sequence, length(e.data) AS chars
      FROM json_each(${JSON.stringify(after)}) AS w CROSS JOIN events AS e
      WHERE e.sequence IN (SELECT x.sequence FROM events AS x
        WHERE x.program_id = w.value ->> 0 AND x.sequence > w.value ->> 1 ORDER BY x.sequence LIMIT ${limit})
      ORDER BY e.sequence LIMIT ${limit}`,
  );
}

/** A publisher's events after one sequence, up to and with another. */
export function listEventsBetween(
  ctx: Ctx,
  programId: string,
  after: number,
  until: number,
  limit: number,
): Promise<Event[]> {
  return readBearable(
    ctx,
    sql`SELECT sequence, length(data) AS chars FROM events
      WHERE program_id = ${programId} AND sequence > ${after} AND sequence <= ${until}
      ORDER BY sequence LIMIT ${limit}`,
  );
}

/** Those of a publisher's events that these sequences name. */
export function listEventsAt(ctx: Ctx, programId: string, sequences: number[]): Promise<Event[]> {
  return readBearable(
    ctx,
    sql`SELECT sequence, length(data) AS chars FROM events
      WHERE sequence IN (SELECT value FROM json_each(${JSON.stringify(sequences)})) AND program_id = ${programId}`,
  );
}

/** Which of these sequences name events that were deleted. */
export async function listDeletedAmong(ctx: Ctx, sequences: number[]): Promise<Set<number>> {
  const rows = await ctx.db
    .select({ sequence: events.sequence })
    .from(events)
    .where(
      sql`${events.sequence} IN (SELECT value FROM json_each(${JSON.stringify(sequences)}))
        AND ${events.deletedAt} IS NOT NULL`,
    );
  return new Set(rows.map((row) => row.sequence));
}

/** A publisher's newest events, oldest of them first. */
export async function listLatestEvents(ctx: Ctx, programId: string, limit: number): Promise<Event[]> {
  return readBearable(
    ctx,
    sql`SELECT sequence, length(data) AS chars FROM events
      WHERE program_id = ${programId} AND deleted_at IS NULL ORDER BY sequence DESC LIMIT ${limit}`,
  );
}

/** The last sequence of a publisher's log; 0 where it is empty. */
export async function lastSequence(ctx: Ctx, programId: string): Promise<number> {
  const [row] = await ctx.db
    .select({ last: max(events.sequence) })
    .from(events)
    .where(eq(events.programId, programId));
  return row?.last ?? 0;
}

/** The sequence before the first event that was received after a time: what a reader then has still to come. */
export async function sequenceBefore(ctx: Ctx, programId: string, atMs: number): Promise<number> {
  const [row] = await ctx.db
    .select({ sequence: events.sequence })
    .from(events)
    .where(
      and(
        eq(events.programId, programId),
        gt(events.sequence, sequenceBeforeTime(programId, atMs)),
        gt(events.receivedAt, atMs),
      ),
    )
    .orderBy(asc(events.sequence))
    .limit(1);
  return row ? row.sequence - 1 : lastSequence(ctx, programId);
}

/** How many events a program has after a sequence, counted to `most`. */
export async function countEventsAfter(
  ctx: Ctx,
  programId: string,
  sequence: number,
  most: number,
): Promise<number> {
  const rows = await ctx.db.all<{ n: number }>(sql`SELECT count(*) AS n FROM (SELECT 1 FROM events
    WHERE program_id = ${programId} AND sequence > ${sequence} LIMIT ${most})`);
  return rows[0]?.n ?? 0;
}

/** When the event of a sequence was received; the nearest one before it where it is no more. */
export async function findAtSequence(ctx: Ctx, sequence: number): Promise<Pick<Event, 'receivedAt'> | null> {
  const [row] = await ctx.db
    .select({ receivedAt: events.receivedAt })
    .from(events)
    .where(lte(events.sequence, sequence))
    .orderBy(desc(events.sequence))
    .limit(1);
  return row ?? null;
}
