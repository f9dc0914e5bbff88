import type { AttemptResult, Ctx } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import { newId } from '../../platform/ids.ts';
import { callOf, type EndpointCall, signingNow } from '../webhooks/index.ts';
import { wholeLane } from './announced.ts';
import { postSigned } from './channels.ts';
import { findTarget, type Target } from './deliveries.system.ts';
import { cancelReason } from './health.ts';
import {
  type ChunkClaim,
  cancelDue,
  type DueRow,
  giveBack,
  keepLane,
  type LaneClaim,
  parkDue,
  releaseLane,
  settledAtOnce,
  takeLane,
  unpark,
} from './lanes.ts';
import type { Finished, OutcomeRecorder } from './outcomes.ts';
import { type Pace, turnOf } from './pace.ts';
import {
  attemptTimeoutMs,
  chunkStartMs,
  degradedAfter,
  laneCount,
  laneLeaseMs,
  leaseMs,
  probeWaitMs,
} from './policy.ts';
import type { Pool } from './pool.ts';
import type { Started } from './started.ts';
import { bodyOf } from './store.ts';
import type { Attempt } from './table.ts';
import type { Together } from './together.ts';
import { wakeEndpoint } from './wake.ts';

/** Rows a lane is claimed with at once; more of them, and more would be uncertain after a crash. */
const chunkSize = 24;
/** Where few may be in flight a chunk is small: its end is when the endpoint is looked at again. */
const rowsOfOneFlight = 12;
/** What a resumed endpoint gets of what waited, where it has no limit of its own. */
export const resumePerSecond = 20;
/** Something due so soon is waited for; what is later is woken. */
const waitWithinMs = 1_500;

/** What one invocation sends with. */
export interface Hands {
  pool: Pool;
  recorder: OutcomeRecorder;
  together: Together;
}

/**
 * Sends a first attempt whose row was born leased to this invocation. False where its endpoint takes nothing
 * any more, or it waited so long for a connection that it would outlive its lease: then it is due like any other.
 */
export async function sendBorn(
  ctx: Ctx,
  recorder: OutcomeRecorder,
  pool: Pool,
  row: Started,
): Promise<boolean> {
  const due: DueRow = { ...row, uncertain: false, attempts: 0, attemptsTotal: 0 };
  const untilMs = row.createdAt + leaseMs - attemptTimeoutMs;
  const sent = await recorder.during(() =>
    pool.run(row.endpointId, async () => (ctx.now() >= untilMs ? null : sendIfActive(ctx, due))),
  );
  if (sent === null) {
    recorder.withdraw();
    await commit(ctx.db, [giveBack(ctx, row)]);
    return false;
  }
  await recorder.add({ ...sent, row: due, fence: 1, attempts: 1, attemptsTotal: 1, lost: null });
  return true;
}

/**
 * Sends what is due to one endpoint, as far as the pool allows: in three lanes, each leased by one sender at
 * a time and with a third of the endpoint's flight, or, where it is rate-limited or degraded, as one. What is
 * due later is woken by whoever put it off.
 */
export async function drainEndpoint(
  ctx: Ctx,
  endpointId: string,
  { pool, recorder, together }: Hands,
): Promise<void> {
  while (pool.mayStart()) {
    const found = findTarget(ctx, endpointId);
    await together.commit([found.statement]);
    const target = found.target();
    if (!target) return;
    if (target.state !== 'active') return settleInactive(ctx, target, pool);
    const probeInMs = (target.probeAt ?? 0) - ctx.now();
    if (probeInMs > 0 && probeInMs <= probeWaitMs.most) return;
    const soon = ctx.now() + waitWithinMs;
    if (target.hasParked && (target.nextDueAt === null || target.nextDueAt > soon)) {
      await commit(ctx.db, [unpark(ctx, endpointId, target.rateLimitPerSecond ?? resumePerSecond)]);
      continue;
    }
    if (target.nextDueAt === null || target.nextDueAt > soon) return;
    const waitMs = target.nextDueAt - ctx.now();
    if (waitMs > 0) await scheduler.wait(waitMs);
    // Where others hold the lanes, they see what is due before they let go.
    if ((await drainLanes(ctx, target, { pool, recorder, together })) === 0 && pool.mayStart()) return;
  }
  await wakeEndpoint(ctx, endpointId, ctx.now());
}

