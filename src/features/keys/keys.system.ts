import { and, eq, gt } from 'drizzle-orm';
import type { Actor, Ctx, Scope } from '../../context.ts';
import type { Config } from '../../env.ts';
import { sha256Hex } from '../../platform/encoding.ts';
import { type Entrance, entranceTo } from '../programs/index.ts';
import { knownKeys } from './known.ts';
import { accessKeyId, idleMs, type Opener, type Session, seenEveryMs } from './sessions.ts';
import { apiKeys, portalLinks, sessions } from './table.ts';

/** Across tenants, for authentication: who a key makes its bearer, or null. */
export async function actorOfKey(ctx: Ctx, key: string, keyId?: string): Promise<Actor | null> {
  if (key.length < 20 || key.length > 200) return null;
  const hash = await sha256Hex(key);
  // Hashes, whose differences tell nothing of the key: no look-up needs a constant time.
  if (hash === (await systemKeyHash(ctx.config))) {
    return keyId === undefined || keyId === 'system' ? { kind: 'system', keyId: 'system' } : null;
  }
  const row = await knownKeys.get(ctx.db, hash, ctx.wallNow(), async () => {
    const [found] = await ctx.db.select().from(apiKeys).where(eq(apiKeys.hash, hash)).limit(1);
    return found ?? null;
  });
  if (!row || (keyId !== undefined && keyId !== row.keyId)) return null;
  const now = ctx.now();
  if (row.revokedAt !== null && row.revokedAt <= now) return null;
  if (row.expiresAt !== null && row.expiresAt <= now) return null;
  return actorOf(row);
}

const systemKeyHashes = new WeakMap<Config, string>();

async function systemKeyHash(config: Config): Promise<string> {
  const known = systemKeyHashes.get(config) ?? (await sha256Hex(config.SYSTEM_KEY));
  systemKeyHashes.set(config, known);
  return known;
}

function actorOf(row: typeof apiKeys.$inferSelect): Actor {
  if (row.programId === null) return { kind: 'system', keyId: row.keyId };
  const ends = [row.expiresAt, row.revokedAt].filter((at) => at !== null);
  return {
    kind: 'program',
    keyId: row.keyId,
    programId: row.programId,
    scopes: row.scopes,
    // The overlap of a rotation is an end as well.
    expiresAtMs: ends.length === 0 ? null : Math.min(...ends),
  };
}

/** Whom Cloudflare Access has signed in, and what they may enter; `programId` null is the operator's. */
export interface SignedIn {
  email: string;
  /** Program ids in small letters. */
  grants: { programId: string | null; scopes: Scope[] }[];
}

/**
 * Across tenants, for the dashboard's door: whose session a cookie's secret opens, or null, and the program
 * that the page names. One statement, asked anew for each request, so that a session and its key are dead at once.
 */
export async function actorOfSession(
  ctx: Ctx,
  secret: string,
  named: string,
  signedIn: () => Promise<SignedIn | null>,
): Promise<{ actor: Actor; session: Session; program: Entrance | null } | null> {
  if (!/^[\w-]{43}$/.test(secret)) return null;
  const now = ctx.now();
  const [found] = await ctx.db
    .select({ session: sessions, key: apiKeys, program: entranceTo(named) })
    .from(sessions)
    .leftJoin(apiKeys, eq(apiKeys.keyId, sessions.keyId))
    .where(
      and(
        eq(sessions.hash, await sha256Hex(secret)),
        gt(sessions.endsAt, now),
        gt(sessions.seenAt, now - idleMs),
      ),
    )
    .limit(1);
  if (!found) return null;
  const { session, key, program } = found;
  const owner =
    session.keyId === accessKeyId ? granted(await signedIn(), session) : await ownerOf(ctx, session, key);
  if (owner === null || (owner.kind !== 'system' && owner.kind !== 'program')) return null;
  const via = { session: { sessionId: session.sessionId, name: session.name } };
  if (now - session.seenAt > seenEveryMs)
    await ctx.db.update(sessions).set({ seenAt: now }).where(eq(sessions.sessionId, session.sessionId));
  if (owner.kind === 'system') return { actor: { ...owner, ...via }, session, program };
  const allowed = session.scopes;
  const scopes = allowed === null ? owner.scopes : owner.scopes.filter((scope) => allowed.includes(scope));
  return { actor: { ...owner, scopes, ...via }, session, program };
}

/** A session of Access is as good as the token that came with this very request. */
function granted(person: SignedIn | null, { name, programId }: Session): Actor | null {
  return person?.email === name ? actorOfAccess(person, programId) : null;
}

/** Who somebody is by one of their grants, or null. */
export function actorOfAccess({ email, grants }: SignedIn, programId: string | null): Actor | null {
  const grant = grants.find((one) => one.programId === (programId?.toLowerCase() ?? null));
  if (!grant) return null;
  const keyId = `${accessKeyId}:${email}`;
  if (programId === null) return { kind: 'system', keyId };
  return { kind: 'program', keyId, programId, scopes: grant.scopes, expiresAtMs: null };
}

async function ownerOf(
  ctx: Ctx,
  session: Session,
  key: typeof apiKeys.$inferSelect | null,
): Promise<Actor | null> {
  if (session.keyId === 'system') {
    const isSame = session.keyHash === (await sha256Hex(ctx.config.SYSTEM_KEY));
    return isSame ? { kind: 'system', keyId: 'system' } : null;
  }
  const now = ctx.now();
  if (key === null || key.hash !== session.keyHash) return null;
  if (key.revokedAt !== null && key.revokedAt <= now) return null;
  if (key.expiresAt !== null && key.expiresAt <= now) return null;
  return actorOf(key);
}

/** Across tenants: spends a single-use link; null where it was spent, is over, or never was. */
export async function spendPortalLink(
  ctx: Ctx,
  code: string,
): Promise<{ opener: Opener; programId: string; path: string } | null> {
  const [link] = await ctx.db
    .delete(portalLinks)
    .where(and(eq(portalLinks.hash, await sha256Hex(code)), gt(portalLinks.endsAt, ctx.now())))
    .returning();
  if (!link) return null;
  const [key] = await ctx.db.select().from(apiKeys).where(eq(apiKeys.keyId, link.keyId)).limit(1);
  if (!key) return null;
  const { programId, path, scopes, name, keyId } = link;
  return { opener: { keyId, programId, keyHash: key.hash, scopes, name }, programId, path };
}
