import { badShape, type CsvEncoding } from './dialect.ts';
import { ByteSteps, heldBackUtf8, shapeUtf8, shapeUtf16 } from './unicode.ts';

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
  /** Its own buffer from the start, in whole words, and with room for the 0 behind the last. */
  #raw = new Uint8Array(1024);
  #rawLength = 0;
  /** Byte offset in the file of the first byte in hand. */
  #base: number;
  /** How a unit's index leads to its byte's. */
  #mapping: 'same' | 'double' | 'steps' = 'same';
  readonly #steps = new ByteSteps();
  #wideShape = new Uint8Array(0);

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
    if (this.#mapping === 'same') return this.#base + index;
    if (this.#mapping === 'steps') return this.#base + this.#steps.byteAt(index);
    return this.#base + Math.min(index * 2, this.#rawLength);
  }

  /** Drops what stands before unit `from` and takes more bytes. Text and shape are stale until `decode`. */
  append(bytes: Uint8Array, from: number): void {
    const dropped = this.offsetAt(from) - this.#base;
    const kept = this.#rawLength - dropped;
    const needed = kept + bytes.length + 1;
    if (needed > this.#raw.length) {
      const grown = new Uint8Array((Math.max(needed, this.#raw.length * 2) + 3) & ~3);
      grown.set(this.#raw.subarray(dropped, this.#rawLength));
      this.#raw = grown;
    } else if (dropped > 0) {
      this.#raw.copyWithin(0, dropped, this.#rawLength);
    }
    this.#raw.set(bytes, kept);
    this.#rawLength = kept + bytes.length;
    this.#base += dropped;
    this.#mapping = 'same';
  }

  /** Makes text and shape of the bytes in hand. With `final`, half a character is a bad one. */
  decode(final: boolean): void {
    if (this.#encoding === 'utf-8') this.#decodeUtf8(final);
    else if (this.#encoding === 'windows-1252') {
      this.#takeRaw(this.#decoder.decode(this.#raw.subarray(0, this.#rawLength)));
    } else this.#decodeUtf16(final);
    this.shape[this.length] = 0;
  }

  #takeRaw(text: string): void {
    this.text = text;
    this.shape = this.#raw;
    this.length = this.#rawLength;
    this.#mapping = 'same';
  }

  #decodeUtf8(final: boolean): void {
    const whole = this.#rawLength - (final ? 0 : heldBackUtf8(this.#raw, this.#rawLength));
    let text: string | null = null;
    try {
      text = this.#decoder.decode(this.#raw.subarray(0, whole));
    } catch {
      // Some bytes are no UTF-8: `shapeUtf8` finds them.
    }
    if (text !== null && text.length === this.#rawLength) {
      this.#takeRaw(text);
      return;
    }
    const bad: number[] = [];
    this.#makeWideShape(whole);
    this.#mapping = 'steps';
    this.#steps.clear();
    this.length = shapeUtf8(this.#raw, whole, this.shape, this.#steps, bad);
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
    this.#makeWideShape(units + 1);
    this.#mapping = 'double';
    shapeUtf16(this.#raw, units, bigEndian, this.shape);
    this.text = this.#decoder.decode(this.#raw.subarray(0, units * 2));
    this.length = units;
    if (final && this.#rawLength > units * 2) {
      this.text += '\ufffd';
      this.shape[units] = badShape;
      this.length += 1;
    }
  }

  #makeWideShape(units: number): void {
    if (this.#wideShape.length <= units) {
      this.#wideShape = new Uint8Array(Math.max(units + 1, this.#wideShape.length * 2));
    }
    this.shape = this.#wideShape;
  }
}
