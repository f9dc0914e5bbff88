import { describe, expect, inject, it } from 'vitest';
import { signedIn } from '../support/browser.ts';
import {
  type Body,
  dropAndCall,
  expectStatus,
  jobEnded,
  newProgram,
  peopleTask,
  type TestProgram,
  until,
} from '../support/client.ts';

const url = inject('hubUrl');

/** A program in which files of two tasks failed, one of them twice, and one was mended since. */
async function failures(): Promise<TestProgram> {
  const program = await newProgram(url);
  const { call, programId } = program;
  for (const job of ['people', 'others']) {
    const task = { ...peopleTask, dataset: job };
    expectStatus(await call('PUT', `/api/programs/${programId}/tasks/${job}`, { body: task }), 200);
  }
  const run = async (job: string, filename: string, content: string) => {
    const called = await dropAndCall(program, job, filename, content);
    await jobEnded(call, expectStatus(called, 200).body.jobId);
  };
  await run('people', 'mended.csv', 'nothing\n1\n');
  await run('people', 'mended.csv', 'id,name\n1,Ann\n');
  await run('people', 'twice.csv', 'nothing\n1\n');
  await run('people', 'twice.csv', 'nothing\n2\n');
  await run('others', 'other.csv', 'nothing\n3\n');
  return program;
}

const listed = async ({ call, programId }: TestProgram): Promise<Body[]> =>
  (await call('GET', `/api/programs/${programId}/jobs?limit=100`)).body.items;

describe('POST /api/programs/{programId}/jobs/retry', () => {
  it('counts, and runs the last failure of each file that matches, once', async () => {
    const program = await failures();
    const path = `/api/programs/${program.programId}/jobs/retry`;
    const count = async (body: Body) =>
      expectStatus(await program.call('POST', path, { body: { ...body, dryRun: true } }), 200).body;
    expect(await count({})).toMatchObject({ count: 2, more: false, started: null });
    expect(await count({ job: 'people' })).toMatchObject({ count: 1 });
    expect(await count({ dataset: 'others' })).toMatchObject({ count: 1 });
    expect(await count({ status: 'cancelled' })).toMatchObject({ count: 0 });
    expect(await listed(program)).toHaveLength(5);
    const done = await program.call('POST', path, { body: { job: 'people' } });
    expect(expectStatus(done, 200).body).toMatchObject({ count: 1, started: 1, refused: 0 });
    const all = await until(
      () => listed(program),
      (jobs) => jobs.length === 6 && jobs.every(({ finishedAt }) => finishedAt !== null),
    );
    expect(all[0]).toMatchObject({ filename: 'twice.csv', retryOf: all[2]?.jobId });
    expectStatus(await program.call('POST', path, { body: { status: 'succeeded' } }), 400);
  });

  it('is a button of the list, with the filter that is on', async () => {
    const program = await failures();
    const visitor = await signedIn(url, program.key);
    const at = (path: string) => `/p/${program.programId}/${path}`;
    expect((await visitor.get(at('jobs?status=succeeded'))).html).not.toContain('Retry all');
    const { html } = await visitor.get(at('jobs?job=others'));
    expect(html).toContain('<input type="hidden" name="job" value="others"/>');
    const counted = await visitor.post(at('jobs/retry/count'), { status: 'failed', job: 'others' });
    expect(counted.html).toContain('1 failed jobs of the task others, each the last of its file.');
    const done = await visitor.post(at('jobs/retry'), { status: 'failed', job: 'others' });
    expect(done.location).toBe(`${at('jobs')}?done=retried-all`);
    expect(await listed(program)).toHaveLength(6);
    const reader = await signedIn(url, await program.keyWith('read'));
    expect((await reader.get(at('jobs'))).html).not.toContain('Retry all');
    expect((await reader.post(at('jobs/retry'), {})).status).toBe(403);
  });
});
