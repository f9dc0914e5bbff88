import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  type Body,
  dropAndCall,
  expectStatus,
  jobEnded,
  newProgram,
  peopleTask,
  type TestProgram,
  until,
} from '../support/client.ts';
import { eventBody, ledgerOf, publish, verifies } from '../support/fanout.ts';
import { type Received, type Receiver, startReceiver } from '../support/receiver.ts';

const url = inject('hubUrl');
let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver.close());

const pathOf = ({ programId }: TestProgram) => `/api/programs/${programId}/webhooks`;

/** A path of the receiver that is this test's alone. */
let paths = 0;
const newPath = () => `/endpoint-${++paths}`;

async function createWebhook(program: TestProgram, body: Body): Promise<Body> {
  return expectStatus(await program.call('POST', pathOf(program), { body }), 201).body;
}

const receivedAt = (path: string): Received[] => receiver.received.filter((one) => one.path === path);

const waitAt = (path: string, count: number) =>
  until(
    async () => receivedAt(path),
    (all) => all.length >= count,
  );

async function runJob(program: TestProgram, content: string, call: Body = {}): Promise<Body> {
  const task = `/api/programs/${program.programId}/tasks/people`;
  expectStatus(await program.call('PUT', task, { body: peopleTask }), 200);
  const called = await dropAndCall(program, 'people', 'people.csv', content, call);
  return jobEnded(program.call, expectStatus(called, 200).body.jobId);
}

