import type { Ctx } from '../../../context.ts';
import { countEventsAfter, sequenceBefore } from '../../events/index.ts';
import { requireSubscription } from '../change.ts';
import { countQuarantine } from '../store.ts';

export interface Forecast {
  /** Events that a synchronisation would look at: to `countedTo` counted. */
  events: number;
  more: boolean;
  /** Rows of the quarantine, counted as far. */
  quarantined: number;
}

/** Events that are counted; what is more is said as "more". */
export const countedTo = 10_000;

/**
 * What a synchronisation would look at now, or (`sinceMs`) after its cursor was set to a time. Throws
 * `not_found`.
 */
export async function forecastSync(
  ctx: Ctx,
  programId: string,
  publisherId: string,
  sinceMs: number | null,
): Promise<Forecast> {
  const subscription = await requireSubscription(ctx, programId, publisherId);
  const from =
    sinceMs === null ? subscription.syncCursor : await sequenceBefore(ctx, subscription.publisherId, sinceMs);
  const counted = await countEventsAfter(ctx, subscription.publisherId, from, countedTo + 1);
  return {
    events: Math.min(counted, countedTo),
    more: counted > countedTo,
    quarantined: await countQuarantine(ctx, subscription, countedTo),
  };
}
