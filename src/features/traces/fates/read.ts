import { sql } from 'drizzle-orm';
import type { Ctx } from '../../../context.ts';
import { commit, rowsOf } from '../../../platform/d1.ts';
import { countStatesOf } from '../../events/index.ts';
import { isImported, type Routing } from '../../subscriptions/index.ts';
import { matchesPattern } from '../../webhooks/index.ts';

export const fates = ['delivered', 'waiting', 'failed', 'filtered', 'nobody', 'deleted'] as const;
export type Fate = (typeof fates)[number];

/** How one subscriber stands to an event. */
export interface SubscriberFate {
  programId: string;
  decision: 'imported' | 'ignored' | 'withheld';
  /** The synchronisation's cursor, and the pull's, is past it. */
  synchronised: boolean;
  pulled: boolean;
  quarantined: { code: string; line: number | null; column: number | null } | null;
}

export interface EventFate {
  eventId: string;
  /** What became of it at the program's own endpoints, in one word. */
  fate: Fate;
  states: Record<string, number>;
  subscribers: SubscriberFate[];
}

/** Subscribers and endpoints that are looked at. */
const subscribersAtMost = 100;
const endpointsAtMost = 200;

/**
 * What became of events of the program: one reading of endpoints, subscribers and quarantine, and one of the
 * ledger, however many events. Those that are not the program's are left out.
 */
export async function readFates(ctx: Ctx, programId: string, eventIds: string[]): Promise<EventFate[]> {
  const ids = JSON.stringify(eventIds);
  const named = sql`(SELECT value FROM json_each(${ids}))`;
  const states = countStatesOf(ctx, programId, eventIds);
  const asked = [
    ctx.db.run(sql`SELECT event_id AS eventId, sequence, category ->> '$.value' AS category, deleted_at AS deletedAt
      FROM json_each(${ids}) AS i CROSS JOIN events AS e ON e.event_id = i.value WHERE e.program_id = ${programId}`),
    ctx.db.run(sql`SELECT events, categories FROM webhook_endpoints
      WHERE program_id = ${programId} AND deleted_at IS NULL ORDER BY endpoint_id LIMIT ${endpointsAtMost}`),
    ctx.db.run(sql`SELECT program_id AS programId, routing, suspended_at AS suspendedAt, sync_cursor AS syncCursor,
        pull_cursor AS pullCursor, synced_at AS syncedAt, pulled_at AS pulledAt FROM subscriptions
      WHERE publisher_id = ${programId} ORDER BY program_id LIMIT ${subscribersAtMost}`),
    ctx.db.run(sql`SELECT q.program_id AS programId, q.event_id AS eventId, q.code, q.line, q."column"
      FROM (SELECT program_id FROM subscriptions WHERE publisher_id = ${programId}
          ORDER BY program_id LIMIT ${subscribersAtMost}) AS s
        CROSS JOIN events AS e ON e.event_id IN ${named} AND e.program_id = ${programId}
        CROSS JOIN sync_quarantine AS q ON q.program_id = s.program_id AND q.publisher_id = ${programId}
          AND q.sequence = e.sequence`),
    states.statement,
  ] as const;
  await commit(ctx.db, [...asked]);
  const [events, endpoints, subscribers, quarantined] = asked.map(rowsOf) as [
    { eventId: string; sequence: number; category: string | null; deletedAt: number | null }[],
    { events: string; categories: string | null }[],
    Subscriber[],
    { programId: string; eventId: string; code: string; line: number | null; column: number | null }[],
  ];
  const counted = states.read();
  const wanting = endpoints
    .filter((one) =>
      (JSON.parse(one.events) as string[]).some((pattern) => matchesPattern(pattern, 'event.published')),
    )
    .map((one) => (one.categories === null ? null : (JSON.parse(one.categories) as string[])));
  return events.map(({ eventId, sequence, category, deletedAt }) => {
    const own = counted.get(eventId) ?? {};
    const isFiltered = wanting.some(
      (categories) => categories !== null && !categories.includes(category ?? ''),
    );
    return {
      eventId,
      fate: deletedAt === null ? fateOf(own, isFiltered) : 'deleted',
      states: own,
      subscribers: subscribers.map((one) => ({
        ...standingOf(one, sequence, category),
        quarantined: rowFor(quarantined, one.programId, eventId),
      })),
    };
  });
}

interface Subscriber {
  programId: string;
  routing: string;
  suspendedAt: number | null;
  syncCursor: number;
  pullCursor: number;
  syncedAt: number | null;
  pulledAt: number | null;
}

function standingOf(one: Subscriber, sequence: number, category: string | null) {
  const routing: Routing = JSON.parse(one.routing);
  const decision: SubscriberFate['decision'] =
    one.suspendedAt !== null ? 'withheld' : isImported(routing, category) ? 'imported' : 'ignored';
  return {
    programId: one.programId,
    decision,
    synchronised: one.syncedAt !== null && one.syncCursor >= sequence,
    pulled: one.pulledAt !== null && one.pullCursor >= sequence,
  };
}

function rowFor(
  rows: { programId: string; eventId: string; code: string; line: number | null; column: number | null }[],
  programId: string,
  eventId: string,
): SubscriberFate['quarantined'] {
  const row = rows.find((one) => one.programId === programId && one.eventId === eventId);
  return row ? { code: row.code, line: row.line, column: row.column } : null;
}

/** The worst of its deliveries; without any, why there is none. Pure. */
export function fateOf(states: Record<string, number>, isFiltered: boolean): Fate {
  if (states.exhausted || states.cancelled) return 'failed';
  if (states.pending || states.sending || states.waiting || states.paused) return 'waiting';
  if (states.delivered) return 'delivered';
  return isFiltered ? 'filtered' : 'nobody';
}
