import { fromBase64, utf8 } from './encoding.ts';

/**
 * The token that Cloudflare Access adds to each request it lets through (`Cf-Access-Jwt-Assertion`): signed
 * RS256 by the team's keys, for one application. Whoever reaches the Worker by another way can send that
 * header too, so that nothing in it counts before signature, issuer, audience and times hold.
 */
export interface AccessTeam {
  /** `https://<team>.cloudflareaccess.com`: the issuer, and where its keys are. */
  team: string;
  /** The application's audience tags. */
  audiences: string[];
}

export interface AccessPerson {
  email: string;
  groups: string[];
}

const leewaySeconds = 60;
const tokenAtMost = 16_384;

/** Who the token is of; null where it is no token of this team and application, now. Never throws. */
export async function verifyAccessToken(
  token: string,
  { team, audiences }: AccessTeam,
  nowMs: number,
): Promise<AccessPerson | null> {
  if (token.length > tokenAtMost) return null;
  const [head = '', body = '', signature = '', ...rest] = token.split('.');
  if (rest.length > 0 || signature === '') return null;
  const header = readPart(head);
  // The algorithm is ours to say, not the token's.
  if (header?.alg !== 'RS256' || typeof header.kid !== 'string' || header.crit !== undefined) return null;
  const key = await keyOf(team, header.kid, nowMs);
  if (key === null || !(await isSigned(key, `${head}.${body}`, signature))) return null;
  const claims = readPart(body);
  return claims !== null && holds(claims, team, audiences, nowMs / 1_000) ? personOf(claims) : null;
}

type Part = Record<string, unknown>;

function readPart(text: string): Part | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(fromBase64(text)));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Part) : null;
  } catch {
    return null;
  }
}

async function isSigned(key: CryptoKey, text: string, signature: string): Promise<boolean> {
  try {
    return await crypto.subtle.verify('RSASSA-PKCS1-v1_5', key, fromBase64(signature), utf8(text));
  } catch {
    return false;
  }
}

function holds(claims: Part, team: string, audiences: string[], now: number): boolean {
  const { iss, aud, exp, nbf, iat, type } = claims;
  const named = Array.isArray(aud) ? aud : [aud];
  const isLater = (time: unknown) => typeof time !== 'number' || time > now + leewaySeconds;
  return (
    iss === team &&
    named.some((one) => typeof one === 'string' && audiences.includes(one)) &&
    typeof exp === 'number' &&
    exp > now &&
    !isLater(iat) &&
    (nbf === undefined || !isLater(nbf)) &&
    (type === undefined || type === 'app')
  );
}

/** A service token has no e-mail address: it is nobody. */
function personOf(claims: Part): AccessPerson | null {
  const { email, groups, custom } = claims;
  if (typeof email !== 'string' || email.length > 254 || !/^[^\s@]+@[^\s@]+$/.test(email)) return null;
  const own = typeof custom === 'object' && custom !== null ? (custom as Part).groups : undefined;
  const named = [groups, own].flatMap((list) => (Array.isArray(list) ? list : []));
  return { email: email.toLowerCase(), groups: named.filter((name) => typeof name === 'string') };
}

interface KeyRing {
  keys: Map<string, CryptoKey>;
  askedAtMs: number;
  readAtMs: number;
}

// Keys are kept per isolate, never promises: a request may not wait for another one's fetch.
const rings = new Map<string, KeyRing>();
const freshMs = 3_600_000;
/** A team that cannot be asked keeps its keys that long. */
const keptMs = 24 * 3_600_000;
/** Tokens with made-up key ids must not make us ask for each. */
const askEveryMs = 60_000;

async function keyOf(team: string, kid: string, nowMs: number): Promise<CryptoKey | null> {
  const known = rings.get(team);
  const age = known === undefined ? Number.POSITIVE_INFINITY : nowMs - known.readAtMs;
  const mayAsk = known === undefined || nowMs - known.askedAtMs >= askEveryMs || nowMs < known.askedAtMs;
  if (mayAsk && (age >= freshMs || !known?.keys.has(kid))) {
    if (known) known.askedAtMs = nowMs;
    const keys = await readKeys(team);
    if (keys !== null) rings.set(team, { keys, askedAtMs: nowMs, readAtMs: nowMs });
  }
  const ring = rings.get(team);
  if (!ring || nowMs - ring.readAtMs > keptMs) return null;
  return ring.keys.get(kid) ?? null;
}

const answerAtMost = 65_536;
const answerMs = 5_000;

async function readKeys(team: string): Promise<Map<string, CryptoKey> | null> {
  try {
    const answer = await fetch(`${team}/cdn-cgi/access/certs`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(answerMs),
    });
    const text = answer.ok ? await answer.text() : '';
    if (text === '' || text.length > answerAtMost) return null;
    const { keys } = JSON.parse(text) as { keys?: unknown };
    if (!Array.isArray(keys)) return null;
    const found = new Map<string, CryptoKey>();
    for (const jwk of keys as JsonWebKey[]) {
      const { kid } = jwk as { kid?: unknown };
      const isOurs = jwk.kty === 'RSA' && (jwk.alg ?? 'RS256') === 'RS256' && (jwk.use ?? 'sig') === 'sig';
      // 2,048 bits are 342 characters of base 64.
      if (!isOurs || typeof kid !== 'string' || (jwk.n ?? '').length < 340) continue;
      const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
      const { n = '', e = '' } = jwk;
      found.set(kid, await crypto.subtle.importKey('jwk', { kty: 'RSA', n, e }, rsa, false, ['verify']));
    }
    return found;
  } catch {
    return null;
  }
}
