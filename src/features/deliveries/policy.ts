import type { AttemptResult } from '../../context.ts';
import { parseHttpDate } from '../../platform/outbound.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/**
 * Waits between attempts, ±20 %. Standard Webhooks 1.0.0 gives the webhook schedule as its example:
 *
 *   attempt  1   2     3       4     5     6      7      8      9      10
 *   after    0   5 s   5 min   30 m  2 h   5 h   10 h   14 h   20 h   24 h   (75.6 h in all)
 */
export const waitsMs: Record<string, readonly number[]> = {
  // A ping says that something succeeded just now: one that comes much later would lie.
  ping: [10 * second, minute, 5 * minute],
  webhook: [
    5 * second,
    5 * minute,
    30 * minute,
    2 * hour,
    5 * hour,
    10 * hour,
    14 * hour,
    20 * hour,
    24 * hour,
  ],
  email: [
    5 * second,
    5 * minute,
    30 * minute,
    2 * hour,
    5 * hour,
    10 * hour,
    14 * hour,
    20 * hour,
    24 * hour,
  ],
  // Four retries of a night; the fifth failure waits for the next one.
  batch: [minute, 5 * minute, 15 * minute, hour],
  // Doubled from 20 s, at most an hour: ten retries, given up after 12,300 s of waiting.
  sftp: [20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600].map((seconds) => seconds * second),
};

/** An attempt that has not ended by then is over; the lease outlives it. */
export const attemptTimeoutMs = 15 * second;
/**
 * Of a delivery that its invocation is to send: it begins within 14 s, and its end has some more seconds to be
 * committed. What a sender that dies leaves behind is free when it is over.
 */
export const leaseMs = 40 * second;
/** Of a lane with a chunk of deliveries: none of them is begun later than this, and the lease outlives it. */
export const chunkStartMs = 5 * second;
export const laneLeaseMs = chunkStartMs + attemptTimeoutMs + 5 * second;

/** First attempts that one invocation begins; the rest is woken. */
export const startedAtOnce = 12;

/** Waits longer than this live in the database alone; shorter ones are also woken through the queue. */
export const queueWaitLimitMs = 10 * minute;

/** A nightly file keeps to its schedule to the second. */
const jitter: Record<string, number> = { webhook: 0.2, email: 0.2 };

export type Outcome =
  | { status: 'delivered' }
  /** `nextAttemptAt` null: until whoever made it due has it tried again. */
  | { status: 'waiting'; nextAttemptAt: number | null; reason: string }
  | { status: 'exhausted'; reason: string }
  | { status: 'cancelled'; reason: string };

/**
 * What follows from an attempt. Pure: `attempts` counts this one, `random` is in [0, 1). `Retry-After` is
 * honoured between one and two of our own waits, so that no receiver can hurry us or put us off for ever.
 */
export function decideOutcome(
  result: AttemptResult,
  at: { channel: string; attempts: number; nowMs: number; random: number },
): Outcome {
  if (result.failure === undefined) return { status: 'delivered' };
  if (result.final === 'gone')
    return { status: 'cancelled', reason: 'The receiver answered 410: it is gone.' };
  if (result.final === 'refused') return { status: 'cancelled', reason: result.detail };
  const waits = waitsMs[at.channel] ?? [];
  const base = waits[at.attempts - 1];
  if (base === undefined && at.channel === 'batch')
    return {
      status: 'waiting',
      nextAttemptAt: null,
      reason: `${at.attempts} attempts failed. Last: ${result.detail}`,
    };
  if (base === undefined)
    return { status: 'exhausted', reason: `${at.attempts} attempts failed. Last: ${result.detail}` };
  const own = base * (1 + (jitter[at.channel] ?? 0) * (2 * at.random - 1));
  const asked = retryAfterMs(result.retryAfter, at.nowMs);
  const wait = asked === null ? own : Math.min(Math.max(asked, own), 2 * own);
  return { status: 'waiting', nextAttemptAt: Math.round(at.nowMs + wait), reason: result.detail };
}

/** `Retry-After` in seconds or as an HTTP date (RFC 9110, 10.2.3); null where it is neither. */
export function retryAfterMs(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  const text = value.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * second;
  const date = parseHttpDate(text);
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}

/** Three time-outs in a row make an endpoint degraded: then it gets one probe at a time. */
export const degradedAfter = 3;
/** A probe that is later than the most of it is of a clock that has gone back since: it is due. */
export const probeWaitMs = { first: 5 * second, most: 5 * minute };

/** In flight to a healthy endpoint; a lane holds a third of it. */
export const flightLimits = { least: 3, most: 20 };
export const laneCount = 3;

/** Disabled: no success for so long, and so many failures. */
const disabledAfter = { ms: 5 * 24 * hour, failures: 20 };

export interface Health {
  timeouts: number;
  failures: number;
  failingSince: number | null;
  degradedSince: number | null;
  probeAt: number | null;
  flightLimit: number;
}

export const goodHealth: Health = {
  timeouts: 0,
  failures: 0,
  failingSince: null,
  degradedSince: null,
  probeAt: null,
  flightLimit: flightLimits.most,
};

/**
 * What an attempt's end says of its endpoint. Pure. One that was begun before the endpoint was known to be
 * degraded tells nothing new: many in flight at once do not put the next probe off.
 */
export function judgeHealth(
  was: Health,
  { failure, startedAt }: { failure?: string | undefined; startedAt: number },
  nowMs: number,
): Health {
  if (failure === undefined) {
    const flightLimit = Math.min(flightLimits.most, was.flightLimit + 1);
    return { ...goodHealth, flightLimit };
  }
  if (was.degradedSince !== null && startedAt < was.degradedSince)
    return { ...was, failures: was.failures + 1 };
  const timeouts = failure === 'timeout' ? was.timeouts + 1 : 0;
  const isDegraded = timeouts >= degradedAfter;
  const wait = Math.min(probeWaitMs.most, probeWaitMs.first * 2 ** Math.min(timeouts - degradedAfter, 10));
  return {
    timeouts,
    failures: was.failures + 1,
    failingSince: was.failingSince ?? nowMs,
    degradedSince: isDegraded ? (was.degradedSince ?? nowMs) : null,
    probeAt: isDegraded ? nowMs + wait : null,
    flightLimit: Math.max(flightLimits.least, Math.floor(was.flightLimit / 2)),
  };
}

/** Whether an endpoint that goes on failing is disabled now; a fresh start counts from `sinceMs`. */
export function mustDisable(health: Health, sinceMs: number, nowMs: number): boolean {
  if (health.failingSince === null || health.failures < disabledAfter.failures) return false;
  return nowMs - Math.max(health.failingSince, sinceMs) >= disabledAfter.ms;
}
