import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { endAttention } from '../attention/index.ts';
import { actorName, recordAudit } from '../audit/index.ts';
import { findMonitor, type JudgedMonitor, updateMonitor } from './store.ts';

/** The columns of a monitor that is not snoozed. */
export const noSnooze = { snoozedUntil: null, snoozeReason: null, snoozedBy: null };

const triesAtMost = 3;

/**
 * Silence is told to nobody for so long, with the reason on record; an open problem about it ends. Where there is
 * no success until then, it is told after all; the next success ends the snooze. `null` ends it now. Throws
 * `not_found`.
 */
export async function snoozeMonitor(
  ctx: Ctx,
  programId: string,
  name: string,
  snooze: { hours: number; reason: string } | null,
): Promise<JudgedMonitor> {
  for (let tries = 1; ; tries++) {
    const was = await findMonitor(ctx, programId, name);
    if (!was) throw new AppError('not_found', 'There is no such monitor.');
    const at = ctx.now();
    const until = snooze === null ? null : at + snooze.hours * 3_600_000;
    const change = {
      ...(snooze === null
        ? noSnooze
        : { snoozedUntil: until, snoozeReason: snooze.reason, snoozedBy: actorName(ctx.actor) }),
      // Looked at anew: a silence that lasts is told when the snooze is over, or at once.
      silentSince: null,
      checkAt: Math.max(was.dueAt, until ?? at),
      updatedAt: Math.max(at, was.updatedAt + 1),
    };
    const [updated] = await commit(ctx.db, [
      updateMonitor(ctx, was, change),
      ...(snooze === null ? [] : [endAttention(ctx, programId, 'monitor_missed', name)]),
      recordAudit(ctx, {
        programId,
        action: snooze === null ? 'monitor.woken' : 'monitor.snoozed',
        target: name,
        detail: snooze ?? {},
      }),
    ]);
    // A success came in this very moment: it is looked at again.
    if (updated?.changes === 1) return { ...was, ...change };
    if (tries >= triesAtMost)
      throw new AppError('conflict', 'This monitor was changed at this very moment. Try again.');
  }
}
