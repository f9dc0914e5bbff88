import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import {
  type Body,
  type Call,
  caller,
  dropAndCall,
  expectStatus,
  jobEnded,
  localSystemKey,
  newProgram,
  peopleTask,
} from '../support/client.ts';

// What takes hours or months, on a hub of its own whose clock is moved.

let hub: Hub;
let system: Call;

beforeAll(async () => {
  hub = await startHub();
  system = caller(hub.url, localSystemKey);
});
afterAll(() => hub?.stop());

let startedAtMs = 0;
beforeEach(async () => {
  expectStatus(await system('POST', '/dev/clock', { body: { now: null } }), 200);
  startedAtMs = Date.now();
});

async function moveOn(hours: number): Promise<void> {
  const now = new Date(startedAtMs + hours * 3_600_000).toISOString();
  expectStatus(await system('POST', '/dev/clock', { body: { now } }), 200);
}

/** The night's steps, and the minutes after it until they find nothing more to do. */
async function pruneAll(): Promise<void> {
  const fire = async (cron: string) => {
    const { steps } = (await system('POST', '/dev/cron', { body: { cron } })).body;
    expect(Object.values(steps)).not.toContain(-1);
    return steps;
  };
  await fire('17 3 * * *');
  for (let minutes = 0; minutes < 60; minutes++) {
    if ((await fire('* * * * *')).retention === 0) return;
  }
  throw new Error('Retention finds something to prune for ever.');
}

describe('the test clock', () => {
  it('moves, stands, and goes back', async () => {
    const { call, programId } = await newProgram(hub.url);
    await moveOn(24 * 365);
    const { body } = await call('PATCH', `/api/programs/${programId}`, { body: { name: 'later' } });
    expect(Date.parse(body.updatedAt) - startedAtMs).toBeGreaterThan(364 * 86_400_000);
    await moveOn(0);
    const back = await call('PATCH', `/api/programs/${programId}`, { body: { name: 'now' } });
    expect(Math.abs(Date.parse(back.body.updatedAt) - Date.now())).toBeLessThan(120_000);
  });

  it.each([[{}], [{ now: 'tomorrow' }], [{ now: 5 }], [{ now: null, more: 1 }]])(
    'refuses %j',
    async (body) => {
      expectStatus(await system('POST', '/dev/clock', { body }), 400);
    },
  );
});

describe('a key', () => {
  it('counts its days down, and ends to the moment', async () => {
    const program = await newProgram(hub.url);
    const path = `/api/programs/${program.programId}`;
    const expiresAt = new Date(startedAtMs + 240 * 3_600_000).toISOString();
    const made = await program.call('POST', `${path}/keys`, {
      body: { name: 'k', scopes: ['read'], expiresAt },
    });
    const { key } = expectStatus(made, 201).body;
    const read = () => caller(hub.url, key)('GET', path);
    for (const [hours, days] of [
      [0, '9'],
      [24 * 5, '4'],
      [24 * 9 + 1, '0'],
    ] as const) {
      await moveOn(hours);
      expect(expectStatus(await read(), 200).headers.get('x-api-key-days-remaining')).toBe(days);
    }
    await moveOn(240);
    expectStatus(await read(), 401);
  });

  it('that was rotated works to the end of its overlap, its successor beyond', async () => {
    const program = await newProgram(hub.url);
    const path = `/api/programs/${program.programId}`;
    const rotated = await program.call('POST', `${path}/keys/${program.keyId}/rotate`, {
      body: { overlapHours: 2 },
    });
    const { key } = expectStatus(rotated, 201).body;
    await moveOn(1.9);
    expectStatus(await program.call('GET', path), 200);
    await moveOn(2.1);
    expectStatus(await program.call('GET', path), 401);
    expectStatus(await caller(hub.url, key)('GET', path), 200);
  });
});

