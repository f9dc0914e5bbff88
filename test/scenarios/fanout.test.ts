import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { answers } from '../support/behaviours.ts';
import {
  burstThroughKills,
  sweepUntil,
  type Taken,
  takenAt,
  takes,
  takesTheThird,
} from '../support/burst.ts';
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
import { seeded, sweepLater } from '../support/crash.ts';
import { createWebhook, idsOf, ledgerOf, ownCrowd, publish, webhooksPath } from '../support/fanout.ts';
import { ownHub } from '../support/own-hub.ts';

// Fan-out over days, without its queue, and through kills, on a hub of its own whose clock is moved.

const { hub, system } = ownHub();
const crowd = ownCrowd();

const urlOf = (path: string) => crowd.receiver.url + path;
const attentionOf = async ({ call, programId }: TestProgram): Promise<Body[]> =>
  expectStatus(await call('GET', `/api/programs/${programId}/attention`), 200).body.items;

describe('a runtime that is killed in a burst', () => {
  it('loses nothing, twice over, and repeats no more than it had under way', async () => {
    expect.hasAssertions();
    await burstThroughKills(hub, crowd, 2, 24, seeded(5));
  });
});

describe('a queue that loses every message', () => {
  it('still ends with everything delivered, by the sweeper', async () => {
    expectStatus(await system('POST', '/dev/queue', { body: { lose: true } }), 200);
    const taken: Taken = new Map();
    const program = await newProgram(hub.url);
    const [quick, refusing, limited] = [
      crowd.path(takes(taken)),
      crowd.path(takesTheThird(taken)),
      crowd.path(takes(taken)),
    ];
    for (const path of [quick, refusing])
      await createWebhook(program, { url: urlOf(path), events: ['event.published'] });
    await createWebhook(program, { url: urlOf(limited), events: ['*'], rateLimitPerSecond: 50 });
    const ids = idsOf('unheard', 120);
    await publish(program, ids);
    const paths = [quick, refusing, limited];
    await sweepUntil(hub, crowd, 400, () => paths.every((path) => takenAt(taken, path).size === ids.length));
    for (const path of paths) expect(new Set(takenAt(taken, path).values())).toEqual(new Set([1]));
    await sweepUntil(hub, crowd, 60, async () =>
      (await ledgerOf(program)).every(({ status }) => status === 'delivered'),
    );
    expectStatus(await system('POST', '/dev/queue', { body: { lose: false } }), 200);
  });
});

describe('an endpoint that fails for days', () => {
  it('is disabled by the rule, its owner told; after its resumption what it missed is counted and recovered', async () => {
    const program = await newProgram(hub.url);
    const [failing, watching] = [crowd.path(answers(500)), crowd.path()];
    const since = (await system('POST', '/dev/clock', { body: { aheadSeconds: 0 } })).body.now;
    const { webhookId, secret } = await createWebhook(program, { url: urlOf(failing), events: ['event.*'] });
    await createWebhook(program, {
      url: urlOf(watching),
      events: ['webhook.disabled', 'delivery.exhausted'],
    });
    const one = `${webhooksPath(program)}/${webhookId}`;
    const stateOf = async () => expectStatus(await program.call('GET', one), 200).body;
    await publish(program, ['early']);
    const ofOurs = (query: string) => ledgerOf(program, `&webhookId=${webhookId}${query}`);
    await sweepUntil(hub, crowd, 90_000, async () => (await ofOurs('&status=exhausted')).length === 1);
    // More than five days, and ten failures: twenty are wanted.
    expect((await stateOf()).state).toBe('active');
    await publish(program, idsOf('late', 2));
    await sweepUntil(hub, crowd, 90_000, async () => (await stateOf()).state === 'disabled');
    expect((await stateOf()).stateReason).toContain('five days');
    await sweepUntil(hub, crowd, 60, async () => (await ofOurs('&status=cancelled')).length === 2);
    const told = () => crowd.at(watching).map(({ body }) => JSON.parse(body));
    await sweepUntil(hub, crowd, 60, () => told().some(({ type }) => type === 'webhook.disabled'));
    expect(told().find(({ type }) => type === 'webhook.disabled').data).toMatchObject({ webhookId });
    expect(await attentionOf(program)).toContainEqual(expect.objectContaining({ kind: 'webhook_disabled' }));
    await publish(program, ['unwanted']);
    expect(await ofOurs('')).toHaveLength(3);

    crowd.behave(failing, null);
    expectStatus(await program.call('POST', `${one}/recover`, { body: { since } }), 409);
    expectStatus(await program.call('POST', `${one}/resume`), 200);
    const counted = await program.call('POST', `${one}/recover`, { body: { since, dryRun: true } });
    expect(expectStatus(counted, 200).body).toMatchObject({ recoveryId: null, total: 3, rearmed: 0 });
    const before = crowd.at(failing).length;
    const begun = await program.call('POST', `${one}/recover`, { body: { since } });
    const { recoveryId, total } = expectStatus(begun, 202).body;
    expect(total).toBe(3);
    const progress = await until(
      async () => expectStatus(await program.call('GET', `${one}/recoveries/${recoveryId}`), 200).body,
      ({ done }) => done,
    );
    expect(progress).toMatchObject({ total: 3, rearmed: 3, states: { delivered: 3 } });
    const recovered = crowd.at(failing).slice(before);
    expect(recovered).toHaveLength(3);
    // The clock has moved by days: signatures are of the wall's, and hold.
    for (const { body, headers } of recovered)
      expect(() => new Webhook(secret).verify(body, headers as Record<string, string>)).not.toThrow();
    const open = await attentionOf(program);
    expect(open.filter(({ kind }) => kind === 'webhook_disabled' || kind === 'delivery_exhausted')).toEqual(
      [],
    );
  });
});

