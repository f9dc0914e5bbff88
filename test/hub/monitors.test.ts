import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { answers } from '../support/behaviours.ts';
import { signedIn } from '../support/browser.ts';
import {
  type Body,
  caller,
  dropAndCall,
  expectStatus,
  localSystemKey,
  newProgram,
  peopleTask,
  type TestProgram,
  until,
} from '../support/client.ts';
import { eventOf, publish, subscribe } from '../support/events.ts';
import { type Crowd, createWebhook, ledgerOf, startCrowd } from '../support/fanout.ts';
import { type LearningBuilder, startLearningBuilder } from '../support/learning-builder.ts';
import { createExport } from '../support/nights.ts';

const hubUrl = inject('hubUrl');
const system = caller(hubUrl, localSystemKey);
let crowd: Crowd;
let lb: LearningBuilder;
/** For what is refused, and leaves nothing behind. */
let plain: TestProgram;

beforeAll(async () => {
  [crowd, lb, plain] = await Promise.all([startCrowd(), startLearningBuilder(), newProgram(hubUrl)]);
});
afterAll(async () => {
  await Promise.all([crowd.close(), lb.close()]);
});

const urlOf = (path: string) => crowd.receiver.url + path;
const monitorOf = (program: { programId: string }, name: string) =>
  `/api/programs/${program.programId}/monitors/${name}`;
const toldAt = (path: string): Body[] => crowd.at(path).map(({ body }) => JSON.parse(body));

/** Waits for the first message of a type at a path. */
async function heard(path: string, type: string): Promise<Body> {
  const all = await until(
    async () => toldAt(path),
    (messages) => messages.some((message) => message.type === type),
  );
  return all.find((message) => message.type === type);
}

