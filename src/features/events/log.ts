import { and, desc, eq, lt } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { type EventCategory, events } from './table.ts';

/** An event of the log but for its data, in the order of `envelope`: a night reads a million, and names cost. */
export type LoggedEvent = [
  sequence: number,
  eventId: string,
  systemId: string,
  eventType: string,
  publisherEventId: string,
  participantId: string | null,
  category: EventCategory | null,
  change: string | null,
  recordKey: string | null,
  startAt: number,
  endAt: number | null,
  receivedAt: number,
];

const envelope =
  'json_array(sequence, event_id, system_id, event_type, publisher_event_id, participant_id, json(category), change, record_key, start_at, end_at, received_at)';

export interface LogPage {
  events: LoggedEvent[];
  /** Of each event, its data as they were sent: JSON text. */
  data: string[];
}

export interface LogRange {
  /** Sequences: after the one, up to and with the other. */
  after: number;
  upTo: number;
  /** Empty: all. */
  types: string[];
  /** Values; empty: all. */
  categories: string[];
}

/** What an event takes of a page at most, in bytes: an envelope's control characters may be six as JSON. */
const size = `octet_length(data) + 400 + 6 * (octet_length(event_id || system_id || event_type || publisher_event_id) +
  octet_length(coalesce(participant_id, '') || coalesce(category, '') || coalesce(change, '') || coalesce(record_key, '')))`;

/** D1 holds values of at most 2 MB, and a page's data are one value. An event that is larger is a page. */
const pageBytes = 1_600_000;
const pageEvents = 2_000;

/** No JSON text holds it, but escaped. */
const separator = '\u001e';

/**
 * A program's events in the order of the log, a page whose size in memory is bounded. Tombstones are left
 * out. Empty: there are no more. A page comes as two texts, since a cell of a row of its own costs the
 * database and its caller more than the event in it.
 */
export async function readLog(ctx: Ctx, programId: string, range: LogRange): Promise<LogPage> {
  const { after, upTo, types, categories } = range;
  const conditions = ['program_id = ?1', 'sequence > ?2', 'deleted_at IS NULL', '?4 = ?4', '?5 = ?5'];
  if (types.length > 0) conditions.push('event_type IN (SELECT value FROM json_each(?4))');
  if (categories.length > 0) conditions.push("category ->> '$.value' IN (SELECT value FROM json_each(?5))");
  const wanted = conditions.join(' AND ');
  const sizes = `SELECT sequence, ${size} AS size FROM events WHERE ${wanted} AND sequence <= ?3
    ORDER BY sequence LIMIT ${pageEvents}`;
  const sums = `SELECT sequence, size, sum(size) OVER (ORDER BY sequence ROWS UNBOUNDED PRECEDING) AS total FROM (${sizes})`;
  const last = `SELECT max(sequence) FROM (${sums}) WHERE total <= ${pageBytes} OR total = size`;
  const [row] = await ctx.db.$client
    .prepare(
      `SELECT '[' || group_concat(${envelope}) || ']', group_concat(data, char(30))
       FROM (SELECT * FROM events WHERE ${wanted} AND sequence <= (${last}) ORDER BY sequence)`,
    )
    .bind(programId, after, upTo, JSON.stringify(types), JSON.stringify(categories))
    .raw<[string | null, string | null]>();
  const [envelopes, joined] = row ?? [null, null];
  if (envelopes === null || joined === null) return { events: [], data: [] };
  const events: LoggedEvent[] = JSON.parse(envelopes);
  const data = joined.split(separator);
  if (data.length !== events.length || !isAscending(events))
    throw new Error('a page of the log is not whole');
  return { events, data };
}

/** SQLite promises no order of what it concatenates. */
function isAscending(events: LoggedEvent[]): boolean {
  let before = 0;
  for (const [sequence] of events) {
    if (sequence <= before) return false;
    before = sequence;
  }
  return true;
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
