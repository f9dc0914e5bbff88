import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { build } from 'vite';
import { growthOf } from '../test/support/memory.ts';
import { compareCells, compareObjects } from './exports-compare.ts';

// Writing the file of a night: the hub's code in workerd with its own D1 and R2, against the sqlite3 program
// that writes the same rows of the same database file as CSV.

const sizes = [100_000, 1_000_000].map((events) => Math.round(events * Number(process.env.BENCH_SCALE ?? 1)));
const root = fileURLToPath(new URL('..', import.meta.url));

const settings = {
  ENVIRONMENT: 'development',
  PUBLIC_URL: 'http://127.0.0.1',
  SYSTEM_KEY: 'bench'.repeat(8),
  SEAL_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
  MAIL_FROM: 'hub@bench.example',
};

async function bundle(): Promise<string> {
  const entry = join(root, 'bench', 'exports-worker.ts');
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      ...{ write: false, minify: false, target: 'es2023', lib: { entry, formats: ['es'] } },
      rollupOptions: { external: [/^cloudflare:/] },
    },
  });
  const [output] = [built].flat();
  if (output === undefined || !('output' in output)) throw new Error('nothing was bundled');
  return output.output[0].code;
}

function start(script: string, state: string): Miniflare {
  const options = convertV4MiniflareOptions({
    ...{ modules: true, script, compatibilityDate: '2026-10-01', bindings: settings },
    ...{ d1Databases: { DB: 'bench' }, r2Buckets: ['OBJECTS'] },
    queueProducers: { INGEST: 'ingest', DELIVER: 'deliver', EXPORT: 'export' },
  });
  return new Miniflare({ ...options, resourcePersistencePath: join(state, 'runtime') });
}

async function ask(runtime: Miniflare, path: string, body?: string): Promise<Response> {
  const answer = await runtime.dispatchFetch(
    `http://bench${path}`,
    body === undefined ? {} : { method: 'POST', body },
  );
  if (!answer.ok) throw new Error(await answer.text());
  return answer as unknown as Response;
}

async function prepare(script: string, state: string, events: number): Promise<void> {
  const runtime = start(script, state);
  const migrations = readdirSync(join(root, 'migrations')).filter((name) => name.endsWith('.sql'));
  for (const name of migrations.sort())
    await ask(runtime, '/sql', readFileSync(join(root, 'migrations', name), 'utf8'));
  await ask(runtime, `/prepare?events=${events}`);
  await runtime.dispose();
}

function databaseIn(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.sqlite'))
    .map((name) => join(folder, name))
    .sort((a, b) => statSync(b).size - statSync(a).size);
  if (files[0] === undefined) throw new Error('there is no database file');
  return files[0];
}

const learner =
  'id firstName lastName externalCustomerId sfContactId sfAccountId client ref1 ref2 ref3'.split(' ');
const query = `SELECT data ->> 'id' AS id, coalesce(data ->> 'source', 'course_completed') AS source,
  strftime('%Y-%m-%dT%H:%M:%fZ', start_at / 1000.0, 'unixepoch') AS timestamp,
  coalesce(data ->> 'type', 'status_change') AS type, participant_id AS user, data ->> 'companyId' AS companyId,
  event_type AS event, data ->> 'notifiableId' AS notifiableId, data ->> 'title' AS title,
  ${learner.map((name) => `data ->> '$.userDetail.${name}' AS "userDetail.${name}"`).join(', ')}
  FROM events WHERE program_id = 'bench' ORDER BY sequence`;

const member = (name: string) => `'${name}', json_extract(data, '$.userDetail.${name}')`;
const jsonQuery = `SELECT json_object('id', id, 'source', source, 'timestamp', timestamp, 'type', type, 'user', user,
    'companyId', companyId, 'event', event, 'notifiableId', notifiableId, 'title', title, 'userDetail', json(detail))
  FROM (${query.replace('SELECT ', `SELECT json_object(${learner.map(member).join(', ')}) AS detail, `)})`;

