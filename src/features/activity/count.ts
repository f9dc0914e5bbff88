import { eq, type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { idTime } from '../../platform/ids.ts';
import { ShortCache } from '../../platform/short-cache.ts';
import { endsIn, endsOfEndpointsIn, hourOfEpoch, uncountedId } from './much.ts';
import { type ActivityKind, activityCursors } from './table.ts';

/** How a thing ended: `other` is neither a success nor a failure, such as what a person cancelled. */
export type Ending = 'ok' | 'failed' | 'other';

const place: Record<Ending, number> = { ok: 0, failed: 1, other: 2 };

/**
 * The statement that counts what ended now; it joins the commit of the end. `when` is asked inside the
 * transaction: an end that is written twice is counted once.
 */
export function countActivity(
  ctx: Ctx,
  programId: string,
  kind: ActivityKind,
  ending: Ending,
  count = 1,
  when: SQL = sql`true`,
): Statement {
  const [ok, failed, other] = [0, 1, 2].map((at) => (place[ending] === at ? count : 0));
  return countActivityFrom(
    ctx,
    kind,
    sql`SELECT ${programId} AS program_id, ${ctx.now()} AS at, ${ok} AS ok, ${failed} AS failed, ${other} AS other
      WHERE ${when}`,
  );
}

/** An hour as `activity_days` names it, of a time in milliseconds. */
export const dayOf = (at: SQL) => sql`date(${at} / 1000, 'unixepoch')`;
export const hourOf = (at: SQL) => sql`strftime('h%H', ${at} / 1000, 'unixepoch')`;

/**
 * The same for many programs: `source` selects `program_id`, `at` (when, in milliseconds: any time of the
 * hour), `ok`, `failed` and `other`, a row for each program and hour.
 */
export function countActivityFrom(ctx: Ctx, kind: ActivityKind, source: SQL): Statement {
  const sum = (at: number) => {
    const part = sql.raw(`'[${at}]'`);
    return sql`coalesce(activity_days.hours ->> ('$.' || e.key || ${part}), 0) + (e.value ->> ${sql.raw(String(at))})`;
  };
  return ctx.db.run(sql`INSERT INTO activity_days (program_id, day, kind, hours)
    SELECT s.program_id, ${dayOf(sql`s.at`)}, ${kind},
      json_object(${hourOf(sql`s.at`)}, json_array(s.ok, s.failed, s.other))
    FROM (${source}) AS s WHERE s.ok + s.failed + s.other > 0
    ON CONFLICT DO UPDATE SET hours = (SELECT json_set(activity_days.hours, '$.' || e.key,
      json_array(${sum(0)}, ${sum(1)}, ${sum(2)})) FROM json_each(excluded.hours) AS e)`);
}

/** Hours that are kept of an endpoint: a list shows 24, whatever the moment of the hour. */
const hoursKept = 26;

/** By the endpoint: `source` gives what `endsOfEndpointsIn` does. Older hours go as newer ones come. */
export function countEndpointsFrom(ctx: Ctx, source: SQL): Statement {
  const oldest = Math.floor(ctx.now() / 3_600_000) - hoursKept;
  const isLater = sql`excluded.last_ended_at >= activity_endpoints.last_ended_at`;
  const later = (column: string) => {
    const name = sql.raw(column);
    return sql`${name} = CASE WHEN ${isLater} THEN excluded.${name} ELSE activity_endpoints.${name} END`;
  };
  const sum = (at: number) => sql`sum(e.value ->> ${sql.raw(String(at))})`;
  return ctx.db.run(sql`INSERT INTO activity_endpoints (program_id, endpoint_id, hours, last_delivery_id, last_status,
      last_ended_at)
    SELECT s.program_id, s.endpoint_id, json_object(${hourOfEpoch(sql`s.at`)}, json_array(s.ok, s.failed, s.other)),
      s.delivery_id, s.status, s.at
    FROM (${source}) AS s WHERE s.ok + s.failed + s.other > 0
    ON CONFLICT DO UPDATE SET ${later('last_delivery_id')}, ${later('last_status')}, ${later('last_ended_at')},
      hours = (SELECT json_group_object(h.hour, json(h.counts)) FROM (
        SELECT e.key AS hour, json_array(${sum(0)}, ${sum(1)}, ${sum(2)}) AS counts
        FROM (SELECT key, value FROM json_each(activity_endpoints.hours)
          UNION ALL SELECT key, value FROM json_each(excluded.hours)) AS e
        WHERE CAST(e.key AS INTEGER) > ${oldest} GROUP BY e.key) AS h)`);
}

/** Younger ones the roll-up cannot pass before their end is committed: D1 gives up a statement after 30 s. */
const mayBePassedAfterMs = 15_000;

const positions = new ShortCache<string>();

/**
 * The statement, if any is needed, that counts deliveries to endpoints whose end (`endedAt`, on each of their
 * rows) is committed with it, and before it. One that ends before the roll-up passes its id is counted by the roll-up, one that ends later by
 * this: each by one of them, since both ask inside a transaction. What is young is left out unasked, unless
 * the roll-up was ahead of it a moment ago, as after a test clock was set back.
 */
export async function countEnded(
  ctx: Ctx,
  ended: { programId: string; deliveryId: string; attemptsTotal: number }[],
  endedAt: number,
): Promise<Statement[]> {
  if (ended.length === 0) return [];
  const position = await positions.get(ctx.db, 'webhook', ctx.wallNow(), () => positionOf(ctx, 'webhook'));
  const oldestMs = endedAt - mayBePassedAfterMs;
  const late = ended.filter(({ deliveryId }) => idTime(deliveryId) < oldestMs || deliveryId < position);
  if (late.length === 0) return [];
  const rows = late.map((one) => [one.programId, one.deliveryId, one.attemptsTotal]);
  const part = sql`json_each(${JSON.stringify(rows)}) AS o CROSS JOIN deliveries AS d
    ON d.program_id = o.value ->> 0 AND d.delivery_id = o.value ->> 1 AND d.attempts_total = o.value ->> 2
      AND d.ended_at = ${endedAt} AND d.delivery_id < ${uncountedId}`;
  return [countActivityFrom(ctx, 'webhook', endsIn(part)), countEndpointsFrom(ctx, endsOfEndpointsIn(part))];
}

/** Throws where the migrations have not run. */
export async function positionOf(ctx: Ctx, name: 'events' | 'webhook'): Promise<string> {
  const [row] = await ctx.db.select().from(activityCursors).where(eq(activityCursors.name, name)).limit(1);
  if (!row) throw new Error(`no cursor of ${name}`);
  return row.position;
}
