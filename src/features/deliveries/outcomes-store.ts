import { sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { prepared } from '../../platform/prepared.ts';
import type { Judged } from './outcomes.ts';
import type { Outcome } from './policy.ts';
import { attemptsKept } from './store.ts';
import type { Attempt } from './table.ts';

/**
 * Which statuses stay as they are, by what became of the attempt: what was paused or cancelled while it was under
 * way, unless the receiver took it. The attempt is on record either way.
 */
const holds: Record<Outcome['status'], string> = {
  delivered: '',
  waiting: 'cancelled paused',
  exhausted: 'cancelled',
  cancelled: 'cancelled',
};

export function writeOutcomes(ctx: Ctx, batch: Judged[], endedAt: number): Statement {
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
      outcome.status === 'waiting' ? null : endedAt,
      !delivered && (row.uncertain || result.uncertain || one.lost !== null) ? 1 : 0,
      one.attempts,
      one.attemptsTotal,
      one.lost === null ? [attempt] : [one.lost, attempt],
      one.target,
      holds[outcome.status],
    ];
  });
  return updateOutcomes(ctx.db, { rows: JSON.stringify(rows) });
}

/** A column of an outcome, or as it stands where the row was held while the attempt was under way. */
const unlessHeld = (column: string, at: number) =>
  sql.raw(`iif(instr(o.value ->> 12, deliveries.status), deliveries.${column}, o.value ->> ${at})`);

const updateOutcomes = prepared(
  () => sql`UPDATE deliveries SET status = ${unlessHeld('status', 3)}, reason = ${unlessHeld('reason', 4)},
      next_attempt_at = ${unlessHeld('next_attempt_at', 5)}, ended_at = ${unlessHeld('ended_at', 6)},
      uncertain = o.value ->> 7, attempts = o.value ->> 8, attempts_total = o.value ->> 9,
      target = coalesce(o.value ->> 11, deliveries.target), log = CASE WHEN deliveries.log = '[]' THEN o.value -> 10 ELSE
        (SELECT json_group_array(json(a.value)) FROM (SELECT l.value FROM json_each(deliveries.log) AS l
          WHERE l.key >= json_array_length(deliveries.log) - ${attemptsKept - 2}
          UNION ALL SELECT n.value FROM json_each(o.value -> 10) AS n) AS a)
        END
    FROM json_each(${sql.placeholder('rows')}) AS o
    WHERE deliveries.program_id = o.value ->> 0 AND deliveries.delivery_id = o.value ->> 1
      AND deliveries.attempts_total = o.value ->> 2 AND deliveries.body IS NOT ''`,
);
