import type { IncomingMessage } from 'node:http';

/** A request that is not admitted: answered with a status of its own, nothing attempted. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly status: number;
  readonly code: string;
  readonly retryAfter: number | null;

  constructor(status: number, code: string, message: string, retryAfter: number | null = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** A request whose form is right; whether it is signed is not known yet. */
export interface SignedRequest {
  method: string;
  path: string;
  timeMs: string;
  attemptId: string;
  signature: string;
  envelope: Buffer;
  /** What follows the envelope: the file. */
  rest: AsyncIterable<Buffer>;
}

const methods: Record<string, string> = { '/v1/put': 'POST', '/v1/probe': 'POST', '/v1/egress': 'GET' };
const longestEnvelope = 65_536;
const envelopeSeconds = 20;

/** Reads headers and envelope. Throws a `Refusal`. */
export async function readRequest(message: IncomingMessage): Promise<SignedRequest> {
  const path = message.url ?? '/';
  const method = message.method ?? '';
  const wanted = Object.hasOwn(methods, path) ? methods[path] : undefined;
  if (wanted === undefined) throw new Refusal(404, 'not_found', 'The relay has no such call.');
  if (method !== wanted) throw new Refusal(405, 'not_found', `This call is a ${wanted}.`);
  const timeMs = header(message, 'x-crosswalk-time', /^\d{1,15}$/);
  const attemptId = header(message, 'x-crosswalk-attempt', /^[A-Za-z0-9_-]{8,64}$/);
  const signature = header(message, 'x-crosswalk-signature', /^v1=[0-9a-f]{64}$/);
  const length = Number(header(message, 'x-crosswalk-envelope', /^\d{1,5}$/));
  if (length > longestEnvelope || (method === 'GET') !== (length === 0))
    throw new Refusal(400, 'bad_request', 'The envelope has 1 to 65,536 bytes, and that of a GET none.');
  // Ending the loop early must not cut the connection: the answer has to go back on it.
  const pieces = (message.iterator as (options: object) => AsyncIterableIterator<Buffer>)({
    destroyOnReturn: false,
  });
  const { envelope, rest } =
    length === 0 ? { envelope: Buffer.alloc(0), rest: Buffer.alloc(0) } : await readEnvelope(pieces, length);
  return { method, path, timeMs, attemptId, signature, envelope, rest: follow(rest, pieces) };
}

function header(message: IncomingMessage, name: string, form: RegExp): string {
  const value = message.headers[name];
  if (typeof value !== 'string' || !form.test(value))
    throw new Refusal(400, 'bad_request', `The header ${name} is missing or not of the contract's form.`);
  return value;
}

async function readEnvelope(
  pieces: AsyncIterator<Buffer>,
  length: number,
): Promise<{ envelope: Buffer; rest: Buffer }> {
  const parts: Buffer[] = [];
  let total = 0;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Refusal(408, 'bad_request', 'The envelope did not come in time.')),
      envelopeSeconds * 1_000,
    );
  });
  try {
    while (total <= length) {
      const { done, value } = await Promise.race([next(pieces), late]);
      if (done) throw new Refusal(400, 'bad_request', 'The body ends within the envelope.');
      parts.push(value);
      total += value.length;
    }
  } finally {
    clearTimeout(timer);
  }
  const all = Buffer.concat(parts);
  if (all[length] !== 0x0a)
    throw new Refusal(400, 'bad_request', 'The envelope is not ended by a line end where its length says.');
  return { envelope: all.subarray(0, length), rest: all.subarray(length + 1) };
}

async function next(pieces: AsyncIterator<Buffer>): Promise<IteratorResult<Buffer>> {
  try {
    return await pieces.next();
  } catch {
    throw new Refusal(400, 'bad_request', 'The body broke off within the envelope.');
  }
}

async function* follow(first: Buffer, pieces: AsyncIterableIterator<Buffer>): AsyncIterable<Buffer> {
  if (first.length > 0) yield first;
  for (;;) {
    const { done, value } = await pieces.next();
    if (done) return;
    yield value;
  }
}
