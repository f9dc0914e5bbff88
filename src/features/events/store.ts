import { and, asc, desc, eq, gt, gte, inArray, isNull, lt, lte, sql } from 'drizzle-orm';
import type { Ctx, Lifecycle } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { prepared } from '../../platform/prepared.ts';
import { sequenceBeforeTime } from './since.ts';
import { type EventCategory, events } from './table.ts';

/** An event that a job's change makes. */
export interface ChangeEvent {
  eventId: string;
  publisherEventId: string;
  /** JSON text: the record's fields. */
  data: string;
  change: 'inserted' | 'updated' | 'deleted';
  recordKey: string;
}

/** What a job's changes have in common. */
export interface ChangesOf {
  programId: string;
  eventType: string;
  category: EventCategory | null;
  atMs: number;
  traceId: string;
}

/** The statement that writes a chunk of changes; those that were written before add nothing. */
export function insertChangeEvents(ctx: Ctx, of: ChangesOf, changes: ChangeEvent[]): Statement {
  const rows = `[${changes.map(toJson).join(',')}]`;
  const category = of.category === null ? null : JSON.stringify(of.category);
  return ctx.db.run(sql`INSERT INTO events (event_id, program_id, system_id, event_type, publisher_event_id,
      category, data, change, record_key, start_at, received_at, trace_id)
    SELECT value ->> 0, ${of.programId}, '', ${of.eventType}, value ->> 1, ${category}, value -> 2, value ->> 3,
      value ->> 4, ${of.atMs}, ${of.atMs}, ${of.traceId}
    FROM json_each(${rows}) WHERE true ON CONFLICT DO NOTHING`);
}

function toJson({ eventId, publisherEventId, data, change, recordKey }: ChangeEvent): string {
  return `["${eventId}",${JSON.stringify(publisherEventId)},${data},"${change}",${JSON.stringify(recordKey)}]`;
}

export type Event = typeof events.$inferSelect;

/** An event as a publisher's call makes it. */
export interface NewEvent {
  eventId: string;
  programId: string;
  systemId: string;
  eventType: string;
  publisherEventId: string;
  participantId: string | null;
  category: EventCategory | null;
  /** JSON text. */
  data: string;
  startAt: number;
  endAt: number | null;
  traceId: string;
}

/** Characters of one bound value: D1 takes 2 MB, and a character may be up to three bytes. */
const maxRowsChars = 600_000;

/** The statements that write events in their order; those whose publisher's key is known add nothing. */
export function insertEvents(ctx: Ctx, list: NewEvent[], receivedAt: number): Statement[] {
  return packRows(list.map(toRow)).map((rows) => insertRows(ctx.db, { rows, receivedAt }));
}

const insertRows = prepared(
  () => sql`INSERT INTO events (event_id, program_id, system_id, event_type, publisher_event_id,
      participant_id, category, data, start_at, end_at, trace_id, received_at)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
      value ->> 8, value ->> 9, value ->> 10, ${sql.placeholder('receivedAt')}
    FROM json_each(${sql.placeholder('rows')}) WHERE true ON CONFLICT DO NOTHING`,
);

function toRow(event: NewEvent): string {
  return JSON.stringify([
    event.eventId,
    event.programId,
    event.systemId,
    event.eventType,
    event.publisherEventId,
    event.participantId,
    event.category === null ? null : JSON.stringify(event.category),
    // As text within the text: SQLite would write a nested value anew.
    event.data,
    event.startAt,
    event.endAt,
    event.traceId,
  ]);
}

/** JSON arrays of whole rows, each short enough to bind. */
function packRows(rows: string[]): string[] {
  const packs: string[][] = [];
  let chars = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    if (chars + row.length > maxRowsChars) {
      packs.push([]);
      chars = 0;
    }
    packs.at(-1)?.push(row);
    chars += row.length + 1;
  }
  return packs.map((pack) => `[${pack.join(',')}]`);
}

/** The rows that stand in the log under the publishers' keys of these events, with other ids than theirs. */
export async function findKnownEvents(ctx: Ctx, list: NewEvent[]): Promise<{ at: number; known: Event }[]> {
  const keys = JSON.stringify(
    list.map((one) => [one.programId, one.systemId, one.eventType, one.publisherEventId, one.eventId]),
  );
  const rows = await ctx.db
    .select({ at: sql<number>`wanted.key`, known: events })
    .from(sql`json_each(${keys}) AS wanted`)
    .innerJoin(
      events,
      sql`${events.programId} = wanted.value ->> 0 AND ${events.systemId} = wanted.value ->> 1
        AND ${events.eventType} = wanted.value ->> 2 AND ${events.publisherEventId} = wanted.value ->> 3`,
    )
    .where(sql`${events.eventId} <> wanted.value ->> 4`);
  return rows;
}