/** How many were claimed of the lanes that nobody holds; what could not be sent is still due. */
async function drainLanes(ctx: Ctx, target: Target, hands: Hands): Promise<number> {
  // What is little is one sender's; who is rate-limited or degraded has never more than one.
  const isLittle = target.dueCount <= chunkSize && target.heldLanes.length === 0;
  const whole = isLittle || target.rateLimitPerSecond !== null || target.degradedSince !== null;
  const first = Math.floor(Math.random() * laneCount);
  const lanes = whole ? [wholeLane] : Array.from({ length: laneCount }, (_, i) => (first + i) % laneCount);
  const held = new Set(target.heldLanes);
  // More hands for what is much: other invocations, a lane each.
  if (!whole && held.size === 0) await wakeEndpoint(ctx, target.endpointId, ctx.now(), laneCount - 1);
  let claimed = 0;
  for (const lane of lanes) {
    if (held.has(lane) || held.has(wholeLane) || !hands.pool.mayStart()) continue;
    claimed += await drainLane(ctx, target, lane, hands);
  }
  return claimed;
}

async function drainLane(
  ctx: Ctx,
  target: Target,
  lane: number,
  { pool, recorder, together }: Hands,
): Promise<number> {
  const { endpointId, rateLimitPerSecond } = target;
  const isProbe = target.degradedSince !== null;
  const token = newId('lse', ctx.wallNow());
  let width = widthOf(target, lane);
  const gapMs = rateLimitPerSecond === null ? 0 : 1_000 / rateLimitPerSecond;
  const claim = (): LaneClaim => {
    const most = Math.min(isProbe ? 1 : chunkSize, rateLimitPerSecond ?? width * rowsOfOneFlight);
    return { endpointId, lane, token, untilMs: ctx.now() + laneLeaseMs, most, gapMs };
  };
  const release = () => [releaseLane(ctx, endpointId, lane, token)];
  const first = takeLane(ctx, claim());
  await together.commit(first.statements);
  let { rows, startMs } = first.chunk();
  let claimed = 0;
  const mayBeShared = lane === wholeLane && rateLimitPerSecond === null && !isProbe;
  let isTooMuch = false;
  const pace: Pace = { gapMs, lastMs: 0 };
  while (rows.length > 0) {
    let next: ChunkClaim | 'release' | undefined;
    const found = findTarget(ctx, endpointId);
    // What comes next goes with the last outcomes of the chunk, in one transaction.
    const then = (failed: boolean): Statement[] => {
      // Whatever failed may have changed what the endpoint may be sent.
      const goesOn = !failed && !isTooMuch && !isProbe && pool.mayStart();
      next = goesOn ? keepLane(ctx, claim()) : 'release';
      return next === 'release' ? release() : [...next.statements, found.statement];
    };
    await sendChunk(ctx, { rows, startMs, pace, width, then }, pool, recorder);
    claimed += rows.length;
    if (next === undefined) await together.commit(release());
    if (next === undefined || next === 'release') return claimed;
    ({ rows, startMs } = next.chunk());
    // Those born leased have ended since, or others have begun; and what was little may be much by now.
    const seen = found.target() ?? target;
    width = widthOf(seen, lane);
    isTooMuch = mayBeShared && seen.dueCount > chunkSize;
  }
  return claimed;
}

/** How many a lane may have in flight, beside those born leased. */
function widthOf({ flightLimit, inFlight }: Target, lane: number): number {
  const room = Math.max(1, flightLimit - inFlight);
  return lane === wholeLane ? room : Math.ceil(room / laneCount);
}

interface Chunk {
  rows: DueRow[];
  startMs: number;
  pace: Pace;
  /** How many of it may be in flight. */
  width: number;
  /** What is committed with the last outcome, given whether an attempt failed. */
  then: (failed: boolean) => Statement[];
}

/**
 * Sends a chunk; all that was sent is on record then. Where the endpoint takes nothing any more, after three
 * time-outs in a row, or too late for the lane's lease, the rest is left for later.
 */
