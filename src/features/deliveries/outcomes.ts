import type { AttemptResult, Ctx } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import { countEnded } from '../activity/index.ts';
import { noteFailures } from './health.ts';
import { healHealth, standingOf } from './health-store.ts';
import type { DueRow } from './lanes.ts';
import { writeOutcomes } from './outcomes-store.ts';
import { decideOutcome, type Outcome } from './policy.ts';
import { problemsOf } from './problems.ts';
import type { Attempt } from './table.ts';

/** An attempt at an endpoint that has come to its end. */
export interface Finished {
  row: DueRow;
  result: AttemptResult;
  /** Where it went, for an endpoint may have moved since the row was made; null where it went nowhere. */
  target: string | null;
  startedAt: number;
  durationMs: number;
  /** What the row's count of attempts was when this one took it: another count, and nothing is written. */
  fence: number;
  /** Counts with this one: since it was last due anew, and in all. */
  attempts: number;
  attemptsTotal: number;
  /** An attempt before this one whose end nobody knows. */
  lost: Attempt | null;
}

export type Judged = Finished & { outcome: Outcome };

/** What follows from outcomes that are committed, for whoever sends. */
export interface Consequences {
  /** Endpoints that something is due to and nobody attends to. */
  unattended: string[];
  /** What became due to others, for `startDeliveries`. */
  announced: string[];
  /** When an endpoint is to be looked at again: its earliest retry of these, or its probe. */
  lookAgainAt: Map<string, number>;
  /** How many were taken by their receivers, and the statements that all of this took but for the failures. */
  cost: { taken: number; statements: number };
}

/** So long an outcome waits for others that are about to come. */
const gatherMs = 40;
/** One that takes longer than this is not about to come: its receiver is slow, or does not answer. */
const soonMs = 1_000;
/** So many are written at once. */
const groupSize = 24;

/**
 * Writes outcomes in groups: while one commit is under way the next ones gather, and while other attempts of
 * the invocation are under way an outcome waits a moment for theirs, so that a busy invocation writes many
 * with one statement, and an idle one at once.
 */
export class OutcomeRecorder {
  readonly #ctx: Ctx;
  readonly #onWritten: (consequences: Consequences) => void;
  #gathered: Judged[] = [];
  #also: { endpointId: string; statements: Statement[] }[] = [];
  /** Endpoints of which an outcome could not be written: their lanes are let go by nobody, but end. */
  readonly #unwritten = new Set<string>();
  /** Of what gathers now; null while nothing does. */
  #group: Promise<void> | null = null;
  #writing: Promise<void> = Promise.resolve();
  #underWay = 0;
  /** When each that has not ended was begun, the first first. */
  readonly #begun = new Set<{ atMs: number }>();
  /** Ends the wait for others. */
  #hurry: (() => void) | null = null;

  constructor(ctx: Ctx, onWritten: (consequences: Consequences) => void) {
    this.#ctx = ctx;
    this.#onWritten = onWritten;
  }

