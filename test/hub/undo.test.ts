import { describe, expect, inject, it } from 'vitest';
import {
  type Body,
  dropAndCall,
  expectStatus,
  jobEnded,
  newProgram,
  type TestProgram,
} from '../support/client.ts';
import { allRecords, feed, feedTask } from '../support/crash.ts';

const url = inject('hubUrl');

async function programWithFeed(rows: number): Promise<TestProgram> {
  const program = await newProgram(url);
  const task = {
    ...feedTask,
    guards: { maxDeletePercent: 100, maxRowDropPercent: 100, maxRejectedPercent: 100 },
  };
  expectStatus(
    await program.call('PUT', `/api/programs/${program.programId}/tasks/warehouse`, { body: task }),
    200,
  );
  await run(program, feed(0, rows));
  return program;
}

async function run(program: TestProgram, content: string): Promise<Body> {
  const { body } = expectStatus(await dropAndCall(program, 'warehouse', 'people.csv', content), 200);
  const job = await jobEnded(program.call, body.jobId);
  expect(job.status, JSON.stringify(job)).toBe('succeeded');
  return job;
}

async function undo(program: TestProgram, jobId: string): Promise<Body> {
  const { body } = expectStatus(await program.call('POST', `/api/jobs/${jobId}/undo`), 200);
  expect(body).toMatchObject({ undoOf: jobId });
  return jobEnded(program.call, body.jobId);
}

/** 1,000 rows in which ids below 900 stay, 100 of them with another name, and 50 are new. */
const edited = `${feed(0, 800)}${feed(800, 900, 1).split('\n').slice(1).join('\n')}${feed(2_000, 2_050).split('\n').slice(1).join('\n')}`;

describe('POST /api/jobs/{jobId}/undo', () => {
  it('puts back what was inserted, updated and deleted, and can itself be undone', async () => {
    const program = await programWithFeed(1_000);
    const before = await allRecords(program);
    const job = await run(program, edited);
    expect(job.rows).toEqual({
      read: 950,
      rejected: 0,
      inserted: 50,
      updated: 100,
      unchanged: 800,
      deleted: 100,
    });
    const after = await allRecords(program);
    expect(after.size).toBe(950);
    const undone = await undo(program, job.jobId);
    expect(undone, JSON.stringify(undone)).toMatchObject({
      status: 'succeeded',
      rows: { inserted: 100, updated: 100, deleted: 50 },
    });
    expect(await allRecords(program)).toEqual(before);
    const again = await undo(program, undone.jobId);
    expect(again.status).toBe('succeeded');
    expect(await allRecords(program)).toEqual(after);
    const { body } = await program.call('GET', `/api/programs/${program.programId}/datasets`);
    expect(body.items).toMatchObject([{ recordCount: 950, applying: null }]);
  });

  it('is refused for a job that is not the latest', async () => {
    const program = await programWithFeed(20);
    const first = await run(program, feed(0, 20, 1));
    await run(program, feed(0, 20, 2));
    const refused = await program.call('POST', `/api/jobs/${first.jobId}/undo`);
    expect(expectStatus(refused, 409).body.detail).toContain('came after');
  });
});

async function changesOf(program: TestProgram, jobId: string, limit: number): Promise<Body[]> {
  const changes: Body[] = [];
  let cursor = '';
  do {
    const path = `/api/jobs/${jobId}/changes?limit=${limit}${cursor}`;
    const { body } = expectStatus(await program.call('GET', path), 200);
    changes.push(...body.items);
    cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
  } while (cursor !== '');
  return changes;
}

describe("a dataset's first load", () => {
  // Its log names staged rows instead of copying them, but for those that are in doubt.
  it('tells its changes and is undone like any, with rows repeated, in conflict and rejected among it', async () => {
    const program = await programWithFeed(0);
    const more = ['7,"Person 7, 0",City 7,1.75', '8,Another,City 8,2', '900,Bad,City 27,many'];
    const job = await run(program, `${feed(0, 500)}${more.join('\n')}\n`);
    const counts = { read: 503, rejected: 3, inserted: 499, updated: 0, unchanged: 1, deleted: 0 };
    expect(job.rows, JSON.stringify(job)).toEqual(counts);
    const changes = await changesOf(program, job.jobId, 200);
    const records = await allRecords(program);
    expect(new Map(changes.map(({ key, after }) => [key, after]))).toEqual(records);
    expect(changes).toHaveLength(499);
    expect(new Set(changes.map(({ kind, before }) => `${kind} ${before}`))).toEqual(
      new Set(['inserted null']),
    );
    expect(records.get('7')).toEqual({ id: 7, name: 'Person 7, 0', city: 'City 7', gift: 1.75 });
    const undone = await undo(program, job.jobId);
    expect(undone, JSON.stringify(undone)).toMatchObject({ status: 'succeeded', rows: { deleted: 499 } });
    expect((await allRecords(program)).size).toBe(0);
  });

  it.each([
    ['a few kinds', ['O’Neil', 'José', '😀', 'Łoś']],
    ['many kinds', ['O’Neil', 'Łódź', '😀', 'наука', 'ÿ']],
    ['control characters that stand for others on the way', ['O’Neil', 'C\u0080D', 'José']],
  ])('keeps every character of keys and values: %s', async (_, texts) => {
    const program = await newProgram(url);
    const schema = {
      fields: [{ name: 'code' }, { name: 'city’' }, { name: 'tags', type: 'array' }],
      primaryKey: 'code',
    };
    const keyOf = (i: number) => `${(texts[i % texts.length] ?? '').replace(/\p{Cc}/gu, '')}-${i}`;
    const rows = Array.from({ length: 400 }, (_, i): [string, string | null, string[] | null] => [
      keyOf(i),
      i % 7 === 0 ? null : (texts[i % 3] ?? ''),
      i % 2 === 0 ? null : [texts[i % 2] ?? ''],
    ]);
    const cell = (value: unknown) => `"${String(value ?? '').replaceAll('"', '""')}"`;
    const csv = [
      'code,city’,tags',
      ...rows.map(([a, b, c]) => [a, b, c && JSON.stringify(c)].map(cell).join(',')),
    ];
    const path = `/api/programs/${program.programId}/tasks/warehouse`;
    expectStatus(await program.call('PUT', path, { body: { ...feedTask, schema } }), 200);
    const job = await run(program, `${csv.join('\n')}\n`);
    expect(job.rows, JSON.stringify(job)).toMatchObject({ inserted: 400, rejected: 0 });
    const expected = new Map(rows.map(([code, city, tags]) => [code, { code, 'city’': city, tags }]));
    expect(await allRecords(program)).toEqual(expected);
    const changes = await changesOf(program, job.jobId, 200);
    expect(new Map(changes.map(({ key, after }) => [key, after]))).toEqual(expected);
    const found = await program.call(
      'GET',
      `/api/programs/${program.programId}/datasets/people/records/${encodeURIComponent(keyOf(3))}`,
    );
    expect(expectStatus(found, 200).body.data).toEqual(expected.get(keyOf(3)));
    const again = await run(program, `${csv.join('\r\n')}\r\n`);
    expect(again.rows).toMatchObject({ unchanged: 400, updated: 0, inserted: 0 });
  });
});

