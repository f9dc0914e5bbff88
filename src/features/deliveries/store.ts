import { and, desc, eq, getTableColumns, gte, inArray, isNull, lt, type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { idTime, newId } from '../../platform/ids.ts';
import { deliveryPrefix } from './announced.ts';
import { type Attempt, type DeliveryStatus, deliveries, deliveryBodies, emailsSent } from './table.ts';

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

export interface DeliveryFilter {
  status?: DeliveryStatus | undefined;
  channel?: string | undefined;
  type?: string | undefined;
  traceId?: string | undefined;
  about?: string | undefined;
  endpointId?: string | undefined;
}

const { body: _body, log: _log, ...listedColumns } = getTableColumns(deliveries);

/** A delivery without its body and attempts. */
export type ListedDelivery = Omit<Delivery, 'body' | 'log'>;

/**
 * What belongs to a trace: of what goes to no endpoint by its index, of the rest what became due in the
 * trace's first day, a stretch of the ledger.
 */
function ofTrace(programId: string, traceId: string | undefined): SQL | undefined {
  if (traceId === undefined) return undefined;
  const isOwn = sql`d.program_id = ${programId} AND d.trace_id = ${traceId}`;
  const from = `dlv_${traceId.slice(4, 14)}`;
  const to = newId('dlv', idTime(traceId) + traceWindowMs).slice(0, 14);
  return sql`${deliveries.deliveryId} IN (
    SELECT d.delivery_id FROM deliveries AS d WHERE ${isOwn} AND d.endpoint_id = ''
    UNION ALL SELECT d.delivery_id FROM deliveries AS d WHERE ${isOwn} AND d.endpoint_id <> ''
      AND d.delivery_id >= ${from} AND d.delivery_id < ${to})`;
}

export function listDeliveries(
  ctx: Ctx,
  programId: string,
  filter: DeliveryFilter,
  before: string | null,
  limit: number,
): Promise<ListedDelivery[]> {
  return ctx.db
    .select(listedColumns)
    .from(deliveries)
    .where(
      and(
        eq(deliveries.programId, programId),
        filter.status === undefined ? undefined : eq(deliveries.status, filter.status),
        filter.channel === undefined ? undefined : eq(deliveries.channel, filter.channel),
        filter.type === undefined ? undefined : eq(deliveries.type, filter.type),
        filter.endpointId === undefined ? undefined : eq(deliveries.endpointId, filter.endpointId),
        ofTrace(programId, filter.traceId),
        filter.about === undefined ? undefined : eq(deliveries.about, filter.about),
        before === null ? undefined : lt(deliveries.deliveryId, before),
      ),
    )
    .orderBy(desc(deliveries.deliveryId))
    .limit(limit);
}

export type DeliveryOfTrace = Pick<Delivery, 'deliveryId' | 'about' | 'status' | 'attemptsTotal' | 'endedAt'>;

/** Within this time of a trace's beginning what it made due is looked for. */
const traceWindowMs = 24 * 3_600_000;

/**
 * What became due in the first day of these traces, oldest first; a bounded part, without bodies. Ids begin
 * with their time, so that each trace is a short stretch of the ledger, which has no index of traces.
 */
export function listDeliveriesOfTraces(
  ctx: Ctx,
  programId: string,
  traceIds: string[],
): Promise<DeliveryOfTrace[]> {
  const stretches = traceIds.map((traceId) => {
    const from = `dlv_${traceId.slice(4, 14)}`;
    return [traceId, from, newId('dlv', idTime(traceId) + traceWindowMs).slice(0, 14)];
  });
  return ctx.db.all<DeliveryOfTrace>(sql`SELECT d.delivery_id AS deliveryId, d.about, d.status,
      d.attempts_total AS attemptsTotal, d.ended_at AS endedAt
    FROM json_each(${JSON.stringify(stretches)}) AS t CROSS JOIN deliveries AS d
    WHERE d.program_id = ${programId} AND d.delivery_id >= t.value ->> 1 AND d.delivery_id < t.value ->> 2
      AND d.trace_id = t.value ->> 0
    ORDER BY +d.delivery_id LIMIT 2000`);
}

/** What was due to an endpoint about an event or a job: messages about it have its own time in their ids. */
export function listDeliveriesAbout(
  ctx: Ctx,
  programId: string,
  endpointId: string,
  about: string,
): Promise<ListedDelivery[]> {
  const time = `dlv_${about.slice(4, 14)}`;
  return ctx.db
    .select(listedColumns)
    .from(deliveries)
    .where(
      and(
        eq(deliveries.programId, programId),
        gte(deliveries.deliveryId, time),
        lt(deliveries.deliveryId, `${time}{`),
        eq(deliveries.endpointId, endpointId),
        eq(deliveries.about, about),
      ),
    )
    .limit(50);
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

/** All deliveries of an announced message. */
export function listOfMessage(ctx: Ctx, programId: string, messageId: string): Promise<ListedDelivery[]> {
  const prefix = deliveryPrefix(programId, messageId);
  return ctx.db
    .select(listedColumns)
    .from(deliveries)
    .where(
      and(
        eq(deliveries.programId, programId),
        gte(deliveries.deliveryId, prefix),
        lt(deliveries.deliveryId, `${prefix}~`),
        eq(deliveries.messageId, messageId),
      ),
    )
    .orderBy(desc(deliveries.deliveryId))
    .limit(300);
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
        sql`${deliveries.body} IS NOT ''`,
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
