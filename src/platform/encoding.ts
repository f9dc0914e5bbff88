const encoder = new TextEncoder();

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text) as Uint8Array<ArrayBuffer>;
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(fromAscii(bytes));
}

/** Throws `TypeError` on text that is not base 64. Accepts the URL-safe alphabet and missing padding. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  try {
    const binary = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch {
    throw new TypeError('not base 64');
  }
}

export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

export function toHex(bytes: Uint8Array): string {
  const characters = new Uint8Array(2 * bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    characters[2 * i] = hexDigits.charCodeAt(byte >>> 4);
    characters[2 * i + 1] = hexDigits.charCodeAt(byte & 15);
  }
  return fromAscii(characters);
}

const hexDigits = '0123456789abcdef';

/** Characters that one call takes as its arguments. */
const perCall = 8_192;

/** The characters of these codes, each below 256, made at once: one by one leaves a string for each behind. */
export function fromAscii(codes: Uint8Array): string {
  if (codes.length <= perCall) return Reflect.apply(String.fromCharCode, null, codes);
  let text = '';
  for (let at = 0; at < codes.length; at += perCall) text += fromAscii(codes.subarray(at, at + perCall));
  return text;
}

export async function sha256Hex(data: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const bytes = typeof data === 'string' ? utf8(data) : data;
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}

/** Compares without telling by its time where the texts differ. */
export async function equalsConstantTime(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([sha256Hex(a), sha256Hex(b)]);
  let difference = 0;
  for (let i = 0; i < left.length; i++) difference |= left.charCodeAt(i) ^ right.charCodeAt(i);
  return difference === 0;
}
