import { and, asc, eq, gt, gte, inArray, lt, sql } from 'drizzle-orm';
import type { Ctx, Lifecycle } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
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

/**
 * The statement that publishes a chunk of changes; those that were published before add nothing. Its JSON
 * stays below 1 MB, which is the caller's to see to.
 */
export function insertChangeEvents(
  ctx: Ctx,
  of: { programId: string; eventType: string; category: EventCategory | null; atMs: number; traceId: string },
  changes: ChangeEvent[],
): Statement {
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
        sinceMs === null ? undefined : gte(events.receivedAt, sinceMs),
        untilMs === null ? undefined : lt(events.receivedAt, untilMs),
        category === null ? undefined : sql`${events.category} ->> '$.value' = ${category}`,
        type === null ? undefined : eq(events.eventType, type),
      ),
    )
    .orderBy(asc(events.sequence))
    .limit(limit);
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
    return erase(ctx, and(eq(events.programId, programId), lt(events.receivedAt, before)));
  },
};
