import { type Answering, type Client, percentile, startClient, until } from './fanout-client.ts';
import { startBareHub } from './hub.ts';

interface Burst {
  healthyMs: number[];
  otherMs: number[];
  seconds: number;
  lost: number;
  twice: number;
  /** Requests that came to an endpoint that hangs, before it was mended. */
  hung: number;
}

const healthyPaths = Array.from({ length: 8 }, (_, i) => `/healthy-${i}`);
const atOnce = 16;

/** Takes nothing and says nothing. */
const hangs: Answering = () => 0;

/** Fails each message twice, then takes it. */
function failsTwice(): Answering {
  const failed = new Map<string, number>();
  return (_path, eventId, response) => {
    const times = failed.get(eventId) ?? 0;
    failed.set(eventId, times + 1);
    const status = times < 2 ? 503 : 200;
    response.statusCode = status;
    response.end();
    return status;
  };
}

/** One burst; beside it another program publishes 20 events a second to an endpoint of its own. */
async function run(events: number, bad: boolean): Promise<Burst> {
  const hub = await startBareHub({ worker: 'fanout-worker.ts' });
  const client = await startClient(hub.url);
  try {
    const paths = bad ? [...healthyPaths, '/hanging', '/failing'] : healthyPaths;
    const many = await client.program('many', paths);
    const other = await client.program('other', ['/other']);
    if (bad) {
      client.behaviours.set('/hanging', hangs);
      client.behaviours.set('/failing', failsTwice());
    }
    const warm = client.receipts.length;
    await client.publish('/api/events', other.key, 'other', 'warm');
    await client.waitFor(warm + 1);
    const begun = performance.now();
    let left = events;
    const lane = async () => {
      for (let at = left--; at > 0; at = left--)
        await client.publish('/api/events', many.key, 'many', `m${at}`);
    };
    let isOver = false;
    let others = 0;
    const beside = async () => {
      for (const from = performance.now(); !isOver; others++) {
        void client.publish('/api/events', other.key, 'other', `o${others}`);
        const nextMs = from + (others + 1) * 50 - performance.now();
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, nextMs)));
      }
    };
    const trickle = beside();
    await Promise.all(Array.from({ length: atOnce }, lane));
    const healthy = () => client.receipts.filter(({ path }) => path.startsWith('/healthy-')).length;
    await until(
      async () => healthy() >= events * healthyPaths.length,
      300,
      () => `${healthy()} receipts`,
      100,
    );
    const seconds = (performance.now() - begun) / 1_000;
    isOver = true;
    await trickle;
    const hung = client.receipts.filter(({ status }) => status === 0).length;
    client.behaviours.delete('/hanging');
    await recover(
      client,
      [
        ['many', many.key],
        ['other', other.key],
      ],
      bad ? 400 : 70,
    );
    const of = (prefix: string) =>
      client.receipts
        .filter(({ path, eventId }) => path.startsWith(prefix) && eventId !== 'warm')
        .map(client.latencyOf);
    return { healthyMs: of('/healthy-'), otherMs: of('/other'), seconds, ...client.count(), hung };
  } finally {
    await client.close();
    await hub.stop();
  }
}

/** Moves the clock on, and sweeps, until nothing waits any more. */
async function recover(
  client: Client,
  programs: [programId: string, key: string][],
  aheadSeconds: number,
): Promise<void> {
  const open = async () => {
    for (const [programId, key] of programs) {
      for (const status of ['sending', 'pending', 'waiting']) {
        const path = `/api/programs/${programId}/deliveries?limit=1&status=${status}`;
        if ((await client.call('GET', path, undefined, key)).items.length > 0) return true;
      }
    }
    return false;
  };
  await until(
    async () => {
      // A clock that leaps ends the leases of what is under way: first all of it comes to its end.
      await quiet(client);
      if (!(await open())) return true;
      await client.call('POST', '/dev/clock', { aheadSeconds });
      await client.call('POST', '/dev/sweep');
      return false;
    },
    600,
    () => 'something still waits',
    100,
  );
}

/** Waits until no receipt has come for longer than an attempt may take to be on record. */
async function quiet(client: Client): Promise<void> {
  let seen = -1;
  let sinceMs = performance.now();
  await until(
    async () => {
      if (client.receipts.length !== seen) sinceMs = performance.now();
      seen = client.receipts.length;
      return performance.now() - sinceMs > 1_500;
    },
    300,
    () => `${seen} receipts, and still more`,
    50,
  );
}

/** Prints how a burst fares with two bad endpoints among ten, beside the same one without them. */
export async function burst(events: number): Promise<void> {
  const good = await run(events, false);
  const bad = await run(events, true);
  const print = (line: string) => process.stdout.write(`${line}\n`);
  const row = (cells: string[], isMet: boolean) =>
    print(`| ${cells.join(' | ')} | ${isMet ? 'met' : 'NOT MET'} |`);
  print(`\nA burst of ${events} events to ten endpoints, one of which hangs and one of which fails twice\n`);
  print('| figure | with them | without | ratio | bar | |\n|---|---:|---:|---:|---:|---|');
  for (const [name, of] of [
    ['healthy endpoints', 'healthyMs'],
    ['another program', 'otherMs'],
  ] as const) {
    const [p50, q50] = [percentile(bad[of], 0.5), percentile(good[of], 0.5)];
    print(`| ${name}, p50, ms | ${p50.toFixed(0)} | ${q50.toFixed(0)} | ${(p50 / q50).toFixed(2)} | | |`);
    const [p99, q99] = [percentile(bad[of], 0.99), percentile(good[of], 0.99)];
    row([`${name}, p99, ms`, p99.toFixed(0), q99.toFixed(0), (p99 / q99).toFixed(2), '≤ 3'], p99 <= 3 * q99);
  }
  print(
    `| healthy ones done, s | ${bad.seconds.toFixed(1)} | ${good.seconds.toFixed(1)} | ${(bad.seconds / good.seconds).toFixed(2)} | | |`,
  );
  row(['lost', String(bad.lost), String(good.lost), '', '0'], bad.lost + good.lost === 0);
  row(['taken twice', String(bad.twice), String(good.twice), '', '0'], bad.twice + good.twice === 0);
  print(`\nThe one that hangs had ${bad.hung} requests of ${events} before it was mended.`);
}
