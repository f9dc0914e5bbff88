import { describe, expect, inject, it } from 'vitest';
import { answers } from '../support/behaviours.ts';
import {
  type Body,
  caller,
  expectStatus,
  localSystemKey,
  newProgram,
  type TestProgram,
  until,
} from '../support/client.ts';
import {
  createWebhook,
  eventIdsAt,
  idsOf,
  ledgerOf,
  mostInOneSecond,
  ownCrowd,
  publish,
  webhooksPath,
} from '../support/fanout.ts';

const hubUrl = inject('hubUrl');
const crowd = ownCrowd();

/** An endpoint that answered 410 with so many messages due to it, all of which are cancelled. */
async function startGone(program: TestProgram, count: number) {
  const path = crowd.path(answers(410));
  const url = crowd.receiver.url + path;
  const { webhookId } = await createWebhook(program, { url, events: ['event.published'] });
  await publish(program, idsOf(path, count));
  const query = `&webhookId=${webhookId}`;
  await until(
    () => ledgerOf(program, query),
    (all) => all.length === count && all.every(({ status }) => status === 'cancelled'),
  );
  return { path, query, webhookId, one: `${webhooksPath(program)}/${webhookId}` };
}

/** Since an hour ago: all of a test. */
const since = () => new Date(Date.now() - 3_600_000).toISOString();

