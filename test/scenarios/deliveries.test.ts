import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
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
import { sweepLater } from '../support/crash.ts';
import { attemptsUnderWay } from '../support/database.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

let hub: Hub;
let receiver: Receiver;

beforeAll(async () => {
  [hub, receiver] = await Promise.all([startHub(), startReceiver()]);
});
afterEach(() => receiver.answer((_, response) => response.end('ok')));
afterAll(async () => {
  await receiver.close();
  await hub.stop();
});

/** A job that has ended, and the delivery of its notification to `path` of the receiver. */
async function notifiedJob(path: string, settings: Record<string, unknown> = {}) {
  const program = await newProgram(hub.url, settings);
  const task = `/api/programs/${program.programId}/tasks/warehouse`;
  expectStatus(await program.call('PUT', task, { body: peopleTask }), 200);
  const notify = { notifyWebhook: `${receiver.url}${path}` };
  const called = await dropAndCall(program, 'warehouse', 'people.csv', 'id,name\n1,Ann\n', notify);
  const { jobId } = expectStatus(called, 200).body;
  await jobEnded(program.call, jobId);
  return { program, jobId, received: () => receiver.received.filter((one) => one.path === path) };
}

async function deliveryOf(
  program: TestProgram,
  holds: (delivery: Body) => boolean,
  sweep?: number,
): Promise<Body> {
  return until(
    async () => {
      // A clock that leaps ends the leases of what is under way.
      if (sweep !== undefined && attemptsUnderWay(hub) === 0) await sweepLater(hub, sweep);
      const path = `/api/programs/${program.programId}/deliveries?type=job.succeeded`;
      const { body } = await program.call('GET', path);
      const [first] = body.items;
      return first ? (await program.call('GET', `/api/deliveries/${first.deliveryId}`)).body : null;
    },
    (delivery) => delivery !== null && holds(delivery),
  );
}

describe('a receiver that fails', () => {
  it('is tried ten times under one id, then staff and contacts are told, and a retry by hand delivers', async () => {
    receiver.answer((request, response) => {
      response.statusCode = request.path === '/fails' ? 500 : 200;
      response.end('no, thank you');
    });
    const contacts = { emails: ['contact@school.example'], webhook: `${receiver.url}/contacts` };
    const { program, received } = await notifiedJob('/fails', { contacts });
    const exhausted = await deliveryOf(program, ({ status }) => status === 'exhausted', 30 * 3_600);
    expect(exhausted.attempts).toHaveLength(10);
    expect(exhausted.attempts[0]).toMatchObject({ status: 500, failure: 'status', excerpt: 'no, thank you' });
    expect(received()).toHaveLength(10);
    expect(new Set(received().map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(received().map(({ body }) => body)).size).toBe(1);

    const open = await program.call('GET', `/api/programs/${program.programId}/attention`);
    expect(open.body.items).toMatchObject([{ kind: 'delivery_exhausted', subject: exhausted.deliveryId }]);
    await sweepLater(hub, 60);
    const mails = await until(
      async () => hub.mails().filter((mail) => mail.text.includes(exhausted.deliveryId)),
      (all) => all.length >= 2,
    );
    expect(mails.map((mail) => mail.to).sort()).toEqual([
      'contact@school.example',
      'staff@crosswalk.example',
    ]);
    const alerts = () => receiver.received.filter((one) => one.path === '/contacts');
    await until(
      async () => alerts(),
      (all) => all.length > 0,
    );
    expect(JSON.parse(alerts()[0]?.body ?? '')).toMatchObject({
      type: 'delivery.exhausted',
      data: { programId: program.programId, subject: exhausted.deliveryId },
    });

    receiver.answer((_, response) => response.end('thanks'));
    expectStatus(await program.call('POST', `/api/deliveries/${exhausted.deliveryId}/retry`), 202);
    const delivered = await until(
      async () => (await program.call('GET', `/api/deliveries/${exhausted.deliveryId}`)).body,
      ({ status }) => status === 'delivered',
    );
    expect(delivered.attempts).toHaveLength(11);
    expect(received().at(-1)?.headers['webhook-id']).toBe(received()[0]?.headers['webhook-id']);
    const after = await program.call('GET', `/api/programs/${program.programId}/attention`);
    expect(after.body.items).toEqual([]);
    await sweepLater(hub, 60);
    expect(alerts()).toHaveLength(1);
  });

  it('is not tried again when it answers 410', async () => {
    receiver.answer((_, response) => {
      response.statusCode = 410;
      response.end();
    });
    const { program, received } = await notifiedJob('/gone');
    const delivery = await deliveryOf(program, ({ status }) => status === 'cancelled');
    expect(delivery.reason).toContain('410');
    await sweepLater(hub, 90_000);
    expect(received()).toHaveLength(1);
  });

  it('is not followed when it redirects', async () => {
    receiver.answer((request, response) => {
      if (request.path === '/redirects') response.writeHead(302, { location: `${receiver.url}/elsewhere` });
      response.end();
    });
    const { program } = await notifiedJob('/redirects');
    const delivery = await deliveryOf(program, ({ status }) => status === 'waiting');
    expect(delivery.attempts[0]).toMatchObject({ status: 302, failure: 'status' });
    expect(receiver.received.some((one) => one.path === '/elsewhere')).toBe(false);
  });

  it('costs no more than a bounded read when its answer does not end', async () => {
    receiver.answer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    });
    const { program } = await notifiedJob('/endless');
    const delivery = await deliveryOf(program, ({ status }) => status === 'delivered');
    expect(delivery.attempts[0].excerpt).toHaveLength(1_024);
  });

  it('counts as a time-out, perhaps taken, when it never answers', async () => {
    receiver.answer(() => {
      // The request stays open.
    });
    const { program } = await notifiedJob('/silent');
    const delivery = await deliveryOf(program, ({ status }) => status === 'waiting');
    expect(delivery).toMatchObject({ uncertain: true });
    expect(delivery.attempts[0]).toMatchObject({ failure: 'timeout', status: null });
    expect(delivery.attempts[0].durationMs).toBeGreaterThanOrEqual(14_900);
  });

  it('counts as a failed connection when nobody listens', async () => {
    const gone = await startReceiver();
    await gone.close();
    const program = await newProgram(hub.url);
    const task = `/api/programs/${program.programId}/tasks/warehouse`;
    expectStatus(await program.call('PUT', task, { body: peopleTask }), 200);
    await dropAndCall(program, 'warehouse', 'people.csv', 'id,name\n1,Ann\n', { notifyWebhook: gone.url });
    const delivery = await deliveryOf(program, ({ status }) => status === 'waiting');
    expect(delivery.attempts[0]).toMatchObject({ failure: 'connect', status: null });
  });
});

