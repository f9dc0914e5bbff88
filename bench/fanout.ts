/**
 * Fan-out in the bare runtime, in turns with a loop that does the least there is to do (accept, one D1 batch,
 * signed fetch, one D1 update): events per second to one receiver, deliveries per second to ten, the
 * milliseconds from accept to receive when nothing else happens, and the D1 rows that a delivery writes.
 * Then a burst to ten endpoints, of which one hangs and one fails twice, beside the same burst without them.
 * On a shared machine read the ratios, which are of one run. `node bench/fanout.ts [scale]`
 */
import { availableParallelism, cpus } from 'node:os';
import { burst } from './fanout-burst.ts';
import { type Client, percentile, startClient, until } from './fanout-client.ts';
import { type BareHub, startBareHub } from './hub.ts';

const scale = Number(process.argv[2] ?? 1);
const rounds = 5;
/** Shorter rounds measure their first look-ups and their ends. */
const perRound = { one: Math.round(400 * scale), ten: Math.round(400 * scale) };
/**
 * A hundredth of them must be many: the runtime collects its garbage about once in a hundred, for 10 to 30 ms,
 * whosever turn it is, and the machine has stalls of its own.
 */
const idleSamples = Math.round(3_000 * scale);
const atOnce = 16;

interface Side {
  path: string;
  key: string | null;
  /** The program whose events are published. */
  programId: string;
}

let published = 0;

