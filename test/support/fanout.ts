import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Behaviour } from './behaviours.ts';
import { type Body, expectStatus, newProgram, type TestProgram, until } from './client.ts';
import { type Received, type Receiver, startReceiver } from './receiver.ts';

export const webhooksPath = ({ programId }: TestProgram) => `/api/programs/${programId}/webhooks`;

/** A receiver whose paths each behave as they are told; 200 for the others. */
export interface Crowd {
  receiver: Receiver;
  /** A fresh path that behaves so. */
  path(behaviour?: Behaviour): string;
  behave(path: string, behaviour: Behaviour | null): void;
  at(path: string): Received[];
  close(): Promise<void>;
}

export async function startCrowd(): Promise<Crowd> {
  const receiver = await startReceiver();
  const behaviours = new Map<string, Behaviour>();
  let paths = 0;
  receiver.answer((request, response) => {
    const behaviour = behaviours.get(request.path);
    if (behaviour) behaviour(request, response);
    else response.end('ok');
  });
  return {
    receiver,
    path(behaviour) {
      const path = `/crowd-${++paths}`;
      if (behaviour) behaviours.set(path, behaviour);
      return path;
    },
    behave(path, behaviour) {
      if (behaviour) behaviours.set(path, behaviour);
      else behaviours.delete(path);
    },
    at: (path) => receiver.received.filter((one) => one.path === path),
    close: () => receiver.close(),
  };
}

/** One for a file of tests, from before the first of them until after the last. */
export function ownCrowd(): Crowd {
  const crowd = {} as Crowd;
  beforeAll(async () => {
    Object.assign(crowd, await startCrowd());
  });
  afterAll(() => crowd.close?.());
  return crowd;
}

/** `prefix-0`, `prefix-1` … */
export const idsOf = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

/** The endpoint as its creation was answered. */
export async function createWebhook(program: TestProgram, body: Body): Promise<Body> {
  return expectStatus(await program.call('POST', webhooksPath(program), { body }), 201).body;
}

export type Endpoint = Awaited<ReturnType<typeof newEndpoint>>;

/** A program with an endpoint that behaves so, for messages of all types. */
export async function newEndpoint(hubUrl: string, crowd: Crowd, behaviour?: Behaviour, more: Body = {}) {
  const program = await newProgram(hubUrl);
  const path = crowd.path(behaviour);
  const webhook = await createWebhook(program, { url: crowd.receiver.url + path, events: ['*'], ...more });
  return { program, path, webhook, one: `${webhooksPath(program)}/${webhook.webhookId}` };
}

/** An event as a publisher sends it. */
export const eventBody = (program: TestProgram, id: string, more: Body = {}): Body => ({
  PublisherProgramId: program.programId,
  PublisherEventId: id,
  EventType: 'courseCompletion',
  EventStartUtc: '2026-11-22T08:00:00Z',
  PublisherEventData: { id },
  ...more,
});

/** Publishes events of these ids, 1,000 at a time. */
export async function publish(program: TestProgram, ids: string[], more: Body = {}): Promise<void> {
  for (let at = 0; at < ids.length; at += 1_000) {
    const body = ids.slice(at, at + 1_000).map((id) => eventBody(program, id, more));
    const answer = expectStatus(await program.call('POST', '/api/events', { body }), 200);
    expect(answer.body).toHaveLength(body.length);
  }
}

/** The publisher's ids that were received at a path, with how often. */
export function eventIdsAt(crowd: Crowd, path: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { body } of crowd.at(path)) {
    const id = JSON.parse(body).data.PublisherEventId;
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

/** Every line of a program's ledger that matches the query. */
export async function ledgerOf(program: TestProgram, query = ''): Promise<Body[]> {
  const items: Body[] = [];
  let cursor = '';
  do {
    const path = `/api/programs/${program.programId}/deliveries?limit=200${query}${cursor}`;
    const { body } = expectStatus(await program.call('GET', path), 200);
    items.push(...body.items);
    cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
  } while (cursor !== '');
  return items;
}

/** The delivery, with its attempts, once it is as wished. */
export async function deliveryOnce(
  program: TestProgram,
  deliveryId: string,
  holds: (delivery: Body) => boolean,
  seconds = 240,
): Promise<Body> {
  return until(
    async () => expectStatus(await program.call('GET', `/api/deliveries/${deliveryId}`), 200).body,
    holds,
    seconds,
  );
}

/**
 * A delivery of a test message between its first attempt and the second, which follows within seconds: where a
 * busy machine looked too late, or let an attempt last until its limit, another endpoint is sent another.
 */
export async function firstAttempt<T extends Pick<Endpoint, 'program' | 'path' | 'one'>>(
  crowd: Crowd,
  start: () => Promise<T>,
  /** Whether the attempt is to last until its limit. */
  lasts = false,
): Promise<T & { delivery: Body }> {
  return until(
    async () => {
      const endpoint = await start();
      const tested = await endpoint.program.call('POST', `${endpoint.one}/test`);
      const { deliveryId } = expectStatus(tested, 202).body;
      const delivery = await deliveryOnce(
        endpoint.program,
        deliveryId,
        ({ attempts }) => attempts.length > 0,
      );
      return { ...endpoint, delivery, received: crowd.at(endpoint.path).length };
    },
    ({ delivery: { attempts, status }, received }) =>
      attempts.length === 1 &&
      status !== 'sending' &&
      received <= 1 &&
      (lasts || attempts[0].durationMs < attemptLimitMs - 1_000),
  );
}

/** After so long the hub ends an attempt, and makes it again later. */
export const attemptLimitMs = 15_000;

/** The delivery once it has failed twice: then it rests for minutes, and not for the seconds after the first. */
export const deliveryAtRest = (program: TestProgram, deliveryId: string): Promise<Body> =>
  deliveryOnce(program, deliveryId, ({ status, attemptCount }) => status === 'waiting' && attemptCount === 2);

/**
 * The most deliveries that were begun within one second, by the hub's own moments: on a loaded machine what left
 * in time may arrive together.
 */
export async function mostInOneSecond(program: TestProgram, query = ''): Promise<number> {
  const begun = await begunAtMs(program, query);
  return Math.max(...begun.map((from) => begun.filter((at) => at >= from && at < from + 1_000).length));
}

/** When the last attempt at each delivery that arrived was begun, by the hub's own moments. */
export async function begunAtMs(program: TestProgram, query = ''): Promise<number[]> {
  const lines = await ledgerOf(program, `&status=delivered${query}`);
  return Promise.all(
    lines.map(async ({ deliveryId }) => {
      const { body } = expectStatus(await program.call('GET', `/api/deliveries/${deliveryId}`), 200);
      return Date.parse(body.attempts.at(-1).startedAt);
    }),
  );
}

/** Whether the libraries that receivers use, which must agree, take it as signed with this secret. */
export function verifies(secret: string, { body, headers }: Received): boolean {
  const judged = [StandardWebhook, SvixWebhook].map((library) => {
    try {
      new library(secret).verify(body, headers as Record<string, string>);
      return true;
    } catch {
      return false;
    }
  });
  expect(new Set(judged).size).toBe(1);
  return judged[0] === true;
}
