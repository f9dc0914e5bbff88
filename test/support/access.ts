import { generateKeyPair, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';

/** A team of Cloudflare Access: it signs tokens, and serves the keys that tell whether it did. */
export interface Team {
  url: string;
  /** How often its keys were asked for. */
  asked(): number;
  /** Answers 500 while it is away. */
  setAway(away: boolean): void;
  /** A new signing key beside those served. */
  rotate(kid: string): Promise<void>;
  close(): Promise<void>;
}

const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };

export type SigningKey = JsonWebKey & { kid: string };

/** A key as the team keeps it, and what the public may know of it. */
export async function newSigningKey(kid: string): Promise<{ secret: SigningKey; open: SigningKey }> {
  const pair = await promisify(generateKeyPair)('rsa', { modulusLength: 2_048 });
  const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' }) as JsonWebKey;
  return {
    secret: { ...jwkOf(pair.privateKey), kid },
    open: { ...jwkOf(pair.publicKey), kid, use: 'sig', alg: 'RS256' },
  };
}

export async function startTeam(keys: SigningKey[]): Promise<Team> {
  let asked = 0;
  let isAway = false;
  // On a busy machine it would close a connection as idle while the hub writes its next call to it.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    if (request.url !== '/cdn-cgi/access/certs') {
      response.writeHead(404).end();
      return;
    }
    asked += 1;
    if (isAway) response.writeHead(500).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    setAway: (away) => {
      isAway = away;
    },
    rotate: async (kid) => {
      keys.push((await newSigningKey(kid)).open);
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

export const audience = '5f2a0b9c'.repeat(8);

const base64url = (data: string | ArrayBuffer) =>
  Buffer.from(typeof data === 'string' ? data : new Uint8Array(data)).toString('base64url');

/** A token as Access makes it, with what is to be different. */
export async function signToken(
  key: SigningKey,
  team: string,
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const head = base64url(JSON.stringify({ alg: 'RS256', kid: key.kid, typ: 'JWT', ...header }));
  const body = base64url(
    JSON.stringify({
      aud: [audience],
      email: 'anna@harbour.example',
      exp: now + 600,
      iat: now,
      nbf: now,
      iss: team,
      type: 'app',
      sub: 'b8ff6e3b',
      country: 'NO',
      ...claims,
    }),
  );
  const { kid: _, ...jwk } = key;
  const secret = await crypto.subtle.importKey('jwk', jwk, rsa, false, ['sign']);
  const signature = await crypto.subtle.sign(rsa.name, secret, Buffer.from(`${head}.${body}`));
  return `${head}.${body}.${base64url(signature)}`;
}
