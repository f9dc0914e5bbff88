import { expect } from 'vitest';
import type { Hub } from '../../scripts/hub.ts';
import { type Behaviour, hangs } from './behaviours.ts';
import { caller, expectStatus, newProgram, type TestProgram, until } from './client.ts';
import { sweepLater } from './crash.ts';
import { attemptsUnderWay } from './database.ts';
import { type Crowd, createWebhook, eventBody, ledgerOf } from './fanout.ts';

/** What a crowd's paths have taken: how often each event, by path. */
export type Taken = Map<string, Map<string, number>>;

export const takenAt = (taken: Taken, path: string) => taken.get(path) ?? new Map<string, number>();

/** Takes every request, and counts it. */
export function takes(taken: Taken): Behaviour {
  return (request, response) => {
    const at = takenAt(taken, request.path);
    taken.set(request.path, at);
    const id = JSON.parse(request.body).data.PublisherEventId;
    at.set(id, (at.get(id) ?? 0) + 1);
    response.end('ok');
  };
}

/** Refuses each message twice, and takes it the third time. */
export function takesTheThird(taken: Taken): Behaviour {
  const refused = new Map<string, number>();
  const take = takes(taken);
  return (request, response) => {
    const id = String(request.headers['webhook-id']);
    const times = refused.get(id) ?? 0;
    refused.set(id, times + 1);
    if (times >= 2) return take(request, response);
    response.statusCode = 503;
    response.end();
  };
}

/** Publishes until the hub has said yes: what was cut off is sent again, under the same ids. */
async function publishStubbornly(program: TestProgram, ids: string[]): Promise<void> {
  await until(
    async () => {
      try {
        const body = ids.map((id) => eventBody(program, id));
        return (await program.call('POST', '/api/events', { body })).status;
      } catch {
        return 0;
      }
    },
    (status) => status === 200,
    180,
  );
}

/**
 * Waits until no request has come for a second in which the hub answered five times: where it or this process
 * stands still, that is no quiet.
 */
async function quiet(hub: Hub, crowd: Crowd): Promise<void> {
  const ask = caller(hub.url, null);
  let seen = -1;
  let [sinceMs, answers] = [Date.now(), 0];
  await until(
    async () => {
      expectStatus(await ask('GET', '/healthz'), 200);
      answers++;
      const { length } = crowd.receiver.received;
      if (length !== seen) [sinceMs, answers] = [Date.now(), 0];
      seen = length;
      return answers >= 5 && Date.now() - sinceMs > 1_000;
    },
    Boolean,
    600,
  );
}

/** Moves the clock on and sweeps, whenever nothing comes any more, until the condition holds. */
export async function sweepUntil(
  hub: Hub,
  crowd: Crowd,
  aheadSeconds: number,
  holds: () => boolean | Promise<boolean>,
  seconds = 180,
): Promise<void> {
  await until(
    async () => {
      if (await holds()) return true;
      // A clock that leaps ends the leases of what is under way: first all of that comes to its end.
      await quiet(hub, crowd);
      if (await holds()) return true;
      await sweepLater(hub, aheadSeconds);
      return false;
    },
    Boolean,
    seconds,
  );
}

/**
 * So many rounds, in each of which events are published to ten endpoints, one of which hangs and one of which
 * refuses each message twice, and the runtime is killed in the midst. Then everything must have been taken,
 * and no more of it twice than there were attempts under way at the kills.
 */
export async function burstThroughKills(
  hub: Hub,
  crowd: Crowd,
  rounds: number,
  eventsPerRound: number,
  random: () => number,
): Promise<void> {
  const taken: Taken = new Map();
  const program = await newProgram(hub.url);
  const healthy = Array.from({ length: 8 }, () => crowd.path(takes(taken)));
  const refusing = crowd.path(takesTheThird(taken));
  const hanging = crowd.path(hangs);
  const paths = [...healthy, refusing, hanging];
  for (const path of paths)
    await createWebhook(program, { url: crowd.receiver.url + path, events: ['event.published'] });
  const ids: string[] = [];
  const takenOnce = () => healthy.reduce((sum, path) => sum + takenAt(taken, path).size, 0);
  let underWay = 0;
  for (let round = 0; round < rounds; round++) {
    const fresh = Array.from({ length: eventsPerRound }, (_, i) => `burst-${round}-${i}`);
    ids.push(...fresh);
    const before = takenOnce();
    const parts = [0, 1, 2, 3].map((part) => fresh.filter((_, i) => i % 4 === part));
    const published = Promise.all(parts.map((part) => publishStubbornly(program, part)));
    const share = Math.floor(random() * eventsPerRound * healthy.length * 0.6);
    let [seen, sinceMs] = [takenOnce(), Date.now()];
    await until(
      async () => {
        const now = takenOnce();
        if (now !== seen) [seen, sinceMs] = [now, Date.now()];
        // What a dead runtime had leased waits for the end of its lease, and for a sweep.
        else if (Date.now() - sinceMs > 5_000) {
          await sweepLater(hub, 70).catch(() => {});
          sinceMs = Date.now();
        }
        return now - before;
      },
      (count) => count > share,
      180,
    );
    await hub.kill();
    underWay += attemptsUnderWay(hub);
    await hub.restart();
    await published;
    // What the dead had leased is free a minute later, and the sweeper's. A leap of the clock would end the
    // leases of what is under way, too: that first comes to its end. The sweep itself may be killed.
    await quiet(hub, crowd);
    void sweepLater(hub, 70).catch(() => {});
  }
  crowd.behave(hanging, takes(taken));
  await sweepUntil(
    hub,
    crowd,
    400,
    () => paths.every((path) => takenAt(taken, path).size === ids.length),
    120 + 20 * rounds,
  );
  const twice = paths.reduce(
    (sum, path) => sum + [...takenAt(taken, path).values()].reduce((more, count) => more + count - 1, 0),
    0,
  );
  expect(twice).toBeLessThanOrEqual(underWay);
  await sweepUntil(hub, crowd, 400, async () =>
    (await ledgerOf(program)).every(({ status }) => status === 'delivered'),
  );
  expect(await ledgerOf(program)).toHaveLength(ids.length * paths.length);
}
