import { and, asc, eq, gt, type SQL, sql } from 'drizzle-orm';
import type { SQLiteUpdateSetSource } from 'drizzle-orm/sqlite-core';
import type { Ctx, Lifecycle } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import { subscriptions } from './table.ts';
import { forgetVersions } from './versions.ts';

export type Subscription = typeof subscriptions.$inferSelect;

/** What `LastSyncUtc` shows: the later of the two ways of receiving, in ms; null before the first. */
export function lastSyncAt({ syncedAt, pulledAt }: Subscription): number | null {
  if (syncedAt === null || pulledAt === null) return syncedAt ?? pulledAt;
  return Math.max(syncedAt, pulledAt);
}

export async function findSubscription(
  ctx: Ctx,
  programId: string,
  publisherId: string,
): Promise<Subscription | null> {
  const [row] = await ctx.db
    .select()
    .from(subscriptions)
    .where(
      and(
        eq(subscriptions.programId, programId),
        sql`${subscriptions.publisherId} = ${publisherId} COLLATE NOCASE`,
      ),
    )
    .limit(1);
  return row ?? null;
}

/** A program's subscriptions after a publisher, by the publishers' ids. */
export function listSubscriptions(
  ctx: Ctx,
  programId: string,
  after: string,
  limit: number,
): Promise<Subscription[]> {
  return ctx.db
    .select()
    .from(subscriptions)
    .where(and(eq(subscriptions.programId, programId), gt(subscriptions.publisherId, after)))
    .orderBy(asc(subscriptions.publisherId))
    .limit(limit);
}

/** Who subscribes to a publisher, after a subscriber. */
export function listSubscribers(
  ctx: Ctx,
  publisherId: string,
  after: string,
  limit: number,
): Promise<Subscription[]> {
  return ctx.db
    .select()
    .from(subscriptions)
    .where(and(eq(subscriptions.publisherId, publisherId), gt(subscriptions.programId, after)))
    .orderBy(asc(subscriptions.programId))
    .limit(limit);
}

export type EventReceiver = Pick<Subscription, 'programId' | 'publisherId' | 'routing'>;

export function insertSubscription(ctx: Ctx, row: Subscription): Statement {
  return ctx.db.insert(subscriptions).values(row);
}

export function updateSubscription(
  ctx: Ctx,
  programId: string,
  publisherId: string,
  change: SQLiteUpdateSetSource<typeof subscriptions>,
): Statement {
  return ctx.db
    .update(subscriptions)
    .set({ ...change, updatedAt: ctx.now() })
    .where(and(eq(subscriptions.programId, programId), eq(subscriptions.publisherId, publisherId)));
}

/** Sets both cursors: what is on its way moves them no more. */
export function setCursors(
  ctx: Ctx,
  { programId, publisherId }: Pick<Subscription, 'programId' | 'publisherId'>,
  to: { sequence: number; atMs: number | null },
): Statement {
  return ctx.db
    .update(subscriptions)
    .set({
      syncCursor: to.sequence,
      syncedAt: to.atMs,
      pullCursor: to.sequence,
      pulledAt: to.atMs,
      cursorVersion: sql`${subscriptions.cursorVersion} + 1`,
      updatedAt: ctx.now(),
    })
    .where(and(eq(subscriptions.programId, programId), eq(subscriptions.publisherId, publisherId)));
}

/**
 * Moves the synchronisation's cursor on, unless it was set from outside meanwhile.
 * @public for the synchronisation
 */
export function moveSyncCursor(
  ctx: Ctx,
  of: Pick<Subscription, 'programId' | 'publisherId' | 'cursorVersion'>,
  to: { sequence: number; atMs: number },
  onlyIf: SQL,
): Statement {
  return ctx.db
    .update(subscriptions)
    .set({ syncCursor: to.sequence, syncedAt: to.atMs })
    .where(
      and(
        eq(subscriptions.programId, of.programId),
        eq(subscriptions.publisherId, of.publisherId),
        eq(subscriptions.cursorVersion, of.cursorVersion),
        onlyIf,
      ),
    );
}

/** Moves the pull's cursors of a program forward, never back. */
export function movePullCursors(
  ctx: Ctx,
  programId: string,
  to: { sequence: number; atMs: number },
  publisherIds: string[],
): Statement {
  return ctx.db
    .update(subscriptions)
    .set({ pullCursor: to.sequence, pulledAt: to.atMs })
    .where(
      and(
        eq(subscriptions.programId, programId),
        sql`${subscriptions.pullCursor} < ${to.sequence}`,
        sql`${subscriptions.publisherId} IN (SELECT value FROM json_each(${JSON.stringify(publisherIds)}))`,
      ),
    );
}

/** The statements that remove a subscription, and what its template has been. */
export function removeSubscription(ctx: Ctx, programId: string, publisherId: string): Statement[] {
  const isThis = sql`program_id = ${programId} AND publisher_id = ${publisherId}`;
  return [forgetVersions(ctx, isThis), ctx.db.delete(subscriptions).where(isThis)];
}

/** Each may have fifty versions of its template. */
const erasedAtOnce = 100;

async function eraseWhere(ctx: Ctx, condition: SQL): Promise<boolean> {
  const some = sql`rowid IN (SELECT rowid FROM subscriptions WHERE ${condition} ORDER BY rowid LIMIT ${erasedAtOnce})`;
  const [, done] = await commit(ctx.db, [
    forgetVersions(ctx, some),
    ctx.db.delete(subscriptions).where(some),
  ]);
  return done?.changes === 0;
}

/** Of a monitor's row: there is such a subscription. */
export const watchedSubscription = sql`EXISTS (SELECT 1 FROM subscriptions AS s
  WHERE s.program_id = monitors.program_id AND s.publisher_id = monitors.watch_ref)`;

export const subscriptionsLifecycle: Lifecycle = {
  slice: 'subscriptions',
  async deleted(ctx, programId) {
    const own = await eraseWhere(ctx, eq(subscriptions.programId, programId));
    return (await eraseWhere(ctx, eq(subscriptions.publisherId, programId))) && own;
  },
  /** What a subscriber in use has not seen yet: the least of its cursors. */
  async needsEventsAfter(ctx, programId) {
    const [row] = await ctx.db
      .select({
        least: sql<number | null>`min(min(
          CASE WHEN ${subscriptions.syncEnabled} AND ${subscriptions.syncedAt} IS NOT NULL
            THEN ${subscriptions.syncCursor} ELSE 9e15 END,
          CASE WHEN ${subscriptions.pulledAt} IS NOT NULL THEN ${subscriptions.pullCursor} ELSE 9e15 END))`,
      })
      .from(subscriptions)
      .where(eq(subscriptions.publisherId, programId));
    return row?.least ?? null;
  },
};
