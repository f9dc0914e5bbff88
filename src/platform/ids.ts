import { fromAscii } from './encoding.ts';
import { hashLanes } from './hash.ts';

/** Crockford's base 32 in lower case: sorts like the number it encodes, and has no look-alikes. */
export const idAlphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** Every prefix an id may have. A programId may not look like one (`^[a-z]{2,5}_`). */
export type IdPrefix =
  | 'aud'
  | 'att'
  | 'dlv'
  | 'evt'
  | 'exp'
  | 'fil'
  | 'job'
  | 'key'
  | 'lse'
  | 'mpu'
  | 'msg'
  | 'prb'
  | 'rcv'
  | 'req'
  | 'run'
  | 'sec'
  | 'syn'
  | 'ses'
  | 'srq'
  | 'tra'
  | 'upl'
  | 'whk';

/**
 * A prefixed, time-ordered id: `job_` and 26 characters, of which 10 are milliseconds since 1970 and 16
 * are 80 random bits. Ids of one millisecond are not ordered among themselves.
 */
export function newId(prefix: IdPrefix, atMs: number): string {
  const codes = crypto.getRandomValues(new Uint8Array(26));
  for (let rest = atMs, i = 9; i >= 0; i--) {
    codes[i] = rest % 32;
    rest = Math.floor(rest / 32);
  }
  return `${prefix}_${spell(codes)}`;
}

/** The milliseconds since 1970 in an id; 0 where there are none. */
export function idTime(id: string): number {
  const time = /^[a-z]{2,5}_([0-9a-z]{10})/.exec(id)?.[1] ?? '';
  let at = 0;
  for (const character of time) at = at * 32 + Math.max(0, idAlphabet.indexOf(character));
  return at;
}

/**
 * An id made from another one, with its time: the same source and text give the same id. Of an id that has
 * no time in it, such as a number, the time is 0.
 */
export async function deriveId(prefix: IdPrefix, source: string, text: string): Promise<string> {
  const bytes = new TextEncoder().encode(`${source}|${text}`);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const tail = spell(digest.subarray(0, 16));
  const time = /^[a-z]{2,5}_([0-9a-z]{10})[0-9a-z]{16}$/.exec(source)?.[1] ?? '0'.repeat(10);
  return `${prefix}_${time}${tail}`;
}

/** At most 24 characters of base 32 that follow from a text: two texts share all of 13 once in 2^60 pairs or so. */
export function hashedText(text: string, length: number): string {
  const [a, b] = hashLanes(text);
  const [c, d] = hashLanes(`${text} `);
  const codes = new Uint8Array(24);
  for (let i = 0; i < 6; i++) {
    // Six characters of five bits each; a lane has 32.
    codes[i] = a >>> (5 * i);
    codes[i + 6] = b >>> (5 * i);
    codes[i + 12] = c >>> (5 * i);
    codes[i + 18] = d >>> (5 * i);
  }
  return spell(codes.subarray(0, length));
}

/** `length` random characters of base 32, five bits each. */
export function randomText(length: number): string {
  return spell(crypto.getRandomValues(new Uint8Array(length)));
}

/** The characters of the alphabet by the lower five bits of each; the codes are overwritten. */
function spell(codes: Uint8Array): string {
  for (let i = 0; i < codes.length; i++) codes[i] = idAlphabet.charCodeAt((codes[i] ?? 0) & 31);
  return fromAscii(codes);
}