  /** An attempt, which the outcomes of others may wait for a moment. `add` tells of its end. */
  async during<T>(attempt: () => Promise<T>): Promise<T> {
    this.#underWay++;
    const begun = { atMs: this.#ctx.wallNow() };
    this.#begun.add(begun);
    try {
      return await attempt();
    } catch (error) {
      this.#underWay--;
      this.#hurry?.();
      throw error;
    } finally {
      this.#begun.delete(begun);
    }
  }

  /** Instead of `add`, for what was not attempted after all. */
  withdraw(): void {
    this.#underWay--;
    if (!this.#isExpecting()) this.#hurry?.();
  }

  /** Whether others are about to end. */
  #isExpecting(): boolean {
    let slow = 0;
    for (const { atMs } of this.#begun) {
      if (this.#ctx.wallNow() - atMs < soonMs) break;
      slow++;
    }
    return this.#underWay > slow;
  }

  /**
   * Resolves when the outcome is committed, and `also` with it, after it and those before it; without `also`
   * where one of the same endpoint before it could not be written. `more`: its sender goes on to another at
   * once, whose outcome it waits a moment for. Throws what the database throws.
   */
  async add(finished: Finished, also: Statement[] = [], more = false): Promise<void> {
    const outcome = decideOutcome(finished.result, {
      channel: 'webhook',
      attempts: finished.attempts,
      nowMs: this.#ctx.now(),
      random: Math.random(),
    });
    this.#gathered.push({ ...finished, outcome });
    this.#also.push({ endpointId: finished.row.endpointId, statements: also });
    this.#underWay--;
    this.#group ??= this.#writeGroup();
    const isLast = !this.#isExpecting() && !more;
    if (isLast || this.#gathered.length >= groupSize) this.#hurry?.();
    await this.#group;
  }

  async #writeGroup(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, gatherMs);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#hurry = null;
    await this.#writing;
    const [batch, also] = [this.#gathered, this.#also];
    [this.#gathered, this.#also] = [[], []];
    this.#group = null;
    const then = also.flatMap(({ endpointId, statements }) =>
      this.#unwritten.has(endpointId) ? [] : statements,
    );
    const writing = this.#write(batch, then).catch((error: unknown) => {
      // What is in doubt is known by the lane that sent it, for as long as nobody takes it over.
      for (const { row } of batch) this.#unwritten.add(row.endpointId);
      throw error;
    });
    this.#writing = writing.catch(() => undefined);
    await writing;
  }

  async #write(batch: Judged[], also: Statement[]): Promise<void> {
    const ctx = this.#ctx;
    const byEndpoint = new Map<string, Judged[]>();
    for (const one of batch) {
      const same = byEndpoint.get(one.row.endpointId);
      if (same) same.push(one);
      else byEndpoint.set(one.row.endpointId, [one]);
    }
    const successes: Record<string, number> = {};
    const failures: { programId: string; endpointId: string; ended: Judged[] }[] = [];
    for (const [endpointId, ended] of byEndpoint) {
      const taken = ended.filter(({ result }) => result.failure === undefined).length;
      if (taken > 0) successes[endpointId] = taken;
      const lastTaken = ended.findLastIndex(({ result }) => result.failure === undefined);
      const after = ended.slice(lastTaken + 1);
      if (after.length > 0)
        failures.push({ programId: after[0]?.row.programId ?? '', endpointId, ended: after });
    }
    const problems = await Promise.all(
      batch.map(({ row, outcome }) => problemsOf(ctx, { ...row, channel: 'webhook' }, outcome)),
    );
    const ends = batch.flatMap(({ row, attemptsTotal, outcome }) =>
      outcome.status === 'waiting' ? [] : [{ ...row, attemptsTotal }],
    );
    const endedAt = ctx.now();
    const counted = await countEnded(ctx, ends, endedAt);
    const failed = failures.map(({ endpointId }) => endpointId);
    const looked = standingOf(ctx, [...byEndpoint.keys()], failed);
    const statements = [
      writeOutcomes(ctx, batch, endedAt),
      ...counted,
      ...problems.flatMap((one) => one.statements),
      looked.statement,
      ...also,
    ];
    await commit(ctx.db, statements);
    const stands = looked.standing();
    const healed = stands.flatMap(({ endpointId, ill }) => {
      const count = successes[endpointId];
      return ill && count !== undefined ? [[endpointId, count] as const] : [];
    });
    if (healed.length > 0) await commit(ctx.db, [healHealth(ctx, Object.fromEntries(healed))]);
    const after: Consequences = {
      unattended: stands.flatMap(({ endpointId, unattended }) => (unattended ? [endpointId] : [])),
      announced: problems.flatMap((one) => one.deliveryIds),
      lookAgainAt: new Map(),
      cost: {
        taken: Object.values(successes).reduce((sum, count) => sum + count, 0),
        statements: statements.length + (healed.length > 0 ? 1 : 0),
      },
    };
    for (const one of batch) noteRetry(one, after.lookAgainAt);
    logAttempts(ctx, batch);
    for (const { programId, endpointId, ended } of failures) {
      // As it stood before what this batch healed: a change in between is seen when it is written.
      const health = stands.find((one) => one.endpointId === endpointId)?.health ?? null;
      const noted = await noteFailures(ctx, programId, endpointId, ended, health);
      after.announced.push(...noted.announced);
      if (noted.probeAt !== null) after.lookAgainAt.set(endpointId, noted.probeAt);
    }
    this.#onWritten(after);
  }
}

function noteRetry({ row, outcome }: Judged, lookAgainAt: Map<string, number>): void {
  if (outcome.status !== 'waiting' || outcome.nextAttemptAt === null) return;
  const known = lookAgainAt.get(row.endpointId) ?? Number.POSITIVE_INFINITY;
  lookAgainAt.set(row.endpointId, Math.min(known, outcome.nextAttemptAt));
}

/** A line for each that failed, and one for all that were taken: lines are billed, and the ledger has the rest. */
function logAttempts(ctx: Ctx, batch: Judged[]): void {
  const taken = batch.filter(({ outcome }) => outcome.status === 'delivered');
  const single = taken.length === 1 ? batch : batch.filter(({ outcome }) => outcome.status !== 'delivered');
  for (const { row, result, durationMs, attempts, outcome } of single) {
    ctx.log.line('delivery.attempted', {
      deliveryId: row.deliveryId,
      programId: row.programId,
      endpointId: row.endpointId,
      traceId: row.traceId,
      channel: 'webhook',
      type: row.type,
      attempt: attempts,
      httpStatus: result.status,
      failure: result.failure,
      durationMs,
      outcome: outcome.status,
    });
  }
  if (taken.length < 2) return;
  ctx.log.line('deliveries.attempted', {
    deliveryIds: taken.map(({ row }) => row.deliveryId).join(' '),
    programId: [...new Set(taken.map(({ row }) => row.programId))].join(' '),
    traceId: [...new Set(taken.map(({ row }) => row.traceId))].join(' '),
    channel: 'webhook',
    longestMs: Math.max(...taken.map(({ durationMs }) => durationMs)),
    outcome: 'delivered',
  });
}
