import { type Context, Hono } from 'hono';
import { ConfigError, readVersion } from '../env.ts';
import { recordAudit } from '../features/audit/index.ts';
import { openContext, openReader } from '../open.ts';
import { commit } from '../platform/d1.ts';
import { equalsConstantTime, sha256Hex } from '../platform/encoding.ts';
import { newId } from '../platform/ids.ts';
import { createLogger } from '../platform/log.ts';
import { type Again, actOn, readForm, resend, uploadLimitBytes } from './act.tsx';
import { actionRoutes } from './actions.ts';
import { Api, ApiProblem } from './api.ts';
import {
  type DoorEnv,
  enterByAccess,
  enterByKey,
  refusePlainly,
  signedOutRoutes,
  signInFields,
  signInPage,
} from './door.tsx';
import { pageHeaders } from './headers.ts';
import { renderPage, renderPlain } from './layout.tsx';
import { newsSeen } from './news.tsx';
import { problemPage } from './problem.tsx';
import { downloadRoutes, pageRoutes } from './routes.ts';
import { isOwnOrigin, sessionOf, zoneOf } from './session.ts';
import { formatBytes } from './time.ts';
import { mayNotSee, maySee, type ValueKind } from './values.ts';
import {
  type DownloadRoute,
  type FormFields,
  noFields,
  type Page,
  type PageRoute,
  type View,
} from './view.ts';

/** The door for people: pages and forms. What is no page of ours is the API's. */
export const dashboard = new Hono<DoorEnv>();

/** Addresses that people open; everything else goes to the API's door. */
export function isPagePath(path: string): boolean {
  return /^\/(?:$|p\/|hub(?:\/|$)|keyboard$|sign-in(?:\/access)?$|sign-out$|jump$|link\/|csp-reports$|news\/read$)/.test(
    path,
  );
}

dashboard.use('*', async (c, next) => {
  const requestId = newId('req', Date.now());
  const startedAt = Date.now();
  c.set('requestId', requestId);
  const ctx = await openContext(c.env, {
    actor: { kind: 'anonymous' },
    requestId,
    waitUntil: (work) => c.executionCtx.waitUntil(work),
  });
  c.set('ctx', ctx);
  const opened = await sessionOf(c, ctx);
  c.set('session', opened?.session ?? null);
  c.set('program', opened?.program ?? null);
  if (opened) ctx.actor = opened.actor;
  await next();
  ctx.log.line('page.request', {
    method: c.req.method,
    route: c.req.routePath,
    status: c.res.status,
    programId: c.req.param('programId'),
    actor: ctx.actor.kind,
    durationMs: Date.now() - startedAt,
  });
});

dashboard.onError((error, c) => {
  const requestId = c.get('requestId');
  createLogger({ requestId }).error('page.request', error);
  const isSettings = error instanceof ConfigError;
  return answer(
    c,
    renderPlain(
      'Something failed on our side',
      <>
        <p>
          {isSettings
            ? 'The hub is not configured; its log says which settings are missing.'
            : 'Nothing was changed by this page. Try again in a moment.'}
        </p>
        <p class="dim">Request {requestId}</p>
      </>,
    ),
    isSettings ? 503 : 500,
  );
});

dashboard.notFound((c) =>
  answer(
    c,
    renderPlain(
      'There is no such page',
      <p>
        The address may be mistyped, or what it showed is gone. <a href="/">Go to the beginning.</a>
      </p>,
    ),
    404,
  ),
);

dashboard.route('/', signedOutRoutes);

for (const route of pageRoutes) {
  dashboard.get(route.path, async (c) => {
    const view = await viewOf(c, route);
    if (view instanceof Response) return view;
    const page = await shown(view, route);
    return 'to' in page ? c.redirect(page.to, 303) : showPage(c, view, route.section, page);
  });
}

for (const route of downloadRoutes) {
  dashboard.get(route.path, async (c) => {
    const view = await viewOf(c, route);
    if (view instanceof Response) return view;
    try {
      const file = await route.open(view);
      await recordTaken(view, route);
      const headers = new Headers(file.headers);
      headers.set('content-security-policy', 'sandbox');
      headers.set('x-content-type-options', 'nosniff');
      headers.set('cache-control', 'no-store');
      return new Response(file.body, { status: file.status, headers });
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      return showPage(c, view, '', problemPage(error, view, ''));
    }
  });
}

/** Values that somebody takes along are on record before they have them. */
async function recordTaken({ ctx, programId, params }: View, { taken }: DownloadRoute): Promise<void> {
  if (taken === undefined) return;
  await commit(ctx.db, [recordAudit(ctx, { programId, action: taken.action, target: taken.target(params) })]);
}

for (const route of actionRoutes) {
  dashboard.post(route.path, async (c) => {
    const sent = await readForm(c, route);
    if (sent === null)
      return refusePlainly(
        c,
        413,
        'This is no form, or too large',
        `A form may have ${formatBytes(route.takesFile ? uploadLimitBytes : 1_000_000)}. Nothing was done.`,
      );
    const { fields: form, upload } = sent;
    const again = await standingOf(c, form);
    if (again instanceof Response) return again;
    const view = await viewOf(c, route);
    if (view instanceof Response) return view;
    view.form = form;
    view.upload = upload;
    // What is shown in answer to a form links to where that page is, not to where the form was sent.
    view.url = new URL(`${pathOf(route.page, view)}${view.url.search}`, view.url);
    return actOn(c, view, route, again, (page) => showPage(c, view, route.section, page));
  });
}

