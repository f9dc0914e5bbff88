import { and, asc, desc, eq, gte, inArray, isNull, lt, ne, type SQL, sql } from 'drizzle-orm';
import type { Ctx, Lifecycle } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import { idAlphabet } from '../../platform/ids.ts';
import { type DeliveryStatus, deliveries, deliveryAttempts, emailsSent } from './table.ts';

export type Delivery = typeof deliveries.$inferSelect;
export type Attempt = typeof deliveryAttempts.$inferSelect;

/** What a verb says when something becomes due to a receiver. */
export interface NewDelivery {
  deliveryId: string;
  programId: string;
  channel: 'webhook' | 'email' | 'sftp' | 'batch';
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

/** `n` below 32,768 in three characters of base 32, as ids are written. */
const slotText = sql`substr(${idAlphabet}, (e.slot >> 10 & 31) + 1, 1) || substr(${idAlphabet}, (e.slot >> 5 & 31) + 1, 1)
      || substr(${idAlphabet}, (e.slot & 31) + 1, 1)`;

/**
 * Makes messages of one type due at each endpoint that wants them. `rows` is JSON, of each message:
 * program, the delivery's id without its slot, message id, body, about, trace, whether it has a category,
 * the category, an endpoint to leave out, whether the id alone does not say that it is due once.
 */
export function insertAnnounced(ctx: Ctx, type: string, rows: string, onlyIf: SQL): Statement {
  const at = ctx.now();
  return ctx.db.run(sql`INSERT INTO deliveries (delivery_id, program_id, endpoint_id, channel, type, message_id,
      dedupe_key, target, secret_purpose, subject, body, trace_id, about, status, reason, next_attempt_at, created_at)
    SELECT due.delivery_id, due.program_id, due.endpoint_id, 'webhook', ${type}, due.message_id,
      'endpoint:' || due.message_id || ':' || due.endpoint_id, due.target, due.endpoint_id, '', due.body,
      due.trace_id, due.about, due.status, due.reason, CASE due.status WHEN 'pending' THEN ${at} END, ${at}
    FROM (SELECT m.value ->> 1 || ${slotText} AS delivery_id, e.program_id, e.endpoint_id, m.value ->> 2 AS message_id,
        e.url AS target, m.value ->> 3 AS body, m.value ->> 4 AS about, m.value ->> 5 AS trace_id,
        CASE e.state WHEN 'paused' THEN 'paused' ELSE 'pending' END AS status,
        CASE e.state WHEN 'paused' THEN 'The endpoint is paused.' END AS reason
      FROM json_each(${rows}) AS m CROSS JOIN webhook_endpoints AS e
      WHERE e.program_id = m.value ->> 0 AND e.deleted_at IS NULL AND e.state <> 'disabled'
        AND e.endpoint_id <> m.value ->> 8
        AND EXISTS (SELECT 1 FROM json_each(e.events) AS p WHERE ${type} GLOB p.value)
        AND (e.categories IS NULL OR m.value ->> 6 = 0
          OR EXISTS (SELECT 1 FROM json_each(e.categories) AS c WHERE c.value = m.value ->> 7))) AS due
    WHERE ${onlyIf} ON CONFLICT DO NOTHING
    RETURNING delivery_id AS deliveryId, program_id AS programId`);
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

export interface DeliveryFilter {
  status?: DeliveryStatus | undefined;
  channel?: string | undefined;
  type?: string | undefined;
  traceId?: string | undefined;
  about?: string | undefined;
}

export function listDeliveries(
  ctx: Ctx,
  programId: string,
  filter: DeliveryFilter,
  before: string | null,
  limit: number,
) {
  return ctx.db
    .select()
    .from(deliveries)
    .where(
      and(
        eq(deliveries.programId, programId),
        filter.status === undefined ? undefined : eq(deliveries.status, filter.status),
        filter.channel === undefined ? undefined : eq(deliveries.channel, filter.channel),
        filter.type === undefined ? undefined : eq(deliveries.type, filter.type),
        filter.traceId === undefined ? undefined : eq(deliveries.traceId, filter.traceId),
        filter.about === undefined ? undefined : eq(deliveries.about, filter.about),
        before === null ? undefined : lt(deliveries.deliveryId, before),
      ),
    )
    .orderBy(desc(deliveries.deliveryId))
    .limit(limit);
}

export type DeliveryOfTrace = Pick<Delivery, 'deliveryId' | 'about' | 'status' | 'attemptsTotal' | 'endedAt'>;

/** What became due in the course of these traces, oldest first; a bounded part, without bodies. */
export function listDeliveriesOfTraces(
  ctx: Ctx,
  programId: string,
  traceIds: string[],
): Promise<DeliveryOfTrace[]> {
  const { deliveryId, about, status, attemptsTotal, endedAt } = deliveries;
  return (
    ctx.db
      .select({ deliveryId, about, status, attemptsTotal, endedAt })
      .from(deliveries)
      .where(
        and(
          eq(deliveries.programId, programId),
          sql`${deliveries.traceId} IN (SELECT value FROM json_each(${JSON.stringify(traceIds)}))`,
        ),
      )
      // "+": sorted after they are found by their traces, not found by walking the ledger in order.
      .orderBy(sql`+${deliveryId}`)
      .limit(2_000)
  );
}

export function listAttempts(ctx: Ctx, programId: string, deliveryId: string): Promise<Attempt[]> {
  return ctx.db
    .select()
    .from(deliveryAttempts)
    .where(and(eq(deliveryAttempts.programId, programId), eq(deliveryAttempts.deliveryId, deliveryId)))
    .orderBy(asc(deliveryAttempts.attemptId))
    .limit(200);
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
        eq(deliveries.deliveryId, row.deliveryId),
        eq(deliveries.attemptsTotal, row.attemptsTotal),
        eq(deliveries.status, row.status),
        row.leaseToken === null ? isNull(deliveries.leaseToken) : eq(deliveries.leaseToken, row.leaseToken),
      ),
    );
}

