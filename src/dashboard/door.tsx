import { type Context, Hono } from 'hono';
import type { Actor, Ctx } from '../context.ts';
import type { Env } from '../env.ts';
import { endSession, openerByAccess, openerOf, openSession, type Session } from '../features/keys/index.ts';
import { actorOfAccess, actorOfKey, type SignedIn, spendPortalLink } from '../features/keys/keys.system.ts';
import { type Entrance, findProgram } from '../features/programs/index.ts';
import { signedInByAccess } from './access.ts';
import { pageHeaders } from './headers.ts';
import { renderPlain } from './layout.tsx';
import { mayTrySignIn } from './rate.ts';
import { dropSession, isOwnForm, isOwnOrigin, keepSession } from './session.ts';

export interface DoorEnv {
  Bindings: Env;
  Variables: {
    ctx: Ctx;
    session: Session | null;
    /** The one that the address names, where it names one. */
    program: Entrance | null;
    requestId: string;
  };
}

/** What needs no session: signing in and out, single-use links, and reports of the browser's own. */
export const signedOutRoutes = new Hono<DoorEnv>();

signedOutRoutes.get('/', (c) => {
  const { actor } = c.get('ctx');
  if (actor.kind === 'system') return c.redirect('/hub', 303);
  if (actor.kind === 'program') return c.redirect(`/p/${encodeURIComponent(actor.programId)}/overview`, 303);
  return c.redirect('/sign-in', 303);
});

signedOutRoutes.get('/sign-in', (c) => signInPage(c, c.req.query('to') ?? '/', null));

signedOutRoutes.post('/sign-in', async (c) => {
  const ctx = c.get('ctx');
  if (!isOwnOrigin(c, ctx)) return c.text('Sign in from the page of this hub.', 403);
  if (Number(c.req.header('content-length') ?? 0) > 8_192) return c.text('This is no sign-in.', 413);
  const form = new URLSearchParams((await c.req.text()).slice(0, 8_192));
  const to = ownPath(form.get('to') ?? '/');
  if (!(await mayTrySignIn(c))) return signInPage(c, to, 'Too many tries from here. Wait a minute.');
  const actor = await actorOfKey(ctx, (form.get('key') ?? '').trim());
  if (actor === null) return signInPage(c, to, 'This key is unknown, revoked or has ended.');
  return beginSession(c, actor, to);
});

/** For whom Cloudflare Access has let through: no key, but the settings say which programs are theirs. */
signedOutRoutes.post('/sign-in/access', async (c) => {
  const ctx = c.get('ctx');
  if (!isOwnOrigin(c, ctx)) return c.text('Sign in from the page of this hub.', 403);
  const form = new URLSearchParams((await c.req.text()).slice(0, 8_192));
  const to = ownPath(form.get('to') ?? '/');
  const person = await signedInByAccess(c, ctx);
  const named = form.get('program') ?? '';
  const program = named === '' ? null : await findProgram(ctx, named);
  const actor =
    person === null || (named !== '' && program === null)
      ? null
      : actorOfAccess(person, program?.programId ?? null);
  if (person === null || actor === null)
    return signInPage(c, to, 'Cloudflare Access does not vouch for you here any more. Load this page again.');
  ctx.actor = actor;
  const opener = openerByAccess(person.email, program?.programId ?? null);
  keepSession(c, await openSession(ctx, opener, c.req.header('user-agent') ?? ''));
  return c.redirect(to, 303);
});

signedOutRoutes.post('/sign-out', async (c) => {
  const ctx = c.get('ctx');
  const session = c.get('session');
  const form = new URLSearchParams((await c.req.text()).slice(0, 8_192));
  if (session !== null) {
    if (!(await isOwnForm(c, ctx, form.get('_token') ?? undefined, session.formToken)))
      return c.text('This form does not come from a page of this session.', 403);
    await endSession(ctx, session.programId, session.sessionId);
  }
  dropSession(c);
  return c.redirect('/sign-in', 303);
});

/** Mail readers fetch links to look at them: the link is spent by the button, not by the visit. */
signedOutRoutes.get('/link/:code', (c) =>
  answer(
    c,
    renderPlain(
      'Open the dashboard',
      <form method="post" action={`/link/${encodeURIComponent(c.req.param('code'))}`}>
        <p>This link opens once, within a minute of being made.</p>
        <button type="submit" class="primary">
          Open
        </button>
      </form>,
    ),
    200,
  ),
);

