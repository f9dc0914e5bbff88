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
} from '../support/client.ts';

const url = inject('hubUrl');
const system = caller(url, localSystemKey);

const openProblems = async ({ call, programId }: TestProgram): Promise<Body[]> =>
  expectStatus(await call('GET', `/api/programs/${programId}/attention`), 200).body.items;

/** A job that must fail by the file's own fault: its key column is missing. */
async function failJob(program: TestProgram, filename = 'broken.csv'): Promise<string> {
  const task = { body: peopleTask };
  expectStatus(await program.call('PUT', `/api/programs/${program.programId}/tasks/people`, task), 200);
  const called = await dropAndCall(program, 'people', filename, 'number,name\n1,Ada\n');
  const job = await jobEnded(program.call, expectStatus(called, 200).body.jobId);
  expect(job.status).toBe('failed');
  return job.jobId;
}

describe('GET /api/programs/{programId}/attention', () => {
  it('is empty where nothing is wrong', async () => {
    expect(await openProblems(await newProgram(url))).toEqual([]);
  });

  it('shows a failed job: what, since when, how often, and what happens next', async () => {
    const program = await newProgram(url);
    await failJob(program);
    const [problem, ...others] = await openProblems(program);
    expect(others).toEqual([]);
    expect(problem).toMatchObject({
      attentionId: expect.stringMatching(/^prb_/),
      kind: 'job_failed',
      message: expect.stringMatching(/\w/),
      nextStep: expect.stringMatching(/\w/),
      since: expect.stringMatching(/Z$/),
      count: 1,
      traceId: expect.stringMatching(/^tra_/),
    });
    expect(problem.message).not.toContain('Ada');
  });

  it('ends a problem when what caused it is mended', async () => {
    const program = await newProgram(url);
    await failJob(program);
    const called = await dropAndCall(program, 'people', 'whole.csv', 'id,name\n1,Ada\n');
    const job = await jobEnded(program.call, expectStatus(called, 200).body.jobId);
    expect(job.status).toBe('succeeded');
    expect(await openProblems(program)).toEqual([]);
  });

  it("shows nobody another program's problems", async () => {
    const [failing, calm] = [await newProgram(url), await newProgram(url)];
    await failJob(failing);
    expect(await openProblems(calm)).toEqual([]);
    expectStatus(await calm.call('GET', `/api/programs/${failing.programId}/attention`), 404);
    const all = await system('GET', `/api/programs/${failing.programId}/attention`);
    expect(expectStatus(all, 200).body.items).toHaveLength(1);
  });
});
