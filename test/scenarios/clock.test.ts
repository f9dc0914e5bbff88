import { beforeEach, describe, expect, it } from 'vitest';
import { answers } from '../support/behaviours.ts';
import { signedIn } from '../support/browser.ts';
import {
  type Body,
  caller,
  dropAndCall,
  expectStatus,
  jobEnded,
  newProgram,
  peopleTask,
  until,
} from '../support/client.ts';
import { createWebhook, ledgerOf, publish, startCrowd } from '../support/fanout.ts';
import { newFlow, newParticipants, newSource, sourcesPath, syncPath } from '../support/flows.ts';
import { ownHub } from '../support/own-hub.ts';

// What takes hours or months, on a hub of its own whose clock is moved.

const { hub, system } = ownHub();

let startedAtMs = 0;
beforeEach(async () => {
  expectStatus(await system('POST', '/dev/clock', { body: { now: null } }), 200);
  startedAtMs = Date.now();
});

async function moveOn(hours: number): Promise<void> {
  const now = new Date(startedAtMs + hours * 3_600_000).toISOString();
  expectStatus(await system('POST', '/dev/clock', { body: { now } }), 200);
}

const pathOf = ({ programId }: { programId: string }) => `/api/programs/${programId}`;

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
      await fetch(upload.url, {
        method: 'PUT',
        headers: { ...upload.headers, connection: 'close' },
        body: 'hello',
      });
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

describe('a request to an external source', () => {
  const sweep = async () => {
    const { body } = await system('POST', '/dev/sweep');
    expect(body.flows).not.toBe(-1);
    return body;
  };

  async function requestedFlow(...references: string[]) {
    const program = await newProgram(hub.url, {
      contacts: { emails: [`exams-${references[0]}@school.example`] },
    });
    const { flowId, code } = await newFlow(program, { syncTimeLimitMinutes: 5 });
    for (const reference of references) await newSource(program, flowId, reference);
    const asked = await program.call('POST', `${sourcesPath(flowId)}/sync`);
    const { requestId } = expectStatus(asked, 202).body;
    const sources = async () => (await program.call('GET', sourcesPath(flowId))).body.items;
    const problems = async () =>
      (await program.call('GET', `/api/programs/${program.programId}/attention`)).body.items;
    const report = (reference: string, verb: string) =>
      program.call('POST', `${syncPath(flowId, reference)}/${verb}`, { body: { requestId } });
    return { ...program, flowId, code, requestId, sources, problems, report };
  }

  it('that hears nothing in its time fails with that reason, and contacts are told once', async () => {
    const flow = await requestedFlow('slow-A', 'slow-B', 'slow-C');
    expectStatus(await flow.report('slow-A', 'done'), 200);
    await moveOn(4.9 / 60);
    await sweep();
    expect((await flow.sources()).map((one: Body) => one.state)).toEqual(['SUCCESS', 'PENDING', 'PENDING']);
    await moveOn(5.1 / 60);
    await sweep();
    const after = await flow.sources();
    expect(after.map((one: Body) => one.label)).toEqual(['Complete', 'Failed', 'Failed']);
    expect(after[1]).toMatchObject({ deadline: null, requestId: flow.requestId });
    expect(after[1].message).toContain('time limit');
    const history = (await flow.call('GET', `${sourcesPath(flow.flowId)}/requests?state=FAILED`)).body.items;
    expect(history).toHaveLength(2);
    for (const part of history)
      expect(part).toMatchObject({ endedBy: 'hub:cron', requestId: flow.requestId });
    const [problem, ...others] = await flow.problems();
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ kind: 'flow_sync_failed', subject: flow.requestId, count: 1 });
    expect(problem.message).toContain(`${flow.code}: "slow-B", "slow-C".`);
    await sweep();
    const mails = () => hub.mails().filter(({ to }) => to === 'exams-slow-A@school.example');
    await until(
      async () => mails(),
      (all) => all.length > 0,
    );
    await sweep();
    expect(mails()).toHaveLength(1);
    expect(mails()[0]?.text).toContain('slow-B');
    expect(await flow.problems()).toHaveLength(1);
  });

  it('whose answer comes late after all counts, and ends the problem', async () => {
    const flow = await requestedFlow('late-A', 'late-B');
    await moveOn(1);
    await sweep();
    expectStatus(await flow.report('late-A', 'done'), 200);
    expect(await flow.problems()).toHaveLength(1);
    expectStatus(await flow.report('late-B', 'done'), 200);
    expect(await flow.problems()).toEqual([]);
    expect((await flow.call('GET', `/api/flows/${flow.flowId}`)).body.label).toBe('Complete');
    const { items } = (await flow.call('GET', `${sourcesPath(flow.flowId)}/requests`)).body;
    expect(items.map((one: Body) => one.state)).toEqual(['SUCCESS', 'SUCCESS']);
    await moveOn(2);
    await sweep();
    expect((await flow.sources()).map((one: Body) => one.state)).toEqual(['SUCCESS', 'SUCCESS']);
  });

  it('may be made again after it failed; the late answer to the first is none of the second', async () => {
    const flow = await requestedFlow('again-A');
    await moveOn(1);
    await sweep();
    const again = expectStatus(await flow.call('POST', syncPath(flow.flowId, 'again-A')), 202).body;
    expect(again.requestId).not.toBe(flow.requestId);
    expect(await flow.problems()).toEqual([]);
    expectStatus(await flow.report('again-A', 'done'), 409);
    expect((await flow.sources())[0]).toMatchObject({ state: 'PENDING', requestId: again.requestId });
  });

  it('is forgotten 90 days after its end, and never before it; the source keeps how it ended', async () => {
    const flow = await requestedFlow('old-A');
    const history = async () =>
      (await flow.call('GET', `${sourcesPath(flow.flowId)}/requests`)).body.items.map(
        (one: Body) => one.state,
      );
    expectStatus(await flow.report('old-A', 'done'), 200);
    await moveOn(24 * 89);
    await pruneAll();
    expect(await history()).toEqual(['SUCCESS']);
    await moveOn(24 * 91);
    await pruneAll();
    expect(await history()).toEqual([]);
    expect((await flow.sources())[0]).toMatchObject({ state: 'SUCCESS', requestId: flow.requestId });
    expectStatus(await flow.report('old-A', 'done'), 200);
  });

  it('goes with its flow and its program, whatever they hold', async () => {
    const flow = await requestedFlow('gone-A');
    await newParticipants(flow, flow.flowId, 4_500);
    expectStatus(await flow.call('DELETE', `/api/flows/${flow.flowId}`), 204);
    await until(sweep, ({ flows }) => flows === 0);
    for (let i = 0; i < 7; i++) {
      const { flowId } = await newFlow(flow);
      const { id } = await newSource(flow, flowId, 'A');
      const ids = await newParticipants(flow, flowId, 10);
      await flow.call('POST', `${sourcesPath(flowId)}/${id}/allocations/participants`, { body: ids });
      expectStatus(await flow.call('POST', `${sourcesPath(flowId)}/sync`), 202);
    }
    const { programId } = flow;
    expectStatus(await system('DELETE', `/api/programs/${programId}`), 204);
    // The id is free once every slice says that nothing of it is left.
    const made = await until(
      async () => {
        await sweep();
        return system('POST', '/api/programs', { body: { programId, name: 'anew' } });
      },
      ({ status }) => status === 201,
    );
    expectStatus(made, 201);
    expect((await system('GET', `/api/programs/${programId}/flows`)).body.items).toEqual([]);
  });
});

