import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { caller, dropAndCall, expectStatus, localSystemKey, newProgram, until } from '../support/client.ts';
import { expectExactFeed, feed, feedTask, runJobThroughKills, sweepLater } from '../support/crash.ts';
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
  it('ends the job with exact records and one notification id after two kills', async () => {
    const { kills } = await runJobThroughKills(hub, receiver, 60_000, [17, 71]);
    expect(kills).toBe(2);
  });
});

describe('a queue that loses every message', () => {
  it('still ends the job, by sweeps alone, and tells its receiver, whose first answers were errors', async () => {
    const system = caller(hub.url, localSystemKey);
    expectStatus(await system('POST', '/dev/queue', { body: { lose: true } }), 200);
    const program = await newProgram(hub.url);
    const task = `/api/programs/${program.programId}/tasks/warehouse`;
    expectStatus(await program.call('PUT', task, { body: feedTask }), 200);
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
    const job = await until(
      async () => {
        await sweepLater(hub, 60);
        return (await program.call('GET', `/api/jobs/${jobId}`)).body;
      },
      ({ finishedAt }) => finishedAt !== null,
      90,
    );
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
    expectStatus(await system('POST', '/dev/queue', { body: { lose: false } }), 200);
  });
});
