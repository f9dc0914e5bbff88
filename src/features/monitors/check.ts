import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { deriveId, newId } from '../../platform/ids.ts';
import { endAttention, raiseAttention } from '../attention/index.ts';
import { announce, startDeliveries } from '../deliveries/index.ts';
import { findProgram } from '../programs/index.ts';
import { listDueMonitors } from './monitors.system.ts';
import { pingOf } from './ping.ts';
import { dueAfter, withMissed } from './policy.ts';
import { noSnooze } from './snooze.ts';
import { type Monitor, updateMonitor } from './store.ts';

/** The minute's step: a success sets the next time and pings; a time that passed without one is told, once. */
export async function checkMonitors(ctx: Ctx): Promise<number> {
  const due = await listDueMonitors(ctx, 20);
  for (const monitor of due) {
    const { lastSuccessAt, notedSuccessAt } = monitor;
    if (lastSuccessAt !== null && lastSuccessAt !== notedSuccessAt) {
      await concludeSuccess(ctx, monitor, lastSuccessAt);
    } else if (monitor.dueAt <= ctx.now() && monitor.silentSince === null) {
      const { snoozedUntil } = monitor;
      if (snoozedUntil !== null && snoozedUntil > ctx.now())
        // Somebody knows: where there is no success until then, it is told after all.
        await commit(ctx.db, [updateMonitor(ctx, monitor, { checkAt: snoozedUntil })]);
      else await tellOfSilence(ctx, monitor);
    } else {
      const checkAt = monitor.silentSince === null ? monitor.dueAt : null;
      await commit(ctx.db, [updateMonitor(ctx, monitor, { checkAt })]);
    }
  }
  return due.length;
}

async function concludeSuccess(ctx: Ctx, monitor: Monitor, lastSuccessAt: number): Promise<void> {
  const { programId, name, pingUrl } = monitor;
  const program = await findProgram(ctx, programId);
  const dueAt = dueAfter(monitor, program?.timeZone ?? 'UTC', { atMs: lastSuccessAt, isSuccess: true });
  const ping = pingUrl === null ? null : pingOf(ctx, monitor, pingUrl, String(lastSuccessAt));
  const [updated] = await commit(ctx.db, [
    updateMonitor(ctx, monitor, {
      notedSuccessAt: lastSuccessAt,
      dueAt,
      silentSince: null,
      checkAt: dueAt,
      ...noSnooze,
      ...(lastSuccessAt <= monitor.dueAt
        ? {}
        : {
            missed: withMissed(monitor.missed, {
              dueAt: monitor.dueAt,
              endedAt: lastSuccessAt,
              snoozed: monitor.snoozedUntil !== null,
            }),
          }),
    }),
    endAttention(ctx, programId, 'monitor_missed', name),
    ...(ping === null ? [] : [ping.statement]),
  ]);
  if (updated?.changes === 1 && ping !== null) startDeliveries(ctx, [ping.deliveryId]);
}

async function tellOfSilence(ctx: Ctx, monitor: Monitor): Promise<void> {
  const { programId, name, watchKind, watchRef, dueAt, lastSuccessAt } = monitor;
  const last = lastSuccessAt === null ? null : new Date(lastSuccessAt).toISOString();
  const traceId = newId('tra', ctx.now());
  const announced = await announce(ctx, {
    programId,
    type: 'monitor.missed',
    data: {
      programId,
      monitor: name,
      watches: { [watchKind]: watchRef },
      lastSuccessAt: last,
      dueAt: new Date(dueAt).toISOString(),
    },
    about: name,
    traceId,
    messageId: await deriveId(
      'msg',
      `${newId('tra', dueAt).slice(0, 14)}${'0'.repeat(16)}`,
      `monitor ${programId} ${name}`,
    ),
  });
  await commit(ctx.db, [
    updateMonitor(ctx, monitor, {
      silentSince: ctx.now(),
      checkAt: null,
      ...noSnooze,
      missed: withMissed(monitor.missed, { dueAt, endedAt: null, snoozed: false }),
    }),
    ...announced.statements,
    raiseAttention(ctx, {
      programId,
      kind: 'monitor_missed',
      subject: name,
      audience: 'both',
      message: `The monitor "${name}" heard no success of the ${watchKind} "${watchRef}" by ${new Date(dueAt).toISOString()}. The last one: ${last ?? 'none yet'}.`,
      nextStep: 'It ends with the next success. Look why there was none.',
      traceId,
    }),
  ]);
  startDeliveries(ctx, announced.deliveryIds);
}