/** Records how the leased attempt ended; changes nothing when the lease went to another. */
export function release(ctx: Ctx, deliveryId: string, token: string, change: Partial<Delivery>): Statement {
  return ctx.db
    .update(deliveries)
    .set({ ...change, leaseToken: null, leaseUntil: null })
    .where(and(eq(deliveries.deliveryId, deliveryId), eq(deliveries.leaseToken, token)));
}

export function insertAttempt(ctx: Ctx, attempt: Attempt): Statement {
  return ctx.db.insert(deliveryAttempts).values(attempt);
}

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
    .where(
      and(
        eq(deliveries.programId, programId),
        eq(deliveries.deliveryId, deliveryId),
        inArray(deliveries.status, ['waiting', 'exhausted', 'cancelled', 'delivered']),
        // Erased with what it told of: there is nothing to send.
        ne(deliveries.body, ''),
      ),
    );
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

const erasedAtOnce = 200;

async function eraseWhere(ctx: Ctx, condition: SQL | undefined): Promise<number> {
  const rows = await ctx.db
    .select({ id: deliveries.deliveryId })
    .from(deliveries)
    .where(condition)
    .limit(erasedAtOnce);
  if (rows.length === 0) return 0;
  const ids = sql`(SELECT value FROM json_each(${JSON.stringify(rows.map((row) => row.id))}))`;
  await commit(ctx.db, [
    ctx.db.delete(deliveryAttempts).where(sql`${deliveryAttempts.deliveryId} IN ${ids}`),
    ctx.db.delete(deliveries).where(sql`${deliveries.deliveryId} IN ${ids}`),
  ]);
  return rows.length;
}

/** Empties what was or is to be sent of an event: what is on its way is cancelled, what arrived stays on record. */
function eraseEventBodies(ctx: Ctx, eventId: string): Statement {
  // A message about an event has the event's own time in its id, and so has each delivery of it.
  const time = `dlv_${eventId.slice(4, 14)}`;
  const isOpen = sql`${deliveries.status} IN ('pending', 'sending', 'waiting', 'paused')`;
  return ctx.db
    .update(deliveries)
    .set({
      body: '',
      status: sql`CASE WHEN ${isOpen} THEN 'cancelled' ELSE ${deliveries.status} END`,
      reason: sql`CASE WHEN ${isOpen} THEN 'The event was deleted.' ELSE ${deliveries.reason} END`,
      endedAt: sql`coalesce(${deliveries.endedAt}, ${ctx.now()})`,
      nextAttemptAt: null,
      leaseToken: null,
      leaseUntil: null,
    })
    .where(
      and(
        gte(deliveries.deliveryId, time),
        lt(deliveries.deliveryId, `${time}{`),
        eq(deliveries.about, eventId),
        eq(deliveries.type, 'event.published'),
      ),
    );
}

export const deliveriesLifecycle: Lifecycle = {
  slice: 'deliveries',
  eraseEvent: async (ctx, { eventId }) => [eraseEventBodies(ctx, eventId)],
  async deleted(ctx, programId) {
    // "}" is the character after "|": this program's days and no other's.
    const ofProgram = and(gte(emailsSent.day, `${programId}|`), lt(emailsSent.day, `${programId}}`));
    await ctx.db.delete(emailsSent).where(ofProgram);
    return (await eraseWhere(ctx, eq(deliveries.programId, programId))) === 0;
  },
  async prune(ctx, programId, retention) {
    const before = ctx.now() - (retention.deliveries ?? 90) * 86_400_000;
    const today = new Date(ctx.now()).toISOString().slice(0, 10);
    const past = and(gte(emailsSent.day, `${programId}|`), lt(emailsSent.day, `${programId}|${today}`));
    await ctx.db.delete(emailsSent).where(past);
    return eraseWhere(
      ctx,
      and(
        eq(deliveries.programId, programId),
        isNull(deliveries.nextAttemptAt),
        lt(deliveries.createdAt, before),
        sql`${deliveries.status} NOT IN ('paused', 'waiting')`,
      ),
    );
  },
};
