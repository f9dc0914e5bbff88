import { type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { newId } from '../../platform/ids.ts';

/** One thing that a trace became. */
export interface Step {
  kind: 'file' | 'job' | 'event' | 'sync' | 'export' | 'request' | 'delivery';
  id: string;
  atMs: number;
  /** When the work on it began, where it waited first; and when it ended. */
  startedMs: number | null;
  endedMs: number | null;
  /** Where it stands, where it stands anywhere. */
  status: string | null;
  /** A name for people: a file's, a job's, an event's type, what a delivery tells and by which channel. */
  name: string;
}

/** Of each kind the first so many; the counts tell of all but deliveries. */
export const stepsShown = 200;
const dayMs = 86_400_000;

/**
 * Everything one file, event or request became, in the order of time. The ledger has no index of traces,
 * which would cost a row with each delivery: what goes to no endpoint has one, and the rest is found
 * through what it tells of, for both ids begin with the same time.
 */
export async function followTrace(ctx: Ctx, programId: string, traceId: string): Promise<Step[]> {
  // The plus: found by the trace, of which there are few, and then seen to be the program's.
  const ofTrace = sql`trace_id = ${traceId} AND +program_id = ${programId}`;
  // D1 takes five parts of a compound SELECT at most.
  const ask = (...sources: SQL[]) =>
    ctx.db.all<Step>(
      sql.join(
        sources.map(
          (source) => sql`SELECT * FROM (SELECT * FROM (${source}) ORDER BY atMs, id LIMIT ${stepsShown})`,
        ),
        sql` UNION ALL `,
      ),
    );
  const delivery = sql`'delivery' AS kind, d.delivery_id AS id, d.created_at AS atMs,
    NULL AS startedMs, d.ended_at AS endedMs, d.status, d.channel || ' ' || d.type AS name`;
  const found = (
    await Promise.all([
      ask(
        sql`SELECT 'file' AS kind, version_id AS id, created_at AS atMs, NULL AS startedMs,
          created_at AS endedMs, NULL AS status, folder || '/' || filename AS name FROM file_versions WHERE ${ofTrace}`,
        sql`SELECT 'job' AS kind, job_id AS id, queued_at AS atMs, started_at AS startedMs,
          finished_at AS endedMs, status, job || ' ' || filename AS name FROM jobs WHERE ${ofTrace}`,
        sql`SELECT 'event' AS kind, event_id AS id, received_at AS atMs, NULL AS startedMs,
          received_at AS endedMs, CASE WHEN deleted_at IS NULL THEN 'published' ELSE 'deleted' END AS status,
          event_type AS name FROM events
          WHERE program_id = ${programId} AND trace_id = ${traceId} AND trace_id <> ''`,
        sql`SELECT 'sync' AS kind, sync_id AS id, opened_at AS atMs, NULL AS startedMs, ended_at AS endedMs,
          state AS status, publisher_id AS name FROM syncs WHERE ${ofTrace}`,
        sql`SELECT 'export' AS kind, run_id AS id, started_at AS atMs, NULL AS startedMs,
          ended_at AS endedMs, status, local_date AS name FROM export_runs WHERE ${ofTrace}`,
      ),
      ask(
        sql`SELECT 'request' AS kind, request_id AS id, requested_at AS atMs, NULL AS startedMs,
          (SELECT CASE WHEN sum(s.ended_at IS NULL) = 0 THEN max(s.ended_at) END FROM flow_request_sources AS s
            WHERE s.request_id = flow_requests.request_id) AS endedMs,
          NULL AS status, 'flow ' || flow_id AS name FROM flow_requests WHERE ${ofTrace}`,
        sql`SELECT ${delivery} FROM deliveries AS d INDEXED BY deliveries_direct_trace
          WHERE d.program_id = ${programId} AND d.trace_id = ${traceId} AND d.endpoint_id = ''`,
      ),
    ])
  ).flat();
  const stretches = found
    .filter(({ kind }) => kind !== 'file' && kind !== 'delivery')
    .map(({ kind, id, atMs }) => {
      const from = `dlv_${id.split('_')[1]?.slice(0, 10) ?? ''}`;
      // A night is told of when it has arrived, under an id of that time.
      return kind === 'export' ? [from, newId('dlv', atMs + dayMs).slice(0, 14)] : [from, `${from}{`];
    });
  const told =
    await ask(sql`SELECT DISTINCT ${delivery} FROM json_each(${JSON.stringify(stretches)}) AS t CROSS JOIN deliveries AS d
      WHERE d.program_id = ${programId} AND d.delivery_id >= t.value ->> 0 AND d.delivery_id < t.value ->> 1
        AND d.trace_id = ${traceId} AND d.endpoint_id <> ''`);
  return [...found, ...told].sort((a, b) => a.atMs - b.atMs || a.id.localeCompare(b.id));
}
