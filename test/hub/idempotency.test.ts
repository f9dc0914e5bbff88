import { describe, expect, inject, it } from 'vitest';
import {
  type Answer,
  type Body,
  caller,
  expectStatus,
  jobEnded,
  localSystemKey,
  newProgram,
  peopleTask,
  type TestProgram,
} from '../support/client.ts';

const url = inject('hubUrl');
const system = caller(url, localSystemKey);

/** A program whose job `people` has a file to consume. */
async function programWithFile(): Promise<TestProgram> {
  const program = await newProgram(url);
  const { call, programId } = program;
  expectStatus(await call('PUT', `/api/programs/${programId}/tasks/people`, { body: peopleTask }), 200);
  const file = { body: 'id,name\n1,Ada\n' };
  expectStatus(await call('PUT', `/api/programs/${programId}/files/warehouse/people.csv`, file), 201);
  return program;
}

const callJob = (
  program: TestProgram,
  key: string,
  body: Body = { filename: 'people.csv' },
): Promise<Answer> =>
  program.call('POST', '/api/webhook/people', { body, headers: { 'idempotency-key': key } });

describe('Idempotency-Key', () => {
  it('gives the first answer again to the same request', async () => {
    const program = await programWithFile();
    const first = expectStatus(await callJob(program, '"night-1"'), 200);
    // Without the key this would be a new job: the first one is over.
    await jobEnded(program.call, first.body.jobId);
    const second = expectStatus(await callJob(program, '"night-1"'), 200);
    expect(second.text).toBe(first.text);
    expect(second.headers.get('content-type')).toBe(first.headers.get('content-type'));
    expect(second.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'));
    const jobs = await program.call('GET', `/api/programs/${program.programId}/jobs`);
    expect(jobs.body.items).toHaveLength(1);
  });

  it('is the same one quoted and bare', async () => {
    const program = await programWithFile();
    const first = expectStatus(await callJob(program, 'night-1'), 200);
    await jobEnded(program.call, first.body.jobId);
    expect((await callJob(program, '"night-1"')).body).toEqual(first.body);
  });

  it('is another one for another value', async () => {
    const program = await programWithFile();
    const first = expectStatus(await callJob(program, 'night-1'), 200);
    await jobEnded(program.call, first.body.jobId);
    expect(expectStatus(await callJob(program, 'night-2'), 200).body.jobId).not.toBe(first.body.jobId);
  });

  it('is refused with another body', async () => {
    const program = await programWithFile();
    expectStatus(await callJob(program, 'night-1'), 200);
    const other = await callJob(program, 'night-1', { filename: 'people.csv', dryRun: true });
    expect(expectStatus(other, 422).body.code).toBe('idempotency_mismatch');
  });

  it('lets one of many through at the same time, and no job runs twice', async () => {
    const program = await programWithFile();
    const answers = await Promise.all(Array.from({ length: 8 }, () => callJob(program, 'at-once')));
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    for (const answer of answers) {
      expect([200, 409]).toContain(answer.status);
      if (answer.status !== 409) continue;
      expect(answer.body.code).toBe('idempotency_in_progress');
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    const jobIds = answers.filter(({ status }) => status === 200).map(({ body }) => body.jobId);
    expect(new Set(jobIds).size).toBe(1);
  });

  it('keeps a refusal as well: the same mistake is the same answer', async () => {
    const program = await programWithFile();
    const first = expectStatus(await callJob(program, 'wrong', { filename: 'late.csv' }), 400);
    const file = { body: 'id,name\n1,Ada\n' };
    const { programId } = program;
    expectStatus(await program.call('PUT', `/api/programs/${programId}/files/warehouse/late.csv`, file), 201);
    const second = expectStatus(await callJob(program, 'wrong', { filename: 'late.csv' }), 400);
    expect(second.body).toEqual(first.body);
    expectStatus(await callJob(program, 'right', { filename: 'late.csv' }), 200);
  });

  it('belongs to the program, whichever of its keys sends it', async () => {
    const program = await programWithFile();
    const stranger = await programWithFile();
    const first = expectStatus(await callJob(program, 'shared'), 200);
    const theirs = expectStatus(await callJob(stranger, 'shared'), 200);
    expect(theirs.body.jobId).not.toBe(first.body.jobId);
    await jobEnded(program.call, first.body.jobId);
    const other = { ...program, call: caller(url, await program.keyWith('jobs')) };
    expect((await callJob(other, 'shared')).body).toEqual(first.body);
  });

  it('of a system key belongs to the program that the query names', async () => {
    const [one, two] = [await programWithFile(), await programWithFile()];
    const callFor = async ({ programId }: TestProgram) => {
      const path = `/api/webhook/people?program=${programId}`;
      const headers = { 'idempotency-key': 'nightly' };
      return expectStatus(await system('POST', path, { body: { filename: 'people.csv' }, headers }), 200);
    };
    const first = await callFor(one);
    const second = await callFor(two);
    expect(second.body.jobId).not.toBe(first.body.jobId);
    expectStatus(await two.call('GET', `/api/jobs/${second.body.jobId}`), 200);
  });

  it('is not looked at before the key and its scope are', async () => {
    const program = await programWithFile();
    expectStatus(await callJob(program, 'mine'), 200);
    const reader = { ...program, call: caller(url, await program.keyWith('read')) };
    expectStatus(await callJob(reader, 'mine'), 403);
    expectStatus(await callJob({ ...program, call: caller(url, null) }, 'mine'), 401);
  });

  it.each([[''], ['""'], ['x'.repeat(256)], ['"half'.padEnd(300, 'x')], ['é']])(
    'is refused where it is none: %s',
    async (key) => {
      const program = await programWithFile();
      expect(expectStatus(await callJob(program, key), 400).body.code).toBe('idempotency_key_invalid');
    },
  );

  it('is refused where the answer carries a secret', async () => {
    const { call, programId } = await newProgram(url);
    const refused = await call('POST', `/api/programs/${programId}/keys`, {
      body: { name: 'x', scopes: ['read'] },
      headers: { 'idempotency-key': 'once' },
    });
    expect(expectStatus(refused, 400).body.code).toBe('idempotency_key_refused');
    const keys = await call('GET', `/api/programs/${programId}/keys`);
    expect(keys.body.items).toHaveLength(1);
  });

  it('means nothing to a route that does not know it', async () => {
    const { call, programId } = await newProgram(url);
    const headers = { 'idempotency-key': 'once' };
    const rename = (name: string) => call('PATCH', `/api/programs/${programId}`, { body: { name }, headers });
    expect(expectStatus(await rename('one'), 200).body.name).toBe('one');
    expect(expectStatus(await rename('two'), 200).body.name).toBe('two');
  });

  it('does not outlive its program', async () => {
    const first = await programWithFile();
    const called = await callJob(first, 'nightly');
    await jobEnded(first.call, expectStatus(called, 200).body.jobId);
    await eraseProgram(first.programId);
    const settings = { programId: first.programId, name: 'its successor' };
    expectStatus(await system('POST', '/api/programs', { body: settings }), 201);
    const made = await system('POST', `/api/programs/${first.programId}/keys`, {
      body: { name: 'x', scopes: ['jobs'] },
    });
    const successor = { ...first, call: caller(url, expectStatus(made, 201).body.key) };
    // Its own answer, not the one its predecessor got.
    expect(expectStatus(await callJob(successor, 'nightly'), 400).body.code).toBe('unknown_job');
  });

  it('replays the completion of an upload', async () => {
    const { call, programId } = await newProgram(url);
    const body = { folder: 'warehouse', filename: 'a.csv', size: 3 };
    const begun = expectStatus(await call('POST', `/api/programs/${programId}/uploads`, { body }), 201).body;
    await fetch(begun.url, {
      method: 'PUT',
      headers: { ...begun.headers, connection: 'close' },
      body: 'abc',
    });
    const complete = () =>
      call('POST', `/api/programs/${programId}/uploads/${begun.uploadId}/complete`, {
        headers: { 'idempotency-key': 'done' },
      });
    const first = expectStatus(await complete(), 200);
    expect(expectStatus(await complete(), 200).text).toBe(first.text);
  });
});

async function eraseProgram(programId: string): Promise<void> {
  expectStatus(await system('DELETE', `/api/programs/${programId}`), 204);
  for (let sweeps = 0; sweeps < 20; sweeps++) {
    const { body } = await system('POST', '/dev/sweep');
    if (body.erasure === 0) return;
  }
  throw new Error('The program is still being erased after 20 sweeps.');
}
