import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { recordAudit } from '../audit/index.ts';
import { findSubscription, updateSubscription } from './store.ts';

/**
 * A publisher withholds its events from a subscriber, or gives them again: what came meanwhile is then
 * still to come, for the cursors stand where they stood. Throws `not_found`.
 */
export async function setSuspended(
  ctx: Ctx,
  publisherId: string,
  subscriberId: string,
  suspended: boolean,
): Promise<void> {
  const row = await findSubscription(ctx, subscriberId, publisherId);
  if (!row) throw new AppError('not_found', 'There is no such subscriber.');
  if ((row.suspendedAt !== null) === suspended) return;
  const act = suspended ? 'suspended' : 'resumed';
  await commit(ctx.db, [
    updateSubscription(ctx, row.programId, row.publisherId, { suspendedAt: suspended ? ctx.now() : null }),
    recordAudit(ctx, { programId: publisherId, action: `subscriber.${act}`, target: row.programId }),
    recordAudit(ctx, { programId: row.programId, action: `subscription.${act}`, target: publisherId }),
  ]);
}
