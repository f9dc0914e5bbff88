/**
 * A TCP proxy on loopback that holds every byte back for half a round trip in each direction, without limiting
 * how many are under way. A process of its own, so that it takes no time from either peer.
 * `node bench/delay-proxy.ts PORT ROUND_TRIP_MS`; prints the port it listens on.
 */
import { connect, createServer, type Socket } from 'node:net';

const [port = 0, roundTripMs = 0] = process.argv.slice(2).map(Number);

function delay(from: Socket, to: Socket): void {
  const waiting: { dueMs: number; data: Buffer | null }[] = [];
  let timer: NodeJS.Timeout | null = null;
  const release = () => {
    timer = null;
    const now = performance.now();
    to.cork();
    while (waiting[0] && waiting[0].dueMs <= now) {
      const { data } = waiting.shift() as { data: Buffer | null };
      if (data) to.write(data);
      else to.end();
    }
    to.uncork();
    schedule();
  };
  const schedule = () => {
    if (timer === null && waiting[0])
      timer = setTimeout(release, Math.max(0, waiting[0].dueMs - performance.now()));
  };
  const push = (data: Buffer | null) => {
    waiting.push({ dueMs: performance.now() + roundTripMs / 2, data });
    schedule();
  };
  from.on('data', push);
  from.on('end', () => push(null));
  from.on('error', () => to.destroy());
  from.on('close', () => push(null));
}

const server = createServer({ noDelay: true, allowHalfOpen: true }, (inner) => {
  const outer = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
  delay(inner, outer);
  delay(outer, inner);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address !== 'string') process.stdout.write(`${address.port}\n`);
});
