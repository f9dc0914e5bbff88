import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { type Body, caller, expectStatus, localSystemKey, newProgram, until } from '../support/client.ts';
import { sweepLater } from '../support/crash.ts';
import { courseTemplate, eventOf, publish, subscribe } from '../support/events.ts';
import { type LearningBuilder, startLearningBuilder } from '../support/learning-builder.ts';
import { publishAndSynchronise } from '../support/syncs.ts';

let hub: Hub;
let lb: LearningBuilder;

beforeAll(async () => {
  hub = await startHub();
  lb = await startLearningBuilder();
});
afterAll(async () => {
  await lb.close();
  await hub.stop();
});
beforeEach(() => {
  lb.decide(() => 'take');
});

const setClock = async (now: string | null) =>
  expectStatus(await caller(hub.url, localSystemKey)('POST', '/dev/clock', { body: { now } }), 200);
const sweep = async () => expectStatus(await caller(hub.url, localSystemKey)('POST', '/dev/sweep'), 200);

async function nightlyPair() {
  const publisher = await newProgram(hub.url);
  const subscriber = await newProgram(hub.url, {
    timeZone: 'America/New_York',
    nightlySync: { enabled: true, atLocalTime: '02:00' },
    learningBuilder: { baseUrl: lb.url, apiKey: lb.apiKey },
  });
  await subscribe(hub.url, subscriber, publisher, courseTemplate);
  const path = `/api/programs/${subscriber.programId}/eventSubs/${publisher.programId}`;
  const syncs = async (): Promise<Body[]> => (await subscriber.call('GET', `${path}/syncs`)).body.items;
  const course = (PublisherEventId: string) =>
    publish(publisher, eventOf(publisher, { PublisherEventId, PublisherEventCategory: 'COURSE' }));
  const idsOf = ({ syncId }: Body) =>
    lb.calls
      .filter(({ fileName }) => fileName.startsWith(syncId))
      .map(({ lines }) => lines.map((line) => JSON.parse(line).id).join());
  return { publisher, subscriber, path, syncs, course, idsOf };
}

describe('the nightly synchronisation', () => {
  it('runs once a night at the local time, and goes on where the night before stopped', async () => {
    await setClock('2027-03-01T05:00:00Z');
    const { subscriber, path, syncs, course, idsOf } = await nightlyPair();
    await course('a');
    await sweep();
    expect(await syncs()).toEqual([]);
    // 02:00 in New York is 07:00 UTC.
    await setClock('2027-03-01T07:00:30Z');
    await sweep();
    const [first] = await until(syncs, ([one]) => one?.state === 'done');
    expect(idsOf(first)).toEqual(['a']);
    await course('b');
    await sweep();
    expect(await syncs()).toHaveLength(1);

    // The next night the receiver is down: five attempts, then the night after.
    lb.decide(() => 503);
    await setClock('2027-03-02T07:00:30Z');
    await sweep();
    const call = await until(
      async () =>
        (await syncs()).length === 2 &&
        (await subscriber.call('GET', `${path}/syncs/${(await syncs())[0].syncId}`)).body,
      (one) => one !== false && one.batches.length === 1,
    );
    const delivery = async (): Promise<Body> =>
      (await subscriber.call('GET', `/api/deliveries/${call.batches[0].deliveryId}`)).body;
    for (const [index, seconds] of [60, 300, 900, 3_600].entries()) {
      await until(delivery, (one) => one.status === 'waiting' && one.attempts.length === index + 1);
      await sweepLater(hub, seconds + 1);
    }
    const waiting = await until(delivery, (one) => one.status === 'waiting' && one.attempts.length === 5);
    expect(waiting.nextAttemptAt).toBeNull();
    const attention = (await subscriber.call('GET', `/api/programs/${subscriber.programId}/attention`)).body;
    expect(attention.items.map((one: Body) => one.kind)).toEqual(['delivery_waits']);
    await course('c');
    lb.decide(() => 'take');
    await setClock('2027-03-03T07:00:30Z');
    await sweep();
    const continued = await until(syncs, ([one]) => one?.state === 'done');
    // One sync is open at a time: the night continued it, and what came after is the next one's.
    expect(continued).toHaveLength(2);
    expect(new Set(idsOf(continued[0]))).toEqual(new Set(['b']));
    const calm = await until(
      async () =>
        (await subscriber.call('GET', `/api/programs/${subscriber.programId}/attention`)).body.items,
      (items) => items.length === 0,
    );
    expect(calm).toEqual([]);
    await setClock('2027-03-04T07:00:30Z');
    await sweep();
    const [third] = await until(syncs, (all) => all.length === 3 && all[0].state === 'done');
    expect(idsOf(third)).toEqual(['c']);
  });

  it('leaves out subscriptions without SyncEnabled, and a program that did not switch it on', async () => {
    await setClock('2027-04-01T05:00:00Z');
    const off = await nightlyPair();
    const system = caller(hub.url, localSystemKey);
    expectStatus(await system('PATCH', off.path, { body: { SyncEnabled: false } }), 204);
    const never = await nightlyPair();
    const nightlySync = { enabled: false, atLocalTime: '02:00' };
    const settings = never.subscriber.call('PATCH', `/api/programs/${never.subscriber.programId}`, {
      body: { nightlySync },
    });
    expectStatus(await settings, 200);
    const on = await nightlyPair();
    for (const one of [off, never, on]) await one.course('a');
    await setClock('2027-04-01T06:00:30Z');
    await sweep();
    await until(on.syncs, ([one]) => one?.state === 'done');
    expect([await off.syncs(), await never.syncs()]).toEqual([[], []]);
  });

  it('prunes no event that a subscriber has not seen', async () => {
    await setClock('2027-05-01T12:00:00Z');
    const { publisher, subscriber, syncs, course } = await nightlyPair();
    const retention = { events: 1 };
    expectStatus(
      await publisher.call('PATCH', `/api/programs/${publisher.programId}`, { body: { retention } }),
      200,
    );
    await course('a');
    await setClock('2027-05-02T06:01:00Z');
    await sweep();
    await until(syncs, ([one]) => one?.state === 'done');
    const suspend = `/api/programs/${publisher.programId}/subscribers/${subscriber.programId}/suspend`;
    expectStatus(await publisher.call('POST', suspend), 204);
    await course('b');
    await setClock('2027-05-20T12:00:00Z');
    const system = caller(hub.url, localSystemKey);
    expectStatus(await system('POST', '/dev/cron', { body: { cron: '17 3 * * *' } }), 200);
    const left = await until(
      async () => {
        await sweep();
        return (await publisher.call('GET', `/api/events/${publisher.programId}`)).body;
      },
      (items: Body[]) => items.length < 2,
    );
    expect(left.map((one: Body) => one.PublisherEventId)).toEqual(['b']);
  });
});

describe('a file', () => {
  it('becomes events, and rows at the receiver, through a kill in the middle', async () => {
    await setClock(null);
    const scores = new Map<string, number | null>();
    const lines = ['id_assessment,id_student,score'];
    for (let id = 0; id < 24_000; id++) {
      const [assessment, student] = [id % 200, 10_000 + Math.floor(id / 200)];
      const score = id % 31 === 0 ? null : (id % 401) / 4;
      scores.set(`${assessment},${student}`, score);
      lines.push(`${assessment},${student},${score ?? ''}`);
    }
    await publishAndSynchronise(hub, { csv: `${lines.join('\n')}\n`, scores }, 90);
  });
});
