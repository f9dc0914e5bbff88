import { describe, expect, inject, it } from 'vitest';
import {
  type Body,
  caller,
  dropAndCall,
  expectStatus,
  jobEnded,
  localSystemKey,
  newProgram,
  peopleTask,
  type TestProgram,
  until,
} from '../support/client.ts';

const url = inject('hubUrl');

async function programWithTask(task: Record<string, unknown> = {}): Promise<TestProgram> {
  const program = await newProgram(url);
  await putTask(program, task);
  return program;
}

async function putTask(program: TestProgram, task: Record<string, unknown>): Promise<void> {
  const path = `/api/programs/${program.programId}/tasks/warehouse`;
  expectStatus(await program.call('PUT', path, { body: { ...peopleTask, ...task } }), 200);
}

async function drop(program: TestProgram, filename: string, content: string): Promise<void> {
  const path = `/api/programs/${program.programId}/files/warehouse/${filename}`;
  expectStatus(await program.call('PUT', path, { body: content }), 201);
}

const post = (program: TestProgram, filename: string) =>
  program.call('POST', '/api/webhook/warehouse', { body: { filename } });

async function start(program: TestProgram, content: string, filename = 'people.csv'): Promise<string> {
  return expectStatus(await dropAndCall(program, 'warehouse', filename, content), 200).body.jobId;
}

async function run(program: TestProgram, content: string, filename?: string): Promise<Body> {
  return jobEnded(program.call, await start(program, content, filename));
}

const getJob = async (program: TestProgram, jobId: string): Promise<Body> =>
  expectStatus(await program.call('GET', `/api/jobs/${jobId}`), 200).body;

async function isHeld(program: TestProgram, jobId: string): Promise<Body> {
  return until(
    () => getJob(program, jobId),
    ({ status, finishedAt }) => status === 'held' || finishedAt !== null,
  );
}

const waits = (program: TestProgram, jobId: string): Promise<Body> =>
  until(
    () => getJob(program, jobId),
    ({ waitingFor }) => waitingFor !== null,
  );

async function names(program: TestProgram): Promise<Record<string, string>> {
  const path = `/api/programs/${program.programId}/datasets/people/records`;
  const { body } = expectStatus(await program.call('GET', path), 200);
  return Object.fromEntries(body.items.map((record: Body) => [record.key, record.data.name]));
}

const ten = (name = 'Ann', to = 10) =>
  `id,name\n${Array.from({ length: to }, (_, i) => `${i + 1},${name} ${i + 1}\n`).join('')}`;

describe('the same file, posted twice at once', () => {
  it('is one job, which is told of in both answers', async () => {
    const program = await programWithTask();
    // A held job keeps the next one unfinished for as long as the test needs.
    await run(program, ten());
    await isHeld(program, await start(program, ten('Ann', 5)));
    await putTask(program, { mode: 'upsert' });
    await drop(program, 'more.csv', ten('Bob', 3));
    const answers = await Promise.all([post(program, 'more.csv'), post(program, 'more.csv')]);
    const [one, two] = answers.map((answer) => expectStatus(answer, 200).body);
    expect(one.jobId).toBe(two.jobId);
    expect([one.duplicate, two.duplicate].filter(Boolean)).toHaveLength(1);
  });
});

describe('a file that is older than the last one consumed', () => {
  it('does not land on top of it, and its job says which file is newer', async () => {
    const program = await programWithTask();
    await drop(program, 'yesterday.csv', ten('Old'));
    expect((await run(program, ten('New'), 'today.csv')).status).toBe('succeeded');
    const { jobId } = expectStatus(await post(program, 'yesterday.csv'), 200).body;
    const late = await jobEnded(program.call, jobId);
    expect(late).toMatchObject({ status: 'failed', errors: [{ code: 'file_outdated' }] });
    expect(late.message).toContain('today.csv');
    expect((await names(program))['1']).toBe('New 1');
    // Dropped again it is the newest, for so its sender says.
    expect((await run(program, ten('Old'), 'yesterday.csv')).rows).toMatchObject({ updated: 10 });
  });

  it('is still consumed in the order of the calls where rows are only added or changed', async () => {
    const program = await programWithTask({ mode: 'upsert' });
    await drop(program, 'a.csv', ten('A', 2));
    expect((await run(program, ten('B'), 'b.csv')).status).toBe('succeeded');
    const { jobId } = expectStatus(await post(program, 'a.csv'), 200).body;
    expect(await jobEnded(program.call, jobId)).toMatchObject({ status: 'succeeded', rows: { updated: 2 } });
  });
});

