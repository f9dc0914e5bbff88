import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { localSystemKey, type Mail, readMails } from '../../scripts/hub.ts';

export { localSystemKey };

/** What JSON answers hold; tests assert on it, so its members are not typed. */
// biome-ignore lint/suspicious/noExplicitAny: an answer's members are what the tests are about.
export type Body = any;

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON; undefined when it is none. */
  body: Body;
}

export interface CallOptions {
  /** The key to send; null sends none. */
  key?: string | null;
  body?: unknown;
  headers?: Record<string, string>;
}

export type Call = (method: string, path: string, options?: CallOptions) => Promise<Answer>;

/** Calls a hub; a body that is no string, bytes or stream goes as JSON. */
export function caller(url: string, defaultKey: string | null): Call {
  return async (method, path, { key = defaultKey, body, headers = {} } = {}) => {
    const raw = typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream;
    const init: RequestInit & { duplex?: 'half' } = {
      method,
      headers: {
        // The runtime ends an idle connection after seconds, perhaps while the next call is being written to it.
        connection: 'close',
        ...(key === null ? {} : { 'x-api-key': key }),
        ...(body !== undefined && !raw ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      redirect: 'manual',
    };
    if (body !== undefined) init.body = raw ? (body as BodyInit) : JSON.stringify(body);
    if (body instanceof ReadableStream) init.duplex = 'half';
    const response = await fetch(`${url}${path}`, init);
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parse(text) };
  };
}

function parse(text: string): Body {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Fails with the whole answer in view. */
export function expectStatus(answer: Answer, status: number): Answer {
  expect(answer.status, `expected ${status}, got ${answer.status}: ${answer.text.slice(0, 2_000)}`).toBe(
    status,
  );
  return answer;
}

export interface TestProgram {
  programId: string;
  /** A key with every scope. */
  key: string;
  keyId: string;
  /** Calls with the program's key. */
  call: Call;
  /** A key with these scopes alone. */
  keyWith(...scopes: string[]): Promise<string>;
}

export const allScopes = [
  'read',
  'files',
  'jobs',
  'events:publish',
  'events:pull',
  'templates',
  'exports',
  'flows',
  'webhooks',
  'manage',
];

/** A tenant of its own for each test. */
export async function newProgram(url: string, settings: Record<string, unknown> = {}): Promise<TestProgram> {
  const programId = `t-${randomBytes(8).toString('hex')}`;
  const system = caller(url, localSystemKey);
  expectStatus(
    await system('POST', '/api/programs', { body: { programId, name: programId, ...settings } }),
    201,
  );
  const makeKey = async (scopes: string[]) => {
    const made = await system('POST', `/api/programs/${programId}/keys`, { body: { name: 'test', scopes } });
    return expectStatus(made, 201).body as { keyId: string; key: string };
  };
  const { key, keyId } = await makeKey(allScopes);
  return {
    programId,
    key,
    keyId,
    call: caller(url, key),
    keyWith: async (...scopes) => (await makeKey(scopes)).key,
  };
}

/** Asks again until the condition holds; fails with the last value after `seconds`. */
export async function until<T>(
  ask: () => Promise<T>,
  holds: (value: T) => boolean,
  seconds = 240,
): Promise<T> {
  const deadline = Date.now() + seconds * 1_000;
  for (;;) {
    const value = await ask();
    if (holds(value)) return value;
    if (Date.now() > deadline) {
      throw new Error(
        `The condition did not hold within ${seconds} s. Last: ${JSON.stringify(value)?.slice(0, 2_000)}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The job once it has ended. */
export async function jobEnded(call: Call, jobId: string, seconds = 240): Promise<Body> {
  const answer = await until(
    () => call('GET', `/api/jobs/${jobId}`),
    ({ status, body }) => status !== 200 || body.finishedAt !== null,
    seconds,
  );
  return expectStatus(answer, 200).body;
}

export const peopleTask = {
  folder: 'warehouse',
  dataset: 'people',
  mode: 'full',
  schema: {
    fields: [
      { name: 'id', type: 'integer' },
      { name: 'name', type: 'string' },
    ],
    primaryKey: 'id',
  },
};

/** Drops a file, calls its job, and gives the call's answer. */
export async function dropAndCall(
  program: Pick<TestProgram, 'programId' | 'call'>,
  job: string,
  filename: string,
  content: string | Uint8Array,
  call: Record<string, unknown> = {},
): Promise<Answer> {
  const put = await program.call('PUT', `/api/programs/${program.programId}/files/warehouse/${filename}`, {
    body: content,
  });
  expectStatus(put, 201);
  return program.call('POST', `/api/webhook/${job}`, { body: { filename, ...call } });
}

/** The mails a hub sent to an address, from its log. */
export function mailsTo(hubLog: string, address: string): Mail[] {
  return readMails(readFileSync(hubLog, 'utf8').split('\n')).filter((mail) => mail.to === address);
}
