import { and, eq, lt, type SQL, sql } from 'drizzle-orm';
import type { Ctx, Lifecycle } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import { dayOf, hourOf } from './count.ts';
import { countedSequence, endsIn, endsOfEndpointsIn, eventsIn, hourOfEpoch, uncountedId } from './much.ts';
import { type ActivityKind, activityDays, activityEndpoints, cronRuns, type EndedStatus } from './table.ts';

export type ActivityDay = typeof activityDays.$inferSelect;

/**
 * Of what the roll-up has yet to come to, a page counts so many rows at most: a quiet program sees its figures
 * move at once, and a page costs the same whatever comes in. The rest is there within two minutes.
 */
const tailRows = 50;

/**
 * The latest days, the newest first: one row for each day and kind, with the first `tailRows` of what is not
 * rolled up yet counted in the same statement.
 */
export async function listActivity(ctx: Ctx, programId: string, sinceDay: string): Promise<ActivityDay[]> {
  const events = sql`events AS e WHERE e.program_id = ${programId} AND e.sequence > ${countedSequence} LIMIT ${tailRows}`;
  const ends = sql`deliveries AS d WHERE d.program_id = ${programId} AND d.delivery_id >= ${uncountedId} LIMIT ${tailRows}`;
  const tail = (kind: ActivityKind, source: SQL) => sql`SELECT ${dayOf(sql`t.at`)}, ${kind},
    json_object(${hourOf(sql`t.at`)}, json_array(t.ok, t.failed, t.other)) FROM (${source}) AS t`;
  const rows = await ctx.db.all<{ day: string; kind: ActivityKind; hours: string }>(
    sql`SELECT day, kind, hours FROM activity_days WHERE program_id = ${programId} AND day >= ${sinceDay}
      UNION ALL ${tail('events', eventsIn(events))} UNION ALL ${tail('webhook', endsIn(ends))}`,
  );
  const days = new Map<string, ActivityDay>();
  for (const { day, kind, hours } of rows) {
    const known = days.get(`${day} ${kind}`) ?? { programId, day, kind, hours: {} };
    days.set(`${day} ${kind}`, known);
    for (const [hour, counts] of Object.entries(JSON.parse(hours) as ActivityDay['hours'])) {
      const [ok, failed, other] = known.hours[hour] ?? [0, 0, 0];
      known.hours[hour] = [ok + counts[0], failed + counts[1], other + counts[2]];
    }
  }
  return [...days.values()]
    .filter(({ day }) => day >= sinceDay)
    .sort((a, b) => (a.day < b.day ? 1 : a.day > b.day ? -1 : 0));
}

export interface EndpointActivity {
  /** By the hour since 1970: delivered, failed, neither. */
  hours: Map<number, [number, number, number]>;
  /** Of those that an attempt has ended the last. */
  last: { deliveryId: string; status: EndedStatus; endedAt: number };
}

/**
 * Of these endpoints of a program, those that anything was sent to: as far as the roll-up has come, and of what
 * it has yet to come to the newest `tailRows` of the program, in one statement.
 */
export async function listEndpointActivity(
  ctx: Ctx,
  programId: string,
  endpointIds: string[],
): Promise<Map<string, EndpointActivity>> {
  const tail = sql`deliveries AS d WHERE d.program_id = ${programId} AND d.delivery_id >= ${uncountedId}
    ORDER BY d.delivery_id DESC LIMIT ${tailRows}`;
  const rows = await ctx.db.all<{
    endpointId: string;
    hours: string;
    id: string;
    status: EndedStatus;
    at: number;
  }>(
    sql`SELECT a.endpoint_id AS endpointId, a.hours, a.last_delivery_id AS id, a.last_status AS status,
        a.last_ended_at AS at
      FROM json_each(${JSON.stringify(endpointIds)}) AS i CROSS JOIN activity_endpoints AS a
      WHERE a.program_id = ${programId} AND a.endpoint_id = i.value
      UNION ALL SELECT t.endpoint_id, json_object(${hourOfEpoch(sql`t.at`)}, json_array(t.ok, t.failed, t.other)),
        t.delivery_id, t.status, t.at FROM (${endsOfEndpointsIn(tail)}) AS t`,
  );
  const found = new Map<string, EndpointActivity>();
  for (const { endpointId, hours, id, status, at } of rows) {
    const last = { deliveryId: id, status, endedAt: at };
    const known = found.get(endpointId) ?? { hours: new Map(), last };
    if (at >= known.last.endedAt) known.last = last;
    for (const [hour, counts] of Object.entries(JSON.parse(hours) as Record<string, number[]>)) {
      const [ok, failed, other] = known.hours.get(Number(hour)) ?? [0, 0, 0];
      const [moreOk = 0, moreFailed = 0, moreOther = 0] = counts;
      known.hours.set(Number(hour), [ok + moreOk, failed + moreFailed, other + moreOther]);
    }
    found.set(endpointId, known);
  }
  return found;
}

/** The statement that keeps what a cron's run did, over what its run before did. */
export function noteCronRun(ctx: Ctx, run: typeof cronRuns.$inferInsert): Statement {
  return ctx.db.insert(cronRuns).values(run).onConflictDoUpdate({ target: cronRuns.cron, set: run });
}

export const activityLifecycle: Lifecycle = {
  slice: 'activity',
  async deleted(ctx, programId) {
    await commit(ctx.db, [
      ctx.db.delete(activityDays).where(eq(activityDays.programId, programId)),
      ctx.db.delete(activityEndpoints).where(eq(activityEndpoints.programId, programId)),
    ]);
    return true;
  },
  /** The figures outlive what they count only as long as a chart shows them. */
  async prune(ctx, programId, retention) {
    const before = new Date(ctx.now() - Math.max(30, retention.jobs ?? 90) * 86_400_000);
    const done = await commit(ctx.db, [
      ctx.db
        .delete(activityDays)
        .where(
          and(eq(activityDays.programId, programId), lt(activityDays.day, before.toISOString().slice(0, 10))),
        ),
      ctx.db
        .delete(activityEndpoints)
        .where(
          and(
            eq(activityEndpoints.programId, programId),
            lt(activityEndpoints.lastEndedAt, before.getTime()),
          ),
        ),
    ]);
    return done.reduce((sum, { changes }) => sum + changes, 0);
  },
};