describe('a monitor', () => {
  it('tells of silence once, by mail where the webhook fails; a success pings elsewhere and ends it', async () => {
    const [pings, contactsHook] = [crowd.path(), crowd.path(answers(500))];
    const contacts = { emails: ['watch@school.example'], webhook: urlOf(contactsHook) };
    const program = await newProgram(hub.url, { contacts });
    const { call, programId } = program;
    expectStatus(await call('PUT', `/api/programs/${programId}/tasks/warehouse`, { body: peopleTask }), 200);
    const path = crowd.path();
    await createWebhook(program, { url: urlOf(path), events: ['monitor.missed'] });
    const monitor = `/api/programs/${programId}/monitors/nightly`;
    const body = { watches: { task: 'warehouse' }, everyHours: 24, graceMinutes: 30, pingUrl: urlOf(pings) };
    expectStatus(await call('PUT', monitor, { body }), 200);
    await sweepLater(hub, 24 * 3_600);
    expect((await call('GET', monitor)).body.state).toBe('waiting');
    await sweepLater(hub, 3_600);
    expect((await call('GET', monitor)).body.state).toBe('silent');
    const [missed] = await until(
      async () => crowd.at(path),
      (all) => all.length > 0,
    );
    expect(JSON.parse(missed?.body ?? '')).toMatchObject({
      type: 'monitor.missed',
      data: { monitor: 'nightly', watches: { task: 'warehouse' } },
    });
    const mails = () => hub.mails().filter(({ to }) => to === 'watch@school.example');
    await sweepUntil(hub, crowd, 60, () => mails().length > 0 && crowd.at(contactsHook).length > 0);
    expect(mails()[0]?.text).toContain('nightly');
    expect(await attentionOf(program)).toMatchObject([{ kind: 'monitor_missed', subject: 'nightly' }]);

    const called = await dropAndCall(program, 'warehouse', 'people.csv', 'id,name\n1,Ann\n');
    expect((await jobEnded(call, expectStatus(called, 200).body.jobId)).status).toBe('succeeded');
    await sweepUntil(hub, crowd, 60, () => crowd.at(pings).length > 0);
    expect((await call('GET', monitor)).body).toMatchObject({ state: 'waiting', silentSince: null });
    expect(await attentionOf(program)).toEqual([]);
    expect(crowd.at(pings)).toHaveLength(1);
    expect(crowd.at(path)).toHaveLength(1);
    expect(mails()).toHaveLength(1);
  });

  it('is snoozed with a reason: told nothing until then, told after all, and keeps what it missed', async () => {
    const program = await newProgram(hub.url);
    const { call, programId } = program;
    expectStatus(await call('PUT', `/api/programs/${programId}/tasks/warehouse`, { body: peopleTask }), 200);
    const monitor = `/api/programs/${programId}/monitors/nightly`;
    const body = { watches: { task: 'warehouse' }, everyHours: 24 };
    const { dueAt } = expectStatus(await call('PUT', monitor, { body }), 200).body;
    await sweepLater(hub, 25 * 3_600);
    expect((await call('GET', monitor)).body.state).toBe('silent');
    expect(await attentionOf(program)).toHaveLength(1);

    expectStatus(await call('POST', `${monitor}/snooze`, { body: { hours: 48 } }), 400);
    const snooze = { hours: 48, reason: 'The school is closed.' };
    expect(expectStatus(await call('POST', `${monitor}/snooze`, { body: snooze }), 200).body).toMatchObject({
      state: 'waiting',
      snoozed: { reason: snooze.reason, by: program.keyId },
      missed: [{ dueAt, endedAt: null, snoozed: false }],
    });
    expect(await attentionOf(program)).toEqual([]);
    await sweepLater(hub, 24 * 3_600);
    expect(await attentionOf(program)).toEqual([]);
    // It lasted longer than the snooze.
    await sweepLater(hub, 25 * 3_600);
    expect(await attentionOf(program)).toMatchObject([{ kind: 'monitor_missed' }]);
    expect((await call('GET', monitor)).body).toMatchObject({ state: 'silent', snoozed: null });

    expectStatus(await call('POST', `${monitor}/snooze`, { body: snooze }), 200);
    const called = await dropAndCall(program, 'warehouse', 'people.csv', 'id,name\n1,Ann\n');
    await jobEnded(call, expectStatus(called, 200).body.jobId);
    await sweepLater(hub, 60);
    const { body: mended } = await call('GET', monitor);
    expect(mended).toMatchObject({ state: 'waiting', snoozed: null });
    expect(mended.missed).toEqual([{ dueAt, endedAt: mended.lastSuccessAt, snoozed: true }]);
  });
});
