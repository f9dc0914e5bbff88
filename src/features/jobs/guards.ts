import type { TaskDefinition } from '../tasks/index.ts';
import type { JobCounts } from './schema.ts';

export interface GuardFigures {
  counts: JobCounts;
  /** Records of the dataset before this job. */
  storedBefore: number;
  mode: 'full' | 'upsert';
}

export interface TrippedGuard {
  guard: 'maxRejectedPercent' | 'maxRowDropPercent' | 'maxDeletePercent';
  message: string;
  /** Without its deletes the job would be harmless. */
  deletesOnly: boolean;
}

/**
 * Which guards a job trips, from what is known before anything is touched. Pure. Row drop and deletes are
 * judged in full mode alone, against the records there are: a first load cannot trip them.
 */
export function trippedGuards(figures: GuardFigures, guards: TaskDefinition['guards']): TrippedGuard[] {
  const { counts, storedBefore, mode } = figures;
  const tripped: TrippedGuard[] = [];
  const judge = (
    guard: TrippedGuard['guard'],
    part: number,
    of: number,
    what: string,
    deletesOnly: boolean,
  ) => {
    const percent = of === 0 ? 0 : (100 * part) / of;
    if (percent <= guards[guard]) return;
    const message = `${what} (${percent.toFixed(1)} %); the task allows ${guards[guard]} % (${guard}).`;
    tripped.push({ guard, message, deletesOnly });
  };
  const rejected = `${counts.rejected} of ${counts.read} rows are rejected`;
  judge('maxRejectedPercent', counts.rejected, counts.read, rejected, false);
  if (mode === 'full') {
    const dropped = Math.max(0, storedBefore - counts.read);
    const fewer = `The file has ${dropped} rows fewer than the ${storedBefore} records there are`;
    judge('maxRowDropPercent', dropped, storedBefore, fewer, true);
    const deleted = `${counts.deleted} of ${storedBefore} records would be deleted`;
    judge('maxDeletePercent', counts.deleted, storedBefore, deleted, true);
  }
  return tripped;
}
