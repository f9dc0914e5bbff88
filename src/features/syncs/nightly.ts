import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { addDays, instantOf, localDateAt } from '../../platform/zones.ts';
import { listNightlyPrograms, type NightlyProgram } from '../programs/index.ts';
import { listSubscriptions } from '../subscriptions/index.ts';
import { mayRunNightly, openSync } from './run.ts';
import { setNight } from './store.ts';
import { lastNights, listDueSyncs, type Night } from './syncs.system.ts';

/** What one minute begins: so many programs' nights, of each so many subscriptions; the next minute goes on. */
const programsAtOnce = 4;
const subscriptionsAtOnce = 30;

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
    const night = last.get(program.programId) ?? null;
    if (night !== null && night.afterPublisher !== null) return [night];
    const localDate = dueNight(program, night?.localDate ?? null, ctx.now());
    return localDate === null ? [] : [{ programId: program.programId, localDate, afterPublisher: '' }];
  });
  for (const night of due.slice(0, programsAtOnce)) await goOnWithNight(ctx, night);
}

/** A sync that is open already goes on: beginning a part of a night twice is beginning it once. */
async function goOnWithNight(ctx: Ctx, { programId, localDate, afterPublisher }: Night): Promise<void> {
  const page = await listSubscriptions(ctx, programId, afterPublisher ?? '', subscriptionsAtOnce);
  for (const subscription of page) if (mayRunNightly(subscription)) await openSync(ctx, subscription, []);
  const isLast = page.length < subscriptionsAtOnce;
  const after = isLast ? null : (page.at(-1)?.publisherId ?? null);
  await commit(ctx.db, [setNight(ctx, programId, localDate, after)]);
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
