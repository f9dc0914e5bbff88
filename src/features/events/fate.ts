import { sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { countOfMessages } from '../deliveries/index.ts';
import { messageIdOf } from './announce.ts';

export interface StateRow {
  messageId: string;
  status: string;
  n: number;
}

/** Where the deliveries of these events to the program's own endpoints stand: a SELECT, and how it is read. */
export function countStatesOf(programId: string, eventIds: string[]) {
  const messages = new Map(
    eventIds.map((eventId) => [messageIdOf({ eventId }, programId, 'event.published'), eventId]),
  );
  const counts = countOfMessages(programId, [...messages.keys()]);
  return {
    select: counts.select,
    read(rows: StateRow[]): Map<string, Record<string, number>> {
      const byMessage = counts.read(rows);
      return new Map([...messages].map(([messageId, eventId]) => [eventId, byMessage.get(messageId) ?? {}]));
    },
  };
}

/** The events that changes of records became, by their publisher's ids, and where those stand. */
export async function findEventsOfChanges(
  ctx: Ctx,
  programId: string,
  changes: { eventType: string; publisherEventId: string }[],
): Promise<Map<string, { eventId: string; states: Record<string, number> }>> {
  if (changes.length === 0) return new Map();
  const wanted = JSON.stringify(changes.map((one) => [one.eventType, one.publisherEventId]));
  const rows = await ctx.db.all<{ publisherEventId: string; eventId: string }>(
    sql`SELECT e.publisher_event_id AS publisherEventId, e.event_id AS eventId
      FROM json_each(${wanted}) AS w CROSS JOIN events AS e
      WHERE e.program_id = ${programId} AND e.system_id = '' AND e.event_type = w.value ->> 0
        AND e.publisher_event_id = w.value ->> 1`,
  );
  const counts = countStatesOf(
    programId,
    rows.map(({ eventId }) => eventId),
  );
  const states = counts.read(await ctx.db.all<StateRow>(counts.select));
  return new Map(
    rows.map(({ publisherEventId, eventId }) => [
      publisherEventId,
      { eventId, states: states.get(eventId) ?? {} },
    ]),
  );
}
