import type { ExecutionContext } from 'hono';
import { app } from '../api/app.ts';
import { actWithin } from '../api/within.ts';
import { type Actor, scopes } from '../context.ts';
import type { Env } from '../env.ts';
import type { Database } from '../platform/d1.ts';
import type { Problem } from './view.ts';

/** The API said no; a page shows what it said. */
export class ApiProblem extends Error {
  override name = 'ApiProblem';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

interface Asked {
  actor: Actor;
  /** The program of the page: what names no program is of this one, also to the operator. */
  programId: string;
  /** What a page that only looks reads by. */
  reader: Database | null;
}

/**
 * The hub's own API, asked within the isolate with the session's rights: the same guards, the same
 * validation, the same figures as every other client gets. Throws `ApiProblem` for what it refuses.
 */
export class Api {
  private readonly env: Env;
  private readonly execution: ExecutionContext;
  private readonly origin: string;
  private readonly of: Asked;

  constructor(env: Env, execution: ExecutionContext, origin: string, of: Asked) {
    this.env = env;
    this.execution = execution;
    this.origin = origin;
    this.of = of;
  }

  /** The answer's JSON; the caller names its shape, which the route's schema gives. */
  async get<T>(path: string): Promise<T> {
    return (await this.ask('GET', path)).json<T>();
  }

  /** A list that comes without its cursor, and the cursor that its `Link` leads on by. */
  async list<T>(path: string): Promise<{ items: T[]; nextCursor: string | null }> {
    const answer = await this.ask('GET', path);
    const next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
    const nextCursor = next === undefined ? null : new URL(next).searchParams.get('cursor');
    return { items: await answer.json<T[]>(), nextCursor };
  }

  /** As `get`, and null where there is no such thing. */
  async find<T>(path: string): Promise<T | null> {
    try {
      return await this.get<T>(path);
    } catch (error) {
      if (error instanceof ApiProblem && error.problem.status === 404) return null;
      throw error;
    }
  }

  async send<T>(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
  ): Promise<T | null> {
    const answer = await this.ask(method, path, body);
    const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true;
    return isJson ? answer.json<T>() : null;
  }

  /** The answer itself, for what is no JSON. */
  async ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const isBytes = body instanceof ReadableStream || body instanceof Blob;
    const request = new Request(`${this.origin}${path}`, {
      method,
      ...(body === undefined ? {} : { body: isBytes ? body : JSON.stringify(body) }),
      headers: body === undefined || isBytes ? headers : { ...headers, 'content-type': 'application/json' },
    });
    const { programId, reader } = this.of;
    const reading = reader === null ? null : { db: reader, programId };
    const within = actWithin(request, { actor: this.actorFor(path), reading });
    const answer = await app.fetch(within, this.env, this.execution);
    if (answer.ok) return answer;
    throw new ApiProblem(await answer.json<Problem>());
  }

  /** The operator may act in every program, but a page of one program never shows or changes another's. */
  private actorFor(path: string): Actor {
    const { actor, programId } = this.of;
    if (actor.kind !== 'system' || programId === '' || /^\/api\/(programs|system)(\/|\?|$)/.test(path))
      return actor;
    return { ...actor, kind: 'program', programId, scopes: [...scopes], expiresAtMs: null };
  }
}
