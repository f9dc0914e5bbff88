import { and, eq, type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { idTime, newId } from '../../platform/ids.ts';
import { countActivityFrom, positionOf } from './count.ts';
import { endsIn, eventsIn } from './much.ts';
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
  return count(ctx, 'events', position, String(to), eventsIn(part));
}

async function rollUpDeliveries(ctx: Ctx): Promise<boolean> {
  const from = await positionOf(ctx, 'webhook');
  const fromMs = idTime(from);
  let toMs = ctx.now() - behindMs;
  while (toMs - fromMs > 1_000 && (await isMuch(ctx, from, idAt(toMs))))
    toMs = fromMs + Math.ceil((toMs - fromMs) / 2);
  if (idAt(toMs) <= from) return false;
  return count(ctx, 'webhook', from, idAt(toMs), endsIn(ledgerBetween(from, idAt(toMs))));
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

/** Counts a part and moves on, where no other has meanwhile; whether there may be more. */
async function count(ctx: Ctx, name: Name, from: string, to: string, source: SQL): Promise<boolean> {
  const isHere = sql`(SELECT position FROM activity_cursors WHERE name = ${name}) = ${from}`;
  const [, moved] = await commit(ctx.db, [
    countActivityFrom(ctx, name, sql`SELECT * FROM (${source}) WHERE ${isHere}`),
    ctx.db
      .update(activityCursors)
      .set({ position: to })
      .where(and(eq(activityCursors.name, name), eq(activityCursors.position, from))),
  ]);
  return moved?.changes === 1;
}
