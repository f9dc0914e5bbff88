import { type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { cronRuns } from './table.ts';

/** What waits in one of the hub's queues of work. */
export interface Backlog {
  name: string;
  /** Things not ended yet: a bounded count, `countedTo` at most. */
  open: number;
  /** Since when the oldest of what is due now is due; null where nothing is. */
  oldestDueAt: number | null;
}

export type CronRun = typeof cronRuns.$inferSelect;

export const countedTo = 1_000;

/** Times beyond this mean "when somebody resumes it": see the ledger. */
const farFuture = 253_402_300_800_000;

/** A look into the index of what is due for each endpoint, however much waits there. */
const oldestToEndpoints = sql`WITH RECURSIVE waiting(endpoint_id) AS (
    SELECT min(endpoint_id) FROM deliveries WHERE next_attempt_at IS NOT NULL AND endpoint_id > ''
    UNION ALL SELECT (SELECT min(d.endpoint_id) FROM deliveries AS d
      WHERE d.next_attempt_at IS NOT NULL AND d.endpoint_id > waiting.endpoint_id)
    FROM waiting WHERE waiting.endpoint_id IS NOT NULL LIMIT ${countedTo})
  SELECT min((SELECT min(d.next_attempt_at) FROM deliveries AS d
    WHERE d.endpoint_id = waiting.endpoint_id AND d.next_attempt_at IS NOT NULL)) FROM waiting`;

/**
 * Across tenants, for the operator: how much is open and how long the oldest due thing has been due. Each is
 * a look into an index of unfinished work, and each count ends at `countedTo`: the page costs the same
 * whatever waits. Beside it each cron's latest run, for the page that shows both asks much already.
 */
export async function readBacklog(ctx: Ctx): Promise<{ backlog: Backlog[]; crons: CronRun[] }> {
  const now = ctx.now();
  const counted = (from: SQL) => sql`(SELECT count(*) FROM (SELECT 1 FROM ${from} LIMIT ${countedTo}))`;
  const all = (name: string, from: SQL, oldest: SQL) =>
    sql`json_array(${name}, ${counted(from)}, (${oldest}))`;
  const plain = (name: string, table: string, column: string) => {
    const from = sql`${sql.raw(table)} WHERE ${sql.raw(column)} IS NOT NULL`;
    return all(name, from, sql`SELECT min(${sql.raw(column)}) FROM ${from}`);
  };
  const direct = sql`deliveries WHERE endpoint_id = '' AND next_attempt_at IS NOT NULL`;
  const toEndpoints = sql`deliveries WHERE endpoint_id > '' AND next_attempt_at IS NOT NULL`;
  const untold = sql`attention WHERE alerted_at IS NULL`;
  const crons = sql`SELECT json_group_array(json_object('cron', c.cron, 'startedAt', c.started_at,
      'durationMs', c.duration_ms, 'steps', json(c.steps)))
    FROM (SELECT * FROM cron_runs ORDER BY cron LIMIT 20) AS c`;
  // One value and no UNION: D1 takes five parts of a compound SELECT at most.
  const looks = sql.join(
    [
      plain('jobs', 'jobs', 'wake_at'),
      plain('synchronisations', 'syncs', 'wake_at'),
      plain('nights', 'export_runs', 'wake_at'),
      plain('sync requests of flows', 'external_sources', 'deadline_at'),
      plain('monitors', 'monitors', 'check_at'),
      all('problems nobody was told of', untold, sql`SELECT min(since) FROM ${untold}`),
      all('deliveries to no endpoint', direct, sql`SELECT min(next_attempt_at) FROM ${direct}`),
      all('deliveries to endpoints', toEndpoints, oldestToEndpoints),
    ],
    sql`, `,
  );
  const [row] = await ctx.db.all<{ looks: string; crons: string }>(
    sql`SELECT json_array(${looks}) AS looks, (${crons}) AS crons`,
  );
  const rows = (JSON.parse(row?.looks ?? '[]') as [string, number, number | null][]).map(
    ([name, open, oldest]) => ({
      name,
      open,
      oldest,
    }),
  );
  const backlog = rows.map(({ name, open, oldest }) => ({
    name,
    open,
    oldestDueAt: oldest !== null && oldest <= now && oldest < farFuture ? oldest : null,
  }));
  return { backlog, crons: JSON.parse(row?.crons ?? '[]') };
}

/** Across tenants, for the operator: how many open problems each program has, the worst first. */
export function countProblems(ctx: Ctx): Promise<{ programId: string; problems: number; since: number }[]> {
  return ctx.db.all(sql`SELECT program_id AS programId, count(*) AS problems, min(since) AS since
    FROM (SELECT program_id, since FROM attention WHERE ended_at IS NULL AND state = 'open' LIMIT 10000)
    GROUP BY program_id ORDER BY problems DESC, program_id LIMIT 200`);
}
