import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { localSystemKey } from '../scripts/hub.ts';

export interface Receipt {
  path: string;
  eventId: string;
  atMs: number;
  status: number;
}

export interface BenchProgram {
  key: string;
  endpoints: { webhookId: string; url: string; secret: string; path: string }[];
}

/** Answers a request that came whole, or leaves it without one; the status it was given, 0 for none. */
export type Answering = (path: string, eventId: string, response: ServerResponse) => number;

export interface Client {
  receipts: Receipt[];
  /** How a path is answered; 200 for those without. */
  behaviours: Map<string, Answering>;
  /** A program with an endpoint for each path, all of them for its own events. */
  program(programId: string, paths: string[]): Promise<BenchProgram>;
  publish(path: string, key: string | null, programId: string, eventId: string): Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: a bench reads what it asked for.
  call(method: string, path: string, body?: unknown, key?: string): Promise<any>;
  waitFor(count: number, seconds?: number): Promise<void>;
  lastReceiptMs(): number;
  /** From the publishing call to the receipt. */
  latencyOf(receipt: Receipt | undefined): number;
  /** Waits until nothing of a program is pending or on its way. */
  settled(programId: string, key: string): Promise<void>;
  /** Of what was published: never answered with a 2xx by some path that got others of its program, or twice. */
  count(): { lost: number; twice: number };
  close(): Promise<void>;
}

/** A publisher and its receivers, on connections that stay open. */
export async function startClient(hubUrl: string): Promise<Client> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const sentAt = new Map<string, number>();
  const programOf = new Map<string, string>();
  const pathsOf = new Map<string, string[]>();
  const receipts: Receipt[] = [];
  const behaviours = new Map<string, Answering>();

  const receive = async (incoming: IncomingMessage, response: ServerResponse) => {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString('utf8');
    const eventId = /"PublisherEventId":"([^"]*)"/.exec(body)?.[1] ?? '';
    const path = incoming.url ?? '';
    const atMs = performance.now();
    const behaviour = behaviours.get(path);
    let status = 200;
    if (behaviour) status = behaviour(path, eventId, response);
    else response.end('ok');
    receipts.push({ path, eventId, atMs, status });
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, response) => {
    receive(incoming, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const send = (method: string, path: string, key: string | null, body?: unknown) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = {
        ...(key === null ? {} : { 'x-api-key': key }),
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
      };
      const outgoing = request(`${hubUrl}${path}`, { method, agent, headers }, (answer) => {
        let got = '';
        answer.setEncoding('utf8');
        answer.on('data', (part) => (got += part));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: got }));
        answer.on('error', reject);
      });
      outgoing.on('error', reject);
      outgoing.end(text);
    });

  const call: Client['call'] = async (method, path, body, key = localSystemKey) => {
    const { status, text } = await send(method, path, key, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  };

  return {
    receipts,
    behaviours,
    call,
    async program(programId, paths) {
      await call('POST', '/api/programs', { programId, name: programId });
      const scopes = ['read', 'events:publish', 'webhooks'];
      const { key } = await call('POST', `/api/programs/${programId}/keys`, { name: 'bench', scopes });
      pathsOf.set(programId, paths);
      const endpoints: BenchProgram['endpoints'] = [];
      for (const path of paths) {
        const body = { url: url + path, events: ['event.published'] };
        const { webhookId, secret } = await call('POST', `/api/programs/${programId}/webhooks`, body);
        endpoints.push({ webhookId, secret, url: url + path, path });
      }
      return { key, endpoints };
    },
    async publish(path, key, programId, eventId) {
      programOf.set(eventId, programId);
      sentAt.set(eventId, performance.now());
      const { status, text } = await send('POST', path, key, {
        PublisherProgramId: programId,
        PublisherEventId: eventId,
        EventType: 'courseCompletion',
        EventStartUtc: '2026-11-22T08:00:00Z',
        PublisherEventCategory: { value: 'COURSE', label: 'A course' },
        PublisherEventData: { student: `S${eventId}`, course: 'Algebra II', grade: 'A', credits: 4 },
      });
      if (status !== 201) throw new Error(`publishing was answered with ${status}: ${text}`);
    },
    waitFor: (count, seconds = 120) =>
      until(
        async () => receipts.length >= count,
        seconds,
        () => `${receipts.length} of ${count} receipts`,
      ),
    lastReceiptMs: () => receipts.at(-1)?.atMs ?? 0,
    latencyOf: (receipt) => (receipt ? receipt.atMs - (sentAt.get(receipt.eventId) ?? 0) : 0),
    settled: (programId, key) =>
      until(
        async () => {
          for (const status of ['sending', 'pending']) {
            const path = `/api/programs/${programId}/deliveries?limit=1&status=${status}`;
            if ((await call('GET', path, undefined, key)).items.length > 0) return false;
          }
          return true;
        },
        60,
        () => `${programId} has not settled`,
      ),
    count() {
      const taken = new Map<string, number>();
      for (const { path, eventId, status } of receipts) {
        if (status < 200 || status > 299) continue;
        const name = `${path} ${eventId}`;
        taken.set(name, (taken.get(name) ?? 0) + 1);
      }
      let lost = 0;
      for (const [eventId, programId] of programOf) {
        for (const path of pathsOf.get(programId) ?? []) if (!taken.has(`${path} ${eventId}`)) lost++;
      }
      return { lost, twice: [...taken.values()].filter((count) => count > 1).length };
    },
    async close() {
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export async function until(
  holds: () => Promise<boolean>,
  seconds: number,
  last: () => string,
  everyMs = 2,
): Promise<void> {
  const deadline = performance.now() + seconds * 1_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Not within ${seconds} s: ${last()}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** The value below which this share of them lies. */
export function percentile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
