import { and, eq, type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import { idTime, newId } from '../../platform/ids.ts';
import { countActivityFrom, countEndpointsFrom, positionOf } from './count.ts';
import { endsIn, endsOfEndpointsIn, eventsIn } from './much.ts';
import { activityCursors } from './table.ts';

type Name = (typeof activityCursors.$inferSelect)['name'];

/** Rows that one commit counts, and commits of one sweep. */
const rowsAtOnce = 20_000;
const partsAtOnce = 10;

/** So long the roll-up stays behind; see `countEnded`. */
const behindMs = 60_000;

/**
 * Across tenants, for the sweeper: counts events and deliveries since it last did. Each part is one commit
 * with the cursor that it moves, so that nothing counts twice, however often it is cut off or run at once.
 */
export async function rollUpActivity(ctx: Ctx): Promise<number> {
  let parts = 0;
  for (const step of [rollUpEvents, rollUpDeliveries])
    for (let i = 0; i < partsAtOnce && (await step(ctx)); i++) parts++;
  return parts;
}

/** Only of programs that are there: what is left of others goes with their erasure. */
const isThere = (column: SQL) =>
  sql`EXISTS (SELECT 1 FROM programs AS p WHERE p.program_id = ${column} AND p.deleted_at IS NULL)`;

/** True where there may be more. */
async function rollUpEvents(ctx: Ctx): Promise<boolean> {
  const position = await positionOf(ctx, 'events');
  const from = Number(position);
  const [last] = await ctx.db.all<{ sequence: number | null }>(
    sql`SELECT max(sequence) AS sequence FROM events`,
  );
  const to = Math.min(last?.sequence ?? 0, from + rowsAtOnce);
  if (!(to > from)) return false;
  const part = sql`events AS e WHERE e.sequence > ${from} AND e.sequence <= ${to} AND ${isThere(sql`e.program_id`)}`;
  return moveOn(ctx, 'events', position, String(to), (isHere) => [
    countActivityFrom(ctx, 'events', unlessMoved(eventsIn(part), isHere)),
  ]);
}

async function rollUpDeliveries(ctx: Ctx): Promise<boolean> {
  const from = await positionOf(ctx, 'webhook');
  const fromMs = idTime(from);
  let toMs = ctx.now() - behindMs;
  while (toMs - fromMs > 1_000 && (await isMuch(ctx, from, idAt(toMs))))
    toMs = fromMs + Math.ceil((toMs - fromMs) / 2);
  if (idAt(toMs) <= from) return false;
  const part = ledgerBetween(from, idAt(toMs));
  return moveOn(ctx, 'webhook', from, idAt(toMs), (isHere) => [
    countActivityFrom(ctx, 'webhook', unlessMoved(endsIn(part), isHere)),
    countEndpointsFrom(ctx, unlessMoved(endsOfEndpointsIn(part), isHere)),
  ]);
}

/** What the ids of a millisecond begin with. */
const idAt = (atMs: number) => newId('dlv', atMs).slice(0, 14);

const ledgerBetween = (from: string, to: string) => sql`programs AS p CROSS JOIN deliveries AS d
  WHERE p.deleted_at IS NULL AND d.program_id = p.program_id AND d.delivery_id >= ${from} AND d.delivery_id < ${to}`;

async function isMuch(ctx: Ctx, from: string, to: string): Promise<boolean> {
  const [row] = await ctx.db.all<{ n: number }>(
    sql`SELECT count(*) AS n FROM (SELECT 1 FROM ${ledgerBetween(from, to)} LIMIT ${rowsAtOnce + 1})`,
  );
  return (row?.n ?? 0) > rowsAtOnce;
}

const unlessMoved = (source: SQL, isHere: SQL) => sql`SELECT * FROM (${source}) WHERE ${isHere}`;

/** Counts a part and moves on, where no other has meanwhile; whether there may be more. */
async function moveOn(
  ctx: Ctx,
  name: Name,
  from: string,
  to: string,
  counts: (isHere: SQL) => Statement[],
): Promise<boolean> {
  const isHere = sql`(SELECT position FROM activity_cursors WHERE name = ${name}) = ${from}`;
  const done = await commit(ctx.db, [
    ...counts(isHere),
    ctx.db
      .update(activityCursors)
      .set({ position: to })
      .where(and(eq(activityCursors.name, name), eq(activityCursors.position, from))),
  ]);
  return done.at(-1)?.changes === 1;
}