export async function findEvent(ctx: Ctx, programId: string, eventId: string): Promise<Event | null> {
  const [row] = await ctx.db
    .select()
    .from(events)
    .where(and(eq(events.programId, programId), eq(events.eventId, eventId)))
    .limit(1);
  return row ?? null;
}

/** Leaves of an event its ids, sequence and times: every reader of the log sees the tombstone. */
export function buryEvent(ctx: Ctx, programId: string, eventId: string): Statement {
  return ctx.db
    .update(events)
    .set({ data: 'null', participantId: null, recordKey: null, category: null, deletedAt: ctx.now() })
    .where(and(eq(events.programId, programId), eq(events.eventId, eventId), isNull(events.deletedAt)));
}

export interface EventFilter {
  sinceMs: number | null;
  untilMs: number | null;
  category: string | null;
  type: string | null;
  /** A sequence. */
  after: number;
}

/** A program's own events after a sequence, in the order of the log. */
export function listEvents(
  ctx: Ctx,
  programId: string,
  filter: EventFilter,
  limit: number,
): Promise<Event[]> {
  const { sinceMs, untilMs, category, type } = filter;
  return ctx.db
    .select()
    .from(events)
    .where(
      and(
        eq(events.programId, programId),
        gt(events.sequence, filter.after),
        sinceMs === null ? undefined : gt(events.sequence, sequenceBeforeTime(programId, sinceMs)),
        sinceMs === null ? undefined : gte(events.receivedAt, sinceMs),
        untilMs === null ? undefined : lt(events.receivedAt, untilMs),
        category === null ? undefined : sql`${events.category} ->> '$.value' = ${category}`,
        type === null ? undefined : eq(events.eventType, type),
      ),
    )
    .orderBy(asc(events.sequence))
    .limit(limit);
}

/** Events that one page of a filter looks at, from the newest on. */
const lookedAt = 2_000;

/**
 * A program's own events before a sequence, newest first. With a filter those of the next 2,000 that match, and
 * the sequence of the last one looked at, null at the log's beginning: an index for each filter would cost a row
 * written for every event.
 */
export async function listNewestEvents(
  ctx: Ctx,
  programId: string,
  filter: Omit<EventFilter, 'after'> & { before: number | null },
  limit: number,
): Promise<{ rows: Event[]; lookedTo: number | null }> {
  const { sinceMs, untilMs, category, type, before } = filter;
  const wanted = and(
    sinceMs === null ? undefined : gte(events.receivedAt, sinceMs),
    untilMs === null ? undefined : lt(events.receivedAt, untilMs),
    category === null ? undefined : sql`${events.category} ->> '$.value' = ${category}`,
    type === null ? undefined : eq(events.eventType, type),
  );
  const stretch = and(
    eq(events.programId, programId),
    before === null ? undefined : lt(events.sequence, before),
    sinceMs === null ? undefined : gt(events.sequence, sequenceBeforeTime(programId, sinceMs)),
  );
  const [end] = wanted
    ? await ctx.db.all<{ sequence: number }>(sql`SELECT sequence FROM
        (SELECT sequence, row_number() OVER (ORDER BY sequence DESC) AS place FROM events WHERE ${stretch}
          ORDER BY sequence DESC LIMIT ${lookedAt}) WHERE place = ${lookedAt}`)
    : [];
  const rows = await ctx.db
    .select()
    .from(events)
    .where(and(stretch, end && gte(events.sequence, end.sequence), wanted))
    .orderBy(desc(events.sequence))
    .limit(limit);
  return { rows, lookedTo: end?.sequence ?? null };
}

const erasedAtOnce = 500;

async function erase(ctx: Ctx, condition: ReturnType<typeof and>): Promise<number> {
  const rows = ctx.db.select({ sequence: events.sequence }).from(events).where(condition).limit(erasedAtOnce);
  const done = await ctx.db.delete(events).where(inArray(events.sequence, rows));
  return done.meta.changes;
}

export const eventsLifecycle: Lifecycle = {
  slice: 'events',
  async deleted(ctx, programId) {
    return (await erase(ctx, eq(events.programId, programId))) === 0;
  },
  async prune(ctx, programId, retention) {
    const before = ctx.now() - (retention.events ?? 400) * 86_400_000;
    const needs = await Promise.all(
      ctx.registry.lifecycles.map((slice) => slice.needsEventsAfter?.(ctx, programId) ?? null),
    );
    const seen = Math.min(...needs.filter((after) => after !== null), Number.MAX_SAFE_INTEGER);
    return erase(
      ctx,
      and(eq(events.programId, programId), lt(events.receivedAt, before), lte(events.sequence, seen)),
    );
  },
};
