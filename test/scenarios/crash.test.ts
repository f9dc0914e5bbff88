import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import {
  type Body,
  caller,
  dropAndCall,
  expectStatus,
  localSystemKey,
  newProgram,
  type TestProgram,
  until,
} from '../support/client.ts';
import {
  expectExactFeed,
  feed,
  feedTask,
  runJobsThroughKills,
  seeded,
  sweepLater,
} from '../support/crash.ts';
import { storedRecords } from '../support/database.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

let hub: Hub;
let receiver: Receiver;

beforeAll(async () => {
  [hub, receiver] = await Promise.all([startHub(), startReceiver()]);
});

afterAll(async () => {
  await receiver.close();
  await hub.stop();
});

describe('a runtime that is killed', () => {
  it('ends its job with exact records and one notification id, three times over', async () => {
    await runJobsThroughKills(hub, receiver, 20_000, 3, seeded(3));
  });
});

async function loseMessages(lose: boolean): Promise<void> {
  const system = caller(hub.url, localSystemKey);
  expectStatus(await system('POST', '/dev/queue', { body: { lose } }), 200);
}

describe('a queue that loses every message', () => {
  it('still ends the job, by sweeps alone, and tells its receiver, whose first answers were errors', async () => {
    await loseMessages(true);
    const program = await programWithTask();
    let failures = 2;
    const told: string[] = [];
    receiver.answer((request, response) => {
      told.push(String(request.headers['webhook-id']));
      response.statusCode = failures-- > 0 ? 503 : 200;
      response.end();
    });
    const webhook = { notifyWebhook: receiver.url };
    const called = await dropAndCall(program, 'warehouse', 'people.csv', feed(0, 30_000), webhook);
    const { jobId } = expectStatus(called, 200).body;
    const job = await sweepUntilEnded(program, jobId);
    expect(job.status).toBe('succeeded');
    await expectExactFeed(program, 0, 30_000);
    await until(
      async () => {
        await sweepLater(hub, 400);
        return (await program.call('GET', `/api/programs/${program.programId}/deliveries`)).body.items;
      },
      (deliveries) => deliveries[0]?.status === 'delivered',
    );
    expect(told).toHaveLength(3);
    expect(new Set(told).size).toBe(1);
    receiver.answer((_, response) => response.end());
    await loseMessages(false);
  });

  // A sweep does twenty steps of a job, and then it stands still: so a test can look at its midst.
  it('lets a job be looked at and cancelled half-way: its progress is true, and nothing of it stays', async () => {
    await loseMessages(true);
    const rows = 60_000;
    const program = await programWithTask();
    const run = async (content: string) => {
      const { body } = expectStatus(await dropAndCall(program, 'warehouse', 'people.csv', content), 200);
      return body.jobId as string;
    };
    expect((await sweepUntilEnded(program, await run(feed(0, rows)))).status).toBe('succeeded');
    const before = storedRecords(hub, program.programId);
    const jobId = await run(feed(0, rows, 1));
    const percents = [0];
    const job = await until(
      async () => {
        await sweepLater(hub, 60);
        const { body } = await program.call('GET', `/api/jobs/${jobId}`);
        percents.push(body.progress.percent);
        return body;
      },
      ({ phase, progress }) => phase === 'applying' && progress.percent > 75,
    );
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect(job.progress).toMatchObject({ rowsRead: rows, bytesRead: job.progress.bytes, bytes: job.size });
    const applied = storedRecords(hub, program.programId).byJob[jobId] ?? 0;
    expect(applied).toBeGreaterThan(0);
    expect(applied).toBeLessThan(rows);
    expect(Math.abs(job.progress.percent - (50 + (50 * applied) / rows))).toBeLessThan(1);
    const records = `/api/programs/${program.programId}/datasets/people/records`;
    const answer = expectStatus(await program.call('GET', records), 200);
    expect(answer.headers.get('x-dataset-applying')).toBe(jobId);
    expectStatus(await program.call('POST', `/api/jobs/${jobId}/cancel`), 200);
    const ended = await sweepUntilEnded(program, jobId);
    expect(ended).toMatchObject({ status: 'cancelled', rows: { updated: 0 } });
    expect(storedRecords(hub, program.programId)).toEqual(before);
    const changes = await program.call('GET', `/api/jobs/${jobId}/changes`);
    expect(expectStatus(changes, 200).body).toEqual({ items: [], nextCursor: null });
    await loseMessages(false);
  });
});

async function programWithTask(): Promise<TestProgram> {
  const program = await newProgram(hub.url);
  const task = `/api/programs/${program.programId}/tasks/warehouse`;
  expectStatus(await program.call('PUT', task, { body: feedTask }), 200);
  return program;
}

async function sweepUntilEnded(program: TestProgram, jobId: string): Promise<Body> {
  return until(
    async () => {
      await sweepLater(hub, 60);
      return (await program.call('GET', `/api/jobs/${jobId}`)).body;
    },
    ({ finishedAt }) => finishedAt !== null,
    90,
  );
}
