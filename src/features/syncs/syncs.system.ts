import { and, asc, eq, isNotNull, lte } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Sync } from './store.ts';
import { syncNights, syncs } from './table.ts';

/** Across tenants, for the queue: a message carries the id alone. */
export async function findAnySync(ctx: Ctx, syncId: string): Promise<Sync | null> {
  const [row] = await ctx.db.select().from(syncs).where(eq(syncs.syncId, syncId)).limit(1);
  return row ?? null;
}

/** Across tenants, for the sweeper: syncs about which something should have been done by now. */
export async function listDueSyncs(ctx: Ctx, limit: number): Promise<string[]> {
  const rows = await ctx.db
    .select({ syncId: syncs.syncId })
    .from(syncs)
    .where(and(isNotNull(syncs.wakeAt), lte(syncs.wakeAt, ctx.now()), eq(syncs.state, 'open')))
    .orderBy(asc(syncs.wakeAt))
    .limit(limit);
  return rows.map((row) => row.syncId);
}

export type Night = typeof syncNights.$inferSelect;

/** Across tenants, for the cron: the last night of each program that has had one. */
export async function lastNights(ctx: Ctx): Promise<Map<string, Night>> {
  const rows = await ctx.db.select().from(syncNights);
  return new Map(rows.map((row) => [row.programId, row]));
}
