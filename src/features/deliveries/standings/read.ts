import { sql } from 'drizzle-orm';
import type { Ctx } from '../../../context.ts';
import { type EndpointActivity, listEndpointActivity } from '../../activity/index.ts';
import { parkedAt } from '../announced.ts';

interface Row {
  endpointId: string;
  failingSince: number | null;
  degradedSince: number | null;
  secretAt: number | null;
  nextAttemptAt: number | null;
}

export interface EndpointStanding extends Row {
  activity: EndpointActivity | null;
}

/**
 * How endpoints of a program stand, in the order named: two statements, each a few rows of an endpoint, however
 * much was sent. What is on its way at this moment is not what comes next.
 */
export async function readStandings(
  ctx: Ctx,
  programId: string,
  endpointIds: string[],
): Promise<EndpointStanding[]> {
  const [rows, activity] = await Promise.all([
    ctx.db.all<Row>(sql`SELECT e.endpoint_id AS endpointId, h.failing_since AS failingSince,
        h.degraded_since AS degradedSince,
        (SELECT max(s.created_at) FROM signing_secrets AS s
          WHERE s.program_id = e.program_id AND s.purpose = e.endpoint_id AND s.ends_at IS NULL) AS secretAt,
        (SELECT d.next_attempt_at FROM deliveries AS d WHERE d.endpoint_id = e.endpoint_id
          AND d.next_attempt_at IS NOT NULL AND d.next_attempt_at < ${parkedAt} AND d.status <> 'sending'
          ORDER BY d.next_attempt_at LIMIT 1) AS nextAttemptAt
      FROM json_each(${JSON.stringify(endpointIds)}) AS i CROSS JOIN webhook_endpoints AS e
      LEFT JOIN endpoint_health AS h ON h.endpoint_id = e.endpoint_id
      WHERE e.endpoint_id = i.value AND e.program_id = ${programId} AND e.deleted_at IS NULL
      ORDER BY i.key`),
    listEndpointActivity(ctx, programId, endpointIds),
  ]);
  return rows.map((row) => ({ ...row, activity: activity.get(row.endpointId) ?? null }));
}
