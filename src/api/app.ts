import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { ConfigError } from '../env.ts';
import { activityRoutes } from '../features/activity/routes.ts';
import { alertRoutes } from '../features/alerts/routes.ts';
import { attentionRoutes } from '../features/attention/routes.ts';
import { auditRoutes } from '../features/audit/routes.ts';
import { endpointActionRoutes } from '../features/deliveries/endpoints/routes.ts';
import { deliveryRoutes } from '../features/deliveries/routes.ts';
import { standingRoutes } from '../features/deliveries/standings/routes.ts';
import { dropRoutes } from '../features/drops/routes.ts';
import { eventRoutes } from '../features/events/routes.ts';
import { relayRoutes } from '../features/exports/contacts/routes.ts';
import { exportRoutes } from '../features/exports/routes.ts';
import { exportRunRoutes } from '../features/exports/runs/routes.ts';
import { fileRoutes } from '../features/files/routes.ts';
import { flowRoutes } from '../features/flows/routes.ts';
import { historyRoutes } from '../features/jobs/history/routes.ts';
import { rejectRoutes } from '../features/jobs/rejects/routes.ts';
import { jobRetryRoutes } from '../features/jobs/retries/routes.ts';
import { jobRoutes } from '../features/jobs/routes.ts';
import { keyRoutes, sessionRoutes } from '../features/keys/routes.ts';
import { noteKeyUse } from '../features/keys/use.system.ts';
import { monitorRoutes } from '../features/monitors/routes.ts';
import { programRoutes } from '../features/programs/routes.ts';
import { recordRoutes } from '../features/records/routes.ts';
import { subscriptionRoutes } from '../features/subscriptions/routes.ts';
import { forecastRoutes } from '../features/syncs/forecast/routes.ts';
import { syncRoutes } from '../features/syncs/routes.ts';
import { syncStandingRoutes } from '../features/syncs/standings/routes.ts';
import { versionRoutes } from '../features/syncs/versions/routes.ts';
import { taskRoutes } from '../features/tasks/routes.ts';
import { fateRoutes } from '../features/traces/fates/routes.ts';
import { traceRoutes } from '../features/traces/routes.ts';
import { webhookRoutes } from '../features/webhooks/routes.ts';
import { type ApiEnv, isMalformedJson } from '../http.ts';
import { openContext } from '../open.ts';
import { isTransient } from '../platform/d1.ts';
import { AppError } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import { createLogger } from '../platform/log.ts';
import { authenticate } from './auth.ts';
import { devRoutes } from './dev.ts';
import { docsRoutes } from './docs.ts';
import { guardRequest } from './guard.ts';
import { ReplayedAnswer } from './idempotency.ts';
import { httpStatus, toProblem } from './problem.ts';
import { statusRoutes } from './status.ts';
import { systemRoutes } from './system.ts';
import { askedWithin } from './within.ts';

/** The HTTP door: context, key, guard, routes, one map for errors, one log line. */
export const app = new OpenAPIHono<ApiEnv>();

app.use('*', async (c, next) => {
  const requestId = newId('req', Date.now());
  const startedAt = Date.now();
  let failure: unknown;
  try {
    const within = askedWithin(c.req.raw);
    const ctx = await openContext(c.env, {
      actor: { kind: 'anonymous' },
      requestId,
      ...(within?.reading ? { db: within.reading.db } : {}),
      waitUntil: (work) => c.executionCtx.waitUntil(work),
    });
    c.set('ctx', ctx);
    c.set('guard', guardRequest);
    ctx.actor = within?.actor ?? (await authenticate(c));
    await next();
    failure = c.error;
    if (failure instanceof ReplayedAnswer) c.res = failure.answer;
    await c.get('idempotency')?.complete(c.res);
    noteKeyUse(ctx, {
      from: c.req.header('cf-connecting-ip') ?? 'unknown',
      for: `${c.req.method} ${c.req.routePath}`,
      by: c.req.header('user-agent') ?? 'unknown',
    });
  } catch (error) {
    failure = error;
    c.res = toProblem(known(error), requestId);
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
  // A refused configuration names settings, never their values; of other errors the message stays unsaid.
  const detail = failure instanceof ConfigError ? failure.message : undefined;
  if (c.res.status >= 500 && failure !== undefined) log.error('http.request', failure, { ...fields, detail });
  else log.line('http.request', fields);
});

app.onError((error, c) => {
  if (error instanceof ReplayedAnswer) return error.answer;
  return problemOf(c, known(error));
});

app.notFound((c) => problemOf(c, noSuchRoute(c)));

app.get('/healthz', (c) => c.json({ status: 'ok' }));

app.route('/', auditRoutes);
app.route('/', programRoutes);
app.route('/', activityRoutes);
app.route('/', attentionRoutes);
app.route('/', webhookRoutes);
app.route('/', endpointActionRoutes);
app.route('/', deliveryRoutes);
app.route('/', standingRoutes);
app.route('/', alertRoutes);
app.route('/', monitorRoutes);
app.route('/', keyRoutes);
app.route('/', sessionRoutes);
app.route('/', dropRoutes);
app.route('/', fileRoutes);
app.route('/', subscriptionRoutes);
app.route('/', eventRoutes);
app.route('/', taskRoutes);
app.route('/', recordRoutes);
app.route('/', jobRoutes);
app.route('/', rejectRoutes);
app.route('/', jobRetryRoutes);
app.route('/', historyRoutes);
app.route('/', exportRoutes);
app.route('/', exportRunRoutes);
app.route('/', relayRoutes);
app.route('/', syncRoutes);
app.route('/', versionRoutes);
app.route('/', forecastRoutes);
app.route('/', syncStandingRoutes);
app.route('/', flowRoutes);
app.route('/', traceRoutes);
app.route('/', fateRoutes);
app.route('/', statusRoutes);
app.route('/', systemRoutes);
app.route(
  '/',
  devRoutes(() => app),
);
app.route(
  '/',
  docsRoutes(() => app),
);

/** The job call's answers to bad input say `success: false`, as its callers have always read. */
function problemOf(c: Context<ApiEnv>, error: unknown): Response {
  const { requestId } = c.get('ctx');
  const isBadInput = error instanceof AppError && httpStatus[error.code][0] === 400;
  const members = isBadInput && c.req.path.startsWith('/api/webhook/') ? { success: false } : {};
  return toProblem(error, requestId, members);
}

function noSuchRoute(c: Context<ApiEnv>): AppError {
  const allowed = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((method) =>
    app.router.match(method, c.req.path)[0].some(([[, route]]) => route.method === method),
  );
  if (allowed.length === 0) {
    return new AppError('not_found', 'There is no such address here. See /api/docs.');
  }
  if (allowed.includes('GET')) allowed.push('HEAD');
  return new AppError('method_not_allowed', `This address answers to ${allowed.join(', ')}.`, {
    headers: { allow: allowed.join(', ') },
  });
}

function known(error: unknown): unknown {
  if (isMalformedJson(error)) return new AppError('malformed_json', 'The body is not JSON.');
  if (error instanceof HTTPException && error.status === 415) {
    return new AppError('unsupported_media_type', 'Send the body as "content-type: application/json".');
  }
  if (error instanceof ConfigError) {
    return new AppError('unavailable', 'The hub is not configured; its log says which settings are missing.');
  }
  if (isTransient(error)) {
    return new AppError('unavailable', 'The database does not answer now. Try again in a moment.', {
      headers: { 'retry-after': '5' },
    });
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
