import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { Ctx } from '../context.ts';
import { actorOfSession } from '../features/keys/keys.system.ts';
import { equalsConstantTime } from '../platform/encoding.ts';
import { signedInByAccess } from './access.ts';
import { isZone, type Zone } from './time.ts';

/** `__Host-`: over https alone (or loopback), for this host alone, for every path. */
const sessionCookie = '__Host-session';

/**
 * SameSite=Lax, not Strict: with Strict a link in our own mails would show the sign-in page to somebody who
 * is signed in. What Strict would refuse, `isOwnForm` refuses.
 */
export function keepSession(c: Context, secret: string): void {
  setCookie(c, sessionCookie, secret, {
    httpOnly: true,
    secure: true,
    sameSite: 'Lax',
    path: '/',
    maxAge: 7 * 86_400,
  });
}

export function dropSession(c: Context): void {
  deleteCookie(c, sessionCookie, { path: '/', secure: true });
}

/** Who looks, and the program that the page's address names; null where nobody is signed in. */
export function sessionOf(c: Context, ctx: Ctx, secret = getCookie(c, sessionCookie)) {
  const named = /^\/p\/([^/]+)/.exec(new URL(c.req.url).pathname)?.[1] ?? '';
  return secret === undefined
    ? null
    : actorOfSession(ctx, secret, decoded(named), () => signedInByAccess(c, ctx));
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * True for a form that one of our own pages sent: the browser says where it comes from, and it carries the
 * session's token. Either alone has been got round before.
 */
export async function isOwnForm(
  c: Context,
  ctx: Ctx,
  token: string | undefined,
  expected: string,
): Promise<boolean> {
  return isOwnOrigin(c, ctx) && token !== undefined && (await equalsConstantTime(token, expected));
}

/** A request that another site's page caused is refused; one that says nothing of its origin too. */
export function isOwnOrigin(c: Context, ctx: Ctx): boolean {
  const site = c.req.header('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin') return false;
  const origin = c.req.header('origin');
  if (origin === undefined) return site === 'same-origin';
  return origin === new URL(ctx.config.PUBLIC_URL).origin || origin === new URL(c.req.url).origin;
}

/** The zone that times are printed in: `?tz=` of a shared link, else the cookie, else the program's. */
export function zoneOf(c: Context, programZone: string): Zone {
  const wanted = c.req.query('tz') ?? getCookie(c, 'tz');
  if (wanted === 'utc') return { mode: 'utc', name: 'UTC' };
  const own = getCookie(c, 'zone') ?? '';
  if (wanted === 'mine' && own !== '' && isZone(own)) return { mode: 'mine', name: own };
  return { mode: 'program', name: programZone };
}
