/**
 * Fast hashes of text: 32-bit lanes over UTF-16 units, finished as MurmurHash3 finishes. They spread keys
 * over buckets and tell changed rows from unchanged ones; they are no defence against someone who builds
 * collisions, who could only fool his own data.
 */

/** 64 bits as text. Two different rows share one about once in 2^64 pairs. */
export function fingerprint(text: string): string {
  const [first, second] = hashLanes(text);
  return `${(first >>> 0).toString(36)}.${(second >>> 0).toString(36)}`;
}

/** 0 to 2^32 - 1. */
export function bucketHash(text: string): number {
  return hashLanes(text)[0] >>> 0;
}

/** The two lanes, each 32 bits, signed. */
export function hashLanes(text: string): [number, number] {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    b = Math.imul(b ^ unit, 0x5f356495);
  }
  const finalA = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  const finalB = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(finalA ^ (finalA >>> 13), 0xc2b2ae35);
  return [finalA, finalB];
}