signedOutRoutes.post('/link/:code', async (c) => {
  const ctx = c.get('ctx');
  if (!isOwnOrigin(c, ctx)) return c.text('Open the link itself.', 403);
  const link = await spendPortalLink(ctx, c.req.param('code'));
  if (link === null) {
    const text = 'It was used already, or its minute is over. Ask for a new one.';
    return answer(c, renderPlain('This link does not open any more', <p>{text}</p>), 410);
  }
  ctx.actor = {
    kind: 'program',
    keyId: link.opener.keyId,
    programId: link.programId,
    scopes: [],
    expiresAtMs: null,
  };
  keepSession(c, await openSession(ctx, link.opener, c.req.header('user-agent') ?? ''));
  return c.redirect(`/p/${encodeURIComponent(link.programId)}/${link.path}`, 303);
});

/** Browsers report here what the policy refused: it should never be anything. Bounded, without addresses. */
signedOutRoutes.post('/csp-reports', async (c) => {
  if (Number(c.req.header('content-length') ?? 0) > 16_384) return c.body(null, 413);
  const text = (await c.req.text()).slice(0, 16_384);
  const directive = /"effectiveDirective":"([a-z-]{1,40})"/.exec(text)?.[1] ?? 'unknown';
  c.get('ctx').log.line('page.policy_report', { directive });
  return c.body(null, 204);
});

async function beginSession(c: Context<DoorEnv>, actor: Actor, to: string): Promise<Response> {
  const ctx = c.get('ctx');
  ctx.actor = actor;
  const secret = await openSession(ctx, await openerOf(ctx, actor), c.req.header('user-agent') ?? '');
  keepSession(c, secret);
  return c.redirect(to, 303);
}

/** Where to go after signing in: a path of this host, whatever a link says. */
function ownPath(to: string): string {
  return /^\/(?:$|p\/|hub(?:$|\/)|jump\?)/.test(to) && !to.includes('\\') && !to.startsWith('//') ? to : '/';
}

async function signInPage(c: Context<DoorEnv>, to: string, wrong: string | null): Promise<Response> {
  const person = await signedInByAccess(c, c.get('ctx'));
  const page = renderPlain(
    'Sign in',
    <>
      {person === null ? null : <ByAccess person={person} to={ownPath(to)} />}
      <form method="post" action="/sign-in" class="sign-in">
        <input type="hidden" name="to" value={ownPath(to)} />
        <div class="field">
          <label for="key">Key</label>
          <p class="hint" id="key-hint">
            An API key of your program, or the operator’s. Its scopes decide what you see.
          </p>
          <input
            id="key"
            name="key"
            type="password"
            autocomplete="current-password"
            required
            aria-describedby={wrong === null ? 'key-hint' : 'key-hint key-wrong'}
            aria-invalid={wrong === null ? undefined : 'true'}
          />
          {wrong === null ? null : (
            <p class="wrong" id="key-wrong" role="alert">
              {wrong}
            </p>
          )}
        </div>
        <button type="submit" class="primary">
          Sign in
        </button>
      </form>
    </>,
  );
  return answer(c, page, wrong === null ? 200 : 401);
}

/** The programs that are theirs, one button each; below it a key still opens what its scopes do. */
function ByAccess({ person, to }: { person: SignedIn; to: string }) {
  if (person.grants.length === 0)
    return <p>{person.email} is known here, but no program is theirs. Ask the operator, or use a key.</p>;
  return (
    <section class="by-access" aria-label="Without a key">
      <p>You are {person.email}.</p>
      {person.grants.map(({ programId }) => (
        <form method="post" action="/sign-in/access">
          <input type="hidden" name="to" value={to} />
          <input type="hidden" name="program" value={programId ?? ''} />
          <button type="submit" class="primary">
            {programId === null ? 'Enter as operator' : `Enter ${programId}`}
          </button>
        </form>
      ))}
    </section>
  );
}

function answer(c: Context, html: string, status: 200 | 401 | 410): Response {
  const response = c.body(html, status, pageHeaders);
  response.headers.set('cache-control', 'no-store');
  return response;
}
