import { and, eq, lt, ne, or, sql } from 'drizzle-orm';
import type { Ctx, Lifecycle } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import { callKey, programFolder, syncFolder } from './objects.ts';
import { readPart, writePart } from './parts.ts';
import { type Pair, releaseRows, type Sync } from './store.ts';
import { syncCalls, syncNights, syncQuarantine, syncs } from './table.ts';

const erasedAtOnce = 50;

/** What ends with a subscription: its open sync, its quarantine. The objects go with `eraseSyncObjects`. */
export async function endSyncs(ctx: Ctx, of: Pair): Promise<{ statements: Statement[]; open: Sync[] }> {
  const open = await ctx.db
    .select()
    .from(syncs)
    .where(
      and(eq(syncs.programId, of.programId), eq(syncs.publisherId, of.publisherId), eq(syncs.state, 'open')),
    );
  const ids = JSON.stringify(open.map((one) => one.syncId));
  return {
    open,
    statements: [
      ctx.db
        .update(syncs)
        .set({ state: 'ended', endedAt: ctx.now(), wakeAt: null, leaseToken: '' })
        .where(sql`${syncs.syncId} IN (SELECT value FROM json_each(${ids}))`),
      ctx.db
        .update(syncCalls)
        .set({ state: 'replaced' })
        .where(
          and(
            sql`${syncCalls.syncId} IN (SELECT value FROM json_each(${ids}))`,
            eq(syncCalls.state, 'pending'),
          ),
        ),
      ctx.db
        .delete(syncQuarantine)
        .where(
          and(eq(syncQuarantine.programId, of.programId), eq(syncQuarantine.publisherId, of.publisherId)),
        ),
    ],
  };
}

export async function eraseFolder(ctx: Ctx, folder: string): Promise<boolean> {
  const page = await ctx.objects.list(folder, { limit: 1_000 });
  await ctx.objects.delete(page.objects.map((object) => object.key));
  return page.cursor === null;
}

export const syncsLifecycle: Lifecycle = {
  slice: 'syncs',
  /** What an open sync has not rendered, or may have to render anew, and what the quarantine keeps. */
  async needsEventsAfter(ctx, programId) {
    const [row] = await ctx.db
      .select({
        open: sql<number | null>`(SELECT min(${syncs.renderedTo}) FROM ${syncs}
          WHERE ${syncs.publisherId} = ${programId} AND ${syncs.state} = 'open')`,
        called: sql<number | null>`(SELECT min(${syncCalls.firstSequence}) - 1 FROM ${syncCalls}
          WHERE ${syncCalls.publisherId} = ${programId} AND ${syncCalls.state} = 'pending')`,
        kept: sql<number | null>`(SELECT min(${syncQuarantine.sequence}) - 1 FROM ${syncQuarantine}
          WHERE ${syncQuarantine.publisherId} = ${programId})`,
      })
      .from(sql`(SELECT 1)`);
    const needs = [row?.open ?? null, row?.called ?? null, row?.kept ?? null].filter((one) => one !== null);
    return needs.length === 0 ? null : Math.min(...needs);
  },
  /** Out of the quarantine, and out of the rows of calls that were not accepted. */
  async eraseEvent(ctx, { programId, sequence }) {
    const calls = await ctx.db
      .select()
      .from(syncCalls)
      .where(
        and(
          eq(syncCalls.publisherId, programId),
          eq(syncCalls.state, 'pending'),
          sql`${sequence} BETWEEN ${syncCalls.firstSequence} AND ${syncCalls.lastSequence}`,
        ),
      );
    for (const call of calls) {
      const object = await ctx.objects.get(callKey(call));
      if (!object) continue;
      const { sequences, lines } = readPart(await object.text());
      const kept = lines.filter((_, at) => sequences[at] !== sequence);
      if (kept.length === lines.length) continue;
      await ctx.objects.put(
        callKey(call),
        writePart({ lines: kept, sequences: sequences.filter((one) => one !== sequence) }),
      );
    }
    const subscribers = await ctx.db
      .selectDistinct({ programId: syncQuarantine.programId })
      .from(syncQuarantine)
      .where(and(eq(syncQuarantine.publisherId, programId), eq(syncQuarantine.sequence, sequence)));
    return subscribers.map((one) => releaseRows(ctx, { ...one, publisherId: programId }, [sequence]));
  },
  async deleted(ctx, programId) {
    const isConcerned = or(eq(syncs.programId, programId), eq(syncs.publisherId, programId));
    const rows = await ctx.db.select().from(syncs).where(isConcerned).limit(erasedAtOnce);
    await eraseSyncs(ctx, rows);
    const stuck = ctx.db
      .delete(syncQuarantine)
      .where(or(eq(syncQuarantine.programId, programId), eq(syncQuarantine.publisherId, programId)));
    await commit(ctx.db, [stuck, ctx.db.delete(syncNights).where(eq(syncNights.programId, programId))]);
    return rows.length === 0 && (await eraseFolder(ctx, programFolder(programId)));
  },
  async prune(ctx, programId, retention) {
    const before = ctx.now() - (retention.deliveries ?? 90) * 86_400_000;
    const rows = await ctx.db
      .select()
      .from(syncs)
      .where(and(eq(syncs.programId, programId), ne(syncs.state, 'open'), lt(syncs.endedAt, before)))
      .limit(erasedAtOnce);
    await eraseSyncs(ctx, rows);
    const old = and(
      eq(syncQuarantine.programId, programId),
      eq(syncQuarantine.retry, false),
      lt(syncQuarantine.since, before),
    );
    const gone = await ctx.db.delete(syncQuarantine).where(old);
    return rows.length + gone.meta.changes;
  },
};

async function eraseSyncs(ctx: Ctx, rows: Sync[]): Promise<void> {
  if (rows.length === 0) return;
  for (const sync of rows) await eraseFolder(ctx, syncFolder(sync));
  const ids = JSON.stringify(rows.map((row) => row.syncId));
  await commit(ctx.db, [
    ctx.db.delete(syncCalls).where(sql`${syncCalls.syncId} IN (SELECT value FROM json_each(${ids}))`),
    ctx.db.delete(syncs).where(sql`${syncs.syncId} IN (SELECT value FROM json_each(${ids}))`),
  ]);
}
