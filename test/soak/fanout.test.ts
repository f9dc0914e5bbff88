import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { burstThroughKills } from '../support/burst.ts';
import { seeded } from '../support/crash.ts';
import { type Crowd, startCrowd } from '../support/fanout.ts';

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
