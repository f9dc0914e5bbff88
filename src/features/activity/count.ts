import { type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import type { ActivityKind } from './table.ts';

/** How a thing ended: `other` is neither a success nor a failure, such as what a person cancelled. */
export type Ending = 'ok' | 'failed' | 'other';

const place: Record<Ending, number> = { ok: 0, failed: 1, other: 2 };

/**
 * The statement that counts what ended now; it joins the commit of the end. `when` is asked inside the
 * transaction: an end that is written twice is counted once.
 */
export function countActivity(
  ctx: Ctx,
  programId: string,
  kind: ActivityKind,
  ending: Ending,
  count = 1,
  when: SQL = sql`true`,
): Statement {
  const [ok, failed, other] = [0, 1, 2].map((at) => (place[ending] === at ? count : 0));
  return countActivityFrom(
    ctx,
    kind,
    sql`SELECT ${programId} AS program_id, ${ok} AS ok, ${failed} AS failed, ${other} AS other WHERE ${when}`,
  );
}

/** The same for many programs: `source` selects `program_id`, `ok`, `failed` and `other`, a row for each. */
export function countActivityFrom(ctx: Ctx, kind: ActivityKind, source: SQL): Statement {
  const now = new Date(ctx.now()).toISOString();
  const hour = `h${now.slice(11, 13)}`;
  const sum = (at: number) => {
    const path = `$.${hour}[${at}]`;
    return sql`coalesce(activity_days.hours ->> ${path}, 0) + (excluded.hours ->> ${path})`;
  };
  return ctx.db.run(sql`INSERT INTO activity_days (program_id, day, kind, hours)
    SELECT s.program_id, ${now.slice(0, 10)}, ${kind}, json_object(${hour}, json_array(s.ok, s.failed, s.other))
    FROM (${source}) AS s WHERE s.ok + s.failed + s.other > 0
    ON CONFLICT DO UPDATE SET hours = json_set(activity_days.hours, ${`$.${hour}`},
      json_array(${sum(0)}, ${sum(1)}, ${sum(2)}))`);
}
