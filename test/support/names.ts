import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a resolver says of a name: an answer of DNS over HTTPS in JSON, or an HTTP status where it fails. */
export type Zone = { Status: number; A?: string[]; AAAA?: string[]; via?: string } | { http: number };

export interface Resolver {
  url: string;
  /** What it says of every name from now on. */
  says(zone: Zone): void;
  /** The names and types it was asked for, in the order asked. */
  asked: string[];
  close(): Promise<void>;
}

const types = { A: 1, AAAA: 28 } as const;

/** A real resolver over HTTP, in the JSON form that the hub reads, on loopback. */
export async function startResolver(first: Zone): Promise<Resolver> {
  let zone = first;
  const asked: string[] = [];
  // On a busy machine it would close a connection as idle while the hub writes its next call to it.
  const server = createServer({ keepAliveTimeout: 0 }, ({ url = '' }, response) => {
    const query = new URL(url, 'http://resolver').searchParams;
    const [name = '', type = 'A'] = [query.get('name'), query.get('type') as keyof typeof types];
    asked.push(`${name} ${type}`);
    if ('http' in zone) {
      response.writeHead(zone.http).end();
      return;
    }
    const { Status, via } = zone;
    const alias = via === undefined ? [] : [{ name, type: 5, data: via }];
    const addresses = (zone[type] ?? []).map((data) => ({ name: via ?? name, type: types[type], data }));
    const Answer = Status === 0 ? [...alias, ...addresses] : [];
    response.writeHead(200, { 'content-type': 'application/dns-json' });
    response.end(JSON.stringify({ Status, ...(Answer.length === 0 ? {} : { Answer }) }));
  });
  return {
    url: `http://127.0.0.1:${await listen(server)}/dns-query`,
    says(next) {
      zone = next;
    },
    asked,
    close: () => close(server),
  };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
