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
    let crc = this.#value;
    const { length } = bytes;
    let at = 0;
    for (const end = length - 7; at < end; at += 8) {
      const a = crc ^ word(bytes, at);
      const b = word(bytes, at + 4);
      crc =
        entry(table, 7, a) ^
        entry(table, 6, a >>> 8) ^
        entry(table, 5, a >>> 16) ^
        entry(table, 4, a >>> 24) ^
        entry(table, 3, b) ^
        entry(table, 2, b >>> 8) ^
        entry(table, 1, b >>> 16) ^
        entry(table, 0, b >>> 24);
    }
    for (; at < length; at++) crc = (crc >>> 8) ^ entry(table, 0, crc ^ byte(bytes, at));
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
    let low = this.#lowValue;
    let high = this.#highValue;
    const { length } = bytes;
    let at = 0;
    for (const end = length - 7; at < end; at += 8) {
      const a = low ^ word(bytes, at);
      const b = high ^ word(bytes, at + 4);
      low = mixed(this.#low, a, b);
      high = mixed(this.#high, a, b);
    }
    for (; at < length; at++) {
      const index = low ^ byte(bytes, at);
      low = ((low >>> 8) | (high << 24)) ^ entry(this.#low, 0, index);
      high = (high >>> 8) ^ entry(this.#high, 0, index);
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

function mixed(table: Int32Array, a: number, b: number): number {
  return (
    entry(table, 7, a) ^
    entry(table, 6, a >>> 8) ^
    entry(table, 5, a >>> 16) ^
    entry(table, 4, a >>> 24) ^
    entry(table, 3, b) ^
    entry(table, 2, b >>> 8) ^
    entry(table, 1, b >>> 16) ^
    entry(table, 0, b >>> 24)
  );
}

// Indexes below are within bounds by construction; `as number` keeps the loops free of checks.
function entry(table: Int32Array, slice: number, index: number): number {
  return table[(slice << 8) | (index & 255)] as number;
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

/** Four bytes, least significant first. */
function word(bytes: Uint8Array, at: number): number {
  return (
    byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24)
  );
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
