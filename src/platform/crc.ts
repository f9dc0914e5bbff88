/**
 * The cyclic redundancy checks that S3 clients send: CRC-32 (ISO-HDLC), CRC-32C (Castagnoli) and
 * CRC-64/NVME, all reflected, beginning and ending with all ones. Eight bytes a step through eight tables
 * (slicing-by-8, Kounavis and Berry 2005); a 64-bit value is kept as two halves, for BigInt is too slow.
 */
export const crcKinds = ['crc32', 'crc32c', 'crc64nvme'] as const;
export type CrcKind = (typeof crcKinds)[number];

export interface Crc {
  update(bytes: Uint8Array): void;
  /** Four bytes, or eight, most significant first. */
  digest(): Uint8Array<ArrayBuffer>;
}

const polynomials: Record<CrcKind, bigint> = {
  crc32: 0xedb88320n,
  crc32c: 0x82f63b78n,
  crc64nvme: 0x9a6c9329ac4bc9b5n,
};
const widths: Record<CrcKind, number> = { crc32: 32, crc32c: 32, crc64nvme: 64 };

export function createCrc(kind: CrcKind): Crc {
  const { low, high } = tablesOf(kind);
  return widths[kind] === 32 ? new Crc32(low) : new Crc64(low, high);
}

class Crc32 implements Crc {
  readonly #table: Int32Array;
  #value = -1;

  constructor(table: Int32Array) {
    this.#table = table;
  }

  update(bytes: Uint8Array): void {
    const table = this.#table;
    const { head, words, tail } = inWords(bytes);
    this.#step(bytes, 0, head);
    let crc = this.#value;
    for (let at = 0; at < words.length; at += 2) {
      const a = crc ^ (words[at] as number);
      const b = words[at + 1] as number;
      crc =
        entry(table, 1792 | (a & 255)) ^
        entry(table, 1536 | ((a >>> 8) & 255)) ^
        entry(table, 1280 | ((a >>> 16) & 255)) ^
        entry(table, 1024 | (a >>> 24)) ^
        entry(table, 768 | (b & 255)) ^
        entry(table, 512 | ((b >>> 8) & 255)) ^
        entry(table, 256 | ((b >>> 16) & 255)) ^
        entry(table, b >>> 24);
    }
    this.#value = crc;
    this.#step(bytes, tail, bytes.length);
  }

  #step(bytes: Uint8Array, from: number, to: number): void {
    const table = this.#table;
    let crc = this.#value;
    for (let at = from; at < to; at++) {
      crc = (crc >>> 8) ^ entry(table, (crc ^ (bytes[at] as number)) & 255);
    }
    this.#value = crc;
  }

  digest(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setInt32(0, ~this.#value);
    return bytes;
  }
}

class Crc64 implements Crc {
  readonly #low: Int32Array;
  readonly #high: Int32Array;
  #lowValue = -1;
  #highValue = -1;

  constructor(low: Int32Array, high: Int32Array) {
    this.#low = low;
    this.#high = high;
  }

  update(bytes: Uint8Array): void {
    const lows = this.#low;
    const highs = this.#high;
    const { head, words, tail } = inWords(bytes);
    this.#step(bytes, 0, head);
    let low = this.#lowValue;
    let high = this.#highValue;
    for (let at = 0; at < words.length; at += 2) {
      const a = low ^ (words[at] as number);
      const b = high ^ (words[at + 1] as number);
      const a0 = 1792 | (a & 255);
      const a1 = 1536 | ((a >>> 8) & 255);
      const a2 = 1280 | ((a >>> 16) & 255);
      const a3 = 1024 | (a >>> 24);
      const b0 = 768 | (b & 255);
      const b1 = 512 | ((b >>> 8) & 255);
      const b2 = 256 | ((b >>> 16) & 255);
      const b3 = b >>> 24;
      low =
        entry(lows, a0) ^
        entry(lows, a1) ^
        entry(lows, a2) ^
        entry(lows, a3) ^
        entry(lows, b0) ^
        entry(lows, b1) ^
        entry(lows, b2) ^
        entry(lows, b3);
      high =
        entry(highs, a0) ^
        entry(highs, a1) ^
        entry(highs, a2) ^
        entry(highs, a3) ^
        entry(highs, b0) ^
        entry(highs, b1) ^
        entry(highs, b2) ^
        entry(highs, b3);
    }
    this.#lowValue = low;
    this.#highValue = high;
    this.#step(bytes, tail, bytes.length);
  }

