import { badShape, type CsvEncoding, wideShape } from './dialect.ts';

/**
 * The part of a file that a reader has in hand: its bytes, the text they decode to, and a *shape* of that
 * text, one byte per UTF-16 unit: ASCII as it is, `wideShape` for what is outside it, `badShape` for a
 * byte that is no character (U+FFFD in the text), and a 0 behind the last. A scan needs only the shape;
 * where every unit is one byte, the bytes themselves are it. Bytes at the end that may be half a character
 * wait for the next ones.
 */
export class TextWindow {
  text = '';
  shape: Uint8Array;
  /** Units in `text` and `shape`. */
  length = 0;
  readonly #encoding: CsvEncoding;
  readonly #decoder: TextDecoder;
  #raw = new Uint8Array(1024);
  #rawLength = 0;
  /** Byte offset in the file of the first byte in hand. */
  #base: number;
  /** For each unit the index of its first byte; null where unit and byte have the same index. */
  #byteAt: Uint32Array | null = null;
  #wide = { shape: new Uint8Array(0), byteAt: new Uint32Array(0) };

  constructor(encoding: CsvEncoding, base: number) {
    this.#encoding = encoding;
    this.#base = base;
    this.#decoder = new TextDecoder(encoding, { fatal: encoding === 'utf-8', ignoreBOM: true });
    this.shape = this.#raw;
  }

  get rawLength(): number {
    return this.#rawLength;
  }

  /** Byte offset in the file of a unit; of `length`, the offset behind the last. */
  offsetAt(index: number): number {
    return this.#base + (this.#byteAt === null ? index : (this.#byteAt[index] as number));
  }