describe('POST …/recover', () => {
  it('counts first, goes out at the rate of the endpoint, tells how far it is, and stops where it is cancelled', async () => {
    const program = await newProgram(hubUrl);
    const stranger = await newProgram(hubUrl);
    const [mine, neighbour] = [await startGone(program, 40), await startGone(stranger, 2)];
    const sibling = await startGone(program, 1);
    const { call } = program;
    const begun = [mine, neighbour, sibling].map(({ path }) => crowd.at(path).length);
    for (const { path } of [mine, neighbour, sibling]) crowd.behave(path, null);
    const recover = (body: Body) => call('POST', `${mine.one}/recover`, { body });
    const counted = async (window: Body) =>
      expectStatus(await recover({ ...window, dryRun: true }), 200).body.total;
    expect(await counted({ since: since() })).toBe(40);
    expect(await counted({ since: '2020-01-01T00:00:00Z', until: since() })).toBe(0);
    expect(
      await counted({ since: new Date(Date.now() + 3_600_000).toISOString(), until: '2099-01-01T00:00:00Z' }),
    ).toBe(0);
    expectStatus(await recover({}), 400);
    expectStatus(await recover({ since: since(), until: '2020-01-01T00:00:00Z' }), 400);
    expectStatus(await recover({ since: 'yesterday' }), 400);
    // A disabled endpoint takes nothing.
    expectStatus(await recover({ since: since() }), 409);
    expectStatus(await call('PATCH', mine.one, { body: { rateLimitPerSecond: 1 } }), 200);
    expectStatus(await call('POST', `${mine.one}/resume`), 200);

    const first = expectStatus(await recover({ since: since() }), 202).body;
    expect(first).toMatchObject({ webhookId: mine.webhookId, total: 40, rearmed: 40, done: false });
    const recovery = `${mine.one}/recoveries/${first.recoveryId}`;
    const progress = async () => expectStatus(await call('GET', recovery), 200).body;
    const halfway = await until(progress, ({ states }) => states.delivered >= 3);
    expect(halfway.done).toBe(false);
    expect(halfway.states.delivered + halfway.states.pending).toBe(40);
    expectStatus(await stranger.call('POST', `${recovery}/cancel`), 404);
    expectStatus(await stranger.call('GET', recovery), 404);
    expectStatus(await call('POST', `${recovery}/cancel`), 200);
    // What a sender had taken up at that moment still ends as it ends.
    const stopped = await until(progress, ({ done }) => done);
    expect(stopped.states.delivered + stopped.states.cancelled).toBe(40);
    expect(stopped.states.cancelled).toBeGreaterThan(0);
    expect(await mostInOneSecond(program, mine.query)).toBeLessThanOrEqual(2);

    const rest = await counted({ since: since() });
    expect(rest).toBe(stopped.states.cancelled);
    expectStatus(await call('PATCH', mine.one, { body: { rateLimitPerSecond: null } }), 200);
    const second = expectStatus(await recover({ since: since() }), 202).body;
    expect(second.total).toBe(rest);
    await until(
      async () => expectStatus(await call('GET', `${mine.one}/recoveries/${second.recoveryId}`), 200).body,
      ({ done, states }) => done && states.delivered === rest,
    );
    const all = await ledgerOf(program, mine.query);
    expect(all.map(({ status }) => status)).toEqual(Array(40).fill('delivered'));
    expect(crowd.at(mine.path)).toHaveLength((begun[0] ?? 0) + 40);
    const { items } = expectStatus(await call('GET', `${mine.one}/recoveries`), 200).body;
    expect(items.map(({ recoveryId }: Body) => recoveryId)).toEqual([second.recoveryId, first.recoveryId]);
    // Neither another endpoint of the program nor another program was touched.
    expect([neighbour, sibling].map(({ path }) => crowd.at(path).length)).toEqual(begun.slice(1));
    expect((await ledgerOf(stranger)).map(({ status }) => status)).toEqual(['cancelled', 'cancelled']);
  });

  it('goes on after a pause where it stood, and is not done before', async () => {
    const program = await newProgram(hubUrl);
    const { path, one, query } = await startGone(program, 30);
    const before = crowd.at(path).length;
    crowd.behave(path, null);
    expectStatus(await program.call('PATCH', one, { body: { rateLimitPerSecond: 1 } }), 200);
    expectStatus(await program.call('POST', `${one}/resume`), 200);
    const { recoveryId } = expectStatus(
      await program.call('POST', `${one}/recover`, { body: { since: since() } }),
      202,
    ).body;
    const progress = async () =>
      expectStatus(await program.call('GET', `${one}/recoveries/${recoveryId}`), 200).body;
    await until(progress, ({ states }) => states.delivered >= 1);
    expectStatus(await program.call('POST', `${one}/pause`), 200);
    const held = await until(progress, ({ states }) => states.paused + states.delivered === 30);
    expect(held).toMatchObject({ done: false, rearmed: 30 });
    expectStatus(await program.call('PATCH', one, { body: { rateLimitPerSecond: null } }), 200);
    expectStatus(await program.call('POST', `${one}/resume`), 200);
    await until(progress, ({ done, states }) => done && states.delivered === 30);
    expect((await ledgerOf(program, query)).every(({ status }) => status === 'delivered')).toBe(true);
    expect(eventIdsAt(crowd, path).size).toBe(30);
    expect(crowd.at(path)).toHaveLength(before + 30);
  });

  it('of more than one step waits for the end of a pause, and goes on', async () => {
    const program = await newProgram(hubUrl);
    const system = caller(hubUrl, localSystemKey);
    const start = async () => {
      const { path, one } = await startGone(program, 520);
      const before = crowd.at(path).length;
      crowd.behave(path, null);
      expectStatus(await program.call('PATCH', one, { body: { rateLimitPerSecond: 1_000 } }), 200);
      expectStatus(await program.call('POST', `${one}/resume`), 200);
      const begun = await program.call('POST', `${one}/recover`, { body: { since: since() } });
      const { recoveryId, total, rearmed } = expectStatus(begun, 202).body;
      expect([total, rearmed]).toEqual([520, 500]);
      expectStatus(await program.call('POST', `${one}/pause`), 200);
      const recovery = `${one}/recoveries/${recoveryId}`;
      const { body } = await program.call('GET', recovery);
      return { path, one, before, recovery, rearmed: body.rearmed };
    };
    // Its second step is due in half a second: another test's sweep may have made it before the pause.
    const { path, one, before, recovery } = await until(start, ({ rearmed }) => rearmed === 500);
    const progress = async () => {
      expectStatus(await system('POST', '/dev/sweep'), 200);
      return expectStatus(await program.call('GET', recovery), 200).body;
    };
    // Two sweeps find it due, and leave it so.
    for (const _ of [1, 2]) expect(await progress()).toMatchObject({ rearmed: 500, done: false });
    expectStatus(await program.call('POST', `${one}/resume`), 200);
    const ended = await until(progress, ({ done }) => done, 240);
    expect(ended).toMatchObject({ rearmed: 520, states: { delivered: 520 } });
    expect(crowd.at(path)).toHaveLength(before + 520);
  });
});
