import { type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { idTime, newId } from '../../platform/ids.ts';
import { deliveryPrefix } from '../deliveries/index.ts';

export const foundKinds = [
  ...['job', 'delivery', 'event', 'trace', 'file', 'export', 'night', 'webhook', 'recovery'],
  ...['subscription', 'flow', 'monitor', 'task', 'dataset', 'key', 'session', 'drop_key'],
  ...['problem', 'act'],
] as const;

/** What an id or a name stands for. */
export interface Found {
  kind: string;
  /** Its own id or name: of a night the export's, of a recovery the endpoint's, of a file its folder. */
  id: string;
  /** What else its page needs: a night's date, a file's name. */
  part: string | null;
}

const dayMs = 86_400_000;

/**
 * What `text` names in a program: an id of any kind, a message's id from a receiver's log, or a name; null
 * for nothing. Each look is one into an index. Names are tried in the order below, and the first is taken.
 */
export async function findAnything(ctx: Ctx, programId: string, text: string): Promise<Found | null> {
  const prefix = /^([a-z]{3})_[0-9a-z]{26}$/.exec(text)?.[1];
  if (prefix === 'tra') return { kind: 'trace', id: text, part: null };
  const looks = prefix === undefined ? namesOf(programId, text) : byId(programId, text, prefix);
  for (const look of looks) {
    const [found] = await ctx.db.all<Found>(sql`${look} LIMIT 1`);
    if (found) return found;
  }
  return null;
}

/** Everything that has an id with such a prefix. */
function byId(programId: string, id: string, prefix: string): SQL[] {
  const one = (kind: string, table: string, column: string, shown = column, part = 'NULL') =>
    sql`SELECT ${kind} AS kind, ${sql.raw(shown)} AS id, ${sql.raw(part)} AS part FROM ${sql.raw(table)}
      WHERE ${sql.raw(column)} = ${id} AND program_id = ${programId}`;
  const looks: Record<string, SQL[]> = {
    job: [one('job', 'jobs', 'job_id')],
    dlv: [one('delivery', 'deliveries', 'delivery_id')],
    evt: [one('event', 'events', 'event_id')],
    fil: [one('file', 'file_versions', 'version_id', 'folder', 'filename')],
    upl: [one('file', 'uploads', 'upload_id', 'folder', 'filename')],
    exp: [one('export', 'exports', 'export_id')],
    run: [one('night', 'export_runs', 'run_id', 'export_id', 'local_date')],
    whk: [one('webhook', 'webhook_endpoints', 'endpoint_id')],
    rcv: [one('recovery', 'recoveries', 'recovery_id', 'endpoint_id', 'recovery_id')],
    syn: [one('subscription', 'syncs', 'sync_id', 'publisher_id')],
    srq: [one('flow', 'flow_requests', 'request_id', 'flow_id')],
    key: [one('key', 'api_keys', 'key_id')],
    ses: [one('session', 'sessions', 'session_id')],
    prb: [one('problem', 'attention', 'attention_id', 'attention_id', 'kind')],
    aud: [one('act', 'audit_log', 'audit_id')],
    msg: ofMessage(programId, id),
  };
  return looks[prefix] ?? [];
}

/**
 * A message's deliveries: those to endpoints have what follows from it in their ids. Others, such as a job's
 * mails, became due some days after it got its id, as a job may be held; there are few of them.
 */
function ofMessage(programId: string, id: string): SQL[] {
  const announced = deliveryPrefix(programId, id);
  const from = `dlv_${id.slice(4, 14)}`;
  const until = newId('dlv', idTime(id) + 8 * dayMs).slice(0, 14);
  return [
    sql`SELECT 'delivery' AS kind, delivery_id AS id, NULL AS part FROM deliveries
      WHERE program_id = ${programId} AND delivery_id >= ${announced} AND delivery_id < ${`${announced}~`}
        AND message_id = ${id}`,
    sql`SELECT 'delivery' AS kind, delivery_id AS id, NULL AS part FROM deliveries INDEXED BY deliveries_direct
      WHERE delivery_id >= ${from} AND delivery_id < ${until} AND endpoint_id = '' AND program_id = ${programId}
        AND message_id = ${id}`,
  ];
}

/** What people call things. */
function namesOf(programId: string, name: string): SQL[] {
  const slash = name.indexOf('/');
  const [folder, filename] = [name.slice(0, Math.max(0, slash)), name.slice(slash + 1)];
  const looks = [
    sql`SELECT 'drop_key' AS kind, access_key_id AS id, NULL AS part FROM drop_keys
      WHERE access_key_id = ${name} AND program_id = ${programId}`,
    sql`SELECT 'task' AS kind, job AS id, NULL AS part FROM tasks WHERE program_id = ${programId} AND job = ${name}`,
    sql`SELECT 'dataset' AS kind, name AS id, NULL AS part FROM datasets
      WHERE program_id = ${programId} AND name = ${name}`,
    sql`SELECT 'monitor' AS kind, name AS id, NULL AS part FROM monitors
      WHERE program_id = ${programId} AND name = ${name}`,
    sql`SELECT 'flow' AS kind, flow_id AS id, NULL AS part FROM flows
      WHERE program_id = ${programId} AND code = ${name} AND deleted_at IS NULL`,
    slash < 0
      ? sql`SELECT 'file' AS kind, folder AS id, filename AS part FROM file_names
          WHERE program_id = ${programId} AND filename = ${name}`
      : sql`SELECT 'file' AS kind, folder AS id, filename AS part FROM file_names
          WHERE program_id = ${programId} AND folder = ${folder} AND filename = ${filename}`,
    sql`SELECT 'subscription' AS kind, publisher_id AS id, NULL AS part FROM subscriptions
      WHERE program_id = ${programId} AND publisher_id = ${name}`,
    // A publisher names an event within its system and type, of which there are few: one look for each.
    sql`WITH RECURSIVE t(pair) AS (
        SELECT (SELECT json_array(system_id, event_type) FROM events WHERE program_id = ${programId}
          ORDER BY system_id, event_type LIMIT 1)
        UNION ALL
        SELECT (SELECT json_array(e.system_id, e.event_type) FROM events AS e WHERE e.program_id = ${programId}
          AND (e.system_id, e.event_type) > (t.pair ->> 0, t.pair ->> 1) ORDER BY e.system_id, e.event_type LIMIT 1)
        FROM t WHERE t.pair IS NOT NULL LIMIT 100)
      SELECT 'event' AS kind, e.event_id AS id, NULL AS part FROM t CROSS JOIN events AS e
      WHERE e.program_id = ${programId} AND e.system_id = t.pair ->> 0 AND e.event_type = t.pair ->> 1
        AND e.publisher_event_id = ${name}`,
  ];
  if (/^[1-9]\d{0,14}$/.test(name)) {
    looks.unshift(sql`SELECT 'flow' AS kind, flow_id AS id, NULL AS part FROM flows
      WHERE program_id = ${programId} AND flow_id = ${Number(name)} AND deleted_at IS NULL`);
  }
  return looks;
}
