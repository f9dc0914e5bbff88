import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { newId } from '../../platform/ids.ts';
import { lastSequenceBefore } from '../events/index.ts';
import { findProgram } from '../programs/index.ts';
import { listDueExports } from './exports.system.ts';
import { nextNight } from './policy.ts';
import { beginRun, type Export, findExport, isWriting, type Run, updateExport } from './store.ts';

const exportsAtOnce = 40;
/** The message that begins a run may be lost: then the sweeper looks after it. */
export const wakeAfterMessageMs = 60_000;

/** The minute's step: begins what is due, a bounded part. */
export async function beginDueNights(ctx: Ctx): Promise<number> {
  const due = await listDueExports(ctx, exportsAtOnce);
  for (const row of due) {
    try {
      await beginNight(ctx, row);
    } catch (error) {
      // What stops one export's night does not keep the next from its own.
      ctx.log.error('export.night_failed', error, { exportId: row.exportId, programId: row.programId });
    }
  }
  return due.length;
}

/** Begins the export's next night, if it is due. */
export async function beginNights(ctx: Ctx, programId: string, exportId: string): Promise<void> {
  const row = await findExport(ctx, programId, exportId);
  if (row?.active) await beginNight(ctx, row);
}

/**
 * One night at a time: the next begins when the one before has been written, so that missed ones go out
 * oldest first. What a night holds is settled here, by its two sequences.
 */
async function beginNight(ctx: Ctx, row: Export): Promise<void> {
  const program = await findProgram(ctx, row.programId);
  if (!program || (await isWriting(ctx, row.programId, row.exportId))) return;
  const timeZone = row.timeZone ?? program.timeZone;
  const clock = { timeZone, atLocalTime: row.atLocalTime };
  const night = nextNight(clock, row.lastLocalDate);
  const at = ctx.now();
  if (night.dueAt > at) {
    const due = { nextDueAt: night.dueAt, dueZone: timeZone };
    await commit(ctx.db, [updateExport(ctx, row.programId, row.exportId, due)]);
    return;
  }
  const last = Math.max(row.bound, await lastSequenceBefore(ctx, row.programId, night.endsAt));
  const run: Run = {
    runId: newId('run', at),
    exportId: row.exportId,
    programId: row.programId,
    localDate: night.localDate,
    timeZone,
    endsAt: night.endsAt,
    afterSequence: row.bound,
    lastSequence: last,
    status: 'due',
    events: 0,
    state: null,
    step: 0,
    leaseToken: null,
    leaseUntil: null,
    failures: 0,
    wakeAt: at + wakeAfterMessageMs,
    sends: 0,
    traceId: newId('tra', at),
    message: 'About to be written.',
    startedAt: at,
    writtenAt: null,
    endedAt: null,
    erasedAt: null,
  };
  const next = { nextDueAt: nextNight(clock, night.localDate).dueAt, dueZone: timeZone };
  const [begun] = await commit(ctx.db, beginRun(ctx, row, run, next));
  if (begun?.changes !== 1) return;
  ctx.log.line('export.night_begun', {
    exportId: row.exportId,
    programId: row.programId,
    runId: run.runId,
    localDate: run.localDate,
    traceId: run.traceId,
  });
  await ctx.queues.export.send([{ type: 'run', runId: run.runId }]);
}