  #step(bytes: Uint8Array, from: number, to: number): void {
    const lows = this.#low;
    const highs = this.#high;
    let low = this.#lowValue;
    let high = this.#highValue;
    for (let at = from; at < to; at++) {
      const index = (low ^ (bytes[at] as number)) & 255;
      low = ((low >>> 8) | (high << 24)) ^ entry(lows, index);
      high = (high >>> 8) ^ entry(highs, index);
    }
    this.#lowValue = low;
    this.#highValue = high;
  }

  digest(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    view.setInt32(0, ~this.#highValue);
    view.setInt32(4, ~this.#lowValue);
    return bytes;
  }
}

// The running values are locals of no closure: the runtime's V8 compresses pointers, and 32 bits that a closure
// shares would be an object of the heap at every step.
// Indexes are within bounds by construction; `as number` keeps the loops free of checks.
function entry(table: Int32Array, index: number): number {
  return table[index] as number;
}

const none = new Int32Array(0);

/**
 * The steps of eight bytes as words, least significant byte first as every platform of the runtime has them:
 * twice as fast as joining bytes. Before `head` and from `tail` on the bytes go one by one.
 */
function inWords(bytes: Uint8Array): { head: number; words: Int32Array; tail: number } {
  const head = Math.min(-bytes.byteOffset & 3, bytes.length);
  const steps = (bytes.length - head) >>> 3;
  const words = steps === 0 ? none : new Int32Array(bytes.buffer, bytes.byteOffset + head, 2 * steps);
  return { head, words, tail: head + 8 * steps };
}

interface Tables {
  low: Int32Array;
  high: Int32Array;
}

const made = new Map<CrcKind, Tables>();

/** Eight tables of 256 entries: slice `n` is what a byte does `n` bytes before the end of the step. */
function tablesOf(kind: CrcKind): Tables {
  const known = made.get(kind);
  if (known) return known;
  const polynomial = polynomials[kind];
  const values: bigint[] = [];
  for (let index = 0n; index < 256n; index++) {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n;
    values.push(value);
  }
  for (let at = 256; at < 2_048; at++) {
    const before = values[at - 256] as bigint;
    values.push((before >> 8n) ^ (values[Number(before & 255n)] as bigint));
  }
  const tables = {
    low: Int32Array.from(values, (value) => Number(BigInt.asIntN(32, value))),
    high: Int32Array.from(values, (value) => Number(BigInt.asIntN(32, value >> 32n))),
  };
  made.set(kind, tables);
  return tables;
}

/** The check of two stretches one after the other, from the check of each and the length of the second. */
export function combineCrc(
  kind: CrcKind,
  first: Uint8Array,
  second: Uint8Array,
  secondBytes: number,
): Uint8Array<ArrayBuffer> {
  const width = widths[kind];
  const one = 1n << BigInt(width - 1);
  let shift = one;
  let power = one >> 8n;
  // x^(8 n) modulo the polynomial, by squaring; as zlib's crc32_combine does.
  for (let rest = BigInt(secondBytes); rest > 0n; rest >>= 1n) {
    if (rest & 1n) shift = multiply(kind, power, shift);
    power = multiply(kind, power, power);
  }
  const combined = multiply(kind, shift, toBigInt(first)) ^ toBigInt(second);
  return fromBigInt(combined, width / 8);
}

/** The product of two polynomials modulo the kind's, in the reflected notation. */
function multiply(kind: CrcKind, a: bigint, b: bigint): bigint {
  const polynomial = polynomials[kind];
  let product = 0n;
  let factor = b;
  for (let mask = 1n << BigInt(widths[kind] - 1); mask > 0n; mask >>= 1n) {
    if (a & mask) product ^= factor;
    factor = factor & 1n ? (factor >> 1n) ^ polynomial : factor >> 1n;
  }
  return product;
}

function toBigInt(bytes: Uint8Array): bigint {
  return bytes.reduce((value, one) => (value << 8n) | BigInt(one), 0n);
}

function fromBigInt(value: bigint, length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, at) => Number((value >> BigInt(8 * (length - 1 - at))) & 255n));
}
