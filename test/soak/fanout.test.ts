import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { hangs } from '../support/behaviours.ts';
import { burstThroughKills, sweepUntil, type Taken, takenAt, takes } from '../support/burst.ts';
import { newProgram, until } from '../support/client.ts';
import { seeded, sweepLater } from '../support/crash.ts';
import { type Crowd, createWebhook, idsOf, ledgerOf, publish, startCrowd } from '../support/fanout.ts';

let hub: Hub;
let crowd: Crowd;

beforeAll(async () => {
  [hub, crowd] = await Promise.all([startHub(), startCrowd()]);
});

afterAll(async () => {
  await crowd.close();
  await hub.stop();
});

it('a runtime that is killed twenty times in a burst of 1,000 events to ten endpoints loses none', async () => {
  expect.hasAssertions();
  await burstThroughKills(hub, crowd, 20, 50, seeded(22));
});

describe('an endpoint that does not answer in time', () => {
  it('is probed one at a time while the others wait with that reason, and gets all of it once it answers', async () => {
    const taken: Taken = new Map();
    const program = await newProgram(hub.url);
    const path = crowd.path(hangs);
    await createWebhook(program, { url: crowd.receiver.url + path, events: ['*'] });
    await publish(program, idsOf('first', 3));
    await until(
      async () => (await ledgerOf(program)).filter(({ uncertain }) => uncertain).length,
      (count) => count === 3,
    );
    expect(crowd.at(path)).toHaveLength(3);
    await publish(program, idsOf('later', 5));
    const waiting = await ledgerOf(program, '&status=pending');
    expect(waiting).toHaveLength(5);
    for (const { reason } of waiting) expect(reason).toContain('one probe at a time');
    expect(crowd.at(path)).toHaveLength(3);
    // All eight are due now, and one goes out.
    await sweepLater(hub, 30);
    expect(crowd.at(path)).toHaveLength(4);
    crowd.behave(path, takes(taken));
    await sweepUntil(hub, crowd, 400, () => takenAt(taken, path).size === 8);
  });
});
