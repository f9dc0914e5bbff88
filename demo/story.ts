import { createWriteStream } from 'node:fs';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Hub, localSystemKey, startHub } from '../scripts/hub.ts';
import {
  checkFirstCounts,
  checkKeys,
  checkMail,
  checkRecord,
  checkSecondCounts,
  checkWebhook,
} from './claims.ts';
import { type Counts, HubClient, type Job, type Page, type StoredRecord } from './client.ts';
import { check } from './failures.ts';
import { feedChunks, feedSchema } from './feed.ts';
import { followJob } from './follow.ts';
import { type Harbour, openHarbour, tellNight } from './night.ts';
import type { FeedOptions } from './options.ts';
import type { StoryPage } from './pages.ts';
import { count, megabytes, type Printer, perSecond, type StepReport, seconds } from './print.ts';
import { type Receiver, startReceiver, waitFor } from './receiver.ts';
import type { TableSchema } from './schema.ts';
import { tellSecondNight } from './second-night.ts';
import { inspectFile, type Source } from './source.ts';

/** What has to be ended, whatever happens. */
export interface Stage {
  /** A folder that goes with the demo. */
  folder: string;
  hub: Hub | null;
  receiver: Receiver | null;
  /** Programs and servers that a story started beside. */
  others: { close(): Promise<void> }[];
}

interface Feed {
  path: string;
  schema: TableSchema;
  source: Source;
  job: string;
}

interface Cast {
  hub: Hub;
  receiver: Receiver;
  /** Calls with the program's own key. */
  client: HubClient;
  key: string;
}

/** What is left of a story: the hub it was on, a key, and the page that shows it. */
export interface Told {
  hub: Hub;
  key: string;
  page: StoryPage;
}

const seed = 2026;
const programId = 'harbour';
const folder = 'warehouse';
const programPath = `/api/programs/${programId}`;
const contactEmail = 'advancement@harbour.example';
const notifyEmail = 'data@harbour.example';
const scopes = ['read', 'files', 'jobs', 'webhooks', 'events:publish', 'exports', 'manage'];

/** The whole story; throws `DemoFailure` at the first claim that does not hold. */
export async function tellStory(printer: Printer, options: FeedOptions, stage: Stage): Promise<Told> {
  const startedAtMs = performance.now();
  const feed = await printer.step('file' in options ? 'Read the file' : 'Make the feed', (report) =>
    prepareFeed(report, options, stage.folder),
  );
  const { hub, receiver, harbour } = await printer.step('Start the hub and what is around it', (report) =>
    openStage(report, stage),
  );
  const { client, key } = await printer.step('Create a program and its key', (report) =>
    createProgram(report, hub, feed),
  );
  const cast = { hub, receiver, client, key };
  await printer.step('Save the task', (report) => saveTask(report, cast, feed));
  await printer.step('Drop the file', (report) => dropFile(report, cast, feed));
  const called = await printer.step('Call the job', (report) => callJob(report, cast, feed));
  const first = await printer.step('Follow the job to its end', async (report) => {
    const job = await followJob(client, called, report);
    checkFirstCounts(feed.source, job.rows);
    report.checked('counts', countsOf(job.rows));
    report.checked(
      'file',
      `csv-parse finds ${count(feed.source.rows)} rows, ${count(feed.source.keys.size)} keys`,
    );
    report.detail('speed', speedOf(job));
    showRejected(report, job);
    return job;
  });
  await printer.step('Read the records', (report) => readRecords(report, cast, feed, first));
  await printer.step('Receive the notification', (report) => receiveNotification(report, cast, first));
  const second = await printer.step('The same file again', (report) => repeat(report, cast, feed, first));
  if (!('file' in options)) {
    await tellSecondNight(printer, { client, programPath, folder, job: feed.job, path: feed.path });
  }
  await tellNight(printer, { hub, client, programId }, harbour);
  const total = seconds(performance.now() - startedAtMs);
  printer.summary(
    `${count(first.rows.read)} rows: ${rateOf(first)} when new, ${rateOf(second)} when unchanged; ${total} in all.`,
  );
  const page = { path: `/p/${programId}/jobs/${first.jobId}`, says: 'Consumed: ' };
  return { hub, key, page };
}

async function prepareFeed(report: StepReport, options: FeedOptions, workFolder: string): Promise<Feed> {
  const isReal = 'file' in options;
  const path = isReal ? options.file : join(workFolder, 'constituents.csv');
  const schema = isReal ? options.schema : feedSchema;
  if (!isReal) await writeFeed(report, path, options.rows);
  const source = await inspectFile(path, schema, (fraction, rows) =>
    report.progress(isReal ? fraction : 0.5 + fraction / 2, `${count(rows)} rows counted`),
  );
  const { rows, columns, sizeBytes } = source;
  const size = `${count(rows)} rows of ${columns} columns, ${megabytes(sizeBytes)}`;
  report.detail('file', `${basename(path)}, ${size}`);
  report.detail('key', [schema.primaryKey].flat().join(', '));
  return { path, schema, source, job: isReal ? jobNameOf(path) : 'constituents' };
}