  /** Drops what stands before unit `from` and takes more bytes. The text is stale until `decode`. */
  append(bytes: Uint8Array, from: number): void {
    const dropped = this.offsetAt(from) - this.#base;
    const kept = this.#rawLength - dropped;
    const needed = kept + bytes.length + 1;
    if (needed > this.#raw.length) {
      const grown = new Uint8Array(Math.max(needed, this.#raw.length * 2));
      grown.set(this.#raw.subarray(dropped, this.#rawLength));
      this.#raw = grown;
    } else if (dropped > 0) {
      this.#raw.copyWithin(0, dropped, this.#rawLength);
    }
    this.#raw.set(bytes, kept);
    this.#rawLength = kept + bytes.length;
    this.#base += dropped;
    this.#byteAt = null;
  }

  /** Makes text and shape of the bytes in hand. With `final`, half a character is a bad one. */
  decode(final: boolean): void {
    this.#byteAt = null;
    switch (this.#encoding) {
      case 'windows-1252':
        this.#takeRaw(this.#decoder.decode(this.#raw.subarray(0, this.#rawLength)));
        break;
      case 'utf-8':
        this.#decodeUtf8(final);
        break;
      default:
        this.#decodeUtf16(final);
    }
    this.shape[this.length] = 0;
  }

  #takeRaw(text: string): void {
    this.text = text;
    this.shape = this.#raw;
    this.length = this.#rawLength;
  }

  #decodeUtf8(final: boolean): void {
    const whole = this.#rawLength - (final ? 0 : heldBackUtf8(this.#raw, this.#rawLength));
    let text: string | null = null;
    try {
      text = this.#decoder.decode(this.#raw.subarray(0, whole));
    } catch {
      // Some bytes are no UTF-8: found below.
    }
    if (text !== null && text.length === this.#rawLength) {
      this.#takeRaw(text);
      return;
    }
    const wide = this.#makeWide(whole);
    const bad: number[] = [];
    this.length = mapUtf8(this.#raw, whole, wide.shape, wide.byteAt, bad);
    this.text = text ?? this.#decodeAround(bad, whole);
  }

  #decodeAround(bad: number[], end: number): string {
    let text = '';
    let from = 0;
    for (const index of bad) {
      if (index > from) text += this.#decoder.decode(this.#raw.subarray(from, index));
      text += '\ufffd';
      from = index + 1;
    }
    return text + this.#decoder.decode(this.#raw.subarray(from, end));
  }

  #decodeUtf16(final: boolean): void {
    const bigEndian = this.#encoding === 'utf-16be';
    let units = this.#rawLength >> 1;
    const high = bigEndian ? 0 : 1;
    if (!final && units > 0 && ((this.#raw[units * 2 - 2 + high] as number) & 0xfc) === 0xd8) units -= 1;
    const wide = this.#makeWide(units + 1);
    mapUtf16(this.#raw, units, bigEndian, wide.shape, wide.byteAt);
    this.text = this.#decoder.decode(this.#raw.subarray(0, units * 2));
    this.length = units;
    if (final && this.#rawLength > units * 2) {
      this.text += '\ufffd';
      wide.shape[units] = badShape;
      this.length += 1;
      wide.byteAt[this.length] = this.#rawLength;
    }
  }

  #makeWide(units: number): { shape: Uint8Array; byteAt: Uint32Array } {
    if (this.#wide.shape.length <= units) {
      const capacity = Math.max(units + 1, this.#wide.shape.length * 2);
      this.#wide = { shape: new Uint8Array(capacity), byteAt: new Uint32Array(capacity) };
    }
    this.shape = this.#wide.shape;
    this.#byteAt = this.#wide.byteAt;
    return this.#wide;
  }
}

/** How many bytes at the end may be the first part of a character. */
export function heldBackUtf8(raw: Uint8Array, length: number): number {
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = raw[length - back] as number;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    if (size <= back || byte < 0xc2 || byte > 0xf4) return 0;
    return back === 1 || isSecondByte(byte, raw[length - back + 1] as number) ? back : 0;
  }
  return 0;
}

/** Size of the UTF-8 character at `at`; 0 if there is none. Unicode 15, table 3-7. */
export function utf8SizeAt(raw: Uint8Array, at: number, end: number): number {
  const lead = raw[at] as number;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (at + size > end || !isSecondByte(lead, raw[at + 1] as number)) return 0;
  for (let i = 2; i < size; i++) if (((raw[at + i] as number) & 0xc0) !== 0x80) return 0;
  return size;
}

function isSecondByte(lead: number, byte: number): boolean {
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  return byte >= low && byte <= high;
}

/** Fills shape and byte indexes, and `bad` with the index of every byte that is no UTF-8. */
function mapUtf8(
  raw: Uint8Array,
  end: number,
  shape: Uint8Array,
  byteAt: Uint32Array,
  bad: number[],
): number {
  let unit = 0;
  let at = 0;
  while (at < end) {
    const byte = raw[at] as number;
    byteAt[unit] = at;
    if (byte < 0x80) {
      shape[unit++] = byte;
      at += 1;
      continue;
    }
    const size = utf8SizeAt(raw, at, end);
    if (size === 0) {
      bad.push(at);
      shape[unit++] = badShape;
      at += 1;
      continue;
    }
    shape[unit++] = wideShape;
    at += size;
    if (size === 4) {
      byteAt[unit] = at;
      shape[unit++] = wideShape;
    }
  }
  byteAt[unit] = end;
  return unit;
}

function mapUtf16(
  raw: Uint8Array,
  units: number,
  bigEndian: boolean,
  shape: Uint8Array,
  byteAt: Uint32Array,
): void {
  const high = bigEndian ? 0 : 1;
  const low = 1 - high;
  let pairOpen = false;
  for (let unit = 0; unit < units; unit++) {
    const top = raw[unit * 2 + high] as number;
    const code = (top << 8) | (raw[unit * 2 + low] as number);
    byteAt[unit] = unit * 2;
    const trails = (top & 0xfc) === 0xdc;
    if (pairOpen && !trails) shape[unit - 1] = badShape;
    if (code < 0x80) shape[unit] = code;
    else shape[unit] = trails && !pairOpen ? badShape : wideShape;
    pairOpen = (top & 0xfc) === 0xd8;
  }
  if (pairOpen) shape[units - 1] = badShape;
  byteAt[units] = units * 2;
}
