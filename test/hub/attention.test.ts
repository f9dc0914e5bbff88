import { describe, expect, inject, it } from 'vitest';
import { signedIn } from '../support/browser.ts';
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
import { startReceiver } from '../support/receiver.ts';

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

describe('an open problem', () => {
  const handle = async ({ call, programId }: TestProgram, attentionId: string, verb: string): Promise<Body> =>
    expectStatus(await call('POST', `/api/programs/${programId}/attention/${attentionId}/${verb}`), 200).body;

  it('is acknowledged under a name, and still ends by itself when it is mended', async () => {
    const program = await newProgram(url);
    await failJob(program);
    const [{ attentionId }] = await openProblems(program);
    const before = await (await signedIn(url, program.key)).get(`/p/${program.programId}/overview`);
    // The tab says how many things need somebody, in its title and its icon.
    expect(before.html).toContain('<title>(1) ');
    expect(before.html).toMatch(/rel="icon" href="data:image\/svg\+xml,/);
    expect(await handle(program, attentionId, 'acknowledge')).toMatchObject({
      state: 'acknowledged',
      stateBy: program.keyId,
      stateAt: expect.stringMatching(/Z$/),
    });
    const visitor = await signedIn(url, program.key);
    const { html } = await visitor.get(`/p/${program.programId}/overview`);
    expect(html).toContain('Nothing waits for you: 1 problem is in hand.');
    expect(html).toMatch(/<title>[^(]/);
    expect(html).toMatch(/rel="icon" href="\/assets\//);
    const called = await dropAndCall(program, 'people', 'whole.csv', 'id,name\n1,Ada\n');
    await jobEnded(program.call, expectStatus(called, 200).body.jobId);
    expect(await openProblems(program)).toEqual([]);
  });

  it('is ignored through what happens again, is told to nobody, and can be watched again', async () => {
    const program = await newProgram(url);
    await failJob(program);
    const [{ attentionId }] = await openProblems(program);
    await handle(program, attentionId, 'ignore');
    await failJob(program, 'broken-too.csv');
    expect(await openProblems(program)).toEqual([]);
    const ignored = async () =>
      expectStatus(
        await program.call('GET', `/api/programs/${program.programId}/attention?state=ignored`),
        200,
      ).body.items;
    expect(await ignored()).toMatchObject([{ attentionId, count: 2, state: 'ignored' }]);
    expect(await handle(program, attentionId, 'reopen')).toMatchObject({ state: 'open', stateBy: null });
    expect(await openProblems(program)).toMatchObject([{ attentionId }]);
    expect(await ignored()).toEqual([]);
    const { body } = await program.call('GET', `/api/programs/${program.programId}/audit`);
    const acts = body.items
      .map(({ action }: Body) => action)
      .filter((one: string) => one.startsWith('problem'));
    expect(acts).toEqual(['problem.reopened', 'problem.ignored']);
  });

  it('has its jobs run again: counted first, each file once, what succeeded since left alone', async () => {
    const program = await newProgram(url);
    const first = await failJob(program, 'one.csv');
    await failJob(program, 'two.csv');
    // Rejects every row of a file without its key column: with another key it can be read.
    const task = { ...peopleTask, schema: { ...peopleTask.schema, primaryKey: 'name' } };
    task.schema.fields = [
      { name: 'number', type: 'integer' },
      { name: 'name', type: 'string', constraints: { required: true } },
    ] as never;
    expectStatus(
      await program.call('PUT', `/api/programs/${program.programId}/tasks/people`, {
        body: { ...task, mode: 'upsert' },
      }),
      200,
    );
    const [{ attentionId, retryable }] = await openProblems(program);
    expect(retryable).toBe(true);
    const visitor = await signedIn(url, program.key);
    const at = `/p/${program.programId}/problems/${attentionId}/retry`;
    await visitor.get(`/p/${program.programId}/overview`);
    const counted = await visitor.post(`${at}/count`);
    expect(counted.html).toContain('2 failed jobs of the task people, each the last of its file.');
    const jobs = async () =>
      (await program.call('GET', `/api/programs/${program.programId}/jobs`)).body.items as Body[];
    expect(await jobs()).toHaveLength(2);
    expect((await visitor.post(at)).location).toContain('done=retried-all');
    const all = await until(jobs, (some) => some.every(({ finishedAt }) => finishedAt !== null));
    expect(all.map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'failed', 'failed']);
    expect(all[1]?.retryOf).toBe(first);
    expect(await openProblems(program)).toEqual([]);
  });

  it('is retried only by a key that may retry what has it', async () => {
    const program = await newProgram(url);
    await failJob(program);
    const [{ attentionId }] = await openProblems(program);
    const path = `/api/programs/${program.programId}/attention/${attentionId}/retry`;
    const { body: made } = await program.call('POST', `/api/programs/${program.programId}/keys`, {
      body: { name: 'manager', scopes: ['read', 'manage'] },
    });
    expectStatus(await caller(url, made.key)('POST', path, { body: {} }), 403);
    const counted = expectStatus(await program.call('POST', path, { body: { dryRun: true } }), 200).body;
    expect(counted).toMatchObject({ count: 1, more: false, started: null });
  });

  it('has its deliveries go out again to the same endpoint, and to no other', async () => {
    const program = await newProgram(url);
    const { call, programId } = program;
    const receiver = await startReceiver();
    try {
      receiver.answer((_, response) => {
        response.statusCode = 410;
        response.end();
      });
      expectStatus(await call('PUT', `/api/programs/${programId}/tasks/people`, { body: peopleTask }), 200);
      // A job's own address answers "gone": its notification is exhausted at once, each a problem of its own.
      for (const filename of ['a.csv', 'b.csv']) {
        const called = await dropAndCall(program, 'people', filename, `id,name\n1,${filename}\n`, {
          notifyWebhook: `${receiver.url}/done`,
        });
        await jobEnded(call, expectStatus(called, 200).body.jobId);
      }
      const exhausted = async () =>
        (await openProblems(program)).filter(({ kind }) => kind === 'delivery_exhausted');
      const problems = await until(exhausted, (some) => some.length === 2);
      receiver.answer((_, response) => response.end('ok'));
      const path = `/api/programs/${programId}/attention/${problems[0]?.attentionId}/retry`;
      expect(expectStatus(await call('POST', path, { body: { dryRun: true } }), 200).body.count).toBe(2);
      expect(expectStatus(await call('POST', path, { body: {} }), 200).body).toMatchObject({
        count: 2,
        started: 2,
        refused: 0,
      });
      const states = await until(
        async () =>
          (await call('GET', `/api/programs/${programId}/deliveries?channel=webhook`)).body.items as Body[],
        (some) => some.every(({ status }) => status === 'delivered'),
      );
      expect(states).toHaveLength(2);
      expect(await exhausted()).toEqual([]);
    } finally {
      await receiver.close();
    }
  });
});
