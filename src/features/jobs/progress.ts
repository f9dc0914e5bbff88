import type { JobState } from './state.ts';
import type { Job } from './store.ts';

export interface Progress {
  percent: number;
  bytesRead: number;
  /** Of the file, or of what it unpacks to. */
  bytes: number;
  rowsRead: number;
}

/** Where each phase begins, in percent: about how the time divides. */
const begins = { reading: 0, comparing: 40, checking: 42, applying: 50, publishing: 90 };

/** How far a job is, from what it has done and saved; nothing is guessed ahead. Pure. */
export function progressOf(job: Job, state: JobState | null): Progress {
  const bytesRead = Math.max(state?.position?.offset ?? 0, job.readBytes);
  const bytes = Math.max(state?.source?.sizeBytes ?? job.sizeBytes, bytesRead);
  const rowsRead = Math.max(state?.counts.read ?? 0, job.counts.read);
  const percent =
    job.finishedAt !== null
      ? 100
      : state === null
        ? 0
        : percentOf(job, state, bytes === 0 ? 1 : bytesRead / bytes);
  return { percent: Math.round(percent * 10) / 10, bytesRead, bytes, rowsRead };
}

function percentOf(job: Job, state: JobState, partRead: number): number {
  const between = (from: number, to: number, done: number, of: number) =>
    from + (to - from) * (of === 0 ? 1 : Math.min(1, done / of));
  const { inserted, updated, deleted } = state.counts;
  const changes = inserted + updated + (state.withholdsDeletes ? 0 : deleted);
  const appliedAt = job.task.publish ? begins.publishing : 100;
  switch (state.phase) {
    case 'undoing':
      return begins.reading;
    case 'reading':
      return between(begins.reading, begins.comparing, partRead, 1);
    case 'comparing':
      return between(begins.comparing, begins.checking, state.slot, 1_024);
    case 'checking':
      return between(begins.checking, begins.applying, state.slot, 1_024);
    case 'holding':
      return begins.applying;
    case 'applying':
      return between(begins.applying, appliedAt, state.applied, changes);
    case 'publishing':
      return between(begins.publishing, 100, state.slot, state.logParts);
    case 'reverting':
      return between(begins.applying, 100, changes - state.applied, changes);
    case 'done':
      return 100;
  }
}
