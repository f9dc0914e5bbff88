import { type SourceState, sourceStates } from './states.ts';

/** A flow's own state: the first of PENDING, FAILED, SUCCESS, NONE that one of its sources has. */
export function flowState(states: readonly SourceState[]): SourceState {
  return sourceStates.find((state) => states.includes(state)) ?? 'NONE';
}

export interface Askable {
  sourceId: number;
  reference: string;
  state: SourceState;
  requestId: string | null;
  lastRequestedAt: number | null;
}

/** Who is asked anew, and who waits for an earlier request already and keeps it. */
export function planRequest<Source extends Askable>(sources: Source[]): { asked: Source[]; kept: Source[] } {
  return {
    asked: sources.filter(({ state }) => state !== 'PENDING'),
    kept: sources.filter(({ state }) => state === 'PENDING'),
  };
}

/** The latest of the requests that sources wait for; null where none does. */
export function latestRequest(sources: Askable[]): string | null {
  const [latest] = sources.toSorted((a, b) => (b.lastRequestedAt ?? 0) - (a.lastRequestedAt ?? 0));
  return latest?.requestId ?? null;
}

export interface Report {
  outcome: 'SUCCESS' | 'FAILED';
  /** Null: whatever was asked for last. */
  requestId: string | null;
}

export type Verdict =
  | { kind: 'apply'; requestId: string }
  | { kind: 'repeated' }
  | { kind: 'refused'; reason: 'never_requested' | 'request_outdated' | 'request_ended'; message: string };

/**
 * What an integration's report means for a source.
 *
 *   source is          report for the latest request, or for none by name
 *   NONE               refused: never requested
 *   PENDING            applied
 *   SUCCESS            done: repeated, fail: refused
 *   FAILED, reported   fail: repeated, done: refused
 *   FAILED, timed out  applied: it is late, and it is the truth
 *
 * A report for any other request than the latest changes nothing.
 */
export function decideReport(
  source: { state: SourceState; requestId: string | null; timedOut: boolean },
  report: Report,
): Verdict {
  const { state, requestId, timedOut } = source;
  if (requestId === null || state === 'NONE') {
    return {
      kind: 'refused',
      reason: 'never_requested',
      message: 'No sync was requested of this source, so there is none to end.',
    };
  }
  if (report.requestId !== null && report.requestId !== requestId) {
    return {
      kind: 'refused',
      reason: 'request_outdated',
      message: `This answers ${report.requestId}, and the source's latest request is ${requestId}. Nothing was changed.`,
    };
  }
  if (state === 'PENDING' || (state === 'FAILED' && timedOut)) return { kind: 'apply', requestId };
  if (state === report.outcome) return { kind: 'repeated' };
  return {
    kind: 'refused',
    reason: 'request_ended',
    message: `The request ${requestId} has ended already, as ${state}. Nothing was changed; a new request can end otherwise.`,
  };
}
