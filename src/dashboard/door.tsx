import { type Context, Hono } from 'hono';
import type { Ctx } from '../context.ts';
import type { Env } from '../env.ts';
import {
  endSession,
  type Opener,
  openerByAccess,
  openerOf,
  openSession,
  type Session,
} from '../features/keys/index.ts';
import { actorOfAccess, actorOfKey, type SignedIn, spendPortalLink } from '../features/keys/keys.system.ts';
import { type Entrance, findProgram } from '../features/programs/index.ts';
import { signedInByAccess } from './access.ts';
import { pageHeaders } from './headers.ts';
import { renderPlain } from './layout.tsx';
import { newsSeen, rememberNews } from './news.tsx';
import { mayTrySignIn } from './rate.ts';
import { dropSession, isOwnForm, isOwnOrigin, keepSession, sessionOf } from './session.ts';
import type { FormFields } from './view.ts';

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
  const wrong = await enterByKey(c, form.get('key') ?? '');
  return wrong === null ? c.redirect(to, 303) : signInPage(c, to, wrong);
});

/** For whom Cloudflare Access has let through: no key, but the settings say which programs are theirs. */
signedOutRoutes.post('/sign-in/access', async (c) => {
  const ctx = c.get('ctx');
  if (!isOwnOrigin(c, ctx)) return c.text('Sign in from the page of this hub.', 403);
  const form = new URLSearchParams((await c.req.text()).slice(0, 8_192));
  const to = ownPath(form.get('to') ?? '/');
  const wrong = await enterByAccess(c, form.get('program') ?? '');
  return wrong === null ? c.redirect(to, 303) : signInPage(c, to, wrong);
});

signedOutRoutes.post('/sign-out', async (c) => {
  const ctx = c.get('ctx');
  const session = c.get('session');
  const form = new URLSearchParams((await c.req.text()).slice(0, 8_192));
  if (session !== null) {
    if (!(await isOwnForm(c, ctx, form.get('_token') ?? undefined, session.formToken)))
      return refusePlainly(
        c,
        403,
        'Nothing was done',
        'This form does not come from a page of this session.',
      );
    await endSession(ctx, session.programId, session.sessionId);
  }
  dropSession(c);
  return c.redirect('/sign-in', 303);
});

