import { expect } from 'vitest';
import type { Hub } from '../../scripts/hub.ts';
import {
  type Body,
  caller,
  dropAndCall,
  expectStatus,
  localSystemKey,
  newProgram,
  type TestProgram,
  until,
} from './client.ts';
import type { Receiver } from './receiver.ts';

/** Rows `from` to `to` of a feed whose every value follows from the id and the edition. */
export function feed(from: number, to: number, edition = 0): string {
  const lines = ['id,name,city,gift'];
  for (let id = from; id < to; id++)
    lines.push(`${id},"Person ${id}, ${edition}",City ${id % 97},${(id % 1000) / 4}`);
  return `${lines.join('\n')}\n`;
}

export const feedTask = {
  folder: 'warehouse',
  dataset: 'people',
  mode: 'full',
  schema: {
    fields: [
      { name: 'id', type: 'integer' },
      { name: 'name', type: 'string' },
      { name: 'city', type: 'string' },
      { name: 'gift', type: 'number' },
    ],
    primaryKey: 'id',
  },
};

/** All records of the dataset, by key. */
export async function allRecords(program: TestProgram): Promise<Map<string, Body>> {
  const records = new Map<string, Body>();
  let cursor = '';
  do {
    const path = `/api/programs/${program.programId}/datasets/people/records?limit=200${cursor}`;
    const { body } = expectStatus(await program.call('GET', path), 200);
    for (const record of body.items) records.set(record.key, record.data);
    cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
  } while (cursor !== '');
  return records;
}

/** Fails unless the dataset is exactly the feed. */
export async function expectExactFeed(
  program: TestProgram,
  from: number,
  to: number,
  edition = 0,
): Promise<void> {
  const records = await allRecords(program);
  expect(records.size).toBe(to - from);
  for (let id = from; id < to; id++) {
    const wanted = { id, name: `Person ${id}, ${edition}`, city: `City ${id % 97}`, gift: (id % 1000) / 4 };
    if (JSON.stringify(records.get(String(id))) !== JSON.stringify(wanted)) {
      expect(records.get(String(id)), `record ${id}`).toEqual(wanted);
    }
  }
}

/** Moves the hub's clock on, and does what the minute's cron does. */
export async function sweepLater(hub: Hub, seconds: number): Promise<void> {
  const system = caller(hub.url, localSystemKey);
  expectStatus(await system('POST', '/dev/clock', { body: { aheadSeconds: seconds } }), 200);
  expectStatus(await system('POST', '/dev/sweep'), 200);
}

/**
 * Runs one job over `rows` rows and kills the runtime each time its progress passes one of `atPercents`;
 * then lets it come to its end, and checks that the records are exact and the end was told under one id.
 */
export async function runJobThroughKills(
  hub: Hub,
  receiver: Receiver,
  rows: number,
  atPercents: number[],
): Promise<{ jobId: string; kills: number }> {
  const program = await newProgram(hub.url);
  expectStatus(
    await program.call('PUT', `/api/programs/${program.programId}/tasks/warehouse`, { body: feedTask }),
    200,
  );
  const before = receiver.received.length;
  const called = await dropAndCall(program, 'warehouse', 'people.csv', feed(0, rows), {
    notifyWebhook: receiver.url,
  });
  const { jobId } = expectStatus(called, 200).body;
  let kills = 0;
  for (const percent of atPercents) {
    const job = await until(
      () => program.call('GET', `/api/jobs/${jobId}`),
      ({ body }) => body.finishedAt !== null || body.progress.percent >= percent,
    );
    if (job.body.finishedAt !== null) break;
    await hub.kill();
    kills++;
    await hub.restart();
    // The queue was in the memory of the dead process, and its lease has to end.
    await sweepLater(hub, 30);
  }
  const ended = await until(
    async () => {
      const job = (await program.call('GET', `/api/jobs/${jobId}`)).body;
      if (job.finishedAt === null) await sweepLater(hub, 30);
      return job;
    },
    (job) => job.finishedAt !== null,
    60,
  );
  expect(ended.status, JSON.stringify(ended)).toBe('succeeded');
  expect(ended.rows).toEqual({
    read: rows,
    rejected: 0,
    inserted: rows,
    updated: 0,
    unchanged: 0,
    deleted: 0,
  });
  await expectExactFeed(program, 0, rows);
  await until(
    async () => {
      if (receiver.received.length === before) await sweepLater(hub, 90);
      return receiver.received.slice(before).filter(({ body }) => JSON.parse(body).data.jobId === jobId);
    },
    (told) => told.length > 0,
  );
  const told = receiver.received.slice(before).filter(({ body }) => JSON.parse(body).data.jobId === jobId);
  expect(new Set(told.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  expect(new Set(told.map(({ body }) => body)).size).toBe(1);
  return { jobId, kills };
}
