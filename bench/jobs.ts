/**
 * A job over a million rows in the bare runtime, beside `sqlite3 .import` of the same file and a loop that
 * feeds ready chunks to the same SQL; then the same rows shuffled with one changed. Each figure stands beside
 * its bar. On a shared machine read the ratios, which are of one run. `node bench/jobs.ts [rows]`
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { localSystemKey } from '../scripts/hub.ts';
import { feedTask, writeFeed } from './feed.ts';
import { type BareHub, startBareHub } from './hub.ts';

const rows = Number(process.argv[2] ?? 1_000_000);
const fewer = rows / 10;
const folder = mkdtempSync(join(tmpdir(), 'crosswalk-bench-'));
const program = 'bench';
const headers = { 'x-api-key': localSystemKey, 'content-type': 'application/json' };

interface Meter {
  statements: number;
  rowsWritten: number;
  recordsWritten: number;
  holds: number[];
}

interface Run {
  seconds: number;
  jobId: string;
  counts: Record<string, number>;
  meter: Meter;
  peakMb: number;
  readMs: number[];
}

async function call<T>(hub: BareHub, method: string, path: string, body?: unknown): Promise<T> {
  const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
  const answer = await fetch(`${hub.url}${path}`, init);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

async function startWithTask(): Promise<BareHub> {
  const hub = await startBareHub();
  await call(hub, 'POST', '/api/programs', { programId: program, name: program });
  await call(hub, 'PUT', `/api/programs/${program}/tasks/people`, feedTask);
  return hub;
}

const readPath = `/api/programs/${program}/datasets`;

async function timeRead(hub: BareHub): Promise<number> {
  const start = performance.now();
  await call(hub, 'GET', readPath);
  return performance.now() - start;
}

/** Drops the file, runs its job from the call to its end, and meanwhile reads the API four times a second. */
async function runJob(hub: BareHub, path: string): Promise<Run> {
  const dropped = await fetch(`${hub.url}/api/programs/${program}/files/warehouse/people.csv`, {
    method: 'PUT',
    headers,
    body: readFileSync(path),
  });
  if (dropped.status !== 201) throw new Error(await dropped.text());
  await call(hub, 'GET', '/bench/meter');
  const readMs: number[] = [];
  let peakMb = hub.memoryMb();
  const watch = setInterval(() => {
    peakMb = Math.max(peakMb, hub.memoryMb());
  }, 100);
  const calledAt = Date.now();
  const { jobId } = await call<{ jobId: string }>(hub, 'POST', `/api/webhook/people?program=${program}`, {
    filename: 'people.csv',
  });
  for (let asked = 1; ; asked++) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    readMs.push(await timeRead(hub));
    if (asked % 4 > 0) continue;
    const path = `/api/programs/${program}/jobs?limit=1`;
    const { items } = await call<{ items: { jobId: string; finishedAt: string | null }[] }>(hub, 'GET', path);
    if (items[0]?.jobId === jobId && items[0].finishedAt !== null) break;
  }
  clearInterval(watch);
  const job = await call<{
    status: string;
    message: string;
    finishedAt: string;
    rows: Record<string, number>;
  }>(hub, 'GET', `/api/jobs/${jobId}`);
  if (job.status !== 'succeeded') throw new Error(`the job ended ${job.status}: ${job.message}`);
  const seconds = (Date.parse(job.finishedAt) - calledAt) / 1_000;
  const meter = await call<Meter>(hub, 'GET', '/bench/meter');
  return { seconds, jobId, counts: job.rows, meter, peakMb, readMs };
}

/** Seconds of a loop over the chunks of the job's change log, each fetched before the clock goes on. */
async function runLoop(hub: BareHub, jobId: string): Promise<number> {
  let seconds = 0;
  for (let part = 0; ; part++) {
    const query = `programId=${program}&jobId=${jobId}&part=${part}`;
    const { chunks } = await call<{ chunks: number }>(hub, 'GET', `/bench/feed?${query}`);
    if (chunks === 0) return seconds;
    const start = performance.now();
    await call(hub, 'GET', '/bench/loop');
    seconds += (performance.now() - start) / 1_000;
  }
}