async function sendChunk(
  ctx: Ctx,
  { rows, startMs, pace, width, then }: Chunk,
  pool: Pool,
  recorder: OutcomeRecorder,
): Promise<void> {
  const waiting = rows.map((row, i) => ({ row, atMs: startMs + i * pace.gapMs }));
  const untilMs = ctx.wallNow() + chunkStartMs;
  const recorded: Promise<void>[] = [];
  let failed = false;
  let timeouts = 0;
  let underWay = 0;
  const isOver = () => timeouts >= degradedAfter || ctx.wallNow() >= untilMs;
  const takeNext = () => (isOver() || !pool.mayStart() ? undefined : waiting.shift());
  const flight = async () => {
    for (let next = takeNext(); next; ) {
      underWay++;
      await turnOf(ctx, pace, next.atMs);
      const { row } = next;
      const sent = await recorder.during(() =>
        pool.run(row.endpointId, async () => (isOver() ? null : sendIfActive(ctx, row))),
      );
      underWay--;
      if (sent === null) {
        recorder.withdraw();
        failed = true;
        return;
      }
      const { failure } = sent.result;
      failed ||= failure !== undefined;
      timeouts = failure === 'timeout' ? timeouts + 1 : 0;
      next = takeNext();
      const also = underWay === 0 && !next ? then(failed) : [];
      const attempts = { attempts: row.attempts + 1, attemptsTotal: row.attemptsTotal + 1 };
      const lost = row.status === 'sending' ? lostAttempt(ctx) : null;
      const finished = { ...sent, row, fence: row.attemptsTotal, ...attempts, lost };
      recorded.push(recorder.add(finished, also, next !== undefined));
    }
  };
  const flights = Array.from({ length: Math.min(width, rows.length) }, flight);
  // All of a chunk is on record before the lane goes on: what is not would be claimed again.
  const ends = await Promise.allSettled([...flights, Promise.all(flights).then(() => Promise.all(recorded))]);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** Null where the endpoint was paused or disabled in the meantime: then nothing more is begun. */
async function sendIfActive(ctx: Ctx, row: DueRow): Promise<Sent | null> {
  const call = await callOf(ctx, row.programId, row.endpointId);
  return call && call.endpoint.state !== 'active' ? null : send(ctx, call, row);
}

type Sent = Pick<Finished, 'result' | 'target' | 'startedAt' | 'durationMs'>;

async function send(ctx: Ctx, call: EndpointCall | null, row: DueRow): Promise<Sent> {
  const startedAt = ctx.now();
  const startedWall = ctx.wallNow();
  const result = call
    ? await postSigned(
        ctx,
        { url: call.endpoint.url, headers: call.headers, secrets: signingNow(ctx, call.secrets) },
        { messageId: row.messageId, body: await bodyOf(ctx, row), signedAtMs: startedWall },
      )
    : goneEndpoint;
  const target = call?.endpoint.url ?? null;
  return { result, target, startedAt, durationMs: ctx.wallNow() - startedWall };
}

const goneEndpoint: AttemptResult = {
  failure: 'connect',
  detail: 'The endpoint was deleted.',
  excerpt: '',
  retryAfter: null,
  uncertain: false,
  final: 'refused',
};

/** A first attempt whose sender died is on record too: nobody knows whether the receiver took it. */
function lostAttempt(ctx: Ctx): Attempt {
  return {
    startedAt: ctx.now() - leaseMs,
    durationMs: leaseMs,
    status: null,
    failure: 'timeout',
    detail: 'The attempt was cut off on our side; whether the receiver took it is not known.',
    excerpt: '',
  };
}

/** What is due to an endpoint that is not called: parked, or cancelled, a bounded part in one go. */
async function settleInactive(ctx: Ctx, target: Target, pool: Pool): Promise<void> {
  const { endpointId, state, stateReason } = target;
  const statement = () => {
    if (state === 'paused') return parkDue(ctx, endpointId);
    const reason = state === 'deleted' ? 'The endpoint was deleted.' : cancelReason(stateReason);
    return cancelDue(ctx, endpointId, reason);
  };
  while (pool.mayStart()) {
    const [settled] = await commit(ctx.db, [statement()]);
    if ((settled?.changes ?? 0) < settledAtOnce) return;
  }
  await wakeEndpoint(ctx, endpointId, ctx.now());
}