/** Seconds. */
async function writeRows(mode: string[], database: string, sql: string, to: string): Promise<number> {
  const startedAt = performance.now();
  const child = spawn('sqlite3', ['-readonly', ...mode, database, sql], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await Promise.all([pipeline(child.stdout, createWriteStream(to)), once(child, 'exit')]);
  return (performance.now() - startedAt) / 1_000;
}

const csvMode = ['-csv', '-header', '-newline', '\r\n'];

interface Written {
  seconds: number;
  grownMb: number;
  rows: number;
  bytes: number;
}

async function writeWithHub(script: string, state: string, format: string): Promise<Written> {
  const runtime = start(script, state);
  await ask(runtime, '/file?format=none');
  const { result: seconds, grownMb } = await growthOf(async () => {
    const startedAt = performance.now();
    while (await (await ask(runtime, `/write?format=${format}`)).json());
    return (performance.now() - startedAt) / 1_000;
  });
  const file = (await (await ask(runtime, `/file?format=${format}`)).json()) as {
    rows: number;
    size_bytes: number;
  };
  const { body } = await ask(runtime, `/bytes?format=${format}`);
  if (body) await pipeline(Readable.fromWeb(body as never), createWriteStream(join(state, `hub.${format}`)));
  await runtime.dispose();
  return { seconds, grownMb, rows: file.rows, bytes: file.size_bytes };
}

/** Both write the same: cell by cell of the CSV, and byte by byte of the JSON, which sqlite3 makes untimed. */
async function compare(state: string, database: string): Promise<string> {
  const cells = await compareCells(join(state, 'hub.csv'), join(state, 'sqlite.csv'));
  await writeRows(['-list'], database, jsonQuery, join(state, 'sqlite.jsonl'));
  const objects = await compareObjects(join(state, 'hub.json'), join(state, 'sqlite.jsonl'));
  return `${cells} rows of the same cells, ${objects} objects of the same bytes`;
}

const print = (line: string) => process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  if (spawnSync('sqlite3', ['-version']).status !== 0) {
    print('Skipped: the sqlite3 program is not on this machine (Debian: apt-get install sqlite3).');
    return;
  }
  print('\nThe file of a night\n');
  print('| events | format | MB | events/s | seconds | sqlite3, CSV | ratio | memory grown by |');
  print('|---:|---|---:|---:|---:|---:|---:|---:|');
  const script = await bundle();
  const same: string[] = [];
  for (const events of sizes) {
    const state = mkdtempSync(join(tmpdir(), 'crosswalk-bench-'));
    try {
      await prepare(script, state, events);
      const database = databaseIn(join(state, 'runtime'));
      const writeWithPeer = () => writeRows(csvMode, database, query, join(state, 'sqlite.csv'));
      let before = await writeWithPeer();
      for (const format of ['csv', 'json']) {
        const own = await writeWithHub(script, state, format);
        // The machine may be slower by now: the mean of before and after.
        const after = await writeWithPeer();
        const peer = (before + after) / 2;
        before = after;
        if (own.rows !== events) throw new Error(`${own.rows} rows of ${events}`);
        const figures = [events, format, (own.bytes / 1e6).toFixed(1), Math.round(events / own.seconds)];
        figures.push(
          own.seconds.toFixed(2),
          peer.toFixed(2),
          (own.seconds / peer).toFixed(2),
          `${own.grownMb} MB`,
        );
        print(`| ${figures.join(' | ')} |`);
      }
      same.push(`${events}: ${await compare(state, database)}`);
    } finally {
      rmSync(state, { recursive: true, force: true, maxRetries: 10 });
    }
  }
  print(`\nThe hub's files beside those of sqlite3: ${same.join('; ')}.`);
  print(
    '(sqlite3 quotes each cell that holds a blank, RFC 4180 and the hub do not: the CSV has other bytes.)',
  );
}

await main();
