import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Counts, HubClient, Job, Page } from './client.ts';
import { check } from './failures.ts';
import { followJob } from './follow.ts';
import { count, type Printer, type StepReport } from './print.ts';
import { waitFor } from './receiver.ts';

interface Night {
  client: HubClient;
  programPath: string;
  folder: string;
  job: string;
  /** The file of the first night, which is what the dataset holds. */
  path: string;
}

/** A day there is not, and the day that was meant. */
const brokenDay = '31/02/2026';
const meantDay = '2026-11-20';
const changedDay = '2026-11-21';

/** The night after: a file that lacks a fifth of the people, held, approved, corrected, and taken back. */
export async function tellSecondNight(printer: Printer, night: Night): Promise<void> {
  const { expected, held } = await printer.step('The next night: a fifth is missing', async (report) => {
    const made = makeNextNight(night.path);
    const jobId = await dropAndCall(night, basename(night.path), made.content);
    const job = await waitFor(
      async () => {
        const now = await night.client.get<Job>(`/api/jobs/${jobId}`);
        return now.status === 'held' || now.finishedAt !== null ? now : undefined;
      },
      120,
      'The job was not held within two minutes.',
    );
    check(job.status === 'held', `The job should be held, and it ${job.status}: ${job.message}`);
    checkCounts(made.counts, job.rows);
    report.checked('held', job.message);
    report.checked('counts', countsOf(job.rows));
    await checkDataset(report, night, made.before);
    return { expected: made, held: job };
  });
  const after = expected.before + expected.counts.inserted - expected.counts.deleted;
  await printer.step('A person approves it', async (report) => {
    await night.client.send('POST', `/api/jobs/${held.jobId}/approve`);
    const job = await followJob(night.client, held.jobId, report);
    checkCounts(expected.counts, job.rows);
    report.checked('counts', countsOf(job.rows));
    await checkDataset(report, night, after);
  });
  const correction = await printer.step('Its rejected rows come back, corrected', async (report) => {
    const name = `${basename(night.path)}.errors.csv`;
    const text = await night.client.text(`/api/jobs/${held.jobId}/errors.csv`);
    check(
      text.split(brokenDay).length - 1 === expected.counts.rejected,
      'The report does not hold the rejected rows.',
    );
    report.detail(
      'errors.csv',
      `${count(expected.counts.rejected)} rows; each ${brokenDay} becomes ${meantDay}`,
    );
    const jobId = await dropAndCall(night, name, text.replaceAll(brokenDay, meantDay));
    const job = await followJob(night.client, jobId, report);
    const { rejected } = expected.counts;
    checkCounts({ ...none, read: rejected, updated: rejected }, job.rows);
    report.checked('counts', countsOf(job.rows));
    await checkDataset(report, night, after);
    return job;
  });
  await printer.step('The correction is undone', async (report) => {
    const { jobId } = await night.client.send<Job>('POST', `/api/jobs/${correction.jobId}/undo`);
    const job = await followJob(night.client, jobId, report);
    checkCounts({ ...none, updated: correction.rows.updated }, job.rows);
    report.checked('counts', countsOf(job.rows));
    await checkDataset(report, night, after);
  });
}

const none: Counts = { read: 0, rejected: 0, inserted: 0, updated: 0, unchanged: 0, deleted: 0 };

/** The first night's rows, of which every fifth is gone, some are changed or broken, and some are new. */
function makeNextNight(path: string): { content: string; counts: Counts; before: number } {
  const [header = '', ...lines] = readFileSync(path, 'utf8').trimEnd().split('\r\n');
  const counts = { ...none };
  const rows: string[] = [];
  for (const [i, line] of lines.entries()) {
    const withDay = (day: string) => line.replace(/[^,]*$/, day);
    if (i % 5 === 3) {
      counts.deleted++;
    } else if (i % 100 === 1) {
      counts.rejected++;
      rows.push(withDay(brokenDay));
    } else if (i % 40 === 0) {
      counts.updated++;
      rows.push(withDay(changedDay));
    } else {
      counts.unchanged++;
      rows.push(line);
    }
    if (i % 50 !== 7) continue;
    counts.inserted++;
    rows.push(line.replace(/^C\d/, 'C9'));
  }
  counts.read = rows.length;
  return { content: `${[header, ...rows].join('\r\n')}\r\n`, counts, before: lines.length };
}

async function dropAndCall(night: Night, filename: string, content: string): Promise<string> {
  const file = join(dirname(night.path), `next-${filename}`);
  writeFileSync(file, content);
  await night.client.putFile(
    `${night.programPath}/files/${night.folder}/${encodeURIComponent(filename)}`,
    file,
  );
  const called = await night.client.send<{ jobId: string }>('POST', `/api/webhook/${night.job}`, {
    filename,
  });
  return called.jobId;
}

function checkCounts(expected: Counts, found: Counts): void {
  const [wanted, got] = [countsOf(expected), countsOf(found)];
  check(wanted === got, `The job should say ${wanted}, and says ${got}.`);
}

function countsOf({ read, inserted, updated, unchanged, deleted, rejected }: Counts): string {
  return Object.entries({ read, inserted, updated, unchanged, deleted, rejected })
    .map(([kind, rows]) => `${count(rows)} ${kind}`)
    .join(', ');
}

async function checkDataset(report: StepReport, night: Night, expected: number): Promise<void> {
  const { items } = await night.client.get<Page<{ dataset: string; recordCount: number }>>(
    `${night.programPath}/datasets`,
  );
  const found = items.find((one) => one.dataset === night.job)?.recordCount;
  check(found === expected, `The dataset should have ${count(expected)} records, and has ${found}.`);
  report.checked('dataset', `${count(expected)} records`);
}