/** Whether a form may be acted on: null, or why it is only shown again; an answer where nobody is signed in. */
async function standingOf(c: Context<DoorEnv>, form: FormFields): Promise<Again | null | Response> {
  const [ctx, session] = [c.get('ctx'), c.get('session')];
  if (!isOwnOrigin(c, ctx)) {
    if (session === null) return c.redirect('/sign-in', 303);
    return refusePlainly(c, 403, 'This form is not ours', 'It does not come from a page of this hub.');
  }
  if (session !== null) {
    const [token = ''] = form._token ?? [];
    return (await equalsConstantTime(token, session.formToken)) ? null : resend.otherSession;
  }
  const [key, access] = [form[signInFields.key]?.[0], form[signInFields.access]?.[0]];
  if (key === undefined && access === undefined) return signInPage(c, '/', null, form);
  const wrong = key === undefined ? await enterByAccess(c, access ?? '') : await enterByKey(c, key);
  return wrong === null ? resend.signedIn : signInPage(c, '/', wrong, form);
}

/** Where a page is, of the things that a form's address names. */
function pathOf(show: PageRoute['show'], { params, url }: View): string {
  const route = pageRoutes.find((one) => one.show === show);
  if (route === undefined) return url.pathname;
  return route.path.replace(/:(\w+)/g, (_, name) => encodeURIComponent(params[name] ?? ''));
}

async function shown(view: View, route: PageRoute): Promise<Page | { to: string }> {
  try {
    return await route.show(view);
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    return problemPage(error, view, route.section);
  }
}

/** Who looks at what; an answer instead where nobody is signed in, or it is not theirs. */
async function viewOf(
  c: Context<DoorEnv>,
  route: { scope: PageRoute['scope']; values?: ValueKind },
): Promise<View | Response> {
  const ctx = c.get('ctx');
  const session = c.get('session');
  const { actor } = ctx;
  if (session === null || (actor.kind !== 'system' && actor.kind !== 'program')) {
    const url = new URL(c.req.url);
    const to = c.req.method === 'GET' ? `${url.pathname}${url.search}` : '/';
    return c.redirect(`/sign-in?to=${encodeURIComponent(to)}`, 303);
  }
  const url = new URL(c.req.url);
  const named = c.req.param('programId');
  const program = named === undefined ? null : c.get('program');
  const mayEnter = actor.kind === 'system' || actor.programId === program?.programId;
  const view: View = {
    ctx,
    actor,
    api: new Api(c.env, c.executionCtx, url.origin, {
      actor,
      programId: program?.programId ?? '',
      // What only looks asks the database nothing twice; what acts asks it anew.
      reader: c.req.method === 'GET' ? openReader(c.env) : null,
    }),
    programId: program?.programId ?? '',
    programName: program?.name ?? '',
    programZone: program?.timeZone ?? 'UTC',
    zone: zoneOf(c, program?.timeZone ?? 'UTC'),
    params: c.req.param(),
    query: url.searchParams,
    url,
    version: readVersion(c.env),
    newsSeen: newsSeen(c),
    formToken: session.formToken,
    sentTo: c.req.method === 'POST' ? url.pathname : '',
    problem: null,
    form: noFields,
    upload: null,
    can: (scope) => actor.kind === 'system' || (scope !== 'system' && actor.scopes.includes(scope)),
    at: (path) => `/p/${encodeURIComponent(program?.programId ?? '')}/${path}`,
  };
  if (named !== undefined && (!program || !mayEnter)) {
    return showPage(
      c,
      { ...view, programId: '', programName: '' },
      '',
      refusal(404, 'There is no such program, or it is not yours.'),
    );
  }
  if (!view.can(route.scope)) {
    const who =
      route.scope === 'system' ? 'the operator of this hub' : `a key with the scope “${route.scope}”`;
    return showPage(c, view, '', refusal(403, `This page is for ${who}.`));
  }
  if (route.values !== undefined && !maySee(view, route.values))
    return showPage(c, view, '', problemPage(mayNotSee(route.values, ctx.requestId), view, ''));
  return view;
}

function refusal(status: 403 | 404, text: string): Page {
  return {
    title: status === 403 ? 'This is not yours to see' : 'There is no such thing here',
    verdict: { tone: 'attention', text },
    body: (
      <p>
        <a href="/">To your own pages</a>
      </p>
    ),
    status,
  };
}

/** The page; 304 where it is still what the browser has. */
async function showPage(c: Context<DoorEnv>, view: View, section: string, page: Page): Promise<Response> {
  const html = renderPage(view, section, page);
  const status = page.status ?? 200;
  if (page.secret || status !== 200 || c.req.method !== 'GET') return answer(c, html, status, page.secret);
  // The footer says when the page was made: that alone is no change.
  const etag = `"${(await sha256Hex(html.replace(/<footer class="bottom">.*<\/footer>/s, ''))).slice(0, 27)}"`;
  if (c.req.header('if-none-match') === etag) return c.body(null, 304, { ...pageHeaders, etag });
  const response = answer(c, html, 200);
  response.headers.set('etag', etag);
  return response;
}

function answer(c: Context, html: string, status: number, secret = false): Response {
  const response = c.body(html, status as 200, pageHeaders);
  response.headers.set('cache-control', secret ? 'no-store' : 'private, no-cache');
  return response;
}
