import { openAsBlob } from 'node:fs';
import { DemoFailure } from './failures.ts';

export interface Counts {
  read: number;
  rejected: number;
  inserted: number;
  updated: number;
  unchanged: number;
  deleted: number;
}

interface RowError {
  line: number;
  column: string | null;
  code: string;
  message: string;
}

export interface Job {
  jobId: string;
  status: string;
  phase: string | null;
  waitingFor: string | null;
  attempt: number;
  progress: { percent: number; rowsRead: number };
  rows: Counts;
  errors: RowError[];
  message: string;
  queuedAt: string;
  finishedAt: string | null;
  notification: { messageId: string };
}

export interface StoredRecord {
  key: string;
  data: Record<string, unknown>;
}

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

interface Problem {
  title?: string;
  detail?: string;
  code?: string;
  requestId?: string;
  errors?: { path: string; message: string }[];
}

/** Calls the hub with one key; an answer that is no success ends the demo with its problem detail. */
export class HubClient {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  get<T>(path: string): Promise<T> {
    return this.#call('GET', path, {});
  }

  /** The body as it stands, which is no JSON. */
  async text(path: string): Promise<string> {
    const response = await fetch(`${this.#url}${path}`, { headers: this.#headers() });
    if (!response.ok) throw new DemoFailure(`GET ${path} was answered with ${response.status}.`);
    return response.text();
  }

  /** Null where there is none. */
  find<T>(path: string): Promise<T | null> {
    return this.#call('GET', path, {}, null);
  }

  /** Every item of a list, page by page. */
  async all<T>(path: string): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: Page<T> = await this.get(`${path}?limit=200${query}`);
      items.push(...page.items);
      cursor = page.nextCursor;
    }
    return items;
  }

  send<T>(method: 'POST' | 'PUT' | 'PATCH', path: string, body: unknown = {}): Promise<T> {
    const headers = { 'content-type': 'application/json' };
    return this.#call(method, path, { headers, body: JSON.stringify(body) });
  }

  async remove(path: string): Promise<void> {
    await this.#call('DELETE', path, {});
  }

  /** Streams a file from the disk. */
  async putFile<T>(path: string, file: string): Promise<T> {
    const headers = { 'content-type': 'text/csv' };
    return this.#call('PUT', path, { headers, body: await openAsBlob(file) });
  }

  #headers(): Record<string, string> {
    // The runtime ends an idle connection after seconds, perhaps while the next call is being written to it.
    return { connection: 'close', 'x-api-key': this.#key };
  }

  async #call<T>(
    method: string,
    path: string,
    init: { headers?: object; body?: BodyInit },
    absent?: T,
  ): Promise<T> {
    const headers = { ...this.#headers(), ...init.headers };
    const response = await fetch(`${this.#url}${path}`, { ...init, method, headers });
    const text = await response.text();
    if (response.ok) return JSON.parse(text === '' ? 'null' : text);
    if (response.status === 404 && absent !== undefined) return absent;
    throw new DemoFailure(`${method} ${path} was answered with ${describe(response.status, text)}`);
  }
}

function describe(status: number, text: string): string {
  let problem: Problem;
  try {
    problem = JSON.parse(text);
  } catch {
    return `${status}: ${text.slice(0, 500)}`;
  }
  const { title, detail, code, requestId, errors = [] } = problem;
  const lines = errors.slice(0, 10).map(({ path, message }) => `\n  ${path}: ${message}`);
  return `${status} ${title}: ${detail} (code ${code}, request ${requestId})${lines.join('')}`;
}
