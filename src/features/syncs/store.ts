import { and, asc, desc, eq, lt, type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import type { RowFault } from './rows.ts';
import { syncCalls, syncNights, syncQuarantine, syncs } from './table.ts';

export type Sync = typeof syncs.$inferSelect;
export type SyncCall = typeof syncCalls.$inferSelect;
export type Quarantined = typeof syncQuarantine.$inferSelect;
export type Pair = Pick<Sync, 'programId' | 'publisherId'>;

export async function findSync(ctx: Ctx, programId: string, syncId: string): Promise<Sync | null> {
  const [row] = await ctx.db
    .select()
    .from(syncs)
    .where(and(eq(syncs.programId, programId), eq(syncs.syncId, syncId)))
    .limit(1);
  return row ?? null;
}

export async function findOpenSync(ctx: Ctx, { programId, publisherId }: Pair): Promise<Sync | null> {
  const [row] = await ctx.db
    .select()
    .from(syncs)
    .where(and(eq(syncs.programId, programId), eq(syncs.publisherId, publisherId), eq(syncs.state, 'open')))
    .limit(1);
  return row ?? null;
}

/** A subscription's, newest first. */
export function listSyncs(ctx: Ctx, of: Pair, before: string | null, limit: number): Promise<Sync[]> {
  return ctx.db
    .select()
    .from(syncs)
    .where(
      and(
        eq(syncs.programId, of.programId),
        eq(syncs.publisherId, of.publisherId),
        before === null ? undefined : lt(syncs.syncId, before),
      ),
    )
    .orderBy(desc(syncs.syncId))
    .limit(limit);
}

/** Opens it, unless one is open already. */
export function insertSync(ctx: Ctx, row: typeof syncs.$inferInsert): Statement {
  return ctx.db.insert(syncs).values(row).onConflictDoNothing();
}

/** Takes the work on a sync, if it is open and no one has it. */
export function claimSync(ctx: Ctx, syncId: string, token: string, untilMs: number): Statement {
  return ctx.db
    .update(syncs)
    .set({ leaseToken: token, leaseUntil: untilMs, wakeAt: untilMs })
    .where(
      and(
        eq(syncs.syncId, syncId),
        eq(syncs.state, 'open'),
        sql`(${syncs.leaseToken} = '' OR ${syncs.leaseUntil} <= ${ctx.now()})`,
      ),
    );
}

/** Fails its whole transaction where the lease went to another: a state is never null. */
export function fenceSync(ctx: Ctx, syncId: string, token: string): Statement {
  return ctx.db
    .update(syncs)
    .set({ state: sql`CASE WHEN ${syncs.leaseToken} = ${token} THEN ${syncs.state} END` })
    .where(eq(syncs.syncId, syncId));
}

export function updateSync(ctx: Ctx, syncId: string, change: Partial<Sync>, onlyIf?: SQL): Statement {
  return ctx.db
    .update(syncs)
    .set(change)
    .where(and(eq(syncs.syncId, syncId), onlyIf));
}

/**
 * Gives the work back, to go on at once, when its last call has ended, or when it is woken. A call that
 * ended in between has woken no one: then it is woken here.
 */
export function releaseSync(
  ctx: Ctx,
  syncId: string,
  token: string,
  next: 'now' | 'after its calls' | 'when woken',
): Statement {
  const now = ctx.now();
  const wakeAt =
    next === 'when woken'
      ? null
      : next === 'now'
        ? now
        : sql`CASE WHEN ${hasOpenCalls(syncId)} THEN NULL ELSE ${now} END`;
  return ctx.db
    .update(syncs)
    .set({ leaseToken: '', leaseUntil: 0, wakeAt })
    .where(and(eq(syncs.syncId, syncId), eq(syncs.leaseToken, token)));
}

/** Its worker may end it: no call is open. */
export const mayEnd = (syncId: string, token: string): SQL =>
  sql`${syncs.leaseToken} = ${token} AND NOT ${hasOpenCalls(syncId)}`;

const hasOpenCalls = (syncId: string): SQL =>
  sql`EXISTS (SELECT 1 FROM ${syncCalls} WHERE ${syncCalls.syncId} = ${syncId} AND ${syncCalls.state} = 'pending')`;

export const isDone = (syncId: string): SQL =>
  sql`EXISTS (SELECT 1 FROM ${syncs} WHERE ${syncs.syncId} = ${syncId} AND ${syncs.state} = 'done')`;

export function insertCall(ctx: Ctx, call: SyncCall): Statement {
  return ctx.db.insert(syncCalls).values(call);
}

export function listCalls(ctx: Ctx, syncId: string): Promise<SyncCall[]> {
  return ctx.db
    .select()
    .from(syncCalls)
    .where(eq(syncCalls.syncId, syncId))
    .orderBy(asc(syncCalls.firstSequence), asc(syncCalls.part))
    .limit(1_000);
}

export async function findCall(ctx: Ctx, programId: string, deliveryId: string): Promise<SyncCall | null> {
  const [row] = await ctx.db
    .select()
    .from(syncCalls)
    .where(and(eq(syncCalls.programId, programId), eq(syncCalls.deliveryId, deliveryId)))
    .limit(1);
  return row ?? null;
}

export function updateCall(ctx: Ctx, name: string, change: Partial<SyncCall>): Statement {
  return ctx.db.update(syncCalls).set(change).where(eq(syncCalls.name, name));
}

/** Marks a call that its receiver may have although no answer said so; what was accepted stays as it is. */
export function settleCall(
  ctx: Ctx,
  deliveryId: string,
  change: { accepted: boolean; queueBatchId: string | null; uncertain: boolean },
): Statement {
  const at = ctx.now();
  return ctx.db
    .update(syncCalls)
    .set({
      uncertain: sql`${syncCalls.uncertain} OR ${change.uncertain ? 1 : 0}`,
      ...(change.accepted
        ? { state: 'accepted' as const, queueBatchId: change.queueBatchId, acceptedAt: at }
        : {}),
    })
    .where(and(eq(syncCalls.deliveryId, deliveryId), eq(syncCalls.state, 'pending')));
}

/** Puts events into quarantine; of one that is there already only the reason is new. */
export function quarantineRows(
  ctx: Ctx,
  sync: Sync,
  rows: { sequence: number; eventId: string; category: string | null; fault: RowFault; retry: boolean }[],
): Statement[] {
  if (rows.length === 0) return [];
  const list = JSON.stringify(
    rows.map(({ sequence, eventId, category, fault, retry }) => [
      sequence,
      eventId,
      category,
      fault.code,
      fault.message.slice(0, 500),
      fault.line,
      fault.column,
      retry ? 1 : 0,
    ]),
  );
  return [
    ctx.db.run(sql`INSERT INTO sync_quarantine (program_id, publisher_id, sequence, event_id, category, code, message,
        line, "column", retry, since, sync_id)
      SELECT ${sync.programId}, ${sync.publisherId}, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4,
        value ->> 5, value ->> 6, value ->> 7, ${ctx.now()}, ${sync.syncId}
      FROM json_each(${list}) WHERE true
      ON CONFLICT (program_id, publisher_id, sequence) DO UPDATE SET category = excluded.category,
        code = excluded.code, message = excluded.message, line = excluded.line, "column" = excluded."column",
        retry = excluded.retry, sync_id = excluded.sync_id`),
  ];
}

export function listQuarantine(ctx: Ctx, of: Pair, after: number, limit: number): Promise<Quarantined[]> {
  return ctx.db
    .select()
    .from(syncQuarantine)
    .where(
      and(
        eq(syncQuarantine.programId, of.programId),
        eq(syncQuarantine.publisherId, of.publisherId),
        sql`${syncQuarantine.sequence} > ${after}`,
      ),
    )
    .orderBy(asc(syncQuarantine.sequence))
    .limit(limit);
}

/** Those to be rendered again, in the order of the log. */
export async function listRetries(ctx: Ctx, of: Pair, limit: number): Promise<number[]> {
  const rows = await ctx.db
    .select({ sequence: syncQuarantine.sequence })
    .from(syncQuarantine)
    .where(
      and(
        eq(syncQuarantine.programId, of.programId),
        eq(syncQuarantine.publisherId, of.publisherId),
        sql`${syncQuarantine.retry} = 1`,
      ),
    )
    .orderBy(asc(syncQuarantine.sequence))
    .limit(limit);
  return rows.map((row) => row.sequence);
}

/** How many events of a subscription are in quarantine, counted to `most`. */
export async function countQuarantine(ctx: Ctx, of: Pair, most: number): Promise<number> {
  const rows = await ctx.db.all<{ n: number }>(sql`SELECT count(*) AS n FROM (SELECT 1 FROM sync_quarantine
    WHERE program_id = ${of.programId} AND publisher_id = ${of.publisherId} LIMIT ${most})`);
  return rows[0]?.n ?? 0;
}

export function markRetry(ctx: Ctx, of: Pair): Statement {
  return ctx.db
    .update(syncQuarantine)
    .set({ retry: true })
    .where(and(eq(syncQuarantine.programId, of.programId), eq(syncQuarantine.publisherId, of.publisherId)));
}

/** Takes events out of quarantine: they gave a row, or are no more. */
export function releaseRows(ctx: Ctx, of: Pair, sequences: number[]): Statement {
  return ctx.db
    .delete(syncQuarantine)
    .where(
      and(
        eq(syncQuarantine.programId, of.programId),
        eq(syncQuarantine.publisherId, of.publisherId),
        sql`${syncQuarantine.sequence} IN (SELECT value FROM json_each(${JSON.stringify(sequences)}))`,
      ),
    );
}

/** The sync of a call is to be looked after: one more of its calls has ended. */
export function wakeSync(ctx: Ctx, programId: string, deliveryId: string): Statement {
  const ofCall = sql`(SELECT ${syncCalls.syncId} FROM ${syncCalls}
    WHERE ${syncCalls.deliveryId} = ${deliveryId} AND ${syncCalls.programId} = ${programId})`;
  return ctx.db
    .update(syncs)
    .set({ wakeAt: ctx.now() })
    .where(and(sql`${syncs.syncId} = ${ofCall}`, eq(syncs.state, 'open'), eq(syncs.leaseToken, '')));
}

/** `afterPublisher` null: the night has begun for all subscriptions. */
export function setNight(
  ctx: Ctx,
  programId: string,
  localDate: string,
  afterPublisher: string | null,
): Statement {
  return ctx.db
    .insert(syncNights)
    .values({ programId, localDate, afterPublisher })
    .onConflictDoUpdate({ target: syncNights.programId, set: { localDate, afterPublisher } });
}

/** Calls to be sent, in the order of the log, a bounded part; those that wait for their next attempt are among them. */
export function listOpenCalls(ctx: Ctx, syncId: string): Promise<SyncCall[]> {
  return ctx.db
    .select()
    .from(syncCalls)
    .where(and(eq(syncCalls.syncId, syncId), eq(syncCalls.state, 'pending')))
    .orderBy(asc(syncCalls.firstSequence), asc(syncCalls.part))
    .limit(100);
}
