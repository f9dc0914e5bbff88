import type { Export, Run } from './store.ts';

/** What was asked for when the writing began; a change in between would make a file of two halves. */
export interface WriteSettings {
  format: 'json' | 'csv';
  types: string[];
  categories: string[];
  emptyDay: 'send' | 'skip';
  guardFormulas: boolean;
  manifest: boolean;
  createdAtMs: number;
}

/** The file of one event type, on its way. */
export interface Output {
  event: string;
  rows: number;
  columns: string[];
  /** Staged pieces in their order, each with the number of columns its rows have. */
  segments: { key: string; columns: number }[];
}

/** Where the writing of a night stands: saved after each step, and all that the next one needs. */
export interface WriteState {
  phase: 'reading' | 'joining' | 'ready';
  settings: WriteSettings;
  /** The sequence of the last event that was staged. */
  after: number;
  outputs: Output[];
  /** Outputs whose files are whole. */
  joined: number;
}

export function initialState(of: Export, run: Run): WriteState {
  const { format, types, categories, emptyDay, guardFormulas, manifest, createdAt } = of;
  const settings = { format, types, categories, emptyDay, guardFormulas, manifest, createdAtMs: createdAt };
  return { phase: 'reading', settings, after: run.afterSequence, outputs: [], joined: 0 };
}

/** The night cannot be written as the export is set; its message says what to change. */
export class NightFault extends Error {
  override name = 'NightFault';
}

/** Another consumer has the run now. */
export class LeaseLost extends Error {
  override name = 'LeaseLost';
}
