/**
 * A fast 128-bit fingerprint of text (the mixing of MurmurHash3, four lanes over UTF-16 units). It
 * spreads keys over buckets and tells changed rows from unchanged ones; it is no defence against someone
 * who builds collisions, who could only fool his own data.
 */
export interface Fingerprint {
  /** 32 bits, unsigned: the bucket number's source. */
  bucketHash: number;
  /** 128 bits as 22 characters or fewer. */
  text: string;
}

export function fingerprint(text: string): Fingerprint {
  const lanes = hashLanes(text);
  return { bucketHash: lanes[0] >>> 0, text: lanes.map((lane) => (lane >>> 0).toString(36)).join('.') };
}

/** The first lane alone, 0 to 2^32 - 1. */
export function bucketHash(text: string): number {
  return hashLanes(text)[0] >>> 0;
}

/** The four lanes, each 32 bits, signed. */
export function hashLanes(text: string): [number, number, number, number] {
  let h1 = 1779033703;
  let h2 = 3144134277;
  let h3 = 1013904242;
  let h4 = 2773480762;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    h1 = h2 ^ Math.imul(h1 ^ unit, 597399067);
    h2 = h3 ^ Math.imul(h2 ^ unit, 2869860233);
    h3 = h4 ^ Math.imul(h3 ^ unit, 951274213);
    h4 = h1 ^ Math.imul(h4 ^ unit, 2716044179);
  }
  h1 = Math.imul(h3 ^ (h1 >>> 18), 597399067);
  h2 = Math.imul(h4 ^ (h2 >>> 22), 2869860233);
  h3 = Math.imul(h1 ^ (h3 >>> 17), 951274213);
  h4 = Math.imul(h2 ^ (h4 >>> 19), 2716044179);
  h1 ^= h2 ^ h3 ^ h4;
  return [h1, h2 ^ h1, h3 ^ h1, h4 ^ h1];
}
