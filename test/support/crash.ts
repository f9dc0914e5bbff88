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
export async function sweepLater(hub: Pick<Hub, 'url'>, seconds: number): Promise<void> {
  const system = caller(hub.url, localSystemKey);
  expectStatus(await system('POST', '/dev/clock', { body: { aheadSeconds: seconds } }), 200);
  expectStatus(await system('POST', '/dev/sweep'), 200);
}

/** A fixed sequence of numbers in [0, 1) (mulberry32), so that a failure can be run again. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * True when a job has saved a checkpoint since it stood at `percent`: a kill without one costs it an attempt,
 * of which it has five. While it reads, it tells of bytes before they are staged, of at most 4 MiB.
 */
function hasMoved({ phase, progress }: Body, percent: number): boolean {
  const unsaved = (40 * 4 * 1_024 * 1_024) / Math.max(progress.bytes, 1);
  return progress.percent > percent + (phase === 'reading' ? unsaved : 0);
}

/**
 * Runs one job over `rows` rows and kills the runtime `wanted` times, each time some moments after it has
 * come on; then lets it come to its end, and checks that the records are exact and the end was told under
 * one id. A job may be quicker than that: `kills` says how many found it unfinished.
 */
export async function runJobThroughKills(
  hub: Hub,
  receiver: Receiver,
  rows: number,
  wanted: number,
  random: () => number,
  /** How far the job is to be before the first kill. */
  fromPercent = 0,
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
  const ask = async (): Promise<Body> =>
    expectStatus(await program.call('GET', `/api/jobs/${jobId}`), 200).body;
  let kills = 0;
  let percent = fromPercent;
  for (let tries = 0; kills < wanted && tries < wanted; tries++) {
    const job = await until(ask, (now) => now.finishedAt !== null || hasMoved(now, percent));
    await new Promise((resolve) => setTimeout(resolve, 80 * random()));
    await hub.kill();
    await hub.restart();
    const found = await ask();
    if (found.finishedAt !== null) break;
    percent = Math.max(job.progress.percent, found.progress.percent);
    kills++;
    // The queue was in the memory of the dead process, and its lease has to end. The sweep does a part of
    // the job before it answers, and may be killed in it.
    void sweepLater(hub, 30).catch(() => {});
  }
  const ended = await until(
    async () => {
      const job = await ask();
      if (job.finishedAt === null) await sweepLater(hub, 30);
      return job;
    },
    (job) => job.finishedAt !== null,
    120,
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
  const toldOf = () =>
    receiver.received.slice(before).filter(({ body }) => JSON.parse(body).data.jobId === jobId);
  const told = await until(
    async () => {
      if (toldOf().length === 0) await sweepLater(hub, 90);
      return toldOf();
    },
    (all) => all.length > 0,
  );
  expect(new Set(told.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  expect(new Set(told.map(({ body }) => body)).size).toBe(1);
  return { jobId, kills };
}

/** As many jobs over `rows` rows as it takes to kill the runtime `wanted` times in the midst of one. */
export async function runJobsThroughKills(
  hub: Hub,
  receiver: Receiver,
  rows: number,
  wanted: number,
  random: () => number,
): Promise<void> {
  let kills = 0;
  for (let jobs = 0; kills < wanted; jobs++) {
    if (jobs > 2 * wanted) throw new Error(`only ${kills} kills in ${jobs} jobs`);
    kills += (await runJobThroughKills(hub, receiver, rows, wanted - kills, random)).kills;
  }
}
