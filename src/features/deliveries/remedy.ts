import { sql } from 'drizzle-orm';
import type { Ctx, Remedy } from '../../context.ts';
import { commit, rowsOf } from '../../platform/d1.ts';
import { endAttentionOf } from '../attention/index.ts';
import { recordAudit } from '../audit/index.ts';
import { startDeliveries, startEndpoint } from './deliver.ts';
import { resumePerSecond } from './drain.ts';
import { findDelivery, hasContent } from './store.ts';

/** Deliveries that one call makes due again. */
const rearmedAtOnce = 500;

/** The deliveries to the same receiver whose open problem is of the same kind: they go out again, spaced. */
export const deliveriesRemedy: Remedy = {
  scope: 'webhooks',
  async plan(ctx, { programId, kind, subject }) {
    const one = await findDelivery(ctx, programId, subject);
    if (!one) return { count: 0, more: false, of: 'deliveries', run: async () => nothing };
    const { endpointId, channel, target } = one;
    const toSame =
      endpointId === ''
        ? sql`d.endpoint_id = '' AND d.channel = ${channel} AND d.target = ${target}`
        : sql`d.endpoint_id = ${endpointId}`;
    const rows = await ctx.db.all<{ id: string }>(sql`SELECT d.delivery_id AS id
      FROM attention AS a CROSS JOIN deliveries AS d
      WHERE a.program_id = ${programId} AND a.kind = ${kind} AND a.ended_at IS NULL
        AND d.program_id = a.program_id AND d.delivery_id = a.subject AND ${toSame}
        AND d.status IN ('exhausted', 'cancelled', 'waiting') AND ${hasContent('d')}
      ORDER BY a.subject LIMIT ${rearmedAtOnce + 1}`);
    const ids = rows.slice(0, rearmedAtOnce).map(({ id }) => id);
    return {
      count: ids.length,
      more: rows.length > rearmedAtOnce,
      of:
        endpointId === '' ? `${channel} deliveries to the same receiver` : 'deliveries to the same endpoint',
      run: () => rearmAll(ctx, programId, endpointId, ids),
    };
  },
};

const nothing = { started: 0, refused: 0 };

/** Those that are still ended or wait for a night, of an endpoint that takes anything; the others are refused. */
async function rearmAll(ctx: Ctx, programId: string, endpointId: string, ids: string[]) {
  if (ids.length === 0) return nothing;
  const at = ctx.now();
  // What goes to no endpoint is started here, as many at once as an invocation sends, and queued.
  const gapMs = endpointId === '' ? 0 : 1_000 / resumePerSecond;
  const takes =
    endpointId === ''
      ? sql`true`
      : sql`EXISTS (SELECT 1 FROM webhook_endpoints AS e WHERE e.endpoint_id = ${endpointId}
          AND e.state = 'active' AND e.deleted_at IS NULL)`;
  const rearm =
    ctx.db.run(sql`UPDATE deliveries SET status = 'pending', reason = 'Retried by hand, with others.',
      attempts = 0, ended_at = NULL, next_attempt_at = ${at} + CAST(due.key * ${gapMs} AS INTEGER)
    FROM json_each(${JSON.stringify(ids)}) AS due
    WHERE deliveries.program_id = ${programId} AND deliveries.delivery_id = due.value
      AND deliveries.status IN ('exhausted', 'cancelled', 'waiting') AND ${hasContent('deliveries')} AND ${takes}
    RETURNING deliveries.delivery_id AS id`);
  await commit(ctx.db, [
    rearm,
    recordAudit(ctx, {
      programId,
      action: 'delivery.retried_all',
      target: endpointId === '' ? (ids[0] ?? '') : endpointId,
      detail: { count: ids.length },
    }),
  ]);
  const started = (rowsOf(rearm) as { id: string }[]).map(({ id }) => id);
  // Of those alone that the statement before took up; dying in between, the problem ends with the delivery.
  await commit(ctx.db, [endAttentionOf(ctx, programId, 'delivery_exhausted', started)]);
  if (endpointId === '') startDeliveries(ctx, started);
  else startEndpoint(ctx, endpointId);
  return { started: started.length, refused: ids.length - started.length };
}
