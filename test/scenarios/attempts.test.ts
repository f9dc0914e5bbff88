import { AwsClient } from 'aws4fetch';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { dropAndCall, expectStatus, jobEnded, newProgram, peopleTask, until } from '../support/client.ts';
import { expectExactFeed, feed, feedTask, sweepLater } from '../support/crash.ts';
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

/** Takes an object of the hub's own away, behind its back. */
async function loseObject(key: string): Promise<void> {
  const client = new AwsClient({
    accessKeyId: 'local-access-key',
    secretAccessKey: 'local-secret-key',
    service: 's3',
    region: 'auto',
  });
  const url = `${hub.url}/cdn-cgi/local/r2/s3/crosswalk-objects/${key}`;
  const answer = await client.fetch(url, { method: 'DELETE' });
  expect(answer.status).toBe(204);
}

it('gives a job up after five failures of ours, with the dataset as it was, and tells staff and caller once', async () => {
  const program = await newProgram(hub.url);
  const { call, programId } = program;
  expectStatus(await call('PUT', `/api/programs/${programId}/tasks/warehouse`, { body: peopleTask }), 200);
  const run = async (content: string, notify: Record<string, unknown> = {}) =>
    expectStatus(await dropAndCall(program, 'warehouse', 'people.csv', content, notify), 200).body.jobId;
  await jobEnded(call, await run('id,name\n1,Ann\n2,Bob\n3,Cy\n'));
  // An open problem of the file's own making, told to the program, must not hide ours from staff.
  await jobEnded(call, await run(''));
  await sweepLater(hub, 60);
  const jobId = await run('id,name\n1,Ann\n', { notifyWebhook: receiver.url });
  await until(
    async () => (await call('GET', `/api/jobs/${jobId}`)).body,
    ({ status }) => status === 'held',
  );
  await loseObject(`changes/${programId}/${jobId}/0`);
  expectStatus(await call('POST', `/api/jobs/${jobId}/approve`), 200);
  const attempts = new Set<number>();
  const job = await until(
    async () => {
      const { body } = await call('GET', `/api/jobs/${jobId}`);
      attempts.add(body.attempt);
      if (body.finishedAt === null) await sweepLater(hub, 700);
      return body;
    },
    ({ finishedAt }) => finishedAt !== null,
  );
  expect(job, JSON.stringify(job)).toMatchObject({ status: 'failed', attempt: 5, rows: { deleted: 0 } });
  expect(Math.max(...attempts)).toBe(5);
  const { body } = await call('GET', `/api/programs/${programId}/datasets`);
  expect(body.items).toMatchObject([{ recordCount: 3, applying: null }]);
  const [told] = await receiver.waitFor(1);
  expect(JSON.parse(told?.body ?? '')).toMatchObject({ type: 'job.failed', data: { jobId, attempts: 5 } });
  const toStaff = () =>
    hub.mails().filter((mail) => mail.text.includes(jobId) && mail.to.startsWith('staff@'));
  await until(
    async () => {
      await sweepLater(hub, 60);
      return toStaff();
    },
    (mails) => mails.length > 0,
  );
  // Nor are they told a second time: these sweeps would do it.
  await sweepLater(hub, 60);
  await sweepLater(hub, 60);
  expect(toStaff()).toHaveLength(1);
  expect(receiver.received).toHaveLength(1);
});

it('goes on where it stopped when the database has answered with errors for a while, and loses nothing', async () => {
  const program = await newProgram(hub.url);
  const { call, programId } = program;
  expectStatus(await call('PUT', `/api/programs/${programId}/tasks/warehouse`, { body: feedTask }), 200);
  const rows = 30_000;
  const before = receiver.received.length;
  const webhook = { notifyWebhook: receiver.url };
  const called = await dropAndCall(program, 'warehouse', 'people.csv', feed(0, rows), webhook);
  const { jobId } = expectStatus(called, 200).body;
  await until(
    () => call('GET', `/api/jobs/${jobId}`),
    ({ body }) => body.progress.percent > 0,
  );
  const errors = () => hub.lines.filter((line) => line.includes('SQLITE_BUSY')).length;
  const errorsBefore = errors();
  const unlock = lockDatabase(hub);
  try {
    const refused = expectStatus(await call('GET', `/api/jobs/${jobId}`), 503);
    expect(refused.body).toMatchObject({ code: 'unavailable', detail: expect.stringContaining('Try again') });
    expect(refused.headers.get('retry-after')).toBe('5');
    await until(
      async () => errors(),
      (count) => count > errorsBefore + 2,
    );
  } finally {
    unlock();
  }
  const job = await until(
    async () => {
      await sweepLater(hub, 60);
      return (await call('GET', `/api/jobs/${jobId}`)).body;
    },
    ({ finishedAt }) => finishedAt !== null,
  );
  expect(job, JSON.stringify(job)).toMatchObject({ status: 'succeeded', rows: { inserted: rows } });
  await expectExactFeed(program, 0, rows);
  await receiver.waitFor(before + 1);
  const told = receiver.received.slice(before).map(({ headers }) => headers['webhook-id']);
  expect(new Set(told).size).toBe(1);
});
