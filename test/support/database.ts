import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Hub } from '../../scripts/hub.ts';

/** The file in which a local hub keeps its D1 database. */
function openFile(hub: Pick<Hub, 'stateDir'>): DatabaseSync {
  const folder = join(hub.stateDir, 'v3', 'd1', 'miniflare-D1DatabaseObject');
  const files = readdirSync(folder).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name));
  if (files.length !== 1) throw new Error(`one database was expected, and there are ${files.length}`);
  return new DatabaseSync(join(folder, files[0] ?? ''), { timeout: 10_000 });
}

/** The records of a program's datasets as they are stored, to the byte, without asking the hub. */
export interface StoredRecords {
  count: number;
  /** Of keys, fingerprints and data. */
  dataDigest: string;
  /** Of all columns: versions, jobs and times, too. */
  digest: string;
  /** How many each job changed last. */
  byJob: Record<string, number>;
}

export function storedRecords(hub: Pick<Hub, 'stateDir'>, programId: string): StoredRecords {
  const db = openFile(hub);
  try {
    const rows = db
      .prepare(
        `SELECT d.name, r.* FROM datasets AS d JOIN records AS r ON r.dataset_id = d.dataset_id
         WHERE d.program_id = ? ORDER BY d.name, r.bucket, r.key`,
      )
      .iterate(programId);
    const [data, all] = [createHash('sha256'), createHash('sha256')];
    const byJob: Record<string, number> = {};
    let count = 0;
    for (const row of rows) {
      count++;
      data.update(JSON.stringify([row.name, row.bucket, row.key, row.fingerprint, row.data]));
      all.update(JSON.stringify(row));
      const jobId = String(row.job_id);
      byJob[jobId] = (byJob[jobId] ?? 0) + 1;
    }
    return { count, dataDigest: data.digest('hex'), digest: all.digest('hex'), byJob };
  } finally {
    db.close();
  }
}

/** Every table of a hub's database, each as the hash of all its rows. */
export function allTables(hub: Pick<Hub, 'stateDir'>): Record<string, string> {
  const db = openFile(hub);
  try {
    const tables = db
      .prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'",
      )
      .all() as { name: string }[];
    return Object.fromEntries(
      tables.map(({ name }) => {
        const hash = createHash('sha256');
        for (const row of db.prepare(`SELECT * FROM "${name}"`).iterate()) hash.update(JSON.stringify(row));
        return [name, hash.digest('hex')];
      }),
    );
  } finally {
    db.close();
  }
}

/**
 * Attempts at deliveries that a runtime has under way, or had when it was killed: begun, and not on record. Of all
 * endpoints unless told.
 */
export function attemptsUnderWay(hub: Pick<Hub, 'stateDir'>, endpointId: string | null = null): number {
  const db = openFile(hub);
  try {
    const row = db
      .prepare(
        `SELECT (SELECT count(*) FROM deliveries WHERE status = 'sending' AND endpoint_id = ifnull(?1, endpoint_id))
          + (SELECT coalesce(sum(json_array_length(sending)), 0) FROM endpoint_lanes
            WHERE endpoint_id = ifnull(?1, endpoint_id)) AS count`,
      )
      .get(endpointId);
    return Number(row?.count ?? 0);
  } finally {
    db.close();
  }
}

/** Attempts at an endpoint's deliveries that got no answer in their time; not those whose sender died. */
export function attemptsTimedOut(hub: Pick<Hub, 'stateDir'>, endpointId: string): number {
  const db = openFile(hub);
  try {
    const row = db
      .prepare(
        `SELECT count(*) AS count FROM deliveries AS d CROSS JOIN json_each(d.log) AS a
          WHERE d.endpoint_id = ? AND a.value ->> 'failure' = 'timeout'
            AND a.value ->> 'detail' NOT LIKE '%cut off on our side%'`,
      )
      .get(endpointId);
    return Number(row?.count ?? 0);
  } finally {
    db.close();
  }
}

/**
 * Copies a row of a table so many times into another program: what is unique gets a number, all else is as it
 * was. Without the hub, which would take minutes.
 */
export function multiplyRow(
  hub: Pick<Hub, 'stateDir'>,
  table: string,
  where: string,
  times: number,
  values: Record<string, string>,
): void {
  const db = openFile(hub);
  try {
    const columns = db.prepare(`SELECT name FROM pragma_table_info('${table}')`).all() as { name: string }[];
    const names = columns.map(({ name }) => name).filter((name) => values[name] !== '');
    const list = names.map((name) => `"${name}"`).join(', ');
    const made = names.map((name) => values[name] ?? `t."${name}"`).join(', ');
    db.exec(
      `INSERT INTO ${table} (${list})
       WITH RECURSIVE seq(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < ${times})
       SELECT ${made} FROM seq CROSS JOIN (SELECT * FROM ${table} WHERE ${where} LIMIT 1) AS t`,
    );
  } finally {
    db.close();
  }
}

/**
 * Tables that a statement would read from one end to the other, or through an index that holds every row; none
 * of the small ones, which hold a few rows for each program or each cron.
 */
export function wholeTablesRead(hub: Pick<Hub, 'stateDir'>, statement: string): string[] {
  const db = openFile(hub);
  try {
    const partial = db.prepare(
      "SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ? AND sql LIKE '% WHERE %'",
    );
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${statement}`).all() as { detail: string }[];
    return plan.flatMap(({ detail }) => {
      const [, name = '', index] = /^SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?/.exec(detail) ?? [];
      const table = largeTables.find(
        (one) => one === name || new RegExp(`\\b${one}"? (?:AS )?"?${name}\\b`, 'i').test(statement),
      );
      const isPart = index !== undefined && partial.get(index) !== undefined;
      return name === '' || table === undefined || isPart ? [] : [table];
    });
  } finally {
    db.close();
  }
}

/** Those that grow with what the hub does. */
const largeTables = [
  ...['deliveries', 'jobs', 'events', 'audit_log', 'records', 'file_versions', 'file_names', 'syncs'],
  ...['sync_calls', 'sync_quarantine', 'export_runs', 'export_files', 'flow_requests', 'external_sources'],
  ...['flow_request_sources', 'flow_participants', 'allocations', 'job_recipients', 'attention'],
];

/** From now until the answer is called, the hub's database answers every statement with an error. */
export function lockDatabase(hub: Pick<Hub, 'stateDir'>): () => void {
  const db = openFile(hub);
  db.exec('BEGIN EXCLUSIVE');
  return () => {
    db.exec('ROLLBACK');
    db.close();
  };
}

/**
 * Locks the database in the midst of an export's first night: a part of it is staged, and it is still being
 * written. Null where that went by unseen.
 */
export async function lockWhileWriting(
  hub: Pick<Hub, 'stateDir'>,
  exportId: string,
): Promise<(() => void) | null> {
  const db = openFile(hub);
  const find = db.prepare('SELECT status, step FROM export_runs WHERE export_id = ?');
  for (const deadline = Date.now() + 60_000; Number(find.get(exportId)?.step ?? 0) === 0; ) {
    if (Date.now() > deadline) throw new Error('the writing of the night did not begin within 60 s');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  db.exec('BEGIN EXCLUSIVE');
  const release = () => {
    db.exec('ROLLBACK');
    db.close();
  };
  if (find.get(exportId)?.status === 'writing') return release;
  release();
  return null;
}
