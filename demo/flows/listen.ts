import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { HubClient } from '../client.ts';
import type { Student } from './students.ts';

/** What the webhook `flow.external_source.sync_requested` carries. */
export interface SyncRequest {
  requestId: string;
  flowId: number;
  flowCode: string;
  references: string[];
  /** The same sources with the ids that allocations ask for. */
  sources: { id: number; reference: string }[];
}

export interface Work {
  hub: HubClient;
  request: SyncRequest;
  source: { id: number; reference: string };
  /** Asks the student system; throws with a sentence for the manager where it has no answer. */
  students<T>(path: string, query: Record<string, string>): Promise<T>;
}

/** Brings one source up to date, and says in a few words what it did. */
export type Routine = (work: Work) => Promise<string>;

export interface Participant {
  participantId: number;
  externalId: string;
}

const env = (name: string): string => {
  const value = process.env[name];
  if (value === undefined)
    throw new Error(`${name} is not set: HUB_URL, HUB_KEY, PROGRAM and STUDENTS_URL are.`);
  return value;
};

const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

/**
 * The frame of an integration: registers its webhook, verifies what comes, answers at once, and then runs the
 * routine for each source and reports done or fail. A delivery may come twice; its id tells. SIGTERM ends it.
 */
export async function listen(routine: Routine): Promise<void> {
  const hub = new HubClient(env('HUB_URL'), env('HUB_KEY'));
  const program = `/api/programs/${env('PROGRAM')}`;
  const seen = new Set<string>();
  let verifier: Webhook | null = null;
  let work = Promise.resolve();
  // On a busy machine it would close a connection as idle while the hub writes its next call to it.
  const server = createServer({ keepAliveTimeout: 0 }, async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString('utf8');
    const id = String(request.headers['webhook-id']);
    if (verifier === null || !isGenuine(verifier, body, request.headers)) {
      response.writeHead(401).end();
      return;
    }
    response.writeHead(204).end();
    if (seen.has(id)) return;
    seen.add(id);
    const { data }: { data: SyncRequest } = JSON.parse(body);
    say({ heard: id, requestId: data.requestId, references: data.references });
    work = work.then(() => answer(hub, data, routine));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the integration has no port');
  const url = `http://127.0.0.1:${address.port}/sync`;
  const events = ['flow.external_source.sync_requested'];
  const made = await hub.send<{ webhookId: string; secret: string }>('POST', `${program}/webhooks`, {
    url,
    events,
  });
  verifier = new Webhook(made.secret);
  process.once('SIGTERM', () => process.exit(0));
  say({ listening: url, webhookId: made.webhookId });
}

function isGenuine(verifier: Webhook, body: string, headers: IncomingHttpHeaders): boolean {
  try {
    verifier.verify(body, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}

async function answer(hub: HubClient, request: SyncRequest, routine: Routine): Promise<void> {
  const { requestId, flowId } = request;
  for (const source of request.sources) {
    const { reference } = source;
    const report = async (verb: 'done' | 'fail', body: object) =>
      hub.send(
        'POST',
        `/api/flows/${flowId}/external-sources/${encodeURIComponent(reference)}/sync/${verb}`,
        body,
      );
    try {
      const did = await routine({ hub, request, source, students: askStudents });
      await report('done', { requestId });
      say({ reported: 'done', requestId, reference, did });
    } catch (error) {
      const message = error instanceof Error ? error.message.slice(0, 500) : 'The routine failed.';
      // Where not even that can be said, the hub's time limit says it.
      await report('fail', { requestId, message }).catch(() => {});
      say({ reported: 'fail', requestId, reference, did: message });
    }
  }
}

async function askStudents<T>(path: string, query: Record<string, string>): Promise<T> {
  const response = await fetch(`${env('STUDENTS_URL')}${path}?${new URLSearchParams(query)}`);
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  const named = Object.values(query).join(' or ');
  throw new Error(
    response.status === 404
      ? `The student system knows nothing of ${named}.`
      : `The student system does not answer (${response.status}).`,
  );
}

interface Results {
  results: { participantId: number | null; result: string }[];
}

/** Puts students on a flow; their participant ids, and how many were new or changed. */
export async function putOnFlow(hub: HubClient, flowId: number, students: Student[]) {
  const body = students.map(({ id, name, email }) => ({ externalId: id, name, email }));
  if (body.length === 0) return { ids: [], created: 0, updated: 0 };
  const { results } = await hub.send<Results>('POST', `/api/flows/${flowId}/participants`, body);
  const count = (wanted: string) => results.filter(({ result }) => result === wanted).length;
  if (count('invalid') > 0)
    throw new Error(`${count('invalid')} students have data that the flow does not take.`);
  const ids = results.flatMap(({ participantId }) => participantId ?? []);
  return { ids, created: count('created'), updated: count('updated') };
}