describe('an endpoint', () => {
  it('gets the messages whose types it names, each signed with its own secret, once', async () => {
    const program = await newProgram(url);
    const [mine, other, direct] = [newPath(), newPath(), newPath()];
    const endpoint = await createWebhook(program, { url: receiver.url + mine, events: ['job.*'] });
    await createWebhook(program, { url: receiver.url + other, events: ['job.failed', 'event.*'] });
    const job = await runJob(program, 'id,name\n1,Ada\n', { notifyWebhook: receiver.url + direct });
    const [told] = await waitAt(mine, 1);
    const [notified] = await waitAt(direct, 1);
    expect(new Webhook(endpoint.secret).verify(told?.body ?? '', told?.headers as never)).toMatchObject({
      type: 'job.succeeded',
      data: { success: true, jobId: job.jobId },
    });
    expect(told?.body).toBe(notified?.body);
    expect(told?.headers['webhook-id']).toBe(notified?.headers['webhook-id']);
    const { body: ledger } = await program.call('GET', `/api/programs/${program.programId}/deliveries`);
    expect(ledger.items.map((one: Body) => one.target).sort()).toEqual(
      [receiver.url + mine, receiver.url + direct].sort(),
    );
    const { body: settled } = await until(
      () => program.call('GET', `/api/programs/${program.programId}/deliveries`),
      ({ body }) => body.items.every((one: Body) => one.status === 'delivered'),
    );
    for (const { deliveryId } of settled.items) {
      const { body } = await program.call('GET', `/api/deliveries/${deliveryId}`);
      expect(body).toMatchObject({ body: told?.body, attempts: [{ status: 200, failure: null }] });
    }
    expect(receivedAt(other)).toEqual([]);
    await runJob(program, '');
    const [failed] = await waitAt(other, 1);
    expect(JSON.parse(failed?.body ?? '')).toMatchObject({ type: 'job.failed', data: { success: false } });
    expect((await waitAt(mine, 2)).map((one) => JSON.parse(one.body).type)).toEqual([
      'job.succeeded',
      'job.failed',
    ]);
    expect(receivedAt(direct)).toHaveLength(1);
  });

  it('hears of events from the moment it is there, though its program has just published to nobody', async () => {
    const program = await newProgram(url);
    await publish(program, ['unheard']);
    const path = newPath();
    await createWebhook(program, { url: receiver.url + path, events: ['event.published'] });
    await publish(program, ['heard']);
    const [told] = await waitAt(path, 1);
    expect(JSON.parse(told?.body ?? '').data.PublisherEventId).toBe('heard');
  });

  it('may be there twice: each is told once, and the second was answered that it has a twin', async () => {
    const program = await newProgram(url);
    const path = newPath();
    const like = { url: receiver.url + path, events: ['event.*'] };
    const first = await createWebhook(program, like);
    const second = await createWebhook(program, like);
    expect(first.sameAs).toEqual([]);
    expect(second.sameAs).toEqual([first.webhookId]);
    await publish(program, ['twice']);
    const told = await waitAt(path, 2);
    const secrets = [first.secret, second.secret];
    for (const message of told) {
      const valid = secrets.filter((secret) => verifies(secret, message));
      expect(valid).toHaveLength(1);
    }
    expect(await ledgerOf(program)).toHaveLength(2);
  });

  it('has a successor of its secret, beside which the old one signs for as long as was asked', async () => {
    const program = await newProgram(url);
    const path = newPath();
    const { webhookId, secret: old } = await createWebhook(program, {
      url: receiver.url + path,
      events: ['*'],
    });
    const rotate = async (overlapHours: number): Promise<string> => {
      const rotated = await program.call('POST', `${pathOf(program)}/${webhookId}/rotate-secret`, {
        body: { overlapHours },
      });
      return expectStatus(rotated, 200).body.secret;
    };
    const second = await rotate(1);
    await publish(program, ['both']);
    const [both] = await waitAt(path, 1);
    expect([old, second].map((secret) => both && verifies(secret, both))).toEqual([true, true]);
    const third = await rotate(0);
    await publish(program, ['alone']);
    const [, alone] = await waitAt(path, 2);
    expect([old, second, third].map((secret) => alone && verifies(secret, alone))).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('is told of its own program alone when two programs publish under one Idempotency-Key', async () => {
    const programs = [await newProgram(url), await newProgram(url)];
    const paths = [newPath(), newPath()];
    for (const [i, program] of programs.entries()) {
      await createWebhook(program, { url: receiver.url + paths[i], events: ['event.published'] });
      const body = eventBody(program, 'same-id');
      const headers = { 'idempotency-key': '"tonight"' };
      expectStatus(await program.call('POST', '/api/events', { body, headers }), 201);
      const again = expectStatus(await program.call('POST', '/api/events', { body, headers }), 201);
      expect(again.headers.get('idempotency-replayed')).toBe('true');
    }
    const told = await Promise.all(paths.map((path) => waitAt(path, 1)));
    expect(told.map((all) => all.map(({ body }) => JSON.parse(body).data.PublisherProgramId))).toEqual(
      programs.map(({ programId }) => [programId]),
    );
  });
});

describe('GET /api/traces/{traceId}', () => {
  it('leads from a dropped file to every receipt, and the ledger gives the same deliveries', async () => {
    const program = await newProgram(url);
    const { call, programId } = program;
    const [mine, direct] = [newPath(), newPath()];
    await createWebhook(program, { url: receiver.url + mine, events: ['event.published', 'job.*'] });
    const task = { ...peopleTask, publish: { eventType: 'person', category: 'PEOPLE' } };
    expectStatus(await call('PUT', `/api/programs/${programId}/tasks/people`, { body: task }), 200);
    const notify = { notifyWebhook: receiver.url + direct };
    const called = await dropAndCall(program, 'people', 'people.csv', 'id,name\n1,Ada\n2,Bob\n', notify);
    const job = await jobEnded(call, expectStatus(called, 200).body.jobId);
    expect(job.status).toBe('succeeded');
    const traceOf = async () => expectStatus(await call('GET', `/api/traces/${job.traceId}`), 200).body.steps;
    const steps: Body[] = await until(
      traceOf,
      (all: Body[]) =>
        all.filter(({ kind, status }) => kind === 'delivery' && status === 'delivered').length === 4,
    );
    const count = (wanted: string) => steps.filter(({ kind }) => kind === wanted).length;
    expect(['file', 'job', 'event', 'delivery'].map(count)).toEqual([1, 1, 2, 4]);
    expect(steps.find(({ kind }) => kind === 'job')).toMatchObject({ id: job.jobId, status: 'succeeded' });
    const times = steps.map(({ at }) => Date.parse(at));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const ids = steps.filter(({ kind }) => kind === 'delivery').map(({ id }) => id);
    const ledger = await ledgerOf(program, `&traceId=${job.traceId}`);
    expect(ledger.map(({ deliveryId }) => deliveryId).sort()).toEqual([...ids].sort());
    expect([receivedAt(mine).length, receivedAt(direct).length]).toEqual([3, 1]);
    const stranger = await newProgram(url);
    const theirs = await stranger.call('GET', `/api/traces/${job.traceId}`);
    expect(theirs.status === 404 || theirs.body.steps.length === 0).toBe(true);
  });
});