describe('a signing secret', () => {
  it('signs to the end of its overlap, and is pruned after it', async () => {
    const program = await newProgram(hub.url);
    const path = `/api/programs/${program.programId}/webhooks/notification-secret`;
    expectStatus(await program.call('POST', `${path}/rotate-secret`, { body: { overlapHours: 2 } }), 200);
    const count = async () => expectStatus(await program.call('GET', path), 200).body.secrets.length;
    await moveOn(1.9);
    expect(await count()).toBe(2);
    await moveOn(2.1);
    expect(await count()).toBe(1);
    await pruneAll();
    expect(await count()).toBe(1);
  });
});

describe('an Idempotency-Key', () => {
  it('is kept for a day and no longer', async () => {
    const program = await newProgram(hub.url);
    const { call, programId } = program;
    expectStatus(await call('PUT', `/api/programs/${programId}/tasks/people`, { body: peopleTask }), 200);
    const file = { body: 'id,name\n1,Ada\n' };
    expectStatus(await call('PUT', `/api/programs/${programId}/files/warehouse/p.csv`, file), 201);
    const ask = async () => {
      const headers = { 'idempotency-key': 'nightly' };
      const answer = await call('POST', '/api/webhook/people', { body: { filename: 'p.csv' }, headers });
      return expectStatus(answer, 200).body.jobId;
    };
    const first = await ask();
    await jobEnded(call, first);
    await moveOn(23.9);
    await pruneAll();
    expect(await ask()).toBe(first);
    await moveOn(24.1);
    expect(await ask()).not.toBe(first);
  });
});

describe('retention', () => {
  it('prunes by each kind’s days, and nothing before', async () => {
    const program = await newProgram(hub.url, {
      retention: { files: 10, audit: 20, deliveries: 5, jobs: 8 },
    });
    const { call, programId } = program;
    const base = `/api/programs/${programId}`;
    expectStatus(await call('PUT', `${base}/tasks/people`, { body: peopleTask }), 200);
    const notify = { notifyEmail: 'ada@school.example' };
    const called = await dropAndCall(program, 'people', 'p.csv', 'id,name\n1,Ada\n', notify);
    await jobEnded(call, expectStatus(called, 200).body.jobId);
    const held = async () => {
      const counts: Record<string, number> = {};
      for (const list of ['files', 'jobs', 'deliveries', 'audit']) {
        counts[list] = expectStatus(await call('GET', `${base}/${list}?limit=200`), 200).body.items.length;
      }
      return counts;
    };
    const { audit = 0 } = await held();
    await moveOn(24 * 4);
    await pruneAll();
    expect(await held()).toEqual({ files: 1, jobs: 1, deliveries: 1, audit });
    await moveOn(24 * 6);
    await pruneAll();
    expect(await held()).toEqual({ files: 1, jobs: 1, deliveries: 0, audit });
    await moveOn(24 * 11);
    await pruneAll();
    expect(await held()).toEqual({ files: 0, jobs: 0, deliveries: 0, audit });
    expectStatus(await call('GET', `${base}/files/warehouse/p.csv`), 404);
    await moveOn(24 * 21);
    await pruneAll();
    expect((await held()).audit).toBe(0);
  });

  it('removes an upload that was never completed, and spares one that was', async () => {
    const { call, programId } = await newProgram(hub.url);
    const begin = async (filename: string): Promise<Body> => {
      const body = { folder: 'warehouse', filename, size: 5 };
      const upload = expectStatus(
        await call('POST', `/api/programs/${programId}/uploads`, { body }),
        201,
      ).body;
      await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: 'hello' });
      return upload;
    };
    const complete = ({ uploadId }: Body) =>
      call('POST', `/api/programs/${programId}/uploads/${uploadId}/complete`);
    const [left, done] = [await begin('left.csv'), await begin('done.csv')];
    expectStatus(await complete(done), 200);
    await moveOn(24 * 2);
    await pruneAll();
    expectStatus(await complete(left), 404);
    const file = await call('GET', `/api/programs/${programId}/files/warehouse/done.csv`);
    expect(expectStatus(file, 200).text).toBe('hello');
  });
});
