export const jobStatuses = [
  'queued',
  'running',
  'held',
  'succeeded',
  'failed',
  'rejected',
  'cancelled',
] as const;
export type JobStatus = (typeof jobStatuses)[number];

export const jobPhases = ['reading', 'checking', 'applying', 'reverting', 'publishing'] as const;
export type JobPhase = (typeof jobPhases)[number];
