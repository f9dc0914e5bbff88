import { createRoute, OpenAPIHono, type RouteConfig, z } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { Ctx, Scope } from './context.ts';
import type { Env } from './env.ts';
import { AppError, type InputIssue } from './platform/errors.ts';

/** Who may call a route, and what the door checks before the handler sees anything. */
export interface Access {
  /** A scope of the program's own keys; `system` for system keys alone; `public` for everyone. */
  scope: Scope | 'system' | 'public';
  /**
   * Whose the resource is that the path names, where it names no program. Throws `not_found` where there is
   * none for this actor; the door asks before it looks at scope and body, so that 404 tells nothing.
   */
  owner?: (ctx: Ctx, params: Record<string, string>) => Promise<string>;
  /** The key may also stand in the body, as `apiKey` (the job call alone). */
  keyInBody?: boolean;
  /** `Idempotency-Key` is honoured. */
  idempotent?: boolean;
  /** The answer carries a secret: never cached, never replayed for an Idempotency-Key. */
  answersSecret?: boolean;
  /** The largest request body, in bytes; 256 KB unless told. */
  bodyLimitBytes?: number;
  /** Media types accepted for the body; JSON unless told; `*` for a file's bytes. */
  media?: string[];
}

export interface ApiEnv {
  Bindings: Env;
  Variables: {
    ctx: Ctx;
    /** The program of the path, as it was first written. */
    programId: string;
    guard: (c: Context<ApiEnv>, access: Access) => Promise<void>;
    /** Set while a request with an Idempotency-Key runs. */
    idempotency?: { complete(answer: Response): Promise<void> };
  };
}

export type RouteAccess = { method: string; path: string; access: Access };

/** Every route the API has, with its guard: the security battery walks it. */
export const routeAccess: RouteAccess[] = [];

const guarded =
  (access: Access): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    await c.get('guard')(c, access);
    await next();
  };

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    requestId: z.string(),
    errors: z
      .array(
        z.object({
          path: z.string(),
          code: z.string(),
          message: z.string(),
          line: z.number().int().optional(),
          column: z.number().int().optional(),
        }),
      )
      .optional(),
    success: z.literal(false).optional(),
  })
  .openapi('Problem');

const problemResponse = {
  description: 'What is wrong and what to do about it (RFC 9457).',
  content: { 'application/problem+json': { schema: problemSchema } },
};

/** Declares a route and its guard in one place, and registers both. */
export function defineRoute<P extends string, R extends Omit<RouteConfig, 'path'> & { path: P }>(
  access: Access,
  config: R,
) {
  routeAccess.push({ method: config.method.toUpperCase(), path: config.path, access });
  const extended: R = {
    ...config,
    middleware: [guarded(access)],
    security: access.scope === 'public' ? [] : [{ bearer: [] }, { apiKeyHeader: [] }, { basic: [] }],
    ...(access.scope === 'public' ? {} : { 'x-scope': access.scope }),
    responses: { default: problemResponse, ...config.responses },
  };
  return createRoute<P, R>(extended);
}

/** A router whose inputs fail as the contract says: 400, with every issue. */
export function createRouter(): OpenAPIHono<ApiEnv> {
  return new OpenAPIHono<ApiEnv>({
    defaultHook: (result, c) => {
      if (result.success) return;
      const issues = result.error.issues.flatMap(toInputIssues);
      const first = issues[0];
      const where = result.target === 'json' ? 'body' : result.target;
      const detail = first
        ? `The ${where} is not valid: ${first.path === '' ? '' : `${first.path}: `}${first.message}`
        : `The ${where} is not valid.`;
      void c;
      throw new AppError('invalid_input', detail, { issues });
    },
  });
}

type ZodIssue = z.core.$ZodIssue;

function toInputIssues(issue: ZodIssue): InputIssue[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: pathText([...issue.path, key]),
      code: 'unknown_member',
      message: 'There is no such member. Remove it, or check its spelling.',
    }));
  }
  return [{ path: pathText(issue.path), code: issue.code, message: issue.message }];
}

function pathText(path: PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  );
}

/** A body that is not JSON, as the router throws it. */
export function isMalformedJson(error: unknown): boolean {
  return error instanceof HTTPException && error.status === 400;
}

export const json = <S extends z.ZodType>(schema: S) => ({ content: { 'application/json': { schema } } });

/** A JSON body that must be there. */
export const jsonBody = <S extends z.ZodType>(schema: S) => ({ ...json(schema), required: true as const });

export const ok = <S extends z.ZodType>(schema: S, description: string) => ({ description, ...json(schema) });

export const ifMatchHeader = z.object({
  'if-match': z
    .string()
    .max(100)
    .optional()
    .openapi({ description: 'Its `ETag`: 412 where it has been changed since.' }),
});

export const noContent = { description: 'Done; no body.' };

export const programParam = z.object({
  programId: z.string().openapi({ param: { name: 'programId', in: 'path' }, example: 'iqu' }),
});

/** `?limit=` and `?cursor=` of every list. */
export const pageQuery = z.object({
  limit: z.coerce
    .number({ error: 'A whole number from 1 to 200.' })
    .int()
    .min(1, 'At least 1.')
    .max(200, 'At most 200.')
    .default(50),
  cursor: z.string().max(2_000).optional(),
});

export const pageOf = <S extends z.ZodType>(item: S, name: string) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() }).openapi(name);

/** Adds `Link: rel="next"` where a list goes on. */
export function linkNext(c: Context<ApiEnv>, nextCursor: string | null): void {
  if (nextCursor === null) return;
  const url = new URL(c.req.url);
  url.searchParams.set('cursor', nextCursor);
  c.header('link', `<${c.get('ctx').config.PUBLIC_URL}${url.pathname}${url.search}>; rel="next"`);
}

export const isoTime = z.iso.datetime().openapi({ example: '2026-11-22T02:00:00.000Z' });

/** Milliseconds as the API prints times. */
export function toIso(atMs: number): string {
  return new Date(atMs).toISOString();
}

export function toIsoOrNull(atMs: number | null): string | null {
  return atMs === null ? null : toIso(atMs);
}
