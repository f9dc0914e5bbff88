/**
 * Fast hashes of text: 32-bit lanes over pairs of UTF-16 units, finished as MurmurHash3 finishes. They spread keys
 * over buckets and tell changed rows from unchanged ones; they are no defence against someone who builds
 * collisions, who could only fool his own data.
 */

/** Digits of a fingerprint. */
export const fingerprintLength = 18;

/**
 * Two lanes of nine digits, none of which begins with 0: SQL can add them up, and numbers are text several
 * times sooner to base 10. Two different rows share one about once in 2^59 pairs.
 */
export function fingerprint(text: string): string {
  return halvesOf(hashLanes(text)).join('');
}

/**
 * The same of bytes, four at a time, as its two lanes, each from 100,000,000 to 999,999,999. `seed` is two lanes
 * of whatever gives the bytes their meaning.
 */
export function bytesFingerprint(
  bytes: DataView,
  from: number,
  to: number,
  seed: readonly [number, number],
): [number, number] {
  let a = 0xdeadbeef ^ seed[0];
  let b = 0x41c6ce57 ^ seed[1];
  let i = from;
  for (; i + 4 <= to; i += 4) {
    const four = bytes.getInt32(i, true);
    a = Math.imul(a ^ four, 0x9e3779b1);
    a ^= a >>> 15;
    b = Math.imul(b ^ four, 0x5f356495);
    b ^= b >>> 13;
  }
  for (; i < to; i++) {
    const one = bytes.getUint8(i);
    a = Math.imul(a ^ one, 0x9e3779b1);
    b = Math.imul(b ^ one, 0x5f356495);
  }
  return halvesOf(finished(a, b, to - from));
}

const halvesOf = ([first, second]: [number, number]): [number, number] => [
  nineDigits(first),
  nineDigits(second),
];

const nineDigits = (lane: number) => ((lane >>> 0) % 900_000_000) + 100_000_000;

/** 0 to 2^32 - 1. */
export function bucketHash(text: string): number {
  return hashLanes(text)[0] >>> 0;
}

/** The two lanes, each 32 bits, signed. */
export function hashLanes(text: string): [number, number] {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  const even = text.length & ~1;
  for (let i = 0; i < even; i += 2) {
    const units = text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16);
    a = Math.imul(a ^ units, 0x9e3779b1);
    a ^= a >>> 15;
    b = Math.imul(b ^ units, 0x5f356495);
    b ^= b >>> 13;
  }
  if (even < text.length) {
    const unit = text.charCodeAt(even);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    b = Math.imul(b ^ unit, 0x5f356495);
  }
  return finished(a, b, text.length);
}

function finished(laneA: number, b: number, length: number): [number, number] {
  const a = laneA ^ length;
  const finalA = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  const finalB = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(finalA ^ (finalA >>> 13), 0xc2b2ae35);
  return [finalA, finalB];
}