describe('a monitor', () => {
  it.each([
    [{}],
    [{ watches: {} }],
    [{ watches: { task: 'a', export: 'b' }, everyHours: 1 }],
    [{ watches: { job: 'a' }, everyHours: 1 }],
    [{ watches: { task: 'a' } }],
    [{ watches: { task: 'a' }, everyHours: 1, byLocalTime: '06:00' }],
    [{ watches: { task: 'a' }, everyHours: 0 }],
    [{ watches: { task: 'a' }, everyHours: 1.5 }],
    [{ watches: { task: 'a' }, everyHours: 10_000 }],
    [{ watches: { task: 'a' }, byLocalTime: '24:00' }],
    [{ watches: { task: 'a' }, byLocalTime: '6:00' }],
    [{ watches: { task: 'a' }, everyHours: 1, graceMinutes: -1 }],
    [{ watches: { task: 'a' }, everyHours: 1, graceMinutes: 1_441 }],
    [{ watches: { task: 'a' }, everyHours: 1, pingUrl: 'http://10.0.0.1/' }],
    [{ watches: { task: 'a' }, everyHours: 1, pingUrl: 'ftp://ping.example/' }],
    [{ watches: { task: 'a' }, everyHours: 1, pingUrl: 'https://user:secret@ping.example/' }],
    [{ watches: { task: 'a' }, everyHours: 1, more: true }],
  ])('is refused as %j', async (body) => {
    expectStatus(await plain.call('PUT', monitorOf(plain, 'feed'), { body }), 400);
    expectStatus(await plain.call('GET', monitorOf(plain, 'feed')), 404);
  });

  it('is made, changed, listed and deleted, and says when it is due', async () => {
    const program = await newProgram(hubUrl);
    const { call, programId } = program;
    const path = monitorOf(program, 'feed.daily_1-a');
    const body = { watches: { task: 'warehouse' }, everyHours: 24, graceMinutes: 30 };
    const made = expectStatus(await call('PUT', path, { body }), 200).body;
    expect(made).toMatchObject({
      ...body,
      name: 'feed.daily_1-a',
      state: 'waiting',
      lastSuccessAt: null,
      pingUrl: null,
    });
    expect(Date.parse(made.dueAt) - Date.parse(made.updatedAt)).toBe((24 * 60 + 30) * 60_000);
    const changed = expectStatus(
      await call('PUT', path, { body: { watches: { task: 'warehouse' }, byLocalTime: '06:00' } }),
      200,
    ).body;
    expect(changed).toMatchObject({ everyHours: null, byLocalTime: '06:00', createdAt: made.createdAt });
    const list = async () => (await call('GET', `/api/programs/${programId}/monitors`)).body.items;
    expect(await list()).toEqual([changed]);
    expectStatus(await call('PUT', monitorOf(program, 'no%20name'), { body }), 400);
    expectStatus(await call('DELETE', path), 204);
    expectStatus(await call('DELETE', path), 404);
    expect(await list()).toEqual([]);
  });

  it.each(['task', 'export', 'subscription'])(
    'says that there is no such %s, until there is',
    async (kind) => {
      const [program, publisher] = [await newProgram(hubUrl), await newProgram(hubUrl)];
      const { call, programId } = program;
      const path = monitorOf(program, 'feed');
      const watch = async (ref: string) =>
        expectStatus(await call('PUT', path, { body: { watches: { [kind]: ref }, everyHours: 24 } }), 200)
          .body;
      const seen = async () => [
        (await call('GET', path)).body.exists,
        (await call('GET', `/api/programs/${programId}/monitors`)).body.items[0].exists,
      ];
      const [typo, others] = [await watch('typo'), await watch(publisher.programId)];
      expect([typo.exists, others.exists, ...(await seen())]).toEqual([false, false, false, false]);
      const reader = await signedIn(hubUrl, program.key);
      const shown = async () => (await reader.get(`/p/${programId}/monitors`)).html;
      expect(await shown()).toContain(`There is no such ${kind}`);
      const make: Record<string, () => Promise<string>> = {
        task: async () => {
          expectStatus(
            await call('PUT', `/api/programs/${programId}/tasks/people`, { body: peopleTask }),
            200,
          );
          return 'people';
        },
        export: async () => {
          const destination = 'sftp://hub:x@files.school.example/in';
          return createExport(program, { name: 'nightly', format: 'csv', destination });
        },
        subscription: async () => {
          await subscribe(hubUrl, program, publisher);
          return publisher.programId;
        },
      };
      const made = await watch((await make[kind]?.()) ?? '');
      expect([made.exists, ...(await seen())]).toEqual([true, true, true]);
      expect(await shown()).not.toContain(`There is no such ${kind}`);
    },
  );

  it('of a subscription hears of its synchronisation, and pings; an endpoint is told too', async () => {
    const publisher = await newProgram(hubUrl);
    const subscriber = await newProgram(hubUrl, { learningBuilder: { baseUrl: lb.url, apiKey: lb.apiKey } });
    await subscribe(hubUrl, subscriber, publisher);
    const [hook, pings] = [crowd.path(), crowd.path(answers(500))];
    await createWebhook(subscriber, { url: urlOf(hook), events: ['subscription.*'] });
    const monitor = monitorOf(subscriber, 'sync');
    const body = { watches: { subscription: publisher.programId }, everyHours: 24, pingUrl: urlOf(pings) };
    expectStatus(await subscriber.call('PUT', monitor, { body }), 200);
    await publish(publisher, eventOf(publisher, { PublisherEventCategory: 'COURSE' }));
    const path = `/api/programs/${subscriber.programId}/eventSubs/${publisher.programId}/sync`;
    expectStatus(await subscriber.call('POST', path), 200);
    const synced = await heard(hook, 'subscription.synced');
    expect(synced.data).toMatchObject({ programId: subscriber.programId, publisherId: publisher.programId });
    const noted = await until(
      async () => {
        expectStatus(await system('POST', '/dev/sweep'), 200);
        return (await subscriber.call('GET', monitor)).body;
      },
      ({ lastSuccessAt, dueAt }) =>
        lastSuccessAt !== null && Date.parse(dueAt) - Date.parse(lastSuccessAt) === 24 * 3_600_000,
    );
    expect(noted.state).toBe('waiting');
    // A service that does not take a ping is asked again, on record.
    const [ping] = await until(
      () => ledgerOf(subscriber, '&channel=ping&status=waiting'),
      (all) => all.length === 1,
    );
    expect(ping).toMatchObject({ type: 'monitor.ping', about: 'sync' });
    crowd.behave(pings, null);
    expectStatus(await subscriber.call('POST', `/api/deliveries/${ping.deliveryId}/retry`), 202);
    await until(
      () => ledgerOf(subscriber, '&channel=ping&status=delivered'),
      (all) => all.length === 1,
    );
    // It may have fallen due by itself before it was sent by hand.
    const sent = crowd.at(pings).map((one) => [one.body, one.headers['webhook-signature']]);
    expect(sent.length).toBeGreaterThanOrEqual(2);
    expect(sent).toEqual(sent.map(() => ['', undefined]));
  });
});

describe('a job that is held', () => {
  it('is told to endpoints, and is not the end of it', async () => {
    const program = await newProgram(hubUrl);
    const path = crowd.path();
    await createWebhook(program, { url: urlOf(path), events: ['job.*'] });
    const task = `/api/programs/${program.programId}/tasks/warehouse`;
    expectStatus(await program.call('PUT', task, { body: peopleTask }), 200);
    const rows = (count: number) =>
      `id,name\n${Array.from({ length: count }, (_, i) => `${i},N\n`).join('')}`;
    const run = async (filename: string, content: string) =>
      expectStatus(await dropAndCall(program, 'warehouse', filename, content), 200).body.jobId;
    await run('first.csv', rows(20));
    await heard(path, 'job.succeeded');
    const jobId = await run('second.csv', rows(2));
    const held = await heard(path, 'job.held');
    expect(held.data).toMatchObject({ jobId, status: 'held' });
    expect(held.data).not.toHaveProperty('success');
    expectStatus(await program.call('POST', `/api/jobs/${jobId}/reject`), 200);
    expect((await heard(path, 'job.failed')).data).toMatchObject({
      jobId,
      status: 'rejected',
      success: false,
    });
    expect(toldAt(path).map(({ type }) => type)).toEqual(['job.succeeded', 'job.held', 'job.failed']);
  });
});
