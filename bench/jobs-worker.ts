import type { Ctx } from '../src/context.ts';
import type { Env } from '../src/env.ts';
import { loadLog } from '../src/features/jobs/log.ts';
import { advance, type Chunk, writeChunk } from '../src/features/records/index.ts';
import hub, { SftpRelay } from '../src/index.ts';
import { commit, openDatabase } from '../src/platform/d1.ts';
import { R2ObjectStore } from '../src/platform/objects/r2.ts';

export { SftpRelay };

/**
 * The hub, its database behind a meter, and a loop without one: `/bench/meter` answers and clears what was
 * counted, `/bench/feed?programId=&jobId=&part=` fetches the chunks of a part of a job's change log, and `/bench/loop`
 * writes what was fetched into a dataset of its own, with the statements that jobs use.
 */
interface Meter {
  statements: number;
  rowsWritten: number;
  rowsRead: number;
  recordsWritten: number;
  /** Milliseconds that each transaction with records in it held the database. */
  holds: number[];
}

const empty = (): Meter => ({ statements: 0, rowsWritten: 0, rowsRead: 0, recordsWritten: 0, holds: [] });
let meter = empty();

function count(queries: string[], results: D1Result[]): void {
  let held = 0;
  let writesRecords = false;
  for (const [i, { meta }] of results.entries()) {
    meter.statements++;
    meter.rowsWritten += meta.rows_written;
    meter.rowsRead += meta.rows_read;
    held += meta.duration;
    if (!/^\s*(INSERT (OR REPLACE )?INTO|DELETE FROM) records\b/.test(queries[i] ?? '')) continue;
    meter.recordsWritten += meta.changes;
    writesRecords = true;
  }
  if (writesRecords) meter.holds.push(held);
}

const texts = new WeakMap<D1PreparedStatement, string>();

function metered(db: D1Database): D1Database {
  const prepare = (query: string): D1PreparedStatement => wrap(db.prepare(query), query);
  const originals = new WeakMap<D1PreparedStatement, D1PreparedStatement>();
  const wrap = (statement: D1PreparedStatement, query: string): D1PreparedStatement => {
    const run = async <T>(result: Promise<D1Result<T>>) => {
      count([query], [await result]);
      return result;
    };
    const wrapped = {
      bind: (...values: unknown[]) => wrap(statement.bind(...values), query),
      all: () => run(statement.all()),
      run: () => run(statement.run()),
      raw: async (options?: { columnNames?: false }) => {
        meter.statements++;
        return statement.raw(options);
      },
      first: (column?: string) => statement.first(column as string),
    } as unknown as D1PreparedStatement;
    originals.set(wrapped, statement);
    texts.set(wrapped, query);
    return wrapped;
  };
  return {
    prepare,
    async batch(statements: D1PreparedStatement[]) {
      const results = await db.batch(statements.map((one) => originals.get(one) ?? one));
      count(
        statements.map((one) => texts.get(one) ?? ''),
        results,
      );
      return results;
    },
    exec: (query: string) => db.exec(query),
  } as unknown as D1Database;
}

let meteredEnv: Env | undefined;
function envOf(env: Env): Env {
  meteredEnv ??= { ...env, DB: metered(env.DB) };
  return meteredEnv;
}

/** A dataset that no job knows. */
const loopDataset = 1_000_000;
let chunks: Pick<Chunk, 'upserts' | 'foreign'>[] = [];

async function bench(url: URL, env: Env): Promise<Response> {
  const query = url.searchParams;
  if (url.pathname === '/bench/meter') {
    const counted = meter;
    meter = empty();
    return Response.json(counted);
  }
  if (url.pathname === '/bench/feed') {
    const job = { programId: query.get('programId') ?? '', jobId: query.get('jobId') ?? '' };
    const log = await loadLog({ objects: new R2ObjectStore(env.OBJECTS) }, job, Number(query.get('part')));
    // As the job sends them, and made before the loop begins.
    chunks = (log ?? []).map((chunk) => chunk.narrowed ?? { upserts: chunk.upserts });
    return Response.json({ chunks: chunks.length });
  }
  await loop(env);
  return Response.json({ chunks: chunks.length });
}

async function loop(env: Env): Promise<void> {
  const db = openDatabase(env.DB);
  const ctx = { recordsDatabase: () => db, now: () => Date.now() } as unknown as Ctx;
  const jobId = 'job_loop';
  const fence = { jobId, token: 'loop', step: 0 };
  await env.DB.prepare(
    `INSERT OR REPLACE INTO job_checkpoints (job_id, dataset_id, lease_token, lease_until, step, claimed_step, state)
     VALUES ('job_loop', ${loopDataset}, 'loop', 0, 0, 0, '{}')`,
  ).run();
  for (const fed of chunks) {
    const chunk = { datasetId: loopDataset, jobId, fence, ...fed, deletes: '[]', countChange: 0 };
    await commit(db, [...writeChunk(ctx, '', chunk), advance(ctx, '', fence, '{}')]);
    fence.step++;
  }
}

export default {
  async fetch(request, env, execution) {
    const url = new URL(request.url);
    if (url.pathname.startsWith('/bench/')) return bench(url, env);
    return hub.fetch(request, envOf(env), execution);
  },
  queue: (batch, env, execution) => hub.queue(batch, envOf(env), execution),
} satisfies ExportedHandler<Env>;
