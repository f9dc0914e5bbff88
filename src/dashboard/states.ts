import type { Tone } from './view.ts';

/** The API's own words, and how each feels. */
export const jobTones: Record<string, Tone> = {
  queued: 'quiet',
  running: 'busy',
  held: 'attention',
  succeeded: 'ok',
  failed: 'bad',
  rejected: 'quiet',
  cancelled: 'quiet',
};

export const deliveryTones: Record<string, Tone> = {
  pending: 'quiet',
  sending: 'busy',
  waiting: 'attention',
  paused: 'attention',
  delivered: 'ok',
  exhausted: 'bad',
  cancelled: 'quiet',
};

export const sourceTones: Record<string, Tone> = {
  NONE: 'quiet',
  PENDING: 'busy',
  SUCCESS: 'ok',
  FAILED: 'bad',
};

export const endpointTones: Record<string, Tone> = {
  active: 'ok',
  degraded: 'attention',
  paused: 'attention',
  disabled: 'bad',
};
