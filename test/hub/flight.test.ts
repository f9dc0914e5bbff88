import { expect, inject, it } from 'vitest';
import { tellHeld } from '../support/behaviours.ts';
import { until } from '../support/client.ts';
import { eventIdsAt, idsOf, ledgerOf, newEndpoint, ownCrowd, publish } from '../support/fanout.ts';

const hubUrl = inject('hubUrl');
const crowd = ownCrowd();

const mostInFlight = 20;
/** A receiver that takes its time, so that those in flight at once can be counted. */
const takesMs = 150;

it('what waits behind a full flight goes out few at a time at first, and many at once when there is room', () =>
  tellHeld(async (hold) => {
    const { program, path } = await newEndpoint(hubUrl, crowd, undefined, { events: ['event.published'] });
    const [first, others] = [hold(), hold()];
    let [open, most] = [0, 0];
    crowd.behave(path, (request, response) => {
      const count = crowd.at(path).length;
      if (count === 1) return first.behaviour(request, response);
      if (count <= mostInFlight) return others.behaviour(request, response);
      most = Math.max(most, ++open);
      setTimeout(() => {
        open--;
        response.end('ok');
      }, takesMs);
    });
    for (const id of idsOf('first', mostInFlight)) await publish(program, [id]);
    await until(
      async () => crowd.at(path).length,
      (count) => count === mostInFlight,
    );
    const behind = idsOf('behind', 200);
    await publish(program, behind);
    expect(crowd.at(path)).toHaveLength(mostInFlight);
    // Room for one, in each of three lanes, until the others have ended.
    first.letGo();
    await until(
      async () => crowd.at(path).length,
      (count) => count > mostInFlight,
    );
    expect(most).toBeLessThanOrEqual(3);
    others.letGo();
    const lines = await until(
      () => ledgerOf(program),
      (all) => all.every(({ status }) => status === 'delivered'),
    );
    expect(lines).toHaveLength(mostInFlight + behind.length);
    expect([...eventIdsAt(crowd, path).values()]).toEqual(Array(mostInFlight + behind.length).fill(1));
    expect(most).toBeGreaterThan(3);
    expect(most).toBeLessThanOrEqual(mostInFlight);
  }));
