const second = 1_000;

/** Failures of ours before a job is given up; staff hear of the last. */
export const jobAttempts = 5;

/** A hold that nobody decides ends so. */
export const holdMs = 72 * 3_600 * second;

/** Steps that one message does: with four or five D1 statements each, far below an invocation's 1,000. */
export const stepsPerMessage = 60;

/** Steps of one job that the sweeper does itself, of at most `jobsPerSweep` jobs: 200 statements a minute. */
export const stepsPerSweep = 20;
export const jobsPerSweep = 2;

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
