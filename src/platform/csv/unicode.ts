import { badShape, wideShape } from './dialect.ts';

/** Where unit and byte indexes drift apart: from unit `units[i]` on, the byte index is `deltas[i]` more. */
export class ByteSteps {
  #units = new Uint32Array(256);
  #deltas = new Int32Array(256);
  #count = 0;
  #last = 0;

  clear(): void {
    this.#count = 0;
    this.#last = 0;
  }

  add(unit: number, byte: number): void {
    if (this.#count === this.#units.length) {
      const units = new Uint32Array(this.#count * 2);
      const deltas = new Int32Array(this.#count * 2);
      units.set(this.#units);
      deltas.set(this.#deltas);
      this.#units = units;
      this.#deltas = deltas;
    }
    this.#units[this.#count] = unit;
    this.#deltas[this.#count] = byte - unit;
    this.#count += 1;
  }

  /** Byte index of a unit. Questions mostly come in ascending order, so it starts where it stopped. */
  byteAt(unit: number): number {
    const units = this.#units;
    let last = this.#last;
    if (last > 0 && (units[last - 1] as number) > unit) last = 0;
    while (last < this.#count && (units[last] as number) <= unit) last += 1;
    this.#last = last;
    return last === 0 ? unit : unit + (this.#deltas[last - 1] as number);
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

/** Size of the UTF-8 character at `at`; 0 if there is none. Unicode, table 3-7. */
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

/** Index of the first byte outside ASCII; four bytes at a time. `raw` starts its buffer. */
function asciiEnd(raw: Uint8Array, words: Uint32Array, from: number, end: number): number {
  let at = from;
  while (at < end && (at & 3) !== 0 && (raw[at] as number) < 0x80) at += 1;
  if ((at & 3) === 0) {
    let word = at >> 2;
    const lastWord = end >> 2;
    while (word < lastWord && ((words[word] as number) & 0x80808080) === 0) word += 1;
    at = word << 2;
  }
  while (at < end && (raw[at] as number) < 0x80) at += 1;
  return at;
}

/**
 * Makes the shape of UTF-8 and notes where indexes drift apart; `bad` gets the index of every byte that is
 * no UTF-8. Returns the units.
 */
export function shapeUtf8(
  raw: Uint8Array,
  end: number,
  shape: Uint8Array,
  steps: ByteSteps,
  bad: number[],
): number {
  const words = new Uint32Array(raw.buffer, 0, raw.length >> 2);
  let unit = 0;
  let at = 0;
  while (at < end) {
    const from = at;
    at = asciiEnd(raw, words, at, end);
    if (at - from > 32) {
      shape.set(raw.subarray(from, at), unit);
      unit += at - from;
    } else {
      for (let i = from; i < at; i++) shape[unit++] = raw[i] as number;
    }
    if (at === end) break;
    const size = utf8SizeAt(raw, at, end);
    if (size === 0) {
      bad.push(at);
      shape[unit++] = badShape;
      at += 1;
      continue;
    }
    at += size;
    shape[unit++] = wideShape;
    steps.add(unit, at);
    if (size === 4) {
      shape[unit++] = wideShape;
      steps.add(unit, at);
    }
  }
  return unit;
}

/** Makes the shape of UTF-16; a lone surrogate is bad. */
export function shapeUtf16(raw: Uint8Array, units: number, bigEndian: boolean, shape: Uint8Array): void {
  const high = bigEndian ? 0 : 1;
  const low = 1 - high;
  let pairOpen = false;
  for (let unit = 0; unit < units; unit++) {
    const top = raw[unit * 2 + high] as number;
    const code = (top << 8) | (raw[unit * 2 + low] as number);
    const trails = (top & 0xfc) === 0xdc;
    if (pairOpen && !trails) shape[unit - 1] = badShape;
    if (code < 0x80) shape[unit] = code;
    else shape[unit] = trails && !pairOpen ? badShape : wideShape;
    pairOpen = (top & 0xfc) === 0xd8;
  }
  if (pairOpen) shape[units - 1] = badShape;
}
