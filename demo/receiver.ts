import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { DemoFailure } from './failures.ts';

export interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

/** A school's own endpoint, played by an HTTP server on loopback that says yes to everything. */
export interface Receiver {
  url: string;
  received: Received[];
  close(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  // On a busy machine it would close a connection as idle while the hub writes its next call to it.
  const server = createServer({ keepAliveTimeout: 0 }, async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    received.push({ headers: request.headers, body: Buffer.concat(parts).toString('utf8') });
    response.end('ok');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the receiver has no port');
  return {
    url: `http://127.0.0.1:${address.port}/done`,
    received,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Waits until something is there; after `seconds` the demo ends with `otherwise`. */
export async function waitFor<T>(
  ask: () => T | undefined | Promise<T | undefined>,
  seconds: number,
  otherwise: string,
): Promise<T> {
  const deadlineMs = Date.now() + seconds * 1_000;
  for (;;) {
    const value = await ask();
    if (value !== undefined) return value;
    if (Date.now() > deadlineMs) throw new DemoFailure(otherwise);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
