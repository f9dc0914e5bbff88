import { sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { recordAudit } from '../audit/index.ts';
import { requireSubscription } from './change.ts';
import { requireReceiver, type SyncWithCalls, syncNow } from './run.ts';

/** What a row of the quarantine says that is there because a person asked for the event once more. */
const replayed = { code: 'replay', message: 'Asked for once more; the next synchronisation renders it.' };

/**
 * Renders one event of a subscription once more and sends its row, wherever the cursor stands: it goes by way of
 * the quarantine, so that it is not lost should this synchronisation end before it. Throws `not_found`, `conflict`,
 * `forbidden`.
 */
export async function replayToSubscription(
  ctx: Ctx,
  programId: string,
  publisherId: string,
  eventId: string | undefined,
): Promise<SyncWithCalls> {
  const subscription = await requireSubscription(ctx, programId, publisherId);
  if (eventId === undefined) throw new AppError('invalid_input', 'Say which: "eventId", such as evt_….');
  await requireReceiver(ctx, programId);
  if (subscription.suspendedAt !== null)
    throw new AppError('forbidden', 'The publisher withholds its events from this program.');
  const publisher = subscription.publisherId;
  const act = { programId, action: 'subscription.replayed', target: publisher, detail: { eventId } };
  const isThere = sql`EXISTS (SELECT 1 FROM events
    WHERE program_id = ${publisher} AND event_id = ${eventId} AND deleted_at IS NULL)`;
  const [, added] = await commit(ctx.db, [
    recordAudit(ctx, act, isThere),
    ctx.db.run(sql`INSERT INTO sync_quarantine (program_id, publisher_id, sequence, event_id, category, code, message,
        line, "column", retry, since, sync_id)
      SELECT ${programId}, ${publisher}, sequence, event_id, category ->> '$.value', ${replayed.code}, ${replayed.message},
        NULL, NULL, 1, ${ctx.now()}, ''
      FROM events WHERE program_id = ${publisher} AND event_id = ${eventId} AND deleted_at IS NULL
      ON CONFLICT (program_id, publisher_id, sequence) DO UPDATE SET retry = 1`),
  ]);
  if (added?.changes !== 1)
    throw new AppError('not_found', 'There is no such event of this publisher, or it was deleted.');
  return syncNow(ctx, programId, publisherId);
}