describe('a program’s figures', () => {
  it('are those of the moment before the roll-up and after it, however often it runs at once', async () => {
    const crowd = await startCrowd();
    try {
      const program = await newProgram(hub.url);
      const figures = async () => {
        const { items } = expectStatus(await program.call('GET', `${pathOf(program)}/activity`), 200).body;
        const sums: Record<string, number[]> = {};
        for (const { kind, hours } of items) {
          for (const { ok, failed, other } of hours)
            sums[kind] = [ok, failed, other].map((count, i) => count + (sums[kind]?.[i] ?? 0));
        }
        return sums;
      };
      /** Of each endpoint: what ended in its last 24 hours, and how its last delivery did. */
      const standings = async (...ids: string[]) => {
        const path = `${pathOf(program)}/webhook-standings?webhooks=${ids.join(',')}`;
        const { items } = expectStatus(await program.call('GET', path), 200).body;
        return items.map(({ hours, lastDelivery }: Body) => [
          ...['delivered', 'failed', 'other'].map((of) =>
            hours.reduce((sum: number, one: Body) => sum + one[of], 0),
          ),
          lastDelivery?.status ?? null,
        ]);
      };
      const rollUp = () => system('POST', '/dev/sweep');
      const statuses = async (wanted: string) =>
        until(
          async () => (await ledgerOf(program)).filter(({ status }) => status === wanted).length,
          (count) => count === (wanted === 'delivered' ? delivered : 1),
        );
      let delivered = 4;
      const good = crowd.path();
      const bad = crowd.path(answers(503));
      const hook = async (path: string) =>
        (await createWebhook(program, { url: crowd.receiver.url + path, events: ['event.published'] }))
          .webhookId;
      const toGood = await hook(good);
      await publish(program, ['a', 'b', 'c']);
      const toBad = await hook(bad);
      await publish(program, ['d']);
      await statuses('delivered');
      await statuses('waiting');
      const first = { events: [4, 0, 0], webhook: [4, 0, 0] };
      expect(await figures()).toEqual(first);
      await rollUp();
      expect(await figures()).toEqual(first);
      await moveOn(0.05);
      await Promise.all([rollUp(), rollUp(), rollUp()]);
      await rollUp();
      expect(await figures()).toEqual(first);
      const firstOf = [
        [4, 0, 0, 'delivered'],
        [0, 0, 0, null],
      ];
      expect(await standings(toGood, toBad)).toEqual(firstOf);
      // What ends when the roll-up has passed it counts itself.
      crowd.behave(bad, null);
      delivered = 5;
      await moveOn(1);
      await rollUp();
      await statuses('delivered');
      expect(await figures()).toEqual({ events: [4, 0, 0], webhook: [5, 0, 0] });
      await moveOn(2);
      await rollUp();
      expect(await figures()).toEqual({ events: [4, 0, 0], webhook: [5, 0, 0] });
      const both = [
        [4, 0, 0, 'delivered'],
        [1, 0, 0, 'delivered'],
      ];
      expect(await standings(toGood, toBad)).toEqual(both);
      // A day later they are forgotten, but for the last; and of what comes then each is counted.
      await moveOn(27);
      expect(await standings(toGood, toBad)).toEqual(both.map(() => [0, 0, 0, 'delivered']));
      crowd.behave(bad, answers(410));
      delivered = 6;
      await publish(program, ['e']);
      await statuses('delivered');
      await statuses('cancelled');
      await moveOn(27.05);
      await rollUp();
      expect(await standings(toGood, toBad)).toEqual([
        [1, 0, 0, 'delivered'],
        [0, 0, 1, 'cancelled'],
      ]);
    } finally {
      await crowd.close();
    }
  });
});

