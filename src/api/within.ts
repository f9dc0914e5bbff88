import type { Actor } from '../context.ts';
import type { Database } from '../platform/d1.ts';

/** What a door knows already when it asks the API. */
export interface Within {
  actor: Actor;
  /** Of a page that only looks: how it reads, and the program that was found to be there; '' for none. */
  reading: { db: Database; programId: string } | null;
}

const known = new WeakMap<Request, Within>();

/**
 * Marks a request made within this isolate, by a door that has already told who acts: the dashboard calls
 * the API so, and its pages pass the same guards and show the same answers. Nothing from outside can.
 */
export function actWithin(request: Request, within: Within): Request {
  known.set(request, within);
  return request;
}

export function askedWithin(request: Request): Within | null {
  return known.get(request) ?? null;
}
