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
  let time = '';
  for (let rest = atMs, i = 0; i < 10; i++) {
    time = idAlphabet.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  return `${prefix}_${time}${randomText(16)}`;
}

/** `length` random characters of base 32, five bits each. */
export function randomText(length: number): string {
  let text = '';
  for (const byte of crypto.getRandomValues(new Uint8Array(length))) text += idAlphabet.charAt(byte & 31);
  return text;
}
