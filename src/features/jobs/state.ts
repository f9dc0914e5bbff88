import type { CsvDialect, CsvPosition } from '../../platform/csv/dialect.ts';
import type { JobCounts, JobDecisions, JobError } from './schema.ts';
import { noCounts } from './schema.ts';

/**
 * Where a job stands: a few hundred bytes, saved with every step beside the records it changes. Whatever
 * is larger (rows, plans, before-images) is in the object store under keys made from it.
 *
 *   reading ──► checking ──► applying ──► done
 *                                │ cannot go on after its first chunk
 *                                └──► reverting ──► done
 */
export interface JobState {
  phase: 'reading' | 'checking' | 'applying' | 'reverting' | 'done';
  counts: JobCounts;
  /** The first ten. */
  errors: JobError[];
  /** Rejected rows whose key could not be read: while there are any, nothing is removed. */
  unreadableKeys: number;
  dialect: CsvDialect | null;
  decisions: JobDecisions | null;
  /** Behind the last row read; null before the header. */
  position: CsvPosition | null;
  /** Staged parts written so far. */
  parts: number;
  /** Parts of rejected rows written so far. */
  rejectParts: number;
  /** The next slot of hashes to check. */
  slot: number;
  /** Plans written so far; while applying, how many there are. */
  plans: number;
  /** While applying: the plan and the operation in it that come next. */
  plan: number;
  operation: number;
  /** Chunks applied so far, each with its before-images; while reverting, how many are left. */
  chunks: number;
  /** The file's own fault, not ours: its program's contacts hear of it, staff do not. */
  fileFault?: boolean;
  /** How it is to end, once that is known. */
  outcome: { status: 'succeeded' | 'failed' | 'rejected' | 'cancelled'; message: string } | null;
}

export function initialState(): JobState {
  return {
    phase: 'reading',
    counts: { ...noCounts },
    errors: [],
    unreadableKeys: 0,
    dialect: null,
    decisions: null,
    position: null,
    parts: 0,
    rejectParts: 0,
    slot: 0,
    plans: 0,
    plan: 0,
    operation: 0,
    chunks: 0,
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
  header: (programId: string, jobId: string) => `stage/${programId}/${jobId}/header`,
  rows: (programId: string, jobId: string, part: number) => `stage/${programId}/${jobId}/rows-${part}`,
  index: (programId: string, jobId: string, part: number) => `stage/${programId}/${jobId}/index-${part}`,
  rejects: (programId: string, jobId: string, part: number) => `stage/${programId}/${jobId}/rejects-${part}`,
  plan: (programId: string, jobId: string, plan: number) => `stage/${programId}/${jobId}/plan-${plan}`,
  beforePrefix: (programId: string, jobId: string) => `before/${programId}/${jobId}/`,
  before: (programId: string, jobId: string, chunk: number) => `before/${programId}/${jobId}/${chunk}`,
};

/** The file, not the hub, is at fault: no further attempt can help. The message is for its sender. */
export class FileFault extends Error {
  override name = 'FileFault';
  readonly errors: JobError[];
  constructor(message: string, errors: JobError[] = []) {
    super(message);
    this.errors = errors;
  }
}

/** Another consumer has the job now: stop, and leave no trace. */
export class LeaseLost extends Error {
  override name = 'LeaseLost';
}
