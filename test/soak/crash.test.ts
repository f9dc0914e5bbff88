import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { dropAndCall, expectStatus, newProgram, until } from '../support/client.ts';
import { expectExactFeed, feed, feedTask, runJobThroughKills, seeded, sweepLater } from '../support/crash.ts';
import { lockDatabase } from '../support/database.ts';
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

describe('a runtime that is killed, over and over', () => {
  it('ends twenty jobs of one kill each with exact records and one notification id', async () => {
    const random = seeded(20);
    let kills = 0;
    for (let run = 0; kills < 20 && run < 40; run++) {
      kills += (await runJobThroughKills(hub, receiver, 60_000, 1, random, 90 * random())).kills;
      console.info(`job ${run + 1}: ${kills} kills so far`);
    }
    expect(kills).toBe(20);
  });

  it('ends one job of twenty kills with exact records and one notification id', async () => {
    const { kills } = await runJobThroughKills(hub, receiver, 600_000, 20, seeded(21));
    expect(kills).toBe(20);
  });
});

describe('a database that answers with errors for a minute', () => {
  it('delays a job, and costs it nothing', async () => {
    const program = await newProgram(hub.url);
    const task = `/api/programs/${program.programId}/tasks/warehouse`;
    expectStatus(await program.call('PUT', task, { body: feedTask }), 200);
    const called = await dropAndCall(program, 'warehouse', 'people.csv', feed(0, 200_000));
    const { jobId } = expectStatus(called, 200).body;
    await until(
      () => program.call('GET', `/api/jobs/${jobId}`),
      ({ body }) => body.progress.percent > 60,
      120,
    );
    const unlock = lockDatabase(hub);
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    unlock();
    const job = await until(
      async () => {
        await sweepLater(hub, 60);
        return (await program.call('GET', `/api/jobs/${jobId}`)).body;
      },
      ({ finishedAt }) => finishedAt !== null,
      300,
    );
    expect(job, JSON.stringify(job)).toMatchObject({ status: 'succeeded', rows: { inserted: 200_000 } });
    await expectExactFeed(program, 0, 200_000);
  });
});
