import { describe, expect, inject, it } from 'vitest';
import { answers, type Behaviour, tellHeld } from '../support/behaviours.ts';
import { newProgram, until } from '../support/client.ts';
import { createWebhook, idsOf, ledgerOf, newEndpoint, ownCrowd, publish } from '../support/fanout.ts';

// What receivers that do not answer cost the others: nothing that lasts as long as they are waited for.

const hubUrl = inject('hubUrl');
const crowd = ownCrowd();

/** Refuses its first message, whose second attempt comes through the queue and is taken so. */
const refusesFirst = (path: () => string, then: Behaviour): Behaviour => {
  return (request, response) => {
    if (crowd.at(path()).length === 1) answers(500)(request, response);
    else then(request, response);
  };
};

/** An endpoint that has refused an event, once the second attempt has come. */
async function retriedAt(then: Behaviour): Promise<void> {
  const { program, path } = await newEndpoint(hubUrl, crowd, undefined, { events: ['event.published'] });
  crowd.behave(
    path,
    refusesFirst(() => path, then),
  );
  await publish(program, ['retried']);
  await until(
    async () => crowd.at(path).length,
    (count) => count >= 2,
  );
}

describe.concurrent('a receiver that does not answer', () => {
  it('keeps the queue from no other: the next retry comes while it is still waited for', () =>
    tellHeld(async (hold) => {
      const { behaviour, counted, letGo } = hold();
      await retriedAt(behaviour);
      await retriedAt(answers(200));
      expect(counted).toMatchObject({ most: 1, givenUp: 0 });
      letGo();
    }));

  it('with six of its like keeps an event from none of the other five', () =>
    tellHeld(async (hold) => {
      const { behaviour, counted, letGo } = hold();
      const program = await newProgram(hubUrl);
      const create = (path: string) =>
        createWebhook(program, { url: crowd.receiver.url + path, events: ['event.published'] });
      for (let i = 0; i < 7; i++) await create(crowd.path(behaviour));
      const healthy = idsOf('healthy', 5).map(() => crowd.path());
      for (const path of healthy) await create(path);
      await publish(program, ['to-all']);
      await until(
        async () => healthy.map((path) => crowd.at(path).length),
        (counts) => counts.every((count) => count === 1),
      );
      expect(counted.givenUp).toBe(0);
      letGo();
      const lines = await until(
        () => ledgerOf(program),
        (all) => all.every(({ status }) => status === 'delivered'),
      );
      expect(lines).toHaveLength(12);
      for (const path of healthy) expect(crowd.at(path)).toHaveLength(1);
    }));
});
