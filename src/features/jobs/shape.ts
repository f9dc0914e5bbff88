import { utf8 } from '../../platform/encoding.ts';

const tab = 0x09;
const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * The member names that the rows of one file have in common. Staged rows leave them out, and stand as their
 * values between tabs, which JSON text does not hold, strings without their closing quotes: half the bytes, and
 * what is written decides how long staging takes. Rows of other members, or with nested values, are staged
 * whole.
 */
export class RowShape {
  readonly names: readonly string[];
  /** `{"id":`, `,"name":` …, one behind the other, as bytes and where each begins. */
  readonly #bytes: Uint8Array;
  readonly #starts: Uint32Array;
  readonly #texts: string[];

  constructor(names: readonly string[]) {
    this.names = names;
    this.#texts = names.map((name, i) => `${i === 0 ? '{' : ','}${JSON.stringify(name)}:`);
    const pieces = this.#texts.map(utf8);
    this.#starts = new Uint32Array(pieces.length + 1);
    pieces.forEach((piece, i) => {
      this.#starts[i + 1] = (this.#starts[i] ?? 0) + piece.length;
    });
    this.#bytes = utf8(this.#texts.join(''));
  }

  /** By how many bytes an unpacked row is longer, at most. */
  get overhead(): number {
    return this.#bytes.length + this.names.length + 2;
  }

  /**
   * Writes the JSON object that stands in `source` from `from` up to `to` without its names, at `at` of
   * `target`; answers the place behind it, or -1 where the object is not of this shape.
   */
  pack(source: Uint8Array, from: number, to: number, target: Uint8Array, at: number): number {
    const names = this.#bytes;
    const starts = this.#starts;
    const count = starts.length - 1;
    let i = from;
    let out = at;
    for (let k = 0; k < count; k++) {
      const end = starts[k + 1] as number;
      for (let n = starts[k] as number; n < end; n++) if (source[i++] !== names[n]) return -1;
      if (k > 0) target[out++] = tab;
      let byte = source[i] as number;
      if (byte === quote) {
        do {
          target[out++] = byte;
          if (byte === backslash) target[out++] = source[++i] as number;
          byte = source[++i] as number;
        } while (byte !== quote);
        i++;
      } else {
        if (byte === openBrace || byte === openBracket) return -1;
        while (byte !== comma && byte !== closeBrace) {
          target[out++] = byte;
          byte = source[++i] as number;
        }
      }
    }
    return count > 0 && source[i] === closeBrace && i + 1 === to ? out : -1;
  }

  /** The reverse: the object again, from what `pack` wrote. */
  unpack(source: Uint8Array, from: number, to: number, target: Uint8Array, at: number): number {
    const names = this.#bytes;
    const starts = this.#starts;
    let out = at;
    let k = 0;
    for (let i = from; i <= to; i++) {
      const end = starts[k + 1] as number;
      for (let n = starts[k] as number; n < end; n++) target[out++] = names[n] as number;
      const isText = source[i] === quote;
      for (; i < to && source[i] !== tab; i++) target[out++] = source[i] as number;
      if (isText) target[out++] = quote;
      k++;
    }
    target[out++] = closeBrace;
    return out;
  }

  /** As `unpack`, of text. */
  unpackText(packed: string): string {
    const values = packed.split('\t');
    const whole = (value: string) => (value.startsWith('"') ? `${value}"` : value);
    return `${values.map((value, i) => `${this.#texts[i]}${whole(value)}`).join('')}}`;
  }
}
