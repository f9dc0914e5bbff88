import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { runJobThroughKills } from '../support/crash.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

let hub: Hub;
let receiver: Receiver;

beforeAll(async () => {
  [hub, receiver] = await Promise.all([startHub(), startReceiver()]);
});

afterAll(async () => {
  await receiver.close();
  await hub.stop();
});

/** A fixed sequence of numbers in [0, 1) (mulberry32), so that a failure can be run again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

describe('a runtime that is killed, over and over', () => {
  it('ends twenty jobs of one kill each with exact records and one notification id', async () => {
    const random = seeded(20);
    let kills = 0;
    for (let run = 0; run < 20; run++) {
      const percent = 1 + Math.floor(random() * 95);
      kills += (await runJobThroughKills(hub, receiver, 60_000, [percent])).kills;
      console.info(`run ${run + 1}: killed at ${percent} %`);
    }
    expect(kills).toBeGreaterThanOrEqual(18);
  });

  it('ends one job of twenty kills with exact records and one notification id', async () => {
    const random = seeded(21);
    const moments = Array.from({ length: 20 }, () => 1 + random() * 96).sort((a, b) => a - b);
    const { kills } = await runJobThroughKills(hub, receiver, 500_000, moments);
    expect(kills).toBeGreaterThanOrEqual(15);
  });
});
