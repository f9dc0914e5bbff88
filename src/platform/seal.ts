import { fromBase64, toBase64Url, utf8 } from './encoding.ts';

/**
 * Seals secrets that must be used again (AES-256-GCM). A sealed text is `keyId.iv.ciphertext`; the key id
 * and the row's identity are additional data, so a sealed text moved to another row does not open.
 */
export interface Sealer {
  currentKeyId: string;
  /** `identity` names table, row and column, such as `signing_secrets:sec_1:secret`. */
  seal(secret: string, identity: string): Promise<string>;
  /** Throws `SealError` when the key is gone, or the text or the identity is not the one sealed. */
  open(sealed: string, identity: string): Promise<string>;
}

export class SealError extends Error {
  override name = 'SealError';
}

/** `spec` is `id:base64 of 32 bytes`, comma-separated; the first key seals. Throws `SealError`. */
export function createSealer(spec: string): Sealer {
  const keys = parseKeys(spec);
  const imported = new Map<string, Promise<CryptoKey>>();
  const keyFor = (id: string): Promise<CryptoKey> => {
    const known = imported.get(id);
    if (known) return known;
    const bytes = keys.get(id);
    if (!bytes)
      throw new SealError(`The seal key "${id}" is not among SEAL_KEYS: put it back to open what it sealed.`);
    const key = crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
    imported.set(id, key);
    return key;
  };
  const [currentKeyId] = keys.keys();
  if (currentKeyId === undefined) throw new SealError('SEAL_KEYS holds no key.');
  return {
    currentKeyId,
    async seal(secret, identity) {
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const additionalData = utf8(`${currentKeyId}|${identity}`);
      const key = await keyFor(currentKeyId);
      const bytes = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, key, utf8(secret));
      return `${currentKeyId}.${toBase64Url(iv)}.${toBase64Url(new Uint8Array(bytes))}`;
    },
    async open(sealed, identity) {
      const [id, iv, bytes, ...rest] = sealed.split('.');
      if (!id || !iv || !bytes || rest.length > 0) throw new SealError('This is not a sealed text.');
      const key = await keyFor(id);
      const additionalData = utf8(`${id}|${identity}`);
      try {
        const plain = await crypto.subtle.decrypt(
          { name: 'AES-GCM', iv: fromBase64(iv), additionalData },
          key,
          fromBase64(bytes),
        );
        return new TextDecoder().decode(plain);
      } catch {
        throw new SealError(`What was sealed for "${identity}" does not open.`);
      }
    },
  };
}

function parseKeys(spec: string): Map<string, Uint8Array<ArrayBuffer>> {
  const keys = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const part of spec.split(',')) {
    const [id, encoded] = part.trim().split(':');
    if (!id || !encoded || !/^[A-Za-z0-9_-]{1,32}$/.test(id)) {
      throw new SealError('SEAL_KEYS wants "id:base64 of 32 bytes", several separated by commas.');
    }
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = fromBase64(encoded);
    } catch {
      throw new SealError(`The seal key "${id}" is not base 64.`);
    }
    if (bytes.length !== 32)
      throw new SealError(`The seal key "${id}" has ${bytes.length} bytes; it needs 32.`);
    if (keys.has(id)) throw new SealError(`SEAL_KEYS names the key "${id}" twice.`);
    keys.set(id, bytes);
  }
  return keys;
}
