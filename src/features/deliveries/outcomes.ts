import { sql } from 'drizzle-orm';
import type { AttemptResult, Ctx } from '../../context.ts';
import { commit, rowsOf, type Statement } from '../../platform/d1.ts';
import { countActivityFrom } from '../activity/index.ts';
import { noteFailures } from './health.ts';
import { type DueRow, healHealth } from './lanes.ts';
import { decideOutcome, type Outcome } from './policy.ts';
import { problemsOf } from './problems.ts';
import { attemptsKept } from './store.ts';
import type { Attempt } from './table.ts';

/** An attempt at an endpoint that has come to its end. */
export interface Finished {
  row: DueRow;
  result: AttemptResult;
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

type Judged = Finished & { outcome: Outcome };

/**
 * Writes outcomes in groups: while one commit is under way the next ones gather, so that a busy invocation
 * writes many with one statement, and an idle one at once.
 */
export class OutcomeRecorder {
  readonly #ctx: Ctx;
  #gathered: Judged[] = [];
  #writing: Promise<void> | null = null;
  /** Endpoints that something was due to when an outcome was written. */
  readonly hungry = new Set<string>();
  /** What the outcomes made due to others, for `startDeliveries`. */
  readonly announced: string[] = [];
  /** When the earliest retry of each endpoint is due. */
  readonly retryAt = new Map<string, number>();

  constructor(ctx: Ctx) {
    this.#ctx = ctx;
  }

  /** Resolves when the outcome is committed. Throws what the database throws. */
  async add(finished: Finished): Promise<void> {
    const outcome = decideOutcome(finished.result, {
      channel: 'webhook',
      attempts: finished.attempts,
      nowMs: this.#ctx.now(),
      random: Math.random(),
    });
    this.#gathered.push({ ...finished, outcome });
    while (this.#writing) await this.#writing;
    if (this.#gathered.length === 0) return;
    const batch = this.#gathered;
    this.#gathered = [];
    const writing = this.#write(batch);
    this.#writing = writing.then(
      () => undefined,
      () => undefined,
    );
    void this.#writing.then(() => {
      this.#writing = null;
    });
    await writing;
  }

  async #write(batch: Judged[]): Promise<void> {
    const ctx = this.#ctx;
    const endpoints = [...new Set(batch.map(({ row }) => row.endpointId))];
    const health: Statement[] = [];
    const failures: { programId: string; endpointId: string; results: AttemptResult[] }[] = [];
    for (const endpointId of endpoints) {
      const results = batch.filter(({ row }) => row.endpointId === endpointId);
      const lastSuccess = results.findLastIndex(({ result }) => result.failure === undefined);
      const successes = results.filter(({ result }) => result.failure === undefined).length;
      if (successes > 0) health.push(healHealth(ctx, endpointId, successes));
      const after = results.slice(lastSuccess + 1).map(({ result }) => result);
      if (after.length > 0)
        failures.push({ programId: results[0]?.row.programId ?? '', endpointId, results: after });
    }
    const problems = await Promise.all(
      batch.map(({ row, outcome }) => problemsOf(ctx, { ...row, channel: 'webhook' }, outcome)),
    );
    const due = dueAmong(ctx, endpoints);
    await commit(ctx.db, [
      writeOutcomes(ctx, batch),
      ...countOutcomes(ctx, batch),
      ...health,
      ...problems.flatMap((one) => one.statements),
      due,
    ]);
    for (const { endpointId } of rowsOf(due) as { endpointId: string }[]) this.hungry.add(endpointId);
    for (const one of batch) this.#note(one);
    this.announced.push(...problems.flatMap((one) => one.deliveryIds));
    for (const one of failures)
      this.announced.push(...(await noteFailures(ctx, one.programId, one.endpointId, one.results)));
  }

  #note({ row, result, durationMs, attempts, outcome }: Judged): void {
    if (outcome.status === 'waiting' && outcome.nextAttemptAt !== null) {
      const known = this.retryAt.get(row.endpointId) ?? Number.POSITIVE_INFINITY;
      this.retryAt.set(row.endpointId, Math.min(known, outcome.nextAttemptAt));
    }
    this.#ctx.log.line('delivery.attempted', {
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
}

