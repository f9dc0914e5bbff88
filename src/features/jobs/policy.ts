const second = 1_000;

/** Failures of ours before a job is given up; staff hear of the last. */
export const jobAttempts = 5;

/** A hold that nobody decides ends so. */
export const holdMs = 72 * 3_600 * second;

/**
 * What one message may do: a step is about five D1 statements, of which an invocation has 1,000, and an
 * operation about one call of the object store, of which it has 10,000 with everything else.
 */
export const messageBudget = { steps: 60, operations: 2_000 };

/** What the sweeper does itself of one job, of at most `jobsPerSweep` jobs: about 200 statements a minute. */
export const sweepBudget = { steps: 20, operations: 500 };
export const jobsPerSweep = 2;

export interface StepBudget {
  steps: number;
  operations: number;
}

/** When the sweeper looks again, should the wake-up be lost: behind the lease, or soon where there is none. */
export const wakeAfterClaimMs = 20 * second;
export const wakeAfterMessageMs = 5 * second;
export const wakeWhileWaitingMs = 60 * second;

/**
 * The wait before attempt `attempt` (2 and on): 10, 20, 40, 80 s, each with full jitter on its upper half;
 * at most ten minutes. `random` is in [0, 1).
 */
export function attemptWaitMs(attempt: number, random: number): number {
  const base = Math.min(10 * second * 2 ** (attempt - 2), 600 * second);
  return Math.round(base * (0.5 + 0.5 * random));
}
