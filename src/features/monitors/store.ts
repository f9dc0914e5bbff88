import { and, asc, eq, gt, type SQL, sql } from 'drizzle-orm';
import type { Ctx, Lifecycle } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { monitors, type WatchKind } from './table.ts';

export type Monitor = typeof monitors.$inferSelect;

/** With whether what it watches is there: a name that nothing has can only be silent. */
export type JudgedMonitor = Monitor & { isThere: boolean };

export async function findMonitor(ctx: Ctx, programId: string, name: string): Promise<JudgedMonitor | null> {
  const one = and(eq(monitors.programId, programId), eq(monitors.name, name));
  return (await judged(ctx, one, 1))[0] ?? null;
}

export function listMonitors(
  ctx: Ctx,
  programId: string,
  after: string,
  limit: number,
): Promise<JudgedMonitor[]> {
  return judged(ctx, and(eq(monitors.programId, programId), gt(monitors.name, after)), limit);
}

async function judged(
  ctx: Ctx,
  where: SQL | undefined,
  limit: number,
  order: SQL[] = [asc(monitors.name)],
): Promise<JudgedMonitor[]> {
  const cases = Object.entries(ctx.registry.watched).map(([kind, is]) => sql`WHEN ${kind} THEN ${is}`);
  const isThere = sql<number>`CASE monitors.watch_kind ${sql.join(cases, sql` `)} ELSE 0 END`;
  const rows = await ctx.db
    .select({ monitor: monitors, isThere })
    .from(monitors)
    .where(where)
    .orderBy(...order)
    .limit(limit);
  return rows.map((row) => ({ ...row.monitor, isThere: row.isThere === 1 }));
}

/** Its place among the others where silence comes first, and then what is due soonest. */
export const silencePlace = ({ silentSince, dueAt, name }: Monitor): [number, number, string] => [
  silentSince === null ? 1 : 0,
  dueAt,
  name,
];

export function listMonitorsBySilence(
  ctx: Ctx,
  programId: string,
  after: [number, number, string] | null,
  limit: number,
): Promise<JudgedMonitor[]> {
  const isHeard = sql`${monitors.silentSince} IS NULL`;
  const further =
    after === null
      ? undefined
      : sql`(${isHeard}, ${monitors.dueAt}, ${monitors.name}) > (${after[0]}, ${after[1]}, ${after[2]})`;
  return judged(ctx, and(eq(monitors.programId, programId), further), limit, [
    isHeard,
    asc(monitors.dueAt),
    asc(monitors.name),
  ]);
}

export function upsertMonitor(ctx: Ctx, row: Monitor): Statement {
  const { programId, name, createdAt, ...change } = row;
  return ctx.db
    .insert(monitors)
    .values({ ...change, programId, name, createdAt })
    .onConflictDoUpdate({ target: [monitors.programId, monitors.name], set: change });
}

/** Changes a monitor whose last success is still the one that was read. */
export function updateMonitor(ctx: Ctx, was: Monitor, change: Partial<Monitor>): Statement {
  return ctx.db
    .update(monitors)
    .set(change)
    .where(
      and(
        eq(monitors.programId, was.programId),
        eq(monitors.name, was.name),
        eq(monitors.updatedAt, was.updatedAt),
        was.checkAt === null ? undefined : eq(monitors.checkAt, was.checkAt),
      ),
    );
}

/** What `removeMonitor` would remove, as a condition of what is on record of it. */
export const isMonitor = (programId: string, name: string) =>
  sql`EXISTS (SELECT 1 FROM monitors WHERE program_id = ${programId} AND name = ${name})`;

export function removeMonitor(ctx: Ctx, programId: string, name: string): Statement {
  return ctx.db.delete(monitors).where(and(eq(monitors.programId, programId), eq(monitors.name, name)));
}

/**
 * The statement that tells monitors of a success; it joins the state change that is one. The minute's step
 * draws the conclusions. A `subscription` is named by its publisher.
 */
export function noteSuccess(ctx: Ctx, programId: string, kind: WatchKind, ref: string): Statement {
  const at = ctx.now();
  return ctx.db
    .update(monitors)
    .set({ lastSuccessAt: at, checkAt: at })
    .where(and(eq(monitors.programId, programId), eq(monitors.watchKind, kind), eq(monitors.watchRef, ref)));
}

export const monitorsLifecycle: Lifecycle = {
  slice: 'monitors',
  async deleted(ctx, programId) {
    await ctx.db.delete(monitors).where(eq(monitors.programId, programId));
    return true;
  },
};