/** Somebody has read what a version changed. */
signedOutRoutes.post('/news/read', async (c) => {
  const session = c.get('session');
  const form = new URLSearchParams((await c.req.text()).slice(0, 8_192));
  const token = form.get('_token') ?? undefined;
  if (session === null || !(await isOwnForm(c, c.get('ctx'), token, session.formToken)))
    return refusePlainly(c, 403, 'Nothing was done', 'This form does not come from a page of this session.');
  rememberNews(c);
  return c.redirect(ownPath(form.get('to') ?? '/'), 303);
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
  await begin(c, link.opener);
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

/** Opens a session with a key; null, or what was wrong with it. */
export async function enterByKey(c: Context<DoorEnv>, key: string): Promise<string | null> {
  const ctx = c.get('ctx');
  if (!(await mayTrySignIn(c))) return 'Too many tries from here. Wait a minute.';
  const actor = await actorOfKey(ctx, key.trim());
  if (actor === null) return 'This key is unknown, revoked or has ended.';
  ctx.actor = actor;
  await begin(c, await openerOf(ctx, actor));
  return null;
}

/** As `enterByKey`, for whom Cloudflare Access vouches; an empty name is the operator's. */
export async function enterByAccess(c: Context<DoorEnv>, named: string): Promise<string | null> {
  const ctx = c.get('ctx');
  const person = await signedInByAccess(c, ctx);
  const program = named === '' ? null : await findProgram(ctx, named);
  const actor =
    person === null || (named !== '' && program === null)
      ? null
      : actorOfAccess(person, program?.programId ?? null);
  if (person === null || actor === null)
    return 'Cloudflare Access does not vouch for you here any more. Load this page again.';
  ctx.actor = actor;
  await begin(c, openerByAccess(person.email, program?.programId ?? null));
  return null;
}

async function begin(c: Context<DoorEnv>, opener: Opener): Promise<void> {
  const ctx = c.get('ctx');
  const secret = await openSession(ctx, opener, c.req.header('user-agent') ?? '');
  keepSession(c, secret);
  if (newsSeen(c) === null) rememberNews(c);
  // The very request goes on as the session's: a form that was sent without one.
  const opened = await sessionOf(c, ctx, secret);
  c.set('session', opened?.session ?? null);
  c.set('program', opened?.program ?? null);
  if (opened) ctx.actor = opened.actor;
}

/** Where to go after signing in: a path of this host, whatever a link says. */
function ownPath(to: string): string {
  return /^\/(?:$|p\/|hub(?:$|\/)|jump\?)/.test(to) && !to.includes('\\') && !to.startsWith('//') ? to : '/';
}

/** @param again a form that was sent without a session: it stands where it was sent to, and comes along. */
export async function signInPage(
  c: Context<DoorEnv>,
  to: string,
  wrong: string | null,
  again: FormFields | null = null,
): Promise<Response> {
  const person = await signedInByAccess(c, c.get('ctx'));
  const page = renderPlain(
    'Sign in',
    <>
      {again === null ? null : (
        <p class="notice tone-attention" role="status">
          Your session has ended, and nothing was done. Sign in here, and the form comes back with what you
          typed.
        </p>
      )}
      {person === null ? null : <ByAccess person={person} to={ownPath(to)} again={again} />}
      <form method="post" action={again === null ? '/sign-in' : c.req.path} class="sign-in">
        {again === null ? <input type="hidden" name="to" value={ownPath(to)} /> : <Typed of={again} />}
        <div class="field">
          <label for="key">Key</label>
          <p class="hint" id="key-hint">
            An API key of your program, or the operator’s. Its scopes decide what you see.
          </p>
          <input
            id="key"
            name={again === null ? 'key' : signInFields.key}
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
  return answer(c, page, wrong === null && again === null ? 200 : 401);
}

/** Beside the fields of a form that comes along, what signs in. */
export const signInFields = { key: '_key', access: '_access' };

/** What is secret does not come along: it is typed again. */
const secretFields = new Set(['password', 'privateKey', 'passphrase']);

function Typed({ of }: { of: FormFields }) {
  const typed = Object.entries(of).filter(([name]) => !name.startsWith('_') && !secretFields.has(name));
  return (
    <>
      {typed.flatMap(([name, values]) =>
        values.map((value) => <input type="hidden" name={name} value={value} />),
      )}
    </>
  );
}

/** The programs that are theirs, one button each; below it a key still opens what its scopes do. */
function ByAccess({ person, to, again }: { person: SignedIn; to: string; again: FormFields | null }) {
  if (person.grants.length === 0)
    return <p>{person.email} is known here, but no program is theirs. Ask the operator, or use a key.</p>;
  return (
    <section class="by-access" aria-label="Without a key">
      <p>You are {person.email}.</p>
      {person.grants.map(({ programId }) => (
        <form method="post" action={again === null ? '/sign-in/access' : undefined}>
          {again === null ? <input type="hidden" name="to" value={to} /> : <Typed of={again} />}
          <input
            type="hidden"
            name={again === null ? 'program' : signInFields.access}
            value={programId ?? ''}
          />
          <button type="submit" class="primary">
            {programId === null ? 'Enter as operator' : `Enter ${programId}`}
          </button>
        </form>
      ))}
    </section>
  );
}

function answer(c: Context, html: string, status: 200 | 401 | 403 | 410 | 413): Response {
  const response = c.body(html, status, pageHeaders);
  response.headers.set('cache-control', 'no-store');
  return response;
}

/** What a form cannot be taken for, said on a page as everything is. */
export function refusePlainly(c: Context, status: 403 | 413, title: string, text: string): Response {
  return answer(c, renderPlain(title, <p>{text}</p>), status);
}
