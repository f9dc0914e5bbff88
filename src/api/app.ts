import { OpenAPIHono } from '@hono/zod-openapi';
import { HTTPException } from 'hono/http-exception';
import { ConfigError } from '../env.ts';
import { alertRoutes } from '../features/alerts/routes.ts';
import { attentionRoutes } from '../features/attention/routes.ts';
import { auditRoutes } from '../features/audit/routes.ts';
import { deliveryRoutes } from '../features/deliveries/routes.ts';
import { fileRoutes } from '../features/files/routes.ts';
import { jobRoutes } from '../features/jobs/routes.ts';
import { keyRoutes } from '../features/keys/routes.ts';
import { programRoutes } from '../features/programs/routes.ts';
import { recordRoutes } from '../features/records/routes.ts';
import { taskRoutes } from '../features/tasks/routes.ts';
import { webhookRoutes } from '../features/webhooks/routes.ts';
import type { ApiEnv } from '../http.ts';
import { openContext } from '../open.ts';
import { AppError } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import { createLogger } from '../platform/log.ts';
import { authenticate } from './auth.ts';
import { devRoutes } from './dev.ts';
import { docsRoutes } from './docs.ts';
import { guardRequest } from './guard.ts';
import { ReplayedAnswer } from './idempotency.ts';
import { toProblem } from './problem.ts';
import { systemRoutes } from './system.ts';

/** The HTTP door: context, key, guard, routes, one map for errors, one log line. */
export const app = new OpenAPIHono<ApiEnv>();

app.use('*', async (c, next) => {
  const requestId = newId('req', Date.now());
  const startedAt = Date.now();
  let failure: unknown;
  try {
    const ctx = await openContext(c.env, {
      actor: { kind: 'anonymous' },
      requestId,
      waitUntil: (work) => c.executionCtx.waitUntil(work),
    });
    c.set('ctx', ctx);
    c.set('guard', guardRequest);
    ctx.actor = await authenticate(c);
    await next();
    failure = c.error;
    if (failure instanceof ReplayedAnswer) c.res = failure.answer;
    await c.get('idempotency')?.complete(c.res);
  } catch (error) {
    failure = error;
    c.res = toProblem(known(error), requestId, membersFor(c.req.path));
  }
  c.res = withHeaders(c.res, requestId, c.get('ctx')?.actor, c.get('ctx')?.now() ?? Date.now());
  const log = createLogger({ requestId });
  const fields = {
    method: c.req.method,
    route: c.req.routePath,
    status: c.res.status,
    programId: c.get('programId'),
    actor: c.get('ctx')?.actor.kind,
    durationMs: Date.now() - startedAt,
  };
  if (c.res.status >= 500 && failure !== undefined) log.error('http.request', failure, fields);
  else log.line('http.request', fields);
});

app.onError((error, c) => {
  if (error instanceof ReplayedAnswer) return error.answer;
  return toProblem(known(error), c.get('ctx').requestId, membersFor(c.req.path));
});

app.notFound((c) =>
  toProblem(
    new AppError('not_found', 'There is no such address here. See /api/docs.'),
    c.get('ctx').requestId,
  ),
);

app.get('/healthz', (c) => c.json({ status: 'ok' }));

app.route('/', auditRoutes);
app.route('/', programRoutes);
app.route('/', attentionRoutes);
app.route('/', webhookRoutes);
app.route('/', deliveryRoutes);
app.route('/', alertRoutes);
app.route('/', keyRoutes);
app.route('/', fileRoutes);
app.route('/', taskRoutes);
app.route('/', recordRoutes);
app.route('/', jobRoutes);
app.route('/', systemRoutes);
app.route('/', devRoutes);
app.route(
  '/',
  docsRoutes(() => app),
);

/** The job call's answers say `success` whichever way they go. */
function membersFor(path: string): Record<string, unknown> {
  return path.startsWith('/api/webhook/') ? { success: false } : {};
}

function known(error: unknown): unknown {
  if (error instanceof HTTPException && error.status === 400) {
    return new AppError('malformed_json', 'The body is not JSON.');
  }
  if (error instanceof ConfigError) {
    return new AppError('unavailable', 'The hub is not configured; its log says which settings are missing.');
  }
  return error;
}

const dayMs = 86_400_000;

function withHeaders(answer: Response, requestId: string, actor: unknown, nowMs: number): Response {
  const headers = new Headers(answer.headers);
  headers.set('x-request-id', requestId);
  if (!headers.has('x-content-type-options')) headers.set('x-content-type-options', 'nosniff');
  if (!headers.has('cache-control')) headers.set('cache-control', 'no-store');
  const expiresAtMs = (actor as { expiresAtMs?: number | null } | undefined)?.expiresAtMs;
  if (typeof expiresAtMs === 'number') {
    headers.set('x-api-key-days-remaining', String(Math.max(0, Math.floor((expiresAtMs - nowMs) / dayMs))));
  }
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
}