async function writeFeed(report: StepReport, path: string, rows: number): Promise<void> {
  function* chunks() {
    let made = 0;
    for (const chunk of feedChunks({ rows, seed })) {
      made = Math.min(made + 1_000, rows);
      report.progress(made / rows / 2, `${count(made)} people`);
      yield chunk;
    }
  }
  await pipeline(Readable.from(chunks()), createWriteStream(path));
}

function jobNameOf(path: string): string {
  const name = basename(path)
    .replace(/\..*$/, '')
    .replace(/[^A-Za-z0-9_-]/g, '-');
  return name.replace(/^[_-]+/, '').slice(0, 63) || 'file';
}

async function openStage(
  report: StepReport,
  stage: Stage,
): Promise<{ hub: Hub; receiver: Receiver; harbour: Harbour }> {
  const receiver = await startReceiver();
  stage.receiver = receiver;
  const harbour = await openHarbour(report, stage);
  const hub = await startHub({ stateDir: join(stage.folder, 'state'), vars: harbour.relay.vars });
  stage.hub = hub;
  report.detail('hub', `${hub.url}, with its own D1, R2, queues and e-mail`);
  report.detail('receiver', receiver.url);
  return { hub, receiver, harbour };
}

async function createProgram(report: StepReport, hub: Hub, feed: Feed) {
  const system = new HubClient(hub.url, localSystemKey);
  await system.send('POST', '/api/programs', {
    programId,
    name: 'Harbour College',
    timeZone: 'Europe/Paris',
    contacts: { emails: [contactEmail] },
  });
  const made = await system.send<{ keyId: string; key: string }>('POST', `${programPath}/keys`, {
    name: `${feed.job} feed`,
    scopes,
  });
  report.detail('program', `${programId}, contact ${contactEmail}`);
  report.detail('key', `${made.keyId}: ${scopes.join(', ')}`);
  return { client: new HubClient(hub.url, made.key), key: made.key };
}

async function saveTask(report: StepReport, { client }: Cast, feed: Feed): Promise<void> {
  const { job, schema } = feed;
  const task = { folder, dataset: job, mode: 'full', schema };
  await client.send('PUT', `${programPath}/tasks/${job}`, task);
  const types = new Set(schema.fields.map((field) => field.type ?? 'any'));
  report.detail('task', `${job}: folder ${folder} into dataset ${job}`);
  report.detail('schema', `${schema.fields.length} fields: ${[...types].join(', ')}`);
}

async function dropFile(report: StepReport, { client }: Cast, feed: Feed): Promise<void> {
  const path = `${programPath}/files/${folder}/${encodeURIComponent(basename(feed.path))}`;
  const stored = await client.putFile<{ sizeBytes: number; versionId: string }>(path, feed.path);
  const { sizeBytes } = feed.source;
  check(stored.sizeBytes === sizeBytes, `The hub stored ${stored.sizeBytes} bytes of ${sizeBytes}.`);
  report.detail('PUT', path);
  report.checked('stored', `${count(sizeBytes)} bytes, version ${stored.versionId}`);
}

async function callJob(report: StepReport, { client, receiver }: Cast, feed: Feed): Promise<string> {
  const path = `/api/webhook/${feed.job}`;
  const call = { filename: basename(feed.path), notifyEmail, notifyWebhook: receiver.url };
  const { jobId } = await client.send<{ jobId: string }>('POST', path, call);
  report.detail('POST', path);
  for (const [name, value] of Object.entries(call)) report.detail('', `${name}: ${value}`);
  report.detail('jobId', jobId);
  return jobId;
}

function showRejected(report: StepReport, job: Job): void {
  for (const { line, column, code, message } of job.rows.rejected === 0 ? [] : job.errors.slice(0, 5)) {
    report.detail('rejected', `line ${line}${column === null ? '' : `, ${column}`}: ${message} (${code})`);
  }
}