describe('the log of events', () => {
  it('is read from a time on, whatever came before it', async () => {
    const program = await newProgram(hub.url);
    const idsOf = (prefix: string) => Array.from({ length: 400 }, (_, i) => `${prefix}-${i}`);
    await publish(program, idsOf('early'));
    await moveOn(1);
    await publish(program, idsOf('late'));
    const firstSince = async (hours: number) => {
      const since = new Date(startedAtMs + hours * 3_600_000).toISOString();
      const path = `/api/events/${program.programId}?limit=1&since=${since}`;
      const items = expectStatus(await program.call('GET', path), 200).body;
      return items.map(({ PublisherEventId }: Body) => PublisherEventId);
    };
    expect(await firstSince(-1)).toEqual(['early-0']);
    expect(await firstSince(0.5)).toEqual(['late-0']);
    expect(await firstSince(0.9)).toEqual(['late-0']);
    expect(await firstSince(2)).toEqual([]);
  });
});

describe('the page of keys', () => {
  it('names a key that nobody has used for 90 days, and none that was used meanwhile', async () => {
    const program = await newProgram(hub.url);
    const keys = `/api/programs/${program.programId}/keys`;
    const make = async (name: string) =>
      expectStatus(await program.call('POST', keys, { body: { name, scopes: ['read'] } }), 201).body.key;
    await make('forgotten');
    const busy = await make('at work');
    const look = async () => {
      const staff = await signedIn(hub.url);
      const { status, html } = await staff.get(`/p/${program.programId}/keys`);
      expect(status).toBe(200);
      return {
        verdict: /class="verdict[^>]*>.*?<span>(.*?)<\/span>/s.exec(html)?.[1],
        marked: [...html.matchAll(/<tr>.*?<\/tr>/gs)]
          .filter(([row]) => row.includes('unused for 90 days'))
          .map(([row]) => /<th scope="row"[^>]*>([^<]*)/.exec(row)?.[1]),
      };
    };
    await moveOn(24 * 60);
    expectStatus(await program.call('GET', pathOf(program), { key: busy }), 200);
    await until(
      async () => (await program.call('GET', keys)).body.items,
      (items) => items.some(({ name, lastUsedAt }: Body) => name === 'at work' && lastUsedAt !== null),
    );
    await moveOn(24 * 89.9);
    expect((await look()).marked).toEqual([]);
    await moveOn(24 * 90.1);
    expect(await look()).toEqual({ verdict: 'Not used for 90 days: forgotten.', marked: ['forgotten'] });
  });
});
