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
});
