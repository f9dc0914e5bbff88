import { sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';

/** Where an id of such a prefix is the primary key of its table. */
const tables: Record<string, [table: string, column: string]> = {
  job: ['jobs', 'job_id'],
  evt: ['events', 'event_id'],
  fil: ['file_versions', 'version_id'],
  exp: ['exports', 'export_id'],
  run: ['export_runs', 'run_id'],
  whk: ['webhook_endpoints', 'endpoint_id'],
  rcv: ['recoveries', 'recovery_id'],
  syn: ['syncs', 'sync_id'],
  srq: ['flow_requests', 'request_id'],
  key: ['api_keys', 'key_id'],
  prb: ['attention', 'attention_id'],
  aud: ['audit_log', 'audit_id'],
};

/** Across tenants, for the operator who has an id and no program: whose it is. Null for what tells nothing. */
export async function programOfAnything(ctx: Ctx, id: string): Promise<string | null> {
  const [, prefix = ''] = /^([a-z]{3})_[0-9a-z]{26}$/.exec(id) ?? [];
  if (prefix === 'dlv') {
    const rows = await ctx.db.all<{
      programId: string;
    }>(sql`SELECT p.program_id AS programId FROM programs AS p
      WHERE EXISTS (SELECT 1 FROM deliveries AS d WHERE d.program_id = p.program_id AND d.delivery_id = ${id}) LIMIT 1`);
    return rows[0]?.programId ?? null;
  }
  const place = tables[prefix];
  if (place === undefined) return null;
  const rows = await ctx.db.all<{ programId: string | null }>(
    sql`SELECT program_id AS programId FROM ${sql.raw(place[0])} WHERE ${sql.raw(place[1])} = ${id} LIMIT 1`,
  );
  return rows[0]?.programId || null;
}
