import { and, eq, gte, isNull, lt, type SQL, sql } from 'drizzle-orm';
import type { Ctx, Lifecycle } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import { newId } from '../../platform/ids.ts';
import {
  deliveries,
  deliveryBodies,
  emailsSent,
  endpointHealth,
  endpointLanes,
  recoveries,
} from './table.ts';

const erasedAtOnce = 200;

async function eraseWhere(ctx: Ctx, condition: SQL | undefined): Promise<number> {
  const rows = await ctx.db
    .select({
      programId: deliveries.programId,
      id: deliveries.deliveryId,
      messageId: deliveries.messageId,
    })
    .from(deliveries)
    .where(condition)
    .limit(erasedAtOnce);
  if (rows.length === 0) return 0;
  const ids = sql`(SELECT value FROM json_each(${JSON.stringify(rows.map((row) => row.id))}))`;
  const messages = JSON.stringify(rows.map(({ messageId, id }) => [messageId, id.slice(0, -3)]));
  const [first] = rows;
  const programId = first?.programId ?? '';
  await commit(ctx.db, [
    ctx.db
      .delete(deliveries)
      .where(and(eq(deliveries.programId, programId), sql`${deliveries.deliveryId} IN ${ids}`)),
    // A body goes with the last delivery of its message.
    ctx.db.run(sql`DELETE FROM delivery_bodies WHERE program_id = ${programId} AND message_id IN (
      SELECT m.value ->> 0 FROM json_each(${messages}) AS m WHERE NOT EXISTS (SELECT 1 FROM deliveries AS d
        WHERE d.program_id = ${programId} AND d.delivery_id >= m.value ->> 1 AND d.delivery_id < (m.value ->> 1) || '~'))`),
  ]);
  return rows.length;
}

/**
 * Empties what was or is to be sent of an event, in every program: what is on its way is cancelled, what
 * arrived stays on record, without the receivers' words.
 */
function eraseEventBodies(ctx: Ctx, eventId: string): Statement[] {
  // A message about an event has the event's own time in its id, and so has each delivery of it.
  const time = `dlv_${eventId.slice(4, 14)}`;
  const isOpen = sql`${deliveries.status} IN ('pending', 'sending', 'waiting', 'paused')`;
  const ofEvent = and(
    sql`${deliveries.programId} IN (SELECT program_id FROM programs)`,
    gte(deliveries.deliveryId, time),
    lt(deliveries.deliveryId, `${time}{`),
    eq(deliveries.about, eventId),
    eq(deliveries.type, 'event.published'),
  );
  return [
    ctx.db.delete(deliveryBodies).where(
      sql`(${deliveryBodies.programId}, ${deliveryBodies.messageId}) IN (SELECT program_id, message_id
        FROM deliveries WHERE ${ofEvent})`,
    ),
    ctx.db
      .update(deliveries)
      .set({
        body: '',
        log: sql`(SELECT json_group_array(json_set(value, '$.excerpt', '')) FROM json_each(${deliveries.log}))`,
        status: sql`CASE WHEN ${isOpen} THEN 'cancelled' ELSE ${deliveries.status} END`,
        reason: sql`CASE WHEN ${isOpen} THEN 'The event was deleted.' ELSE ${deliveries.reason} END`,
        endedAt: sql`coalesce(${deliveries.endedAt}, ${ctx.now()})`,
        nextAttemptAt: null,
        leaseToken: null,
        leaseUntil: null,
      })
      .where(ofEvent),
  ];
}

export const deliveriesLifecycle: Lifecycle = {
  slice: 'deliveries',
  eraseEvent: async (ctx, { eventId }) => eraseEventBodies(ctx, eventId),
  async deleted(ctx, programId) {
    // "}" is the character after "|": this program's days and no other's.
    const ofProgram = and(gte(emailsSent.day, `${programId}|`), lt(emailsSent.day, `${programId}}`));
    await commit(ctx.db, [
      ctx.db.delete(emailsSent).where(ofProgram),
      ctx.db.delete(endpointHealth).where(eq(endpointHealth.programId, programId)),
      ctx.db.delete(endpointLanes).where(eq(endpointLanes.programId, programId)),
      ctx.db.delete(recoveries).where(eq(recoveries.programId, programId)),
    ]);
    return (await eraseWhere(ctx, eq(deliveries.programId, programId))) === 0;
  },
  async prune(ctx, programId, retention) {
    const before = ctx.now() - (retention.deliveries ?? 90) * 86_400_000;
    const today = new Date(ctx.now()).toISOString().slice(0, 10);
    const past = and(gte(emailsSent.day, `${programId}|`), lt(emailsSent.day, `${programId}|${today}`));
    await ctx.db.delete(emailsSent).where(past);
    const old = and(eq(recoveries.programId, programId), lt(recoveries.createdAt, before));
    await ctx.db.delete(recoveries).where(old);
    return eraseWhere(
      ctx,
      and(
        eq(deliveries.programId, programId),
        // Ids begin with their time: this bounds what is looked at.
        lt(deliveries.deliveryId, newId('dlv', Math.max(0, before))),
        isNull(deliveries.nextAttemptAt),
        lt(deliveries.createdAt, before),
        sql`${deliveries.status} NOT IN ('paused', 'waiting')`,
      ),
    );
  },
};
