import { and, eq, sql } from 'drizzle-orm';
import type { Ctx } from '../../../context.ts';
import { commit } from '../../../platform/d1.ts';
import { newId } from '../../../platform/ids.ts';
import { recordAudit } from '../../audit/index.ts';
import { recoveries } from '../table.ts';
import { type RecoveryProgress, requireRecovery } from './recover.ts';

/**
 * Ends a recovery: no more is made due, and what was made due and has not gone out is cancelled, which a
 * later recovery finds again. What a sender has taken up at this moment ends as it ends. Repeated: what waits
 * after that.
 */
export async function cancelRecovery(
  ctx: Ctx,
  programId: string,
  endpointId: string,
  recoveryId: string,
): Promise<RecoveryProgress> {
  const { recovery } = await requireRecovery(ctx, programId, endpointId, recoveryId);
  const from = newId('dlv', recovery.sinceAt).slice(0, 14);
  const to = newId('dlv', recovery.untilAt + 1).slice(0, 14);
  const reason = 'The recovery that had made it due again was cancelled.';
  await commit(ctx.db, [
    ctx.db
      .update(recoveries)
      .set({ wakeAt: null })
      .where(and(eq(recoveries.programId, programId), eq(recoveries.recoveryId, recoveryId))),
    // No more than a few batches are due at once, each spaced as the endpoint's rate asks.
    ctx.db.run(sql`UPDATE deliveries SET status = 'cancelled', reason = ${reason}, next_attempt_at = NULL,
        ended_at = ${ctx.now()}
      WHERE program_id = ${programId} AND delivery_id >= ${from} AND delivery_id < ${to}
        AND endpoint_id = ${endpointId} AND recovery_id = ${recoveryId} AND status IN ('pending', 'waiting', 'paused')
        AND delivery_id NOT IN (SELECT s.value FROM endpoint_lanes AS l CROSS JOIN json_each(l.sending) AS s
          WHERE l.endpoint_id = ${endpointId} AND l.lease_until > ${ctx.now()})`),
    recordAudit(ctx, { programId, action: 'webhook.recovery_cancelled', target: recoveryId }),
  ]);
  return requireRecovery(ctx, programId, endpointId, recoveryId);
}