async function readRecords(report: StepReport, { client }: Cast, feed: Feed, job: Job): Promise<void> {
  const path = `${programPath}/datasets/${feed.job}`;
  let compared = 0;
  for (const row of feed.source.samples) {
    const record = await client.find<StoredRecord>(`${path}/records/${encodeURIComponent(row.key)}`);
    check(
      record !== null || job.rows.rejected > 0,
      `There is no record ${row.key}, and the file has its row.`,
    );
    if (record === null) continue;
    compared += checkRecord(feed.schema, row, record);
    report.checked('record', Object.values(record.data).map(shown).join(' · '));
  }
  report.checked('values', `${count(compared)}, each as csv-parse reads it`);
  const expected = job.rows.inserted;
  await checkKeys(client, path, feed.source, expected, (walked) =>
    report.progress(walked / Math.max(expected, 1), `${count(walked)} records`),
  );
  const all = job.rows.rejected === 0 ? 'each key of the file, once' : 'each a key of the file, none twice';
  report.checked('all', `${count(expected)} records page by page: ${all}`);
  await checkRecordCount(client, feed, expected);
}

function shown(value: unknown): string {
  return value === null ? '–' : typeof value === 'string' ? value : JSON.stringify(value);
}

async function checkRecordCount(client: HubClient, feed: Feed, expected: number): Promise<void> {
  const { items } = await client.get<Page<{ dataset: string; recordCount: number }>>(
    `${programPath}/datasets`,
  );
  const found = items.find((one) => one.dataset === feed.job)?.recordCount;
  check(found === expected, `The dataset says it has ${found} records; there are ${count(expected)}.`);
}

async function receiveNotification(report: StepReport, cast: Cast, job: Job): Promise<void> {
  const { id, type } = await takeWebhook(cast, job);
  report.checked('webhook', `${type} ${id}, verified by standardwebhooks`);
  report.checked('jobId', `${job.jobId}, as the call was answered`);
  const mail = await waitFor(
    () => cast.hub.mails().find((one) => one.to === notifyEmail && one.text.includes(job.jobId)),
    patienceSeconds,
    `No e-mail to ${notifyEmail} came within two minutes.`,
  );
  checkMail(mail, job);
  report.checked('e-mail', `to ${mail.to}, as the runtime wrote it:`);
  report.quote(`${mail.subject}\n\n${mail.text.trimEnd()}`);
}

/** For what takes a second, and longer where an attempt at it fails on a busy machine. */
const patienceSeconds = 120;

/** Waits for the request that tells of the job, and verifies it. */
async function takeWebhook({ client, receiver }: Cast, job: Job) {
  const { secret } = await client.get<{ secret: string }>(`${programPath}/webhooks/notification-secret`);
  const received = await waitFor(
    () => receiver.received.find(({ body }) => body.includes(job.jobId)),
    patienceSeconds,
    `No webhook that tells of ${job.jobId} came within two minutes.`,
  );
  const { type } = checkWebhook(received, secret, job);
  return { type, id: String(received.headers['webhook-id']) };
}

async function repeat(report: StepReport, cast: Cast, feed: Feed, first: Job): Promise<Job> {
  const { client, receiver, hub } = cast;
  await dropFile(quiet(report), cast, feed);
  const jobId = await callJob(quiet(report), cast, feed);
  check(jobId !== first.jobId, `The second call was answered with the first job, ${jobId}.`);
  report.detail('jobId', jobId);
  const job = await followJob(client, jobId, report);
  checkSecondCounts(feed.source, first.rows, job.rows);
  report.checked('counts', countsOf(job.rows));
  report.detail('speed', speedOf(job));
  await checkRecordCount(client, feed, first.rows.inserted);
  report.checked('dataset', `${count(first.rows.inserted)} records, as before`);
  const { id } = await takeWebhook(cast, job);
  const mails = () => hub.mails().filter((mail) => mail.to === notifyEmail).length;
  await waitFor(
    () => mails() >= 2 || undefined,
    patienceSeconds,
    'No second e-mail came within two minutes.',
  );
  // What took longer than the hub waits for comes again, under its id.
  const ids = new Set(receiver.received.map(({ headers }) => headers['webhook-id']));
  check(ids.size === 2 && mails() === 2, 'A job was told of more than once.');
  report.checked('told', `${id}: one webhook and one e-mail for each job`);
  return job;
}

/** Its details are known from the steps before. */
function quiet(report: StepReport): StepReport {
  return { ...report, detail() {}, checked() {}, quote() {} };
}

function countsOf({ read, inserted, updated, unchanged, deleted, rejected }: Counts): string {
  const counts = { read, inserted, updated, unchanged, deleted, rejected };
  return Object.entries(counts)
    .map(([kind, rows]) => `${count(rows)} ${kind}`)
    .join(', ');
}

/** From the call to the end, by the hub's clock. */
function durationOf(job: Job): number {
  return Date.parse(job.finishedAt ?? '') - Date.parse(job.queuedAt);
}

function rateOf(job: Job): string {
  return perSecond(job.rows.read, durationOf(job));
}

function speedOf(job: Job): string {
  return `${seconds(durationOf(job))} from the call to the end, ${rateOf(job)}`;
}
