import type { CsvDialect, CsvPosition } from '../../platform/csv/dialect.ts';
import type { JsonPosition } from '../../platform/json/faults.ts';
import type { JobCounts, JobDecisions, JobError } from './schema.ts';
import { noCounts } from './schema.ts';
import type { JobPhase } from './statuses.ts';

/** Behind the last row read, as the format's own reader needs it. */
export type Position = CsvPosition | JsonPosition;

/** The object that is read, pinned to its version. */
export interface Source {
  objectKey: string;
  sizeBytes: number;
  etag: string;
}

/**
 * Where a job stands: a few hundred bytes, saved with every step beside the records it changes. Whatever
 * is larger (rows, plans, before-images) is in the object store under keys made from it.
 *
 *   reading ──► (comparing) ──► checking ──► applying ──► (publishing) ──► done
 *                                   │ guard      ▲ │ cannot go on after its first chunk
 *                                   └─► holding ─┘ └──► reverting ──► done
 *
 * An undo begins with `undoing`, which stages the change log of the job it undoes the other way round, and
 * goes on with checking. Comparing is there for schemas with unique keys: it finds the rows that share one.
 */
export interface JobState {
  phase:
    | 'undoing'
    | 'reading'
    | 'comparing'
    | 'checking'
    | 'holding'
    | 'applying'
    | 'publishing'
    | 'reverting'
    | 'done';
  counts: JobCounts;
  /** The first ten. */
  errors: JobError[];
  /** What the guards said, when they held the job or withheld its deletes. */
  guards: string[];
  /** Deletes are left out, on the task's wish. */
  withholdsDeletes: boolean;
  /** Rejected rows whose key could not be read: while there are any, nothing is removed. */
  unreadableKeys: number;
  /** What the file unpacked to; null while, or where, the dropped file itself is read. */
  source: Source | null;
  /** Null until it is decided. */
  format: 'csv' | 'jsonl' | 'json' | null;
  dialect: CsvDialect | null;
  decisions: JobDecisions | null;
  position: Position | null;
  /** The header is read, and saved. */
  header: boolean;
  /** The job whose report this file corrects: then it is an upsert, whatever the task says. */
  corrects: string | null;
  /** Nothing was stored when reading began: staged rows stand beside the change log, which may refer to them. */
  fresh?: boolean;
  /** Staged parts written so far. */
  parts: number;
  /** Staged parts of unique values written so far. */
  uniqueParts: number;
  /** Parts of rejected rows written so far. */
  rejectParts: number;
  /** The next slot of hashes to check; while undoing or publishing, the next part of a change log. */
  slot: number;
  /** Parts of the change log written so far; from applying on, how many there are. */
  logParts: number;
  /** The part of the log and the chunk in it that come next; what is before them stands in the dataset. */
  logPart: number;
  chunk: number;
  /** Changes that stand in the dataset. */
  applied: number;
  /** The file's own fault, not ours: its program's contacts hear of it, staff do not. */
  fileFault?: boolean;
  /** How it is to end, once that is known. */
  outcome: { status: 'succeeded' | 'failed' | 'rejected' | 'cancelled'; message: string } | null;
}

export function initialState(job: { undoOf: string | null }): JobState {
  return {
    phase: job.undoOf === null ? 'reading' : 'undoing',
    counts: { ...noCounts },
    errors: [],
    guards: [],
    withholdsDeletes: false,
    unreadableKeys: 0,
    source: null,
    format: null,
    dialect: null,
    decisions: null,
    position: null,
    header: false,
    corrects: null,
    parts: 0,
    uniqueParts: 0,
    rejectParts: 0,
    slot: 0,
    logParts: 0,
    logPart: 0,
    chunk: 0,
    applied: 0,
    outcome: null,
  };
}

const shownErrors = 10;

/** Keeps the first ten errors; the rest are in the report. */
export function addErrors(errors: JobError[], more: JobError[]): JobError[] {
  return errors.length >= shownErrors ? errors : [...errors, ...more].slice(0, shownErrors);
}

/** Keys of a job's objects. Staged rows and before-images are personal data: pruned by their retention. */
export const objectKeys = {
  prefix: (programId: string, jobId: string) => `stage/${programId}/${jobId}/`,
  inflated: (programId: string, jobId: string) => `stage/${programId}/${jobId}/inflated`,
  header: (programId: string, jobId: string) => `stage/${programId}/${jobId}/header`,
  rows: (programId: string, jobId: string, part: number) => `stage/${programId}/${jobId}/rows-${part}`,
  /** Those of a dataset's first load. */
  firstRows: (programId: string, jobId: string, part: number) => `changes/${programId}/${jobId}/rows-${part}`,
  rowsOf:
    ({ programId, jobId }: { programId: string; jobId: string }, { fresh }: Pick<JobState, 'fresh'>) =>
    (part: number) =>
      fresh ? objectKeys.firstRows(programId, jobId, part) : objectKeys.rows(programId, jobId, part),
  index: (programId: string, jobId: string, part: number) => `stage/${programId}/${jobId}/index-${part}`,
  uniques: (programId: string, jobId: string, part: number) => `stage/${programId}/${jobId}/uniques-${part}`,
  uniqueIndex: (programId: string, jobId: string, part: number) =>
    `stage/${programId}/${jobId}/unique-index-${part}`,
  rejectsPrefix: (programId: string, jobId: string) => `stage/${programId}/${jobId}/rejects-`,
  rejects: (programId: string, jobId: string, part: number) => `stage/${programId}/${jobId}/rejects-${part}`,
  changesPrefix: (programId: string, jobId: string) => `changes/${programId}/${jobId}/`,
  changes: (programId: string, jobId: string, part: number) => `changes/${programId}/${jobId}/${part}`,
};

/** The file, not the hub, is at fault: no further attempt can help. The message is for its sender. */
export class FileFault extends Error {
  override name = 'FileFault';
  readonly errors: JobError[];
  constructor(code: string, message: string, errors: JobError[] = []) {
    super(message);
    this.errors = errors.length > 0 ? errors : [{ line: null, column: null, code, message }];
  }
}

/** Another consumer has the job now: stop, and leave no trace. */
export class LeaseLost extends Error {
  override name = 'LeaseLost';
}

/** A file with a `_job` column is always an upsert. */
export function modeOf(task: { mode: 'full' | 'upsert' }, state: JobState): 'full' | 'upsert' {
  return state.corrects === null ? task.mode : 'upsert';
}

/** The phase as the API names it: a held job has been checked, and a done one has none. */
export function phaseOf(state: JobState): JobPhase | null {
  if (state.phase === 'done') return null;
  const checks: JobState['phase'][] = ['holding', 'comparing', 'undoing'];
  return checks.includes(state.phase) ? 'checking' : (state.phase as JobPhase);
}
