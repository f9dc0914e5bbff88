import { type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../../context.ts';
import { countStatesOf } from '../../events/index.ts';
import { isImported, type Routing } from '../../subscriptions/index.ts';

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

/** Subscribers that are looked at. */
const subscribersAtMost = 100;

/**
 * What became of events of the program: two statements, however many events. Those that are not the
 * program's are left out.
 */
export async function readFates(ctx: Ctx, programId: string, eventIds: string[]): Promise<EventFate[]> {
  const ids = JSON.stringify(eventIds);
  const named = sql`(SELECT value FROM json_each(${ids}))`;
  const states = countStatesOf(programId, eventIds);
  const listed = (select: SQL, ...names: string[]) =>
    sql`(SELECT json_group_array(json_array(${sql.raw(names.join(', '))})) FROM (${select}))`;
  const found = listed(
    // Which endpoints filter is looked up once, not with each event.
    sql`WITH filtering AS MATERIALIZED (SELECT w.categories FROM webhook_endpoints AS w
        WHERE w.program_id = ${programId} AND w.deleted_at IS NULL AND w.categories IS NOT NULL
          AND EXISTS (SELECT 1 FROM json_each(w.events) AS p WHERE p.value IN ('*', 'event.*', 'event.published')))
      SELECT event_id AS eventId, sequence, category ->> '$.value' AS category, deleted_at AS deletedAt,
        EXISTS (SELECT 1 FROM filtering AS f WHERE NOT EXISTS (SELECT 1 FROM json_each(f.categories) AS c
          WHERE c.value = coalesce(e.category ->> '$.value', ''))) AS isFiltered
      FROM json_each(${ids}) AS i CROSS JOIN events AS e ON e.event_id = i.value WHERE e.program_id = ${programId}`,
    ...['eventId', 'sequence', 'category', 'deletedAt', 'isFiltered'],
  );
  const quarantine = listed(
    sql`SELECT q.program_id AS programId, q.event_id AS eventId, q.code, q.line, q."column"
      FROM (SELECT program_id FROM subscriptions WHERE publisher_id = ${programId}
          ORDER BY program_id LIMIT ${subscribersAtMost}) AS s
        CROSS JOIN events AS e ON e.event_id IN ${named} AND e.program_id = ${programId}
        CROSS JOIN sync_quarantine AS q ON q.program_id = s.program_id AND q.publisher_id = ${programId}
          AND q.sequence = e.sequence`,
    ...['programId', 'eventId', 'code', 'line', '"column"'],
  );
  const stood = listed(states.select, 'messageId', 'status', 'n');
  const [[row], subscribers] = await Promise.all([
    // One value of several lists, which are short: of the events that were asked for.
    ctx.db.all<Lists>(sql`SELECT ${found} AS events, ${quarantine} AS quarantined, ${stood} AS states`),
    ctx.db.all<Subscriber>(sql`SELECT program_id AS programId, routing, suspended_at AS suspendedAt, sync_cursor AS syncCursor,
        pull_cursor AS pullCursor, synced_at AS syncedAt, pulled_at AS pulledAt FROM subscriptions
      WHERE publisher_id = ${programId} ORDER BY program_id LIMIT ${subscribersAtMost}`),
  ]);
  const events = listOf<[string, number, string | null, number | null, number]>(row?.events).map(
    ([eventId, sequence, category, deletedAt, filtered]) => ({
      ...{ eventId, sequence, category, deletedAt },
      isFiltered: filtered === 1,
    }),
  );
  const quarantined = listOf<[string, string, string, number | null, number | null]>(row?.quarantined).map(
    ([program, eventId, code, line, column]) => ({ programId: program, eventId, code, line, column }),
  );
  const counted = states.read(
    listOf<[string, string, number]>(row?.states).map(([messageId, status, n]) => ({ messageId, status, n })),
  );
  return events.map(({ eventId, sequence, category, deletedAt, isFiltered }) => {
    const own = counted.get(eventId) ?? {};
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

/** Lists as JSON text. */
interface Lists {
  events: string;
  quarantined: string;
  states: string;
}

const listOf = <T>(text: string | undefined): T[] => JSON.parse(text ?? '[]');

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
