import { Webhook } from 'standardwebhooks';
import type { Mail } from '../scripts/hub.ts';
import type { Counts, HubClient, Job, Page, StoredRecord } from './client.ts';
import { check, DemoFailure } from './failures.ts';
import { count } from './print.ts';
import type { Received } from './receiver.ts';
import type { TableSchema } from './schema.ts';
import { isValueOf, type Source } from './source.ts';

/** The first job over a file: every row is counted, and what is new is in. */
export function checkFirstCounts(source: Source, rows: Counts): void {
  checkRead(source, rows);
  if (rows.rejected === 0) {
    const repeats = source.rows - source.keys.size;
    checkCount('inserted', rows.inserted, source.keys.size, 'the file has so many different keys');
    checkCount('unchanged', rows.unchanged, repeats, 'so many rows repeat a key');
  } else {
    checkCount(
      'inserted or unchanged',
      rows.inserted + rows.unchanged,
      rows.read - rows.rejected,
      'of the rest',
    );
  }
  checkCount('updated', rows.updated, 0, 'the dataset was empty');
  checkCount('deleted', rows.deleted, 0, 'the dataset was empty');
}

/** The same file again: the same rows, and nothing to do. */
export function checkSecondCounts(source: Source, first: Counts, rows: Counts): void {
  checkRead(source, rows);
  checkCount('rejected', rows.rejected, first.rejected, 'as the first time');
  checkCount('unchanged', rows.unchanged, rows.read - rows.rejected, 'every row was there already');
  for (const kind of ['inserted', 'updated', 'deleted'] as const)
    checkCount(kind, rows[kind], 0, 'nothing changed');
}

function checkRead(source: Source, rows: Counts): void {
  checkCount('read', rows.read, source.rows, 'csv-parse counts so many rows in the file');
}

function checkCount(what: string, found: number, expected: number, because: string): void {
  check(
    found === expected,
    `The job says ${count(found)} rows ${what}; ${count(expected)} were expected: ${because}.`,
  );
}

/** Walks the whole dataset, page by page: exactly the file's keys, but for those of rejected rows. */
export async function checkKeys(
  client: HubClient,
  path: string,
  source: Source,
  expected: number,
  progress: (walked: number) => void,
): Promise<void> {
  const left = new Set(source.keys);
  let walked = 0;
  let cursor: string | null = '';
  while (cursor !== null) {
    const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Page<StoredRecord> = await client.get(`${path}/records?limit=200${query}`);
    for (const { key } of page.items) {
      check(left.delete(key), `The record ${key} is there twice, or its key is not in the file.`);
    }
    walked += page.items.length;
    cursor = page.nextCursor;
    progress(walked);
  }
  check(
    walked === expected,
    `The dataset has ${count(walked)} records, and the job inserted ${count(expected)}.`,
  );
}

/** Compares a record with the cells of its row; answers how many it could compare. */
export function checkRecord(
  schema: TableSchema,
  row: Source['samples'][number],
  record: StoredRecord,
): number {
  let compared = 0;
  for (const field of schema.fields) {
    const cell = row.cells.get(field.name);
    if (cell === undefined) continue;
    const value = record.data[field.name];
    const isSame = isValueOf(schema, field, cell, value);
    if (isSame === undefined) continue;
    check(
      isSame,
      `The record ${row.key} has ${field.name} ${JSON.stringify(value)}, and the file "${cell}".`,
    );
    compared++;
  }
  return compared;
}

interface JobNotification {
  type: string;
  data: { success: boolean; jobId: string; rows: Counts };
}

/** Holds a webhook against the job it tells of, with the field's own library and the program's secret. */
export function checkWebhook(received: Received, secret: string, job: Job): JobNotification {
  const verifier = new Webhook(secret);
  const headers = Object.fromEntries(
    Object.entries(received.headers).map(([name, value]) => [name, String(value)]),
  );
  try {
    verifier.verify(received.body, headers);
  } catch (error) {
    throw new DemoFailure(
      `The webhook's signature is not good: ${error instanceof Error ? error.message : error}`,
    );
  }
  check(
    isRefused(verifier, received.body.replace(job.jobId, 'job_another'), headers),
    'A forged body passes.',
  );
  const notification: JobNotification = JSON.parse(received.body);
  const { type, data } = notification;
  check(type === 'job.succeeded' && data.success, `The webhook tells of ${type}, and the job succeeded.`);
  check(
    data.jobId === job.jobId,
    `The webhook tells of ${data.jobId}, and the call was answered ${job.jobId}.`,
  );
  check(
    headers['webhook-id'] === job.notification.messageId,
    'The webhook has another id than its job names.',
  );
  const sameCounts = Object.entries(job.rows).every(
    ([kind, rows]) => data.rows[kind as keyof Counts] === rows,
  );
  check(sameCounts, 'The webhook has other counts than its job.');
  return notification;
}

function isRefused(verifier: Webhook, body: string, headers: Record<string, string>): boolean {
  try {
    verifier.verify(body, headers);
    return false;
  } catch {
    return true;
  }
}

export function checkMail(mail: Mail, job: Job): void {
  check(mail.text.includes(job.jobId), `The e-mail does not name ${job.jobId}.`);
  check(
    mail.subject.includes('succeeded'),
    `The e-mail's subject is "${mail.subject}", and the job succeeded.`,
  );
}
