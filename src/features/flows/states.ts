/** In the order in which they decide a flow's own state. */
export const sourceStates = ['PENDING', 'FAILED', 'SUCCESS', 'NONE'] as const;
export type SourceState = (typeof sourceStates)[number];

/** What became of one source's part of a request; CANCELLED where source or flow went first. */
export const requestOutcomes = ['PENDING', 'SUCCESS', 'FAILED', 'CANCELLED'] as const;
export type RequestOutcome = (typeof requestOutcomes)[number];

/** What people read. The seed prints the first two of them. */
export const stateLabels = {
  PENDING: 'Sync Requested',
  SUCCESS: 'Complete',
  FAILED: 'Failed',
  NONE: 'Not Requested',
} as const satisfies Record<SourceState, string>;
