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
    const message = `${part} of ${of} ${what} (${percent.toFixed(1)} %), and ${guard} is ${guards[guard]}.`;
    tripped.push({ guard, message, deletesOnly });
  };
  judge('maxRejectedPercent', counts.rejected, counts.read, 'rows are rejected', false);
  if (mode === 'full') {
    const dropped = Math.max(0, storedBefore - counts.read);
    judge('maxRowDropPercent', dropped, storedBefore, 'rows fewer than there are records', true);
    judge('maxDeletePercent', counts.deleted, storedBefore, 'records would be deleted', true);
  }
  return tripped;
}