describe('a rotated notification secret', () => {
  it('signs beside the old one for the overlap, and alone after it', async () => {
    const { program } = await notifiedJob('/rotation');
    const path = `/api/programs/${program.programId}/webhooks/notification-secret`;
    const rotated = await program.call('POST', `${path}/rotate-secret`, { body: { overlapHours: 1 } });
    const { secret } = expectStatus(rotated, 200).body;
    const now = expectStatus(await program.call('GET', path), 200).body;
    expect(now.secret).toBe(secret);
    expect(now.secrets).toHaveLength(2);
    const [delivery] = (await program.call('GET', `/api/programs/${program.programId}/deliveries`)).body
      .items;
    const signatures = async () => {
      const before = receiver.received.length;
      expectStatus(await program.call('POST', `/api/deliveries/${delivery.deliveryId}/retry`), 202);
      const all = await receiver.waitFor(before + 1);
      await deliveryOf(program, ({ status }) => status === 'delivered');
      return String(all.at(-1)?.headers['webhook-signature']).split(' ');
    };
    await deliveryOf(program, ({ status }) => status === 'delivered');
    expect(await signatures()).toHaveLength(2);
    await sweepLater(hub, 2 * 3_600);
    expect(await signatures()).toHaveLength(1);
  });
});

describe('a held job', () => {
  it('is rejected by itself when nobody decides within 72 hours', async () => {
    const program = await newProgram(hub.url);
    const task = `/api/programs/${program.programId}/tasks/warehouse`;
    expectStatus(await program.call('PUT', task, { body: peopleTask }), 200);
    const run = async (content: string) =>
      expectStatus(await dropAndCall(program, 'warehouse', 'people.csv', content), 200).body.jobId;
    await jobEnded(program.call, await run('id,name\n1,Ann\n2,Bob\n'));
    const jobId = await run('id,name\n1,Ann\n');
    await until(
      async () => (await program.call('GET', `/api/jobs/${jobId}`)).body,
      ({ status }) => status === 'held',
    );
    await sweepLater(hub, 71 * 3_600);
    expect((await program.call('GET', `/api/jobs/${jobId}`)).body.status).toBe('held');
    await sweepLater(hub, 2 * 3_600);
    const job = (await program.call('GET', `/api/jobs/${jobId}`)).body;
    expect(job).toMatchObject({ status: 'rejected' });
    expect(job.message).toContain('72 hours');
    const told = `/api/programs/${program.programId}/attention`;
    expect((await program.call('GET', told)).body.items).toMatchObject([{ kind: 'job_failed' }]);
  });
});