describe('GET /api/jobs/{jobId}/changes', () => {
  it('tells what became of each key, before and after, page by page', async () => {
    const program = await programWithFeed(1_000);
    const job = await run(program, edited);
    const changes = await changesOf(program, job.jobId, 60);
    const count = (kind: string) => changes.filter((change) => change.kind === kind).length;
    expect([count('inserted'), count('updated'), count('deleted')]).toEqual([50, 100, 100]);
    expect(new Set(changes.map(({ key }) => key)).size).toBe(250);
    const updated = changes.find((change) => change.key === '850');
    expect(updated).toMatchObject({ before: { name: 'Person 850, 0' }, after: { name: 'Person 850, 1' } });
    expect(changes.find((change) => change.key === '950')).toMatchObject({ kind: 'deleted', after: null });
  });
});

describe('POST /api/jobs/{jobId}/retry', () => {
  it('runs the same file again once the task is right', async () => {
    const program = await newProgram(url);
    const path = `/api/programs/${program.programId}/tasks/warehouse`;
    const wrong = { ...feedTask, schema: { fields: [{ name: 'code', type: 'string' }], primaryKey: 'code' } };
    expectStatus(await program.call('PUT', path, { body: wrong }), 200);
    const { body } = await dropAndCall(program, 'warehouse', 'people.csv', feed(0, 10), {
      notifyEmail: 'data@school.example',
    });
    const failed = await jobEnded(program.call, body.jobId);
    expect(failed.status).toBe('failed');
    expectStatus(await program.call('PUT', path, { body: feedTask }), 200);
    const retried = expectStatus(await program.call('POST', `/api/jobs/${failed.jobId}/retry`), 200).body;
    expect(retried).toMatchObject({ retryOf: failed.jobId, notification: { recipients: 1 } });
    const job = await jobEnded(program.call, retried.jobId);
    expect(job).toMatchObject({ status: 'succeeded', rows: { inserted: 10 } });
    expectStatus(await program.call('POST', `/api/jobs/${job.jobId}/retry`), 409);
  });
});

describe('a task that publishes', () => {
  it('makes one event of each change, and of each that an undo takes back', async () => {
    const program = await newProgram(url);
    const guards = { maxDeletePercent: 100, maxRowDropPercent: 100 };
    const task = { ...feedTask, guards, publish: { eventType: 'person.changed', category: 'people' } };
    const path = `/api/programs/${program.programId}/tasks/warehouse`;
    expectStatus(await program.call('PUT', path, { body: task }), 200);
    await run(program, feed(0, 3));
    const job = await run(program, feed(1, 4, 1));
    const undone = await undo(program, job.jobId);
    expect(undone.status).toBe('succeeded');
    const events = expectStatus(
      await program.call('GET', `/api/events/${program.programId}?limit=200`),
      200,
    ).body;
    const seen = events.map((event: Body) => `${event.RecordKey} ${event.Change}`);
    expect(seen.slice(0, 3).sort()).toEqual(['0 inserted', '1 inserted', '2 inserted']);
    expect(seen.slice(3, 7).sort()).toEqual(['0 deleted', '1 updated', '2 updated', '3 inserted']);
    expect(seen.slice(7).sort()).toEqual(['0 inserted', '1 updated', '2 updated', '3 deleted']);
    const sequences = events.map((event: Body) => event.Sequence);
    expect([...sequences].sort((a, b) => a - b)).toEqual(sequences);
    expect(events[0]).toMatchObject({
      PublisherProgramId: program.programId,
      EventType: 'person.changed',
      PublisherEventCategory: { value: 'people', label: null },
    });
    const updated = events.find((event: Body) => event.Change === 'updated');
    expect(updated.PublisherEventData.name).toContain(', 1');
    expect(new Set(events.map((event: Body) => event.PublisherEventId)).size).toBe(11);
  });
});
