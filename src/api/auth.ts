import type { Context } from 'hono';
import type { Actor } from '../context.ts';
import { actorOfKey } from '../features/keys/keys.system.ts';
import type { ApiEnv } from '../http.ts';
import { fromBase64 } from '../platform/encoding.ts';
import { AppError } from '../platform/errors.ts';
import { checkRate } from './rate.ts';

/** The key a request carries in its headers, and who that makes it. Throws `unauthorized` for a wrong one. */
export async function authenticate(c: Context<ApiEnv>): Promise<Actor> {
  const given = keyInHeaders(c);
  if (!given) return { kind: 'anonymous' };
  return identify(c, given);
}

/** The key in the body's `apiKey`, in any letter case. Anonymous when there is none. */
export async function authenticateBody(c: Context<ApiEnv>): Promise<Actor> {
  let body: unknown;
  try {
    body = await c.req.json();
  } catch {
    throw new AppError('malformed_json', 'The body is not JSON.');
  }
  if (typeof body !== 'object' || body === null) return { kind: 'anonymous' };
  const entry = Object.entries(body).find(([name]) => name.toLowerCase() === 'apikey');
  if (!entry || typeof entry[1] !== 'string' || entry[1] === '') return { kind: 'anonymous' };
  return identify(c, { key: entry[1] });
}

async function identify(c: Context<ApiEnv>, given: { key: string; keyId?: string }): Promise<Actor> {
  const actor = await actorOfKey(c.get('ctx'), given.key, given.keyId);
  if (!actor) {
    // Guessing costs a look-up each: it is counted by where it comes from.
    await checkRate(c);
    throw new AppError('unauthorized', 'This key is unknown, revoked or has ended.', {
      headers: { 'www-authenticate': 'Bearer realm="crosswalk", error="invalid_token"' },
    });
  }
  return actor;
}

function keyInHeaders(c: Context<ApiEnv>): { key: string; keyId?: string } | null {
  const plain = c.req.header('x-api-key');
  if (plain) return { key: plain.trim() };
  const header = c.req.header('authorization');
  if (!header) return null;
  const [scheme = '', value = ''] = header.trim().split(/\s+/, 2);
  if (scheme.toLowerCase() === 'bearer' && value !== '') return { key: value };
  if (scheme.toLowerCase() === 'basic') {
    const [keyId, key] = decodeBasic(value);
    if (key) return { key, ...(keyId ? { keyId } : {}) };
  }
  throw new AppError(
    'unauthorized',
    'The Authorization header holds neither a Bearer key nor Basic credentials.',
  );
}

function decodeBasic(value: string): [string, string] {
  try {
    const text = new TextDecoder().decode(fromBase64(value));
    const colon = text.indexOf(':');
    return colon < 0 ? ['', text] : [text.slice(0, colon), text.slice(colon + 1)];
  } catch {
    return ['', ''];
  }
}