function writeOutcomes(ctx: Ctx, batch: Judged[]): Statement {
  const rows = batch.map((one) => {
    const { row, result, outcome } = one;
    const delivered = outcome.status === 'delivered';
    const attempt: Attempt = {
      startedAt: one.startedAt,
      durationMs: one.durationMs,
      status: result.status ?? null,
      failure: result.failure ?? null,
      detail: result.detail,
      excerpt: result.excerpt,
    };
    return [
      row.programId,
      row.deliveryId,
      one.fence,
      outcome.status,
      delivered ? null : outcome.reason,
      outcome.status === 'waiting' ? outcome.nextAttemptAt : null,
      outcome.status === 'waiting' ? null : ctx.now(),
      !delivered && (row.uncertain || result.uncertain || one.lost !== null) ? 1 : 0,
      one.attempts,
      one.attemptsTotal,
      one.lost === null ? [attempt] : [one.lost, attempt],
    ];
  });
  return ctx.db.run(sql`UPDATE deliveries SET status = o.value ->> 3, reason = o.value ->> 4,
      next_attempt_at = o.value ->> 5, ended_at = o.value ->> 6, uncertain = o.value ->> 7, attempts = o.value ->> 8,
      attempts_total = o.value ->> 9, log = CASE WHEN deliveries.log = '[]' THEN o.value -> 10 ELSE
        (SELECT json_group_array(json(a.value)) FROM (SELECT l.value FROM json_each(deliveries.log) AS l
          WHERE l.key >= json_array_length(deliveries.log) - ${attemptsKept - 2}
          UNION ALL SELECT n.value FROM json_each(o.value -> 10) AS n) AS a)
        END
    FROM json_each(${JSON.stringify(rows)}) AS o
    WHERE deliveries.program_id = o.value ->> 0 AND deliveries.delivery_id = o.value ->> 1
      AND deliveries.attempts_total = o.value ->> 2 AND deliveries.next_attempt_at IS NOT NULL
      AND deliveries.status IN ('pending', 'waiting', 'sending')`);
}

/** Rolls up what the statement above has ended; one row for each program, however many there were. */
function countOutcomes(ctx: Ctx, batch: Judged[]): Statement[] {
  const ended = batch.filter(({ outcome }) => outcome.status !== 'waiting');
  if (ended.length === 0) return [];
  const rows = ended.map(({ row, attemptsTotal }) => [row.programId, row.deliveryId, attemptsTotal]);
  return [
    countActivityFrom(
      ctx,
      'webhook',
      sql`SELECT d.program_id, sum(d.status = 'delivered') AS ok, sum(d.status = 'exhausted') AS failed,
          sum(d.status = 'cancelled') AS other
        FROM json_each(${JSON.stringify(rows)}) AS o CROSS JOIN deliveries AS d ON d.program_id = o.value ->> 0
          AND d.delivery_id = o.value ->> 1 AND d.attempts_total = o.value ->> 2 AND d.ended_at = ${ctx.now()}
        GROUP BY d.program_id`,
    ),
  ];
}

/** Which of these endpoints have something due now; it joins the commit that makes room. */
function dueAmong(ctx: Ctx, endpointIds: string[]): Statement {
  return ctx.db.run(sql`SELECT value AS endpointId FROM json_each(${JSON.stringify(endpointIds)}) AS e
    WHERE EXISTS (SELECT 1 FROM deliveries AS d WHERE d.endpoint_id = e.value AND d.next_attempt_at IS NOT NULL
      AND d.next_attempt_at <= ${ctx.now()})`);
}