/** Publishes so many events, `atOnce` at a time; seconds from the first call to the last receipt. */
async function flood(client: Client, side: Side, events: number, receivers: number): Promise<number> {
  const from = client.receipts.length;
  const begun = performance.now();
  let left = events;
  const lane = async () => {
    while (left-- > 0) await client.publish(side.path, side.key, side.programId, `e${++published}`);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  await client.waitFor(from + events * receivers);
  return (client.lastReceiptMs() - begun) / 1_000;
}

async function idle(client: Client, sides: Side[]): Promise<number[][]> {
  const taken: number[][] = sides.map(() => []);
  for (let i = 0; i < idleSamples; i++) {
    for (const [at, side] of sides.entries()) {
      const eventId = `e${++published}`;
      const from = client.receipts.length;
      await client.publish(side.path, side.key, side.programId, eventId);
      await client.waitFor(from + 1);
      taken[at]?.push(client.latencyOf(client.receipts[from]));
      // What follows the receipt (the update) is over before the next sample begins.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  return taken;
}

async function compare(): Promise<void> {
  const vars = { TEST_CLOCK: 'off', DNS_RESOLVER: 'off' };
  const hub: BareHub = await startBareHub({ worker: 'fanout-worker.ts', vars });
  const client = await startClient(hub.url);
  try {
    const one = await client.program('one', ['/one']);
    const ten = await client.program(
      'ten',
      Array.from({ length: 10 }, (_, i) => `/ten-${i}`),
    );
    const hubOne: Side = { path: '/api/events', key: one.key, programId: 'one' };
    const hubTen: Side = { path: '/api/events', key: ten.key, programId: 'ten' };
    const bare: Side = { path: '/bench/bare', key: null, programId: 'bare' };
    const bareReceivers = async (program: typeof one) => {
      await client.call('POST', '/bench/receivers', program.endpoints);
    };
    await bareReceivers(one);
    await flood(client, hubOne, 100, 1);
    await flood(client, bare, 100, 1);
    await client.call('GET', '/bench/meter');
    const seconds = { hubOne: 0, bareOne: 0, hubTen: 0, bareTen: 0 };
    const meters: Record<'one' | 'ten', Meter[]> = { one: [], ten: [] };
    for (let round = 0; round < rounds; round++) {
      for (const [name, program, side, receivers] of [
        ['one', one, hubOne, 1],
        ['ten', ten, hubTen, 10],
      ] as const) {
        await bareReceivers(program);
        const [hubKey, bareKey] =
          name === 'one' ? (['hubOne', 'bareOne'] as const) : (['hubTen', 'bareTen'] as const);
        seconds[hubKey] += await flood(client, side, perRound[name], receivers);
        await client.settled(side.programId, side.key ?? '');
        meters[name].push(await client.call('GET', '/bench/meter'));
        seconds[bareKey] += await flood(client, bare, perRound[name], receivers);
        // Its updates are behind its calls: the next round must not pay for them.
        await until(
          async () => (await client.call('GET', '/bench/open')) === 0,
          60,
          () => 'the loop has not settled',
          20,
        );
      }
    }
    await bareReceivers(one);
    await client.call('GET', '/bench/meter?off');
    const [own = [], loop = []] = await idle(client, [hubOne, bare]);
    const { lost, twice } = client.count();

    const eventsOne = perRound.one * rounds;
    const sentTen = perRound.ten * 10 * rounds;
    print('\n| figure | hub | bare loop | ratio | bar | |\n|---|---:|---:|---:|---:|---|');
    const speed = (name: string, count: number, hubSeconds: number, bareSeconds: number) => {
      const ratio = bareSeconds / hubSeconds;
      row(
        [name, perSecond(count, hubSeconds), perSecond(count, bareSeconds), ratio.toFixed(2), '≥ 0.5'],
        ratio >= 0.5,
      );
    };
    speed('one receiver, events/s', eventsOne, seconds.hubOne, seconds.bareOne);
    speed('ten receivers, deliveries/s', sentTen, seconds.hubTen, seconds.bareTen);
    for (const [share, bar] of [
      [0.5, 2],
      [0.99, 3],
    ] as const) {
      const [a, b] = [percentile(own, share), percentile(loop, share)];
      const name = `idle, accept to receive, p${share * 100}, ms`;
      row([name, a.toFixed(1), b.toFixed(1), (a / b).toFixed(2), `≤ ${bar}`], a / b <= bar);
    }
    row(['lost, twice', `${lost}, ${twice}`, '', '', '0, 0'], lost + twice === 0);
    printRows(meters, { one: eventsOne, ten: perRound.ten * rounds });
  } finally {
    await client.close();
    await hub.stop();
  }
}

interface Meter {
  statements: number;
  rowsWritten: Record<string, number>;
}

/** What the events of each program cost in the database, of each table the rows. */
function printRows(meters: Record<'one' | 'ten', Meter[]>, events: Record<'one' | 'ten', number>): void {
  print('\nD1 rows written, as D1 counts them, index entries among them\n');
  print('| table | one receiver, per event | ten, per event | ten, per delivery |');
  print('|---|---:|---:|---:|');
  const sum = (all: Meter[], count: (meter: Meter) => number) =>
    all.reduce((total, meter) => total + count(meter), 0);
  const line = (name: string, count: (meter: Meter) => number) => {
    const [one, ten] = [sum(meters.one, count) / events.one, sum(meters.ten, count) / events.ten];
    print(`| ${name} | ${one.toFixed(2)} | ${ten.toFixed(2)} | ${(ten / 10).toFixed(2)} |`);
  };
  const tables = new Set(
    [...meters.one, ...meters.ten].flatMap(({ rowsWritten }) => Object.keys(rowsWritten)),
  );
  for (const table of [...tables].sort()) line(table, ({ rowsWritten }) => rowsWritten[table] ?? 0);
  line('all', ({ rowsWritten }) => Object.values(rowsWritten).reduce((total, count) => total + count, 0));
  line('statements', ({ statements }) => statements);
}

const perSecond = (count: number, seconds: number) => Math.round(count / seconds).toLocaleString('en');
const print = (line: string) => process.stdout.write(`${line}\n`);
const row = (cells: string[], isMet: boolean) =>
  print(`| ${cells.join(' | ')} | ${isMet ? 'met' : 'NOT MET'} |`);

print(`Node ${process.versions.node}, ${availableParallelism()} × ${cpus()[0]?.model.trim()}`);
await compare();
await burst(Math.round(1_000 * scale));
