import type { Context } from 'hono';
import type { Ctx, Scope } from '../context.ts';
import type { AccessRule } from '../env.ts';
import type { SignedIn } from '../features/keys/keys.system.ts';
import { type AccessPerson, verifyAccessToken } from '../platform/access-token.ts';

/** What each role may do; the operator's is no list: a system key's rights. */
export const roleScopes: Record<Exclude<AccessRule['role'], 'operator'>, Scope[]> = {
  engineer: ['read', 'files', 'jobs', 'events:publish', 'exports', 'webhooks', 'manage'],
  consultant: ['read', 'templates'],
  manager: ['read', 'flows'],
  viewer: ['read'],
};

/** Whom Cloudflare Access lets through, and what the settings grant them; null where it says nobody. */
export async function signedInByAccess(c: Context, ctx: Ctx): Promise<SignedIn | null> {
  const { ACCESS_TEAM: team, ACCESS_AUD: audiences, ACCESS_PEOPLE: rules } = ctx.config;
  const token = c.req.header('cf-access-jwt-assertion');
  if (team === undefined || token === undefined) return null;
  // The wall's clock: a token's times are the world's.
  const person = await verifyAccessToken(token, { team, audiences }, ctx.wallNow());
  return person === null ? null : { email: person.email, grants: grantsOf(person, rules) };
}

/** One grant for each program that a rule names for the person, with the scopes of all such rules. */
export function grantsOf(person: AccessPerson, rules: AccessRule[]): SignedIn['grants'] {
  const grants = new Map<string | null, Set<Scope>>();
  for (const { who, role, program } of rules) {
    if (!isMeant(who, person)) continue;
    if (role === 'operator') grants.set(null, new Set());
    else if (program !== undefined) {
      const id = program.toLowerCase();
      grants.set(id, new Set([...(grants.get(id) ?? []), ...roleScopes[role]]));
    }
  }
  return [...grants].map(([programId, scopes]) => ({ programId, scopes: [...scopes] }));
}

function isMeant(who: string, { email, groups }: AccessPerson): boolean {
  if (who.startsWith('group:')) return groups.includes(who.slice('group:'.length));
  const wanted = who.toLowerCase();
  return wanted.startsWith('*@') ? email.endsWith(wanted.slice(1)) : email === wanted;
}
