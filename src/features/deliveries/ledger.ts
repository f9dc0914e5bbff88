import { and, desc, eq, getTableColumns, gte, inArray, lt, type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { idTime, newId } from '../../platform/ids.ts';
import { deliveryPrefix } from './announced.ts';
import { leaseMs } from './policy.ts';
import type { Delivery } from './store.ts';
import { type DeliveryStatus, deliveries, heldUpStatuses } from './table.ts';

export interface DeliveryFilter {
  /** `undelivered`: what was not taken at once, `waiting`, `paused`, `exhausted` or `cancelled`. */
  status?: DeliveryStatus | 'undelivered' | undefined;
  channel?: string | undefined;
  type?: string | undefined;
  traceId?: string | undefined;
  about?: string | undefined;
  endpointId?: string | undefined;
  sinceMs?: number | undefined;
}

const { body: _body, log: _log, ...listedColumns } = getTableColumns(deliveries);

/** A delivery without its body and attempts. */
export type ListedDelivery = Omit<Delivery, 'body' | 'log'>;

/** Within this time of a trace's beginning what it made due is looked for. */
const traceWindowMs = 24 * 3_600_000;

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

/** A job and its message get their ids in one call, perhaps not in one millisecond. */
const announcedWindowMs = 10_000;
const directWindowMs = 8 * 24 * 3_600_000;

/**
 * Of what a job or an event is told in: to endpoints under its own time, to others some days later at most,
 * as a job may be held. Two short stretches, however long the ledger; who knows the trace too spares the
 * second, which all programs' mails of those days are in.
 */
function whereAbout(programId: string, { about, traceId }: DeliveryFilter): SQL | undefined {
  if (about === undefined) return ofTrace(programId, traceId);
  const time = /^(?:job|evt)_([0-9a-z]{10})[0-9a-z]{16}$/.exec(about)?.[1];
  if (time === undefined) return and(eq(deliveries.about, about), ofTrace(programId, traceId));
  const from = `dlv_${time}`;
  const end = (windowMs: number) => newId('dlv', idTime(about) + windowMs).slice(0, 14);
  const direct =
    traceId === undefined
      ? sql`INDEXED BY deliveries_direct WHERE d.delivery_id >= ${from} AND d.delivery_id < ${end(directWindowMs)}`
      : sql`INDEXED BY deliveries_direct_trace WHERE d.program_id = ${programId} AND d.trace_id = ${traceId}`;
  return sql`${deliveries.deliveryId} IN (SELECT d.delivery_id FROM deliveries AS d WHERE d.program_id = ${programId}
      AND d.delivery_id >= ${from} AND d.delivery_id < ${end(announcedWindowMs)} AND d.about = ${about}
        ${traceId === undefined ? sql`` : sql`AND d.trace_id = ${traceId}`}
    UNION SELECT d.delivery_id FROM deliveries AS d ${direct} AND d.endpoint_id = '' AND d.about = ${about})`;
}

/** Deliveries that a page of a filter looks at, which polls; and where somebody asks to look further back. */
const lookedAt = { first: 2_000, further: 20_000 };

export interface Listed {
  rows: ListedDelivery[];
  /** Where the look ended before the ledger did: the last delivery looked at. */
  lookedTo: string | null;
}

/** A part of the ledger that is read newest first, by an index of its own or the table's. */
interface Stretch {
  table: SQL;
  where: SQL | undefined;
}

const { deliveryId: id } = deliveries;
const heldUpIndex = sql`${deliveries} INDEXED BY deliveries_held_up`;
/** The index's own condition, to the letter, by which it is known to hold them. */
const ofHeldUp = sql`${deliveries.status} NOT IN ('pending', 'sending', 'delivered')`;

/**
 * The ledger, newest first. What was not taken at once has an index, as has what a trace, a job or an event is
 * told in; any other filter is looked for in a bounded stretch, for an index of it would cost each delivery a row.
 */
export async function listDeliveries(
  ctx: Ctx,
  programId: string,
  filter: DeliveryFilter,
  before: string | null,
  limit: number,
): Promise<Listed> {
  const { status, sinceMs } = filter;
  const found = and(
    eq(deliveries.programId, programId),
    whereAbout(programId, filter),
    sinceMs === undefined ? undefined : gte(id, newId('dlv', sinceMs).slice(0, 14)),
    before === null ? undefined : lt(id, before),
  );
  const isShort = filter.traceId !== undefined || filter.about !== undefined;
  const heldUp = heldUpStatuses.filter((one) => status === one || status === 'undelivered');
  const isIndexed = heldUp.length > 0 && !isShort;
  const ofStatus =
    status === undefined || isIndexed
      ? undefined
      : inArray(deliveries.status, status === 'undelivered' ? heldUp : [status]);
  const looked = [
    ofStatus,
    filter.channel === undefined ? undefined : eq(deliveries.channel, filter.channel),
    filter.type === undefined ? undefined : eq(deliveries.type, filter.type),
    filter.endpointId === undefined ? undefined : eq(deliveries.endpointId, filter.endpointId),
  ].filter((one) => one !== undefined);
  const stretches: Stretch[] = isIndexed
    ? heldUp.map((one) => ({ table: heldUpIndex, where: and(found, ofHeldUp, eq(deliveries.status, one)) }))
    : [{ table: sql`${deliveries}`, where: found }];
  const many = before === null ? lookedAt.first : lookedAt.further;
  const lookedTo = looked.length === 0 || isShort ? null : await endOfLook(ctx, stretches, many);
  const from = lookedTo === null ? undefined : gte(id, lookedTo);
  // Their ids alone are in the index: asked for whole rows, the database would rather read the ledger.
  const isFound = isIndexed
    ? and(
        eq(deliveries.programId, programId),
        sql`${id} IN (${newestOf(stretches, from, looked.length === 0 ? limit : many)})`,
      )
    : and(found, from);
  const rows = await ctx.db
    .select(listedColumns)
    .from(deliveries)
    .where(and(isFound, ...looked))
    .orderBy(desc(id))
    .limit(limit);
  return { rows, lookedTo };
}

/** The ids of the newest of all stretches: each comes in its order, and they are merged as they come. */
function newestOf(stretches: Stretch[], from: SQL | undefined, many: number): SQL {
  const ids = stretches.map(
    ({ table, where }) => sql`SELECT ${id} AS id FROM ${table} WHERE ${and(where, from)}`,
  );
  return sql`SELECT id FROM (${sql.join(ids, sql` UNION ALL `)} ORDER BY 1 DESC LIMIT ${many})`;
}

/** The last of the next so many; null where there are no more than these. */
async function endOfLook(ctx: Ctx, stretches: Stretch[], many: number): Promise<string | null> {
  const isMore = stretches.map(
    ({ table, where }) => sql`EXISTS (SELECT 1 FROM ${table} WHERE ${where} AND ${id} < w.last)`,
  );
  const [end] = await ctx.db.all<{ last: string }>(sql`SELECT w.last FROM
    (SELECT min(id) AS last FROM (${newestOf(stretches, undefined, many)})) AS w WHERE ${sql.join(isMore, sql` OR `)}`);
  return end?.last ?? null;
}

const lookedForMoving = { newest: 50, due: 30 };

/**
 * How many deliveries are on their way now, `pending` or `sending`, in a bounded look: among the newest 50 of the
 * ledger, and the first 30 that are due at the program's endpoints.
 */
export async function countOnTheirWay(ctx: Ctx, programId: string): Promise<number> {
  const moving = await ctx.db.all(sql`SELECT * FROM (
    SELECT * FROM (SELECT delivery_id, status FROM deliveries WHERE program_id = ${programId}
      ORDER BY delivery_id DESC LIMIT ${lookedForMoving.newest})
    UNION SELECT * FROM (SELECT d.delivery_id, d.status FROM webhook_endpoints AS e
      CROSS JOIN deliveries AS d INDEXED BY deliveries_due
      WHERE e.program_id = ${programId} AND e.deleted_at IS NULL AND d.endpoint_id = e.endpoint_id
        AND d.next_attempt_at <= ${ctx.now() + leaseMs} LIMIT ${lookedForMoving.due}))
    WHERE status IN ('pending', 'sending')`);
  return moving.length;
}

export type DeliveryOfMessage = Pick<
  Delivery,
  'deliveryId' | 'messageId' | 'status' | 'attemptsTotal' | 'endedAt'
>;

/** The deliveries of these announced messages, oldest first, without bodies: each message is found by its id. */
export function listDeliveriesOfMessages(
  ctx: Ctx,
  programId: string,
  messageIds: string[],
): Promise<DeliveryOfMessage[]> {
  const wanted = messageIds.map((messageId) => [deliveryPrefix(programId, messageId), messageId]);
  return ctx.db.all<DeliveryOfMessage>(sql`SELECT d.delivery_id AS deliveryId, d.message_id AS messageId, d.status,
      d.attempts_total AS attemptsTotal, d.ended_at AS endedAt
    FROM json_each(${JSON.stringify(wanted)}) AS m CROSS JOIN deliveries AS d
    WHERE d.program_id = ${programId} AND d.delivery_id >= m.value ->> 0
      AND d.delivery_id < (m.value ->> 0) || '~' AND d.message_id = m.value ->> 1
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

/**
 * How many deliveries of each message stand where, each found by its id: one SELECT, however many messages,
 * and how its rows are read.
 */
export function countOfMessages(programId: string, messageIds: string[]) {
  const wanted = messageIds.map((messageId) => [deliveryPrefix(programId, messageId), messageId]);
  const select = sql`SELECT m.value ->> 1 AS messageId, d.status, count(*) AS n
    FROM json_each(${JSON.stringify(wanted)}) AS m CROSS JOIN deliveries AS d
    WHERE d.program_id = ${programId} AND d.delivery_id >= m.value ->> 0
      AND d.delivery_id < (m.value ->> 0) || '~' AND d.message_id = m.value ->> 1
    GROUP BY 1, 2`;
  return {
    select,
    read(rows: { messageId: string; status: string; n: number }[]): Map<string, Record<string, number>> {
      const counts = new Map<string, Record<string, number>>();
      for (const row of rows)
        counts.set(row.messageId, { ...counts.get(row.messageId), [row.status]: row.n });
      return counts;
    },
  };
}
