import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { addDays, instantOf, localDateAt } from '../../platform/zones.ts';
import { listNightlyPrograms, type NightlyProgram } from '../programs/index.ts';
import { enabledSubscriptions, openSync } from './run.ts';
import { setNight } from './store.ts';
import { lastNights, listDueSyncs } from './syncs.system.ts';

/** Programs whose night begins in one minute; the rest begin in the next. */
const programsAtOnce = 5;

/** Opens the syncs of programs whose local time has come, and wakes what a lost message forgot. */
export async function sweepSyncs(ctx: Ctx): Promise<number> {
  await beginNights(ctx);
  const due = await listDueSyncs(ctx, 200);
  await ctx.queues.ingest.send(due.map((syncId) => ({ type: 'sync', syncId })));
  return due.length;
}

async function beginNights(ctx: Ctx): Promise<void> {
  const programs = await listNightlyPrograms(ctx);
  if (programs.length === 0) return;
  const last = await lastNights(ctx);
  const due = programs.flatMap((program) => {
    const localDate = dueNight(program, last.get(program.programId) ?? null, ctx.now());
    return localDate === null ? [] : [{ programId: program.programId, localDate }];
  });
  for (const { programId, localDate } of due.slice(0, programsAtOnce)) {
    // A sync that is open already goes on: beginning a night twice is beginning it once.
    for (const subscription of await enabledSubscriptions(ctx, programId))
      await openSync(ctx, subscription, []);
    await commit(ctx.db, [setNight(ctx, programId, localDate)]);
  }
}

/**
 * The local day on which the time has come and no night was begun yet; null where it is not due. A night
 * that a hub was down for is made up for by the next minute, an older one by the cursor.
 */
export function dueNight(
  { timeZone, atLocalTime, createdAt }: Pick<NightlyProgram, 'timeZone' | 'atLocalTime' | 'createdAt'>,
  last: string | null,
  nowMs: number,
): string | null {
  const today = localDateAt(timeZone, nowMs);
  const dueAt = instantOf(timeZone, today, atLocalTime);
  const localDate = dueAt <= nowMs ? today : addDays(today, -1);
  if (last !== null && localDate <= last) return null;
  // Made after its time: the first night is the next one.
  return instantOf(timeZone, localDate, atLocalTime) < createdAt ? null : localDate;
}