describe('a key', () => {
  it('that is empty rejects its row, and keeps everything else from being deleted in that run', async () => {
    const guards = { maxRejectedPercent: 100, maxRowDropPercent: 100 };
    const program = await programWithTask({ guards });
    await run(program, ten());
    const job = await run(program, 'id,name\n1,Ann 1\n,Nobody\n2,Bea\n');
    expect(job).toMatchObject({
      status: 'succeeded',
      rows: { read: 3, rejected: 1, updated: 1, unchanged: 1, deleted: 0 },
      errors: [{ line: 3, column: 'id' }],
    });
    expect(job.message).toContain('nothing was removed');
    expect(Object.keys(await names(program))).toHaveLength(10);
  });

  it('that stands in a file twice counts once where the rows are equal, and not at all where they differ', async () => {
    const program = await programWithTask({ guards: { maxRejectedPercent: 100 } });
    const job = await run(program, 'id,name\n1,Ann\n2,Bob\n1,Ann\n3,Cy\n2,Bea\n');
    expect(job.rows).toMatchObject({ read: 5, inserted: 2, unchanged: 1, rejected: 2 });
    expect(job.errors.map((error: Body) => [error.line, error.code])).toEqual([
      [3, 'key_conflict'],
      [6, 'key_conflict'],
    ]);
    expect(await names(program)).toEqual({ 1: 'Ann', 3: 'Cy' });
  });
});

describe('a file in which 40 % of the people are missing', () => {
  it('is held, says why, shows what it would do, and does it when it is approved', async () => {
    const program = await programWithTask();
    await run(program, ten());
    const held = await isHeld(program, await start(program, ten('Ann', 6)));
    expect(held).toMatchObject({ status: 'held', rows: { deleted: 4, unchanged: 6 } });
    expect(held.message).toContain('maxDeletePercent');
    const changes = await program.call('GET', `/api/jobs/${held.jobId}/changes`);
    const kinds = expectStatus(changes, 200).body.items.map((change: Body) => change.kind);
    expect(kinds).toEqual(['deleted', 'deleted', 'deleted', 'deleted']);
    expect(Object.keys(await names(program))).toHaveLength(10);
    expectStatus(await program.call('POST', `/api/jobs/${held.jobId}/approve`), 200);
    expect(await jobEnded(program.call, held.jobId)).toMatchObject({
      status: 'succeeded',
      rows: { deleted: 4 },
    });
    expect(Object.keys(await names(program))).toHaveLength(6);
  });

  it('fails at once, or goes on without its deletes, where the task says so', async () => {
    const program = await programWithTask({ guards: { onTrip: 'fail' } });
    await run(program, ten());
    const failed = await run(program, ten('Ann', 6));
    expect(failed).toMatchObject({ status: 'failed', errors: [{ code: 'guard_tripped' }] });
    await putTask(program, { guards: { onTrip: 'withholdDeletes' } });
    const spared = await run(program, `${ten('Ann', 5)}6,Bea\n`);
    expect(spared).toMatchObject({ status: 'succeeded', rows: { updated: 1, unchanged: 5, deleted: 0 } });
    expect(spared.message).toContain('withheld');
    const changes = await program.call('GET', `/api/jobs/${spared.jobId}/changes`);
    expect(changes.body.items).toMatchObject([{ key: '6', kind: 'updated' }]);
    // What was not done is not undone either.
    const undo = expectStatus(await program.call('POST', `/api/jobs/${spared.jobId}/undo`), 200).body;
    expect((await jobEnded(program.call, undo.jobId)).rows).toMatchObject({
      updated: 1,
      inserted: 0,
      deleted: 0,
    });
    const { body } = await program.call('GET', `/api/programs/${program.programId}/datasets`);
    expect(body.items).toMatchObject([{ recordCount: 10, applying: null }]);
  });
});

