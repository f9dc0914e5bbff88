import { and, desc, eq, gt, inArray, lt, sql } from 'drizzle-orm';
import type { Actor, Ctx, Scope } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { sha256Hex, toBase64Url } from '../../platform/encoding.ts';
import { AppError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { recordAudit } from '../audit/index.ts';
import { apiKeys, portalLinks, sessions } from './table.ts';

export type Session = typeof sessions.$inferSelect;

const hourMs = 3_600_000;
/** A session nobody uses ends after this; a used one at `maxAgeMs`. */
export const idleMs = 8 * hourMs;
const maxAgeMs = 7 * 24 * hourMs;
/** `seenAt` is written at most this often: a page that polls must not write. */
export const seenEveryMs = 5 * 60_000;
const linkMs = 60_000;

const randomSecret = () => toBase64Url(crypto.getRandomValues(new Uint8Array(32)));

/** Who opens a session: the actor of a key, and that key's hash. */
export interface Opener {
  keyId: string;
  programId: string | null;
  keyHash: string;
  scopes: Scope[] | null;
  name: string;
}

/** Opens a session for `ctx.actor`, who has just shown a key or a link. The secret goes into the cookie. */
export async function openSession(ctx: Ctx, opener: Opener, userAgent: string): Promise<string> {
  const at = ctx.now();
  const secret = randomSecret();
  const sessionId = newId('ses', at);
  const row: Session = {
    ...opener,
    sessionId,
    hash: await sha256Hex(secret),
    formToken: randomSecret(),
    userAgent: userAgent.slice(0, 200),
    createdAt: at,
    seenAt: at,
    endsAt: at + maxAgeMs,
  };
  await commit(ctx.db, [
    ctx.db.insert(sessions).values(row),
    recordAudit(ctx, {
      programId: opener.programId ?? '',
      action: 'session.opened',
      target: sessionId,
      detail: { keyId: opener.keyId, name: opener.name },
    }),
  ]);
  return secret;
}

/** What a session needs to know of the key that opens it. Throws `unauthorized` where that has ended. */
export async function openerOf(ctx: Ctx, actor: Actor): Promise<Opener> {
  if (actor.kind !== 'system' && actor.kind !== 'program') throw noKey();
  const programId = actor.kind === 'program' ? actor.programId : null;
  if (actor.keyId === 'system') {
    const keyHash = await sha256Hex(ctx.config.SYSTEM_KEY);
    return { keyId: actor.keyId, programId, keyHash, scopes: null, name: 'system' };
  }
  const [key] = await ctx.db
    .select({ hash: apiKeys.hash, name: apiKeys.name })
    .from(apiKeys)
    .where(eq(apiKeys.keyId, actor.keyId))
    .limit(1);
  if (!key) throw noKey();
  return { keyId: actor.keyId, programId, keyHash: key.hash, scopes: null, name: key.name };
}

/** Stands for a key in the sessions of those whom Cloudflare Access signs in. */
export const accessKeyId = 'access';

export function openerByAccess(email: string, programId: string | null): Opener {
  return { keyId: accessKeyId, programId, keyHash: '', scopes: null, name: email };
}

const noKey = () => new AppError('unauthorized', 'This key is unknown, revoked or has ended.');

/** Ends a session of the program; `not_found` where there is none. */
export async function endSession(ctx: Ctx, programId: string | null, sessionId: string): Promise<void> {
  const one = and(ofProgram(programId), eq(sessions.sessionId, sessionId));
  const act = { programId: programId ?? '', action: 'session.ended', target: sessionId };
  const [, ended] = await commit(ctx.db, [
    recordAudit(ctx, act, sql`EXISTS (SELECT 1 FROM ${sessions} WHERE ${one})`),
    ctx.db.delete(sessions).where(one),
  ]);
  if (ended?.changes !== 1) throw new AppError('not_found', 'There is no such session, or it has ended.');
}

/** The program's live sessions, newest first. */
export function listSessions(ctx: Ctx, programId: string, before: string | null, limit: number) {
  const at = ctx.now();
  return ctx.db
    .select()
    .from(sessions)
    .where(
      and(
        ofProgram(programId),
        gt(sessions.endsAt, at),
        gt(sessions.seenAt, at - idleMs),
        before === null ? undefined : lt(sessions.sessionId, before),
      ),
    )
    .orderBy(desc(sessions.sessionId))
    .limit(limit);
}

const ofProgram = (programId: string | null) =>
  programId === null ? sql`${sessions.programId} IS NULL` : eq(sessions.programId, programId);

export interface LinkIn {
  name: string;
  scopes: Scope[];
  path: string;
}

/** A link that opens the dashboard once, within a minute, with at most the scopes of the key that asks. */
export async function createPortalLink(
  ctx: Ctx,
  programId: string,
  input: LinkIn,
): Promise<{ url: string; expiresAt: number }> {
  const { actor } = ctx;
  if (actor.kind !== 'program') {
    throw new AppError(
      'forbidden',
      "A link belongs to a key of the program: ask with one of the program's own.",
    );
  }
  const beyond = input.scopes.filter((scope) => !actor.scopes.includes(scope));
  if (beyond.length > 0) {
    throw new AppError(
      'forbidden',
      `A key can only hand on scopes it has; this one lacks ${beyond.join(', ')}.`,
    );
  }
  const code = randomSecret();
  const endsAt = ctx.now() + linkMs;
  await commit(ctx.db, [
    ctx.db
      .insert(portalLinks)
      .values({ hash: await sha256Hex(code), programId, keyId: actor.keyId, ...input, endsAt }),
    recordAudit(ctx, {
      programId,
      action: 'portal_link.created',
      target: input.name,
      detail: { scopes: input.scopes },
    }),
  ]);
  return { url: `${ctx.config.PUBLIC_URL}/link/${code}`, expiresAt: endsAt };
}

/** Ended sessions stay a week for the list of what was; links go at once. */
export async function eraseSessions(ctx: Ctx, programId: string, all: boolean): Promise<number> {
  const at = ctx.now();
  const over = all ? undefined : lt(sessions.endsAt, at);
  const some = ctx.db
    .select({ id: sessions.sessionId })
    .from(sessions)
    .where(
      and(programId === '' ? sql`${sessions.programId} IS NULL` : eq(sessions.programId, programId), over),
    )
    .limit(500);
  const results = await commit(ctx.db, [
    ctx.db.delete(sessions).where(inArray(sessions.sessionId, some)),
    ctx.db
      .delete(portalLinks)
      .where(and(eq(portalLinks.programId, programId), all ? undefined : lt(portalLinks.endsAt, at))),
  ]);
  return results.reduce((sum, { changes }) => sum + changes, 0);
}
