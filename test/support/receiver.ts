import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { until } from './client.ts';

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  atMs: number;
}

export interface Receiver {
  url: string;
  received: Received[];
  /** Decides the answers from now on; 200 unless told. May leave a request without one. */
  answer(decide: (request: Received, response: ServerResponse) => void): void;
  /** Waits until so many requests have come. */
  waitFor(count: number, seconds?: number): Promise<Received[]>;
  close(): Promise<void>;
}

/** A real HTTP receiver on loopback. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  let decide = (_: Received, response: ServerResponse) => {
    response.end('ok');
  };
  // On a busy machine it would close a connection as idle while the hub writes its next call to it.
  const server = createServer({ keepAliveTimeout: 0 }, async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const one = {
      path: request.url ?? '/',
      headers: request.headers,
      body: Buffer.concat(parts).toString('utf8'),
      atMs: Date.now(),
    };
    received.push(one);
    decide(one, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    received,
    answer(next) {
      decide = next;
    },
    waitFor: (count, seconds = 240) =>
      until(
        async () => received,
        (all) => all.length >= count,
        seconds,
      ),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
