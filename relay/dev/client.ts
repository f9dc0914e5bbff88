import { createHash, randomBytes } from 'node:crypto';
import { type IncomingHttpHeaders, request } from 'node:http';
import type { Readable } from 'node:stream';
import { sign } from '../src/signature.ts';

/** What the relay answered: the parsed body, whichever it was. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: an answer's members are what its readers are about.
  body: any;
  text: string;
}

export interface CallOptions {
  url: string;
  token: string;
  method?: string;
  path: string;
  envelope?: unknown;
  file?: Uint8Array | Readable;
  attemptId?: string;
  timeMs?: number;
  /** Instead of those that are right. */
  headers?: Record<string, string>;
}

export const newAttemptId = () => `att_${randomBytes(12).toString('hex')}`;

/** Signs and sends one call as CONTRACT.md says; rejects when no whole answer comes. */
export async function callRelay(options: CallOptions): Promise<Answer> {
  const { path, file } = options;
  const method = options.method ?? 'POST';
  const envelope =
    options.envelope === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(options.envelope));
  const attemptId = options.attemptId ?? newAttemptId();
  const timeMs = String(options.timeMs ?? Date.now());
  const signature = sign(options.token, { timeMs, attemptId, method, path, envelope });
  return new Promise((resolve, reject) => {
    const outgoing = request(`${options.url}${path}`, {
      method,
      headers: {
        'x-crosswalk-time': timeMs,
        'x-crosswalk-attempt': attemptId,
        'x-crosswalk-signature': signature,
        'x-crosswalk-envelope': String(envelope.length),
        ...options.headers,
      },
    });
    let answered = false;
    outgoing.on('response', (response) => {
      answered = true;
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        outgoing.destroy();
        try {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: text.trim() === '' ? null : JSON.parse(text),
            text,
          });
        } catch (error) {
          reject(error);
        }
      });
    });
    outgoing.on('error', (error) => {
      if (!answered) reject(error);
    });
    if (method === 'GET') return outgoing.end();
    outgoing.write(Buffer.concat([envelope, Buffer.from('\n')]));
    if (file === undefined) return outgoing.end();
    if (file instanceof Uint8Array) return outgoing.end(file);
    file.on('error', () => outgoing.destroy());
    return file.pipe(outgoing);
  });
}

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