/** Seconds of `sqlite3 .import`; null where there is no sqlite3. */
async function importWithSqlite(path: string): Promise<number | null> {
  const table =
    'CREATE TABLE people(id INTEGER PRIMARY KEY, email, first_name, last_name, birth_date, program, score)';
  const database = join(folder, `${Math.random()}.db`);
  const start = performance.now();
  const child = spawn('sqlite3', [database, table, '.mode csv', `.import --skip 1 ${path} people`]);
  const [code] = await once(child, 'close').catch((): [null] => [null]);
  if (code === null) return null;
  if (code !== 0) throw new Error('sqlite3 could not import the file');
  return (performance.now() - start) / 1_000;
}

function quantile(values: number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

function show(what: string, value: string, bar: string, isMet: boolean | null): void {
  console.log(`| ${what} | ${value} | ${bar} | ${isMet === null ? '' : isMet ? 'met' : 'NOT MET'} |`);
}

function showRatio(what: string, ratio: number, bar: number): void {
  show(what, `${ratio.toFixed(2)} ×`, `≤ ${bar} ×`, ratio <= bar);
}

const files = {
  fewer: join(folder, 'fewer.csv'),
  all: join(folder, 'all.csv'),
  again: join(folder, 'again.csv'),
};
await writeFeed(files.fewer, fewer);
await writeFeed(files.all, rows);
await writeFeed(files.again, rows, { stride: 7_919, changed: 17 });

const small = await startWithTask();
const idle: number[] = [];
for (let i = 0; i < 200; i++) idle.push(await timeRead(small));
const fewerRun = await runJob(small, files.fewer);
await small.stop();

const hub = await startWithTask();
const imports = [await importWithSqlite(files.all)];
const first = await runJob(hub, files.all);
imports.push(await importWithSqlite(files.all));
const loopSeconds = await runLoop(hub, first.jobId);
const again = await runJob(hub, files.again);
imports.push(await importWithSqlite(files.all));
await hub.stop();
rmSync(folder, { recursive: true, force: true });

const thousands = rows / 1_000;
console.log(`Node ${process.versions.node}, ${availableParallelism()} × ${cpus()[0]?.model.trim()}`);
console.log(`\n${rows} rows, ${first.seconds.toFixed(1)} s (${(rows / first.seconds).toFixed(0)} rows/s)\n`);
console.log('| figure | measured | bar | |\n|---|---:|---:|---|');
const seconds = imports.flatMap((one) => (one === null ? [] : [one]));
if (seconds.length === 0) show('first load to `sqlite3 .import`', 'sqlite3 is not installed', '≤ 8 ×', null);
else
  showRatio('first load to `sqlite3 .import` (median of three)', first.seconds / quantile(seconds, 0.5), 8);
showRatio('first load to the bare loop', first.seconds / loopSeconds, 2.5);
showRatio(`first load to that of ${fewer} rows`, first.seconds / fewerRun.seconds, 11);
const memoryBar = Math.max(fewerRun.peakMb * 1.3, fewerRun.peakMb + 48);
show(
  `peak memory, after ${fewerRun.peakMb.toFixed(0)} MB at ${fewer} rows`,
  `${first.peakMb.toFixed(0)} MB`,
  `≤ ${memoryBar.toFixed(0)} MB`,
  first.peakMb <= memoryBar,
);
const isOne = again.meter.recordsWritten === 1 && again.counts.updated === 1;
show('records written for one changed row, shuffled', String(again.meter.recordsWritten), '1', isOne);
showRatio('shuffled with one change to the first load', again.seconds / first.seconds, 0.7);
const hold = quantile(first.meter.holds, 0.99);
show('p99 of the time one chunk holds the database', `${hold.toFixed(0)} ms`, '≤ 50 ms', hold <= 50);
show('D1 rows written per 1,000 rows', (first.meter.rowsWritten / thousands).toFixed(1), '', null);
show('D1 statements per 1,000 rows', (first.meter.statements / thousands).toFixed(2), '', null);
show('p99 of an API read, idle', `${quantile(idle, 0.99).toFixed(0)} ms`, '', null);
show('p99 of an API read during the load', `${quantile(first.readMs, 0.99).toFixed(0)} ms`, '', null);
