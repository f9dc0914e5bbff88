import { and, desc, eq, lt } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { events } from './table.ts';

/** An event as the log holds it, in the order of `logColumns`: a night reads a million, and names cost. */
export type LoggedEvent = [
  sequence: number,
  eventId: string,
  systemId: string,
  eventType: string,
  publisherEventId: string,
  participantId: string | null,
  /** JSON text. */
  category: string | null,
  /** JSON text, as it was sent. */
  data: string,
  change: string | null,
  recordKey: string | null,
  startAt: number,
  endAt: number | null,
  receivedAt: number,
];

const logColumns =
  'sequence, event_id, system_id, event_type, publisher_event_id, participant_id, category, data, change, record_key, start_at, end_at, received_at';

export interface LogRange {
  /** Sequences: after the one, up to and with the other. */
  after: number;
  upTo: number;
  /** Empty: all. */
  types: string[];
  /** Values; empty: all. */
  categories: string[];
}

/** About so much data, in characters, is read at once, and so many events. */
const pageCharacters = 1_000_000;
const pageEvents = 2_000;

/**
 * A program's events in the order of the log, a page whose size in memory is bounded: the first always, the
 * next as long as the data before it is below a megabyte. Tombstones are left out. Empty: there are no more.
 */
export async function readLog(ctx: Ctx, programId: string, range: LogRange): Promise<LoggedEvent[]> {
  const { after, upTo, types, categories } = range;
  const conditions = ['program_id = ?1', 'sequence > ?2', 'sequence <= ?3', 'deleted_at IS NULL'];
  if (types.length > 0) conditions.push('event_type IN (SELECT value FROM json_each(?4))');
  if (categories.length > 0) conditions.push("category ->> '$.value' IN (SELECT value FROM json_each(?5))");
  const sizes = `SELECT ${logColumns}, sum(length(data)) OVER (ORDER BY sequence) - length(data) AS before
    FROM (SELECT * FROM events WHERE ${conditions.join(' AND ')} ORDER BY sequence LIMIT ${pageEvents})`;
  const page = ctx.db.$client
    .prepare(`SELECT ${logColumns} FROM (${sizes}) WHERE before < ${pageCharacters} AND ?4 = ?4 AND ?5 = ?5`)
    .bind(programId, after, upTo, JSON.stringify(types), JSON.stringify(categories));
  return page.raw<LoggedEvent>();
}

/** The sequence of the last of a program's events that was received before a time; 0 where there is none. */
export async function lastSequenceBefore(ctx: Ctx, programId: string, beforeMs: number): Promise<number> {
  const [row] = await ctx.db
    .select({ sequence: events.sequence })
    .from(events)
    .where(and(eq(events.programId, programId), lt(events.receivedAt, beforeMs)))
    .orderBy(desc(events.sequence))
    .limit(1);
  return row?.sequence ?? 0;
}
