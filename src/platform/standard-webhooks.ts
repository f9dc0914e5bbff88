import { fromBase64, toBase64, utf8 } from './encoding.ts';

const secretPrefix = 'whsec_';

/** A fresh signing secret: `whsec_` and 32 random bytes in base 64 (Standard Webhooks 1.0.0 asks 24 to 64). */
export function newSigningSecret(): string {
  return secretPrefix + toBase64(crypto.getRandomValues(new Uint8Array(32)));
}

/**
 * Signs as Standard Webhooks 1.0.0 does: `id.timestamp.body` under every secret given, so that a receiver
 * verifies with the old or the new one while a rotation lasts.
 */
export async function signWebhook(
  secrets: string[],
  message: { id: string; timestampSeconds: number; body: string },
): Promise<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const signed = utf8(`${message.id}.${message.timestampSeconds}.${message.body}`);
  const signatures = await Promise.all(
    secrets.map(async (secret) => {
      const key = await importedKey(secret);
      return `v1,${toBase64(new Uint8Array(await crypto.subtle.sign('HMAC', key, signed)))}`;
    }),
  );
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestampSeconds),
    'webhook-signature': signatures.join(' '),
  };
}

const imported = new Map<string, CryptoKey>();

async function importedKey(secret: string): Promise<CryptoKey> {
  const known = imported.get(secret);
  if (known) return known;
  const bytes = fromBase64(secret.startsWith(secretPrefix) ? secret.slice(secretPrefix.length) : secret);
  const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  if (imported.size > 1_000) imported.clear();
  imported.set(secret, key);
  return key;
}