describe("a night's file while last night's is held", () => {
  it('supersedes it in full mode, and a dry run does not', async () => {
    const program = await programWithTask();
    await run(program, ten());
    const held = await isHeld(program, await start(program, ten('Ann', 5)));
    await drop(program, 'try.csv', ten('Dry'));
    const dry = expectStatus(
      await program.call('POST', '/api/webhook/warehouse', { body: { filename: 'try.csv', dryRun: true } }),
      200,
    ).body;
    expect((await waits(program, dry.jobId)).waitingFor).toBe(held.jobId);
    expect((await getJob(program, held.jobId)).status).toBe('held');
    expectStatus(await program.call('POST', `/api/jobs/${dry.jobId}/cancel`), 200);
    const next = await run(program, ten('New'));
    expect(next).toMatchObject({ status: 'succeeded', rows: { updated: 10 } });
    const superseded = await getJob(program, held.jobId);
    expect(superseded).toMatchObject({ status: 'rejected', rows: { deleted: 0 } });
    expect(superseded.message).toContain(`Superseded by ${next.jobId}`);
    expectStatus(await program.call('POST', `/api/jobs/${held.jobId}/approve`), 409);
  });

  it('waits in upsert mode, says for what, and goes on when that has ended', async () => {
    const program = await programWithTask();
    await run(program, ten());
    const held = await isHeld(program, await start(program, ten('Ann', 5)));
    await putTask(program, { mode: 'upsert' });
    const jobId = await start(program, 'id,name\n1,Bea\n');
    const waiting = await waits(program, jobId);
    expect(waiting).toMatchObject({ status: 'queued', waitingFor: held.jobId });
    expect(waiting.message).toContain('is held');
    expectStatus(await program.call('POST', `/api/jobs/${held.jobId}/reject`), 200);
    expect(await jobEnded(program.call, jobId)).toMatchObject({ status: 'succeeded', rows: { updated: 1 } });
    expect(await names(program)).toMatchObject({ 1: 'Bea', 10: 'Ann 10' });
  });
});

describe('while a job is under way', () => {
  it('a task that changes or goes is the next job’s: this one keeps its own', async () => {
    const program = await programWithTask();
    await run(program, ten());
    const held = await isHeld(program, await start(program, ten('Ann', 5)));
    await putTask(program, { schema: { fields: [{ name: 'code', type: 'string' }], primaryKey: 'code' } });
    const task = `/api/programs/${program.programId}/tasks/warehouse`;
    expectStatus(await program.call('DELETE', task), 204);
    expectStatus(await program.call('POST', `/api/jobs/${held.jobId}/approve`), 200);
    expect(await jobEnded(program.call, held.jobId)).toMatchObject({
      status: 'succeeded',
      rows: { deleted: 5 },
    });
  });

  it('a file that is deleted fails a job that has not read it, and not one that has', async () => {
    const program = await programWithTask();
    await run(program, ten());
    const held = await isHeld(program, await start(program, ten('Ann', 5)));
    await putTask(program, { mode: 'upsert' });
    const jobId = await start(program, 'id,name\n1,Bea\n', 'next.csv');
    await waits(program, jobId);
    for (const name of ['people.csv', 'next.csv']) {
      const path = `/api/programs/${program.programId}/files/warehouse/${name}`;
      expectStatus(await program.call('DELETE', path), 204);
    }
    expectStatus(await program.call('POST', `/api/jobs/${held.jobId}/approve`), 200);
    expect(await jobEnded(program.call, held.jobId)).toMatchObject({
      status: 'succeeded',
      rows: { deleted: 5 },
    });
    const failed = await jobEnded(program.call, jobId);
    expect(failed).toMatchObject({ status: 'failed', errors: [{ code: 'file_deleted' }] });
    expect((await names(program))['1']).toBe('Ann 1');
  });

  it('a program that is deleted takes its jobs with it', async () => {
    const program = await programWithTask();
    await run(program, ten());
    const held = await isHeld(program, await start(program, ten('Ann', 5)));
    const system = caller(url, localSystemKey);
    expectStatus(await system('DELETE', `/api/programs/${program.programId}`), 204);
    const gone = await until(
      () => system('GET', `/api/jobs/${held.jobId}`),
      ({ status }) => status === 404,
    );
    expect(gone.body.code).toBe('not_found');
    expectStatus(await system('POST', `/api/jobs/${held.jobId}/approve`), 404);
  });
});

describe('GET …/records?changedSince=', () => {
  it('finds what changed at or after a time, and nothing else', async () => {
    const program = await programWithTask();
    await run(program, ten());
    const path = `/api/programs/${program.programId}/datasets/people/records`;
    const before = expectStatus(await program.call('GET', path), 200).body.items;
    const job = await run(program, ten().replace('Ann 3', 'Bea'));
    const changedAt = (await program.call('GET', `${path}/3`)).body.changedAt;
    const since = async (time: string) =>
      expectStatus(await program.call('GET', `${path}?changedSince=${encodeURIComponent(time)}`), 200).body;
    expect(await since(changedAt)).toMatchObject({
      items: [{ key: '3', jobId: job.jobId }],
      nextCursor: null,
    });
    expect((await since(before[0].changedAt)).items).toHaveLength(10);
    const later = new Date(Date.parse(changedAt) + 1).toISOString();
    expect(await since(later)).toEqual({ items: [], nextCursor: null });
  });
});
