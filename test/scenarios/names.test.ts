import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BareHub, startBareHub } from '../../bench/hub.ts';
import { expectStatus, newProgram } from '../support/client.ts';
import { sweepLater } from '../support/crash.ts';
import {
  type Crowd,
  createWebhook,
  deliveryOnce,
  ledgerOf,
  publish,
  startCrowd,
  verifies,
  webhooksPath,
} from '../support/fanout.ts';
import { type Resolver, startResolver, type Zone } from '../support/names.ts';

// Endpoints that are called by their names over https, as in production: a hub that admits no loopback, asks a
// real resolver, and whose calls of the one public name of this test come to a receiver.

const name = 'hooks.names.example';
const publicAt: Zone = {
  Status: 0,
  A: ['93.184.216.34'],
  AAAA: ['2606:2800:220:1::1'],
  via: 'edge.example.',
};

let hub: BareHub;
let crowd: Crowd;
let resolver: Resolver;
/** Where the hub has called beside loopback. */
const called: string[] = [];

beforeAll(async () => {
  [crowd, resolver] = await Promise.all([startCrowd(), startResolver(publicAt)]);
  hub = await startBareHub({
    worker: fileURLToPath(new URL('../../src/index.ts', import.meta.url)),
    vars: { DNS_RESOLVER: resolver.url, ALLOW_LOOPBACK: 'off' },
    routeTo(url) {
      if (url.hostname === '127.0.0.1') return url;
      called.push(url.origin);
      return url.hostname === name ? new URL(url.pathname, crowd.receiver.url) : null;
    },
  });
});
afterAll(async () => {
  await hub.stop();
  await Promise.all([crowd.close(), resolver.close()]);
});

const nowhere = 'The host name leads nowhere: it has no address now.';
const unasked = 'The host name could not be resolved.';
const leadsInside = 'This host name leads to a private address; the hub calls public hosts only.';

/** What the resolver says in turn, and what is on record of the attempt that asked it. */
const troubles: [string, Zone, string][] = [
  ['has ended', { Status: 3 }, nowhere],
  ['cannot be asked for', { Status: 2 }, unasked],
  ['meets a resolver that is down', { http: 503 }, unasked],
  ['is an alias of a host inside', { Status: 0, A: ['10.1.2.3'], via: 'db.internal.' }, leadsInside],
  [
    'has one private address among public ones',
    { Status: 0, A: ['93.184.216.34'], AAAA: ['2606:2800:220:1::1', 'fd00::1'] },
    leadsInside,
  ],
];

describe('an endpoint whose host', () => {
  it('stops resolving, and resolves again, has everything under its own name, by the schedule alone', async () => {
    const program = await newProgram(hub.url);
    const path = crowd.path();
    const { webhookId, secret } = await createWebhook(program, {
      url: `https://${name}${path}`,
      events: ['event.published'],
    });
    await publish(program, ['before']);
    const [first] = await ledgerOf(program);
    await deliveryOnce(program, first.deliveryId, ({ status }) => status === 'delivered');
    expect(new Set(resolver.asked)).toEqual(new Set([`${name} A`, `${name} AAAA`]));
    expect(called).toEqual([`https://${name}`]);

    resolver.says(troubles[0]?.[1] ?? publicAt);
    // What was found a moment ago is remembered for five minutes.
    await sweepLater(hub, 301);
    await publish(program, ['meanwhile']);
    const [{ deliveryId }] = await ledgerOf(program);
    for (const [i, [what, , detail]] of troubles.entries()) {
      const one = await deliveryOnce(
        program,
        deliveryId,
        // The first wait is of seconds, which a busy machine misses: of the first trouble there are two attempts.
        ({ status, attemptCount }) => status === 'waiting' && attemptCount === i + 2,
      );
      expect([what, one.reason, one.uncertain]).toEqual([what, detail, false]);
      expect(one.attempts.at(-1)).toMatchObject({ status: null, failure: 'connect', detail });
      resolver.says(troubles[i + 1]?.[1] ?? publicAt);
      const waitMs = Date.parse(one.nextAttemptAt) - Date.parse(one.attempts.at(-1).startedAt);
      await sweepLater(hub, waitMs / 1_000 + 1);
    }
    expect(called).toEqual([`https://${name}`, `https://${name}`]);
    const delivered = await deliveryOnce(program, deliveryId, ({ status }) => status === 'delivered');
    expect(delivered).toMatchObject({ attemptCount: troubles.length + 2, target: `https://${name}${path}` });
    const received = crowd.at(path);
    expect(received.map(({ headers }) => headers['webhook-id'])).toEqual([
      first.messageId,
      delivered.messageId,
    ]);
    for (const one of received) {
      expect(verifies(secret, one)).toBe(true);
    }
    const endpoint = await program.call('GET', `${webhooksPath(program)}/${webhookId}`);
    expect(expectStatus(endpoint, 200).body.state).toBe('active');
  });

  it.each([
    ['is loopback', 'http://127.0.0.1:9000/'],
    ['is loopback by name', 'https://localhost/'],
    ['is an address', 'https://93.184.216.34/'],
  ])('%s is not registered where loopback is closed', async (_, url) => {
    const program = await newProgram(hub.url);
    const body = { url, events: ['*'] };
    expectStatus(await program.call('POST', webhooksPath(program), { body }), 400);
  });
});
