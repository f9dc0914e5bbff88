import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { checkCallable } from '../../platform/outbound.ts';
import { endAttention } from '../attention/index.ts';
import { changesBetween, recordAudit } from '../audit/index.ts';
import { findProgram } from '../programs/index.ts';
import { dueAfter } from './policy.ts';
import type { MonitorIn } from './schema.ts';
import { noSnooze } from './snooze.ts';
import {
  findMonitor,
  isMonitor,
  type JudgedMonitor,
  type Monitor,
  removeMonitor,
  upsertMonitor,
} from './store.ts';
import type { WatchKind } from './table.ts';

const auditedMembers = ['watchKind', 'watchRef', 'everyHours', 'byLocalTime', 'graceMinutes'] as const;

/**
 * Makes or changes a monitor; its time begins anew with what it watches or expects. It may come before what it
 * watches, as in a script that sets up a program; the answer says so.
 */
export async function saveMonitor(
  ctx: Ctx,
  programId: string,
  name: string,
  input: MonitorIn,
): Promise<JudgedMonitor> {
  if (input.pingUrl !== null) {
    const judged = await checkCallable(input.pingUrl, ctx.outbound);
    if (!judged.ok) {
      const { code, message } = judged;
      throw new AppError('url_not_allowed', message, { issues: [{ path: 'pingUrl', code, message }] });
    }
  }
  const at = ctx.now();
  const was = await findMonitor(ctx, programId, name);
  const program = await findProgram(ctx, programId);
  const [watch] = Object.entries(input.watches) as [WatchKind, string][];
  const expectation = {
    everyHours: input.everyHours ?? null,
    byLocalTime: input.byLocalTime ?? null,
    graceMinutes: input.graceMinutes,
  };
  const dueAt = dueAfter(expectation, program?.timeZone ?? 'UTC', { atMs: at, isSuccess: false });
  const row: Monitor = {
    programId,
    name,
    watchKind: watch?.[0] ?? 'task',
    watchRef: watch?.[1] ?? '',
    ...expectation,
    pingUrl: input.pingUrl,
    lastSuccessAt: was?.lastSuccessAt ?? null,
    notedSuccessAt: was?.lastSuccessAt ?? null,
    dueAt,
    silentSince: null,
    checkAt: dueAt,
    ...noSnooze,
    missed: was?.missed ?? [],
    createdAt: was?.createdAt ?? at,
    updatedAt: Math.max(at, (was?.updatedAt ?? 0) + 1),
  };
  await commit(ctx.db, [
    upsertMonitor(ctx, row),
    endAttention(ctx, programId, 'monitor_missed', name),
    recordAudit(ctx, {
      programId,
      action: 'monitor.saved',
      target: name,
      detail: changesBetween<Monitor>(was, row, auditedMembers),
    }),
  ]);
  const saved = await findMonitor(ctx, programId, name);
  if (!saved) throw new AppError('conflict', 'This monitor was deleted at this very moment. Try again.');
  return saved;
}

export async function deleteMonitor(ctx: Ctx, programId: string, name: string): Promise<void> {
  const act = { programId, action: 'monitor.deleted', target: name };
  const [, removed] = await commit(ctx.db, [
    recordAudit(ctx, act, isMonitor(programId, name)),
    removeMonitor(ctx, programId, name),
    endAttention(ctx, programId, 'monitor_missed', name),
  ]);
  if (removed?.changes !== 1) throw new AppError('not_found', 'There is no such monitor.');
}
