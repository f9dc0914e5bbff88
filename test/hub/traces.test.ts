import { describe, expect, inject, it } from 'vitest';
import {
  type Body,
  dropAndCall,
  expectStatus,
  jobEnded,
  newProgram,
  peopleTask,
  type TestProgram,
} from '../support/client.ts';
import { eventBody } from '../support/fanout.ts';

const url = inject('hubUrl');

/** Every step of a kind, page by page. */
async function allOf(program: TestProgram, traceId: string, kind: string, limit = 200): Promise<Body[]> {
  const steps: Body[] = [];
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({ kind, limit: String(limit), ...(cursor ? { cursor } : {}) });
    const { body } = expectStatus(await program.call('GET', `/api/traces/${traceId}?${query}`), 200);
    expect(body.steps.length).toBeLessThanOrEqual(limit);
    expect(body.steps.every((step: Body) => step.kind === kind)).toBe(true);
    steps.push(...body.steps);
    cursor = body.nextCursors[kind];
  } while (cursor !== undefined);
  return steps;
}

describe('GET /api/traces/{traceId}?kind=', () => {
  it('lists all 10,000 events of a file and all that became of them, each once, over the pages', async () => {
    const program = await newProgram(url);
    const { call, programId } = program;
    // Paused: what is due to it is there, and nothing is sent.
    const hook = await call('POST', `/api/programs/${programId}/webhooks`, {
      body: { url: 'http://127.0.0.1:9/paused', events: ['event.published', 'job.*'] },
    });
    const { webhookId } = expectStatus(hook, 201).body;
    expectStatus(await call('POST', `/api/programs/${programId}/webhooks/${webhookId}/pause`), 200);
    const task = { ...peopleTask, publish: { eventType: 'person', category: 'PEOPLE' } };
    expectStatus(await call('PUT', `/api/programs/${programId}/tasks/people`, { body: task }), 200);
    const rows = Array.from({ length: 10_000 }, (_, i) => `${i},Person ${i}\n`).join('');
    const called = await dropAndCall(program, 'people', 'people.csv', `id,name\n${rows}`);
    const job = await jobEnded(call, expectStatus(called, 200).body.jobId, 110);
    expect(job).toMatchObject({ status: 'succeeded', rows: { inserted: 10_000 } });

    const first = expectStatus(await call('GET', `/api/traces/${job.traceId}`), 200).body;
    expect(Object.keys(first.nextCursors).sort()).toEqual(['delivery', 'event']);
    const count = (kind: string) => first.steps.filter((step: Body) => step.kind === kind).length;
    expect(['file', 'job', 'event', 'delivery'].map(count)).toEqual([1, 1, 200, 200]);
    const [events, deliveries] = await Promise.all([
      allOf(program, job.traceId, 'event'),
      allOf(program, job.traceId, 'delivery', 193),
    ]);
    expect([events.length, new Set(events.map(({ id }) => id)).size]).toEqual([10_000, 10_000]);
    // Of each event, and of the job.
    expect([deliveries.length, new Set(deliveries.map(({ id }) => id)).size]).toEqual([10_001, 10_001]);
    expect(await allOf(program, job.traceId, 'sync')).toEqual([]);
  });

  it('is of its own program, and of its own list', async () => {
    const [program, stranger] = [await newProgram(url), await newProgram(url)];
    const made = expectStatus(
      await program.call('POST', '/api/events', { body: eventBody(program, 'e-1') }),
      201,
    );
    const { body: event } = await program.call('GET', made.headers.get('location') ?? '');
    const traceId = event.TraceId;
    const ask = async (who: TestProgram, query: string) => {
      const { status, body } = await who.call('GET', `/api/traces/${traceId}${query}`);
      return [status, body.code ?? body.steps.length];
    };
    expect(await ask(program, '?kind=event')).toEqual([200, 1]);
    expect(await ask(program, '?kind=job')).toEqual([200, 0]);
    for (const query of ['', '?kind=event', '?kind=job', '?kind=delivery'])
      expect([query, ...(await ask(stranger, query))]).toEqual([query, 404, 'not_found']);
    expect(await ask(program, '?kind=event&cursor=none')).toEqual([400, 'cursor_invalid']);
    expect(await ask(program, '?kind=delivery&cursor=WzFd')).toEqual([400, 'cursor_invalid']);
    expect(await ask(program, '?cursor=WzFd')).toEqual([400, 'cursor_invalid']);
    expect((await ask(program, '?kind=nothing'))[0]).toBe(400);
  });
});
