import type { Actor } from '../context.ts';

const actors = new WeakMap<Request, Actor>();

/**
 * Marks a request made within this isolate, by a door that has already told who acts: the dashboard calls
 * the API so, and its pages pass the same guards and show the same answers. Nothing from outside can.
 */
export function actWithin(request: Request, actor: Actor): Request {
  actors.set(request, actor);
  return request;
}

export function actorWithin(request: Request): Actor | null {
  return actors.get(request) ?? null;
}
