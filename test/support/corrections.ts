import { parse } from 'csv-parse/sync';
import { expect } from 'vitest';
import { writeCsvRow } from '../../src/platform/csv/write.ts';
import { type Answer, type Body, dropAndCall, expectStatus, jobEnded, type TestProgram } from './client.ts';

export const memberTask = {
  folder: 'warehouse',
  dataset: 'members',
  mode: 'full',
  guards: { maxRejectedPercent: 100 },
  schema: {
    fields: [
      { name: 'id', type: 'integer' },
      { name: 'name', type: 'string' },
      { name: 'joined', type: 'date' },
    ],
    primaryKey: 'id',
  },
  aliases: { joined: ['Joined on'] },
};

const goodDay = '2026-11-22';
const nameOf = (id: number) =>
  id % 3 === 0 ? `Zoë "Z" ${id}, Jr.` : id % 3 === 1 ? `漢字\n${id}` : `=${id}`;
const cellsOf = (id: number, day: string) => [String(id), nameOf(id), `note; ${id}`, day];

/** Ids 1 to `bad` have a day that there is not; as many as `good` more are right. A column is of no field. */
export function memberFile(bad: number, good: number): string {
  const rows = [writeCsvRow(['id', 'name', 'Remark', 'Joined on'])];
  for (let id = 1; id <= bad + good; id++)
    rows.push(writeCsvRow(cellsOf(id, id <= bad ? '2026-02-30' : goodDay)));
  return rows.join('');
}

export async function runFile(
  program: TestProgram,
  filename: string,
  content: string | Uint8Array,
  seconds?: number,
): Promise<Body> {
  const answer = expectStatus(await dropAndCall(program, 'members', filename, content), 200);
  return jobEnded(program.call, answer.body.jobId, seconds);
}

/** Fails unless the report has exactly the bad rows with their own cells; answers it with its days corrected. */
export function correctReport(report: Answer, jobId: string, bad: number): string {
  expectStatus(report, 200);
  const [header, ...rows]: string[][] = parse(report.text, { bom: true });
  expect(header).toEqual(['_job', '_line', '_code', '_message', 'id', 'name', 'Remark', 'Joined on']);
  expect(rows).toHaveLength(bad);
  const corrected = [writeCsvRow(header ?? [])];
  for (const [i, row] of rows.entries()) {
    const [job, line, code, message, ...cells] = row;
    const expected = cellsOf(i + 1, '2026-02-30');
    const isExact = job === jobId && Number(line) > i && code === 'no_such_date' && message !== '';
    if (!isExact || JSON.stringify(cells) !== JSON.stringify(expected)) {
      expect(row).toEqual([jobId, expect.any(String), 'no_such_date', expect.any(String), ...expected]);
    }
    corrected.push(writeCsvRow([...row.slice(0, -1), goodDay]));
  }
  return corrected.join('');
}

/** The whole way: a file with wrong rows, its report, and the report corrected and dropped. */
export async function correctFile(
  program: TestProgram,
  bad: number,
  good: number,
  seconds: number,
  download: (path: string) => Promise<Answer> = (path) => program.call('GET', path),
): Promise<void> {
  const task = { body: memberTask };
  expectStatus(await program.call('PUT', `/api/programs/${program.programId}/tasks/members`, task), 200);
  const job = await runFile(program, 'members.csv', memberFile(bad, good), seconds);
  const none = { updated: 0, unchanged: 0, deleted: 0 };
  expect(job.rows, JSON.stringify(job)).toEqual({ ...none, read: bad + good, rejected: bad, inserted: good });
  expect(job.errors).toHaveLength(10);
  const report = await download(`/api/jobs/${job.jobId}/errors.csv`);
  const corrected = correctReport(report, job.jobId, bad);
  const correction = await runFile(program, 'members.errors.csv', corrected, seconds);
  expect(correction.status, JSON.stringify(correction)).toBe('succeeded');
  expect(correction.rows).toEqual({ ...none, read: bad, rejected: 0, inserted: bad });
  const { body } = await program.call('GET', `/api/programs/${program.programId}/datasets`);
  expect(body.items[0].recordCount).toBe(bad + good);
  const one = await program.call('GET', `/api/programs/${program.programId}/datasets/members/records/1`);
  expect(one.body.data).toEqual({ id: 1, name: nameOf(1), joined: goodDay });
}
