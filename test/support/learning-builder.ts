import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { until } from './client.ts';

/** A call that kept to CreateBatch's contract. */
export interface BatchCall {
  fileName: string;
  processId: string;
  lines: string[];
}

/**
 * What becomes of a call that keeps to the contract: it is taken; refused with a status; taken, and the
 * connection dropped before the answer; answered 200 with a page of HTML; or taken, and left without answer.
 */
export type Fate = 'take' | number | 'take and drop' | 'html' | 'take and hang';

export interface LearningBuilder {
  url: string;
  apiKey: string;
  /** Every call that kept to the contract, whatever became of it. */
  calls: BatchCall[];
  /** Calls that broke it, with what was wrong. */
  broken: string[];
  /** Of each row that was taken, how often: by file name and line. */
  taken: Map<string, { call: BatchCall; times: number }>;
  decide(fate: (call: BatchCall) => Fate): void;
  /** Waits until so many calls have come. */
  waitFor(count: number, seconds?: number): Promise<BatchCall[]>;
  /** The rows that were taken, read, in the order of their calls; those of a repeated call once. */
  rows(): Record<string, unknown>[];
  close(): Promise<void>;
}

/**
 * The receiving side: an HTTP server that enforces CreateBatch as its documentation has it: POST, query
 * parameters, `Authorization: apikey …`, JSON Lines of one object each (an array fails), a creation path of 1
 * to 15 of A-Z, 0-9 and "_". It answers `{queueBatchId, queueBatchDetails}`.
 */
export async function startLearningBuilder(apiKey = 'lb-secret-key'): Promise<LearningBuilder> {
  const calls: BatchCall[] = [];
  const broken: string[] = [];
  const taken = new Map<string, { call: BatchCall; times: number }>();
  let decide: (call: BatchCall) => Fate = () => 'take';
  let batches = 0;

  const take = (call: BatchCall) => {
    const before = taken.get(call.fileName);
    if (before && before.call.lines.join('\n') !== call.lines.join('\n'))
      broken.push(`${call.fileName} came twice, with other rows`);
    taken.set(call.fileName, { call, times: (before?.times ?? 0) + 1 });
  };
  const answer = (call: BatchCall, response: ServerResponse) => {
    calls.push(call);
    const fate = decide(call);
    if (typeof fate === 'number') {
      response.writeHead(fate, { 'content-type': 'application/json' }).end('{"message":"no"}');
      return;
    }
    if (fate === 'html') {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Sign in</body></html>');
      return;
    }
    take(call);
    if (fate === 'take and hang') return;
    if (fate === 'take and drop') {
      response.socket?.destroy();
      return;
    }
    batches += 1;
    const queueBatchId = `batch-${batches}`;
    const queueBatchDetails = `https://lb.example/batch?batchId=${queueBatchId}`;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ queueBatchId, queueBatchDetails }));
  };

  // On a busy machine it would close a connection as idle while the hub writes its next call to it.
  const server = createServer({ keepAliveTimeout: 0 }, async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const read = readCall(request, Buffer.concat(parts).toString('utf8'), apiKey);
    if (typeof read !== 'string') return answer(read, response);
    broken.push(read);
    response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ message: read }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    apiKey,
    calls,
    broken,
    taken,
    decide(fate) {
      decide = fate;
    },
    waitFor: (count, seconds = 240) =>
      until(
        async () => calls,
        (all) => all.length >= count,
        seconds,
      ),
    rows: () => [...taken.values()].flatMap(({ call }) => call.lines.map((line) => JSON.parse(line))),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function readCall(request: IncomingMessage, body: string, apiKey: string): BatchCall | string {
  const url = new URL(request.url ?? '/', 'http://lb.example');
  const query = (name: string) => url.searchParams.get(name) ?? '';
  if (request.method !== 'POST' || url.pathname !== '/API/WorkflowImportQueue/CreateBatch')
    return `${request.method} ${url.pathname} is no call of CreateBatch`;
  if (request.headers.authorization !== `apikey ${apiKey}`) return 'the Authorization header is not the key';
  if (query('fileName') === '') return 'there is no fileName';
  if (!/^[1-9]\d*$/.test(query('importProcessId'))) return 'there is no importProcessId';
  if (!/^[A-Z0-9_]{1,15}$/.test(query('creationPath'))) return 'the creationPath is not 1 to 15 of A-Z0-9_';
  const lines = body.split('\n');
  if (lines.pop() !== '') return 'the last line does not end';
  if (lines.length === 0) return 'there is no row';
  for (const [index, line] of lines.entries()) {
    let row: unknown;
    try {
      row = JSON.parse(line);
    } catch {
      return `line ${index + 1} is not JSON`;
    }
    if (typeof row !== 'object' || row === null || Array.isArray(row))
      return `line ${index + 1} is no object`;
  }
  return { fileName: query('fileName'), processId: query('importProcessId'), lines };
}
