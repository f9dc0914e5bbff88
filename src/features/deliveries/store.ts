import { and, eq, isNull, lt, type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { type Attempt, deliveries, deliveryBodies, emailsSent } from './table.ts';

export type Delivery = typeof deliveries.$inferSelect;

/** What a verb says when something becomes due to a receiver. */
export interface NewDelivery {
  deliveryId: string;
  programId: string;
  channel: 'webhook' | 'email' | 'sftp' | 'batch' | 'ping';
  type: string;
  messageId: string;
  dedupeKey: string;
  target: string;
  secretPurpose: string;
  subject: string;
  body: string;
  traceId: string;
  about: string;
}

/** The statement that makes something due, once per `dedupeKey`; it joins the state change it tells of. */
export function insertDelivery(ctx: Ctx, due: NewDelivery): Statement {
  const at = ctx.now();
  return ctx.db
    .insert(deliveries)
    .values({ ...due, status: 'pending', nextAttemptAt: at, createdAt: at })
    .onConflictDoNothing();
}

/**
 * The same for receivers that a query finds inside the transaction. `source` selects, in the order of
 * `NewDelivery`, the columns of each delivery, and must end in a WHERE clause.
 */
export function insertDeliveriesFrom(ctx: Ctx, source: SQL): Statement {
  const at = ctx.now();
  return ctx.db.run(sql`INSERT INTO deliveries (delivery_id, program_id, channel, type, message_id, dedupe_key,
      target, secret_purpose, subject, body, trace_id, about, status, next_attempt_at, created_at)
    SELECT due.*, 'pending', ${at}, ${at} FROM (${source}) AS due WHERE true ON CONFLICT DO NOTHING`);
}

export async function findDelivery(
  ctx: Ctx,
  programId: string,
  deliveryId: string,
): Promise<Delivery | null> {
  const [row] = await ctx.db
    .select()
    .from(deliveries)
    .where(and(eq(deliveries.programId, programId), eq(deliveries.deliveryId, deliveryId)))
    .limit(1);
  return row ?? null;
}

/** The body as it goes out, wherever it is kept. */
export async function bodyOf(
  ctx: Ctx,
  delivery: Pick<Delivery, 'programId' | 'messageId' | 'body'>,
): Promise<string> {
  if (delivery.body !== null) return delivery.body;
  const [row] = await ctx.db
    .select({ body: deliveryBodies.body })
    .from(deliveryBodies)
    .where(
      and(eq(deliveryBodies.programId, delivery.programId), eq(deliveryBodies.messageId, delivery.messageId)),
    )
    .limit(1);
  return row?.body ?? '';
}

/** Takes the lease if the row is still as it was read; the number of changes says whether. */
export function claim(ctx: Ctx, row: Delivery, token: string, untilMs: number) {
  return ctx.db
    .update(deliveries)
    .set({
      status: 'sending',
      leaseToken: token,
      leaseUntil: untilMs,
      // A sender that dies leaves this behind, and the sweeper finds it.
      nextAttemptAt: untilMs,
      attempts: row.attempts + 1,
      attemptsTotal: row.attemptsTotal + 1,
    })
    .where(
      and(
        eq(deliveries.programId, row.programId),
        eq(deliveries.deliveryId, row.deliveryId),
        eq(deliveries.attemptsTotal, row.attemptsTotal),
        eq(deliveries.status, row.status),
        row.leaseToken === null ? isNull(deliveries.leaseToken) : eq(deliveries.leaseToken, row.leaseToken),
      ),
    );
}

/** Records how the leased attempt ended; changes nothing when the lease went to another. */
export function release(
  ctx: Ctx,
  row: Delivery,
  token: string,
  change: Partial<Delivery>,
  attempts: Attempt[],
): Statement {
  return ctx.db
    .update(deliveries)
    .set({ ...change, leaseToken: null, leaseUntil: null, log: keepAttempts([...row.log, ...attempts]) })
    .where(
      and(
        eq(deliveries.programId, row.programId),
        eq(deliveries.deliveryId, row.deliveryId),
        eq(deliveries.leaseToken, token),
      ),
    );
}

/** Of very many the latest: a row must not grow for ever. */
export function keepAttempts(attempts: Attempt[]): Attempt[] {
  return attempts.slice(-attemptsKept);
}
export const attemptsKept = 50;

/** Not erased with what it told of, which leaves nothing to send; a ping never has a body. */
export const hasContent = (table: 'deliveries' | 'd') =>
  sql.raw(`(${table}.body IS NOT '' OR ${table}.channel = 'ping')`);

/** Not in the hands of a lane at this moment. */
export const notUnderWay = (ctx: Ctx, programId: string, deliveryId: string) =>
  sql`NOT EXISTS (SELECT 1 FROM endpoint_lanes AS l, json_each(l.sending) AS s WHERE l.program_id = ${programId}
    AND l.endpoint_id = deliveries.endpoint_id AND l.lease_until > ${ctx.now()} AND s.value = ${deliveryId})`;

/** One that `rearmDelivery` makes due again. */
export const mayBeRearmed = (ctx: Ctx, programId: string, deliveryId: string) =>
  sql`deliveries.program_id = ${programId} AND deliveries.delivery_id = ${deliveryId}
    AND deliveries.status IN ('waiting', 'exhausted', 'cancelled', 'delivered')
    AND ${notUnderWay(ctx, programId, deliveryId)} AND ${hasContent('deliveries')}`;

/** Makes an ended or waiting delivery due again; changes nothing for one that is on its way. */
export function rearmDelivery(ctx: Ctx, programId: string, deliveryId: string): Statement {
  return ctx.db
    .update(deliveries)
    .set({
      status: 'pending',
      reason: 'Retried by hand.',
      attempts: 0,
      nextAttemptAt: ctx.now(),
      endedAt: null,
    })
    .where(mayBeRearmed(ctx, programId, deliveryId));
}

/** Counts one more mail of a program's day; false when the day's cap is reached. */
export async function countEmail(ctx: Ctx, programId: string, cap: number): Promise<boolean> {
  const day = `${programId}|${new Date(ctx.now()).toISOString().slice(0, 10)}`;
  const counted = await ctx.db
    .insert(emailsSent)
    .values({ day, count: 1 })
    .onConflictDoUpdate({
      target: emailsSent.day,
      set: { count: sql`${emailsSent.count} + 1` },
      setWhere: lt(emailsSent.count, cap),
    })
    .returning({ count: emailsSent.count });
  return counted.length > 0;
}
