import { gzipSync } from 'node:zlib';
import { describe, expect, inject, it } from 'vitest';
import {
  dropAndCall,
  expectStatus,
  jobEnded,
  newProgram,
  type TestProgram,
  until,
} from '../support/client.ts';
import { correctFile, memberTask, runFile } from '../support/corrections.ts';

const url = inject('hubUrl');

async function programWithTask(task: Record<string, unknown>): Promise<TestProgram> {
  const program = await newProgram(url);
  const path = `/api/programs/${program.programId}/tasks/members`;
  expectStatus(await program.call('PUT', path, { body: { ...memberTask, ...task } }), 200);
  return program;
}

async function reportOf(program: TestProgram, jobId: string): Promise<string> {
  return expectStatus(await program.call('GET', `/api/jobs/${jobId}/errors.csv`), 200).text;
}

const recordPath = (program: TestProgram, key: string) =>
  `/api/programs/${program.programId}/datasets/members/records/${key}`;

describe('errors.csv', () => {
  it('is whole with 2,000 errors, and corrected and dropped again it is a correction', async () => {
    await correctFile(await newProgram(url), 2_000, 50, 30);
  });

  it('is taken as a spreadsheet saves it, though the task pins another dialect', async () => {
    const program = await programWithTask({ dialect: { delimiter: ';', quote: "'", encoding: 'utf-16le' } });
    const file = Buffer.from("id;name;joined\n1;'Zoë; Z.';2026-02-30\n2;Bob;2026-01-01\n", 'utf16le');
    const job = await runFile(program, 'members.csv', file);
    expect(job.rows, JSON.stringify(job)).toMatchObject({ read: 2, rejected: 1, inserted: 1 });
    expect(job.decisions).toMatchObject({ delimiter: ';', quote: "'", encoding: 'utf-16le' });
    expect(job.decisions.evidence.join(' ')).toContain('The delimiter is pinned by the task.');
    const report = await reportOf(program, job.jobId);
    const corrected = Buffer.from(report.replace('2026-02-30', '2026-02-28'), 'latin1');
    const correction = await runFile(program, 'members.errors.csv', corrected);
    expect(correction, JSON.stringify(correction)).toMatchObject({
      status: 'succeeded',
      rows: { inserted: 1 },
    });
    expect((await program.call('GET', recordPath(program, '1'))).body.data.name).toBe('Zoë; Z.');
  });

  it.each([
    ['JSON Lines', 'jsonl', (rows: unknown[]) => rows.map((row) => JSON.stringify(row)).join('\n')],
    ['a JSON array', 'json', (rows: unknown[]) => JSON.stringify(rows)],
  ])(
    'holds the members of rows in gzipped %s by field, and is taken though the task pins that',
    async (_, format, write) => {
      const program = await programWithTask({ format });
      const rows = [
        { ID: 1, name: 'Ann', 'Joined on': '2026-02-30' },
        { ID: 2, name: 'Bob', 'Joined on': '2026-01-01' },
      ];
      const job = await runFile(program, 'members.gz', gzipSync(write(rows)));
      expect(job.rows, JSON.stringify(job)).toMatchObject({ read: 2, rejected: 1, inserted: 1 });
      expect(job.decisions.evidence[0]).toMatch(/^Unpacked from gzip to \d+ bytes\.$/);
      const report = await reportOf(program, job.jobId);
      expect(report).toMatch(/^\ufeff?_job,_line,_code,_message,id,name,joined\r\n.*,1,Ann,2026-02-30\r\n$/);
      const corrected = report.replace(/30\r\n$/, '28\r\n');
      const correction = await runFile(program, 'members.errors.csv', corrected);
      expect(correction, JSON.stringify(correction)).toMatchObject({
        status: 'succeeded',
        rows: { inserted: 1 },
      });
      const plain = await runFile(program, 'members.csv', 'id,name,joined\n3,Cy,2026-01-01\n');
      expect(plain).toMatchObject({ status: 'failed', errors: [{ code: 'wrong_format' }] });
    },
  );

  it('keeps the members that are no field, where the task keeps them', async () => {
    const program = await programWithTask({ format: 'jsonl', unknownColumns: 'keep' });
    const rows = [
      { ID: 1, name: 'Ann', 'Joined on': '2026-02-30', house: 'Elm' },
      { ID: 2, name: 'Bob', 'Joined on': '2026-02-30', floor: 'third' },
    ];
    const job = await runFile(
      program,
      'members.jsonl',
      Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n')),
    );
    const report = await reportOf(program, job.jobId);
    expect(report).toMatch(/^\ufeff?_job,_line,_code,_message,id,name,joined,house,floor\r\n/);
    const corrected = Buffer.from(report.replaceAll('2026-02-30', '2026-02-28'));
    await runFile(program, 'members.errors.csv', corrected);
    expect((await program.call('GET', recordPath(program, '1'))).body.data).toMatchObject({ house: 'Elm' });
    expect((await program.call('GET', recordPath(program, '2'))).body.data).toMatchObject({ floor: 'third' });
  });

  it('writes the cells of rows with one key as the schema reads them', async () => {
    const fields = [
      { name: 'id', type: 'integer' },
      { name: 'gift', type: 'number', decimalChar: ',', groupChar: '.' },
      { name: 'joined', type: 'date', format: '%d/%m/%Y' },
      { name: 'active', type: 'boolean', trueValues: ['yes'], falseValues: ['no'] },
    ];
    const schema = { fields, primaryKey: 'id', missingValues: ['-'] };
    const program = await programWithTask({ schema, aliases: {} });
    const rows = ['1;1.000,5;02/03/2026;yes', '1;-;04/05/2026;no'];
    const job = await runFile(program, 'members.csv', `id;gift;joined;active\n${rows.join('\n')}\n`);
    expect(job.rows, JSON.stringify(job)).toMatchObject({ read: 2, rejected: 2, inserted: 0 });
    const lines = (await reportOf(program, job.jobId)).split('\r\n');
    expect(lines[1]).toMatch(/,1,"1000,5",02\/03\/2026,yes$/);
    expect(lines[2]).toMatch(/,1,-,04\/05\/2026,no$/);
    const correction = await runFile(program, 'members.errors.csv', `${lines[0]}\r\n${lines[1]}\r\n`);
    expect(correction, JSON.stringify(correction)).toMatchObject({
      status: 'succeeded',
      rows: { inserted: 1 },
    });
    const { body } = await program.call('GET', recordPath(program, '1'));
    expect(body.data).toEqual({ id: 1, gift: 1000.5, joined: '2026-03-02', active: true });
  });

  it('names every error of a row, not the first alone', async () => {
    const program = await programWithTask({});
    const job = await runFile(program, 'members.csv', 'id,name,joined\nx,Ann,tomorrow\n');
    expect(job.errors.map(({ column, code }: { column: string; code: string }) => [column, code])).toEqual([
      ['id', 'not_an_integer'],
      ['joined', 'not_a_date'],
    ]);
    expect(await reportOf(program, job.jobId)).toContain(',not_an_integer not_a_date,');
  });

  it('waits for its job while that is held, instead of taking its place', async () => {
    const program = await programWithTask({ guards: { maxRejectedPercent: 10 } });
    const file = 'id,name,joined\n1,Ann,2026-02-30\n2,Bob,2026-01-01\n';
    const called = await dropAndCall(program, 'members', 'members.csv', file);
    const { jobId } = expectStatus(called, 200).body;
    const look = async (id: string) => expectStatus(await program.call('GET', `/api/jobs/${id}`), 200).body;
    await until(
      () => look(jobId),
      ({ status }) => status === 'held',
    );
    const corrected = (await reportOf(program, jobId)).replace('2026-02-30', '2026-02-28');
    const next = await dropAndCall(program, 'members', 'members.csv.errors.csv', corrected);
    const correction = expectStatus(next, 200).body.jobId;
    await until(
      () => look(correction),
      ({ waitingFor }) => waitingFor === jobId,
    );
    expect((await look(jobId)).status).toBe('held');
    expectStatus(await program.call('POST', `/api/jobs/${jobId}/approve`), 200);
    const ended = await jobEnded(program.call, correction);
    expect(ended, JSON.stringify(ended)).toMatchObject({ status: 'succeeded', rows: { inserted: 1 } });
    const { body } = await program.call('GET', recordPath(program, '1'));
    expect(body.data).toMatchObject({ name: 'Ann', joined: '2026-02-28' });
  });
});
