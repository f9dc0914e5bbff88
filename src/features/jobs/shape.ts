import { utf8 } from '../../platform/encoding.ts';
import { bytesFingerprint, hashLanes } from '../../platform/hash.ts';
import type { JsonBytes } from '../../platform/json/bytes.ts';
import type { Json, RowValues } from '../../platform/tableschema/index.ts';
import { holdsSign, type Narrower } from './narrow.ts';

const tab = 0x09;
const lineFeed = 0x0a;
const quote = 0x22;
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
  readonly #seed: [number, number];
  /** `{"id":`, `,"name":` …, one behind the other, as bytes and where each begins. */
  readonly #bytes: Uint8Array;
  readonly #starts: Uint32Array;
  readonly #texts: string[];
  /** Behind the line feed of the row that was unpacked last. */
  readTo = 0;

  constructor(names: readonly string[]) {
    this.names = names;
    this.#seed = seedOf(names);
    this.#texts = names.map((name, i) => `${i === 0 ? '{' : ','}${JSON.stringify(name)}:`);
    const pieces = this.#texts.map(utf8);
    this.#starts = new Uint32Array(pieces.length + 1);
    pieces.forEach((piece, i) => {
      this.#starts[i + 1] = (this.#starts[i] ?? 0) + piece.length;
    });
    this.#bytes = utf8(this.#texts.join(''));
  }

  /** False where the names themselves hold what a narrower writes for others. */
  get canNarrow(): boolean {
    return !holdsSign(this.#bytes);
  }

  /** By how many bytes an unpacked row is longer, at most. */
  get overhead(): number {
    return this.#bytes.length + this.names.length + 2;
  }

  /** Writes a row without its names; false, and perhaps a part of it, where it is not of this shape. */
  pack(values: RowValues, out: JsonBytes): boolean {
    const { names } = this;
    let k = 0;
    for (const name in values) {
      if (name !== names[k]) return false;
      if (k++ > 0) out.writeByte(tab);
      if (!writeScalar(values[name] as Json, out)) return false;
    }
    return k > 0 && k === names.length;
  }

  /** The same of values in the order of the names. */
  packValues(values: readonly Json[], out: JsonBytes): boolean {
    for (let k = 0; k < values.length; k++) {
      if (k > 0) out.writeByte(tab);
      if (!writeScalar(values[k] as Json, out)) return false;
    }
    return values.length > 0 && values.length === this.names.length;
  }

  /** The fingerprint's halves of a packed row. */
  fingerprintOf(bytes: DataView, from: number, to: number): [number, number] {
    return bytesFingerprint(bytes, from, to, this.#seed);
  }

  /**
   * Writes the object of the row that stands in `source` at `from`, packed or whole, at `at` of `target`, which
   * is long enough; answers the place behind it. The row's end is the next line feed.
   */
  unpack(source: Uint8Array, from: number, target: Uint8Array, at: number, narrower: Narrower): number {
    const names = this.#bytes;
    const starts = this.#starts;
    let out = at;
    let i = from;
    let byte = source[i++] as number;
    if (byte === openBrace) {
      for (; byte !== lineFeed; byte = source[i++] as number) {
        if (byte < 0xc2) target[out++] = byte;
        else {
          const read = narrower.copy(source, i - 1, target, out);
          i += read - 1;
          out += read === 1 ? 1 : 2;
        }
      }
      this.readTo = i;
      return out;
    }
    for (let k = 0; ; k++) {
      const end = starts[k + 1] as number;
      for (let n = starts[k] as number; n < end; n++) target[out++] = names[n] as number;
      const isText = byte === quote;
      // Of what stands in JSON text, only the two that end a value are below a blank.
      for (; byte >= 0x20; byte = source[i++] as number) {
        if (byte < 0xc2) target[out++] = byte;
        else {
          const read = narrower.copy(source, i - 1, target, out);
          i += read - 1;
          out += read === 1 ? 1 : 2;
        }
      }
      if (isText) target[out++] = quote;
      if (byte === lineFeed) break;
      byte = source[i++] as number;
    }
    target[out++] = closeBrace;
    this.readTo = i;
    return out;
  }

  /** As `unpack`, of the text of a packed row. */
  unpackText(packed: string): string {
    const values = packed.split('\t');
    const whole = (value: string) => (value.startsWith('"') ? `${value}"` : value);
    return `${values.map((value, i) => `${this.#texts[i]}${whole(value)}`).join('')}}`;
  }
}

function writeScalar(value: Json, out: JsonBytes): boolean {
  if (typeof value === 'string') {
    out.writeByte(quote);
    out.writeText(value);
  } else if (typeof value === 'number') out.writeNumber(value);
  else if (value === null || typeof value === 'boolean') out.writeText(String(value));
  else return false;
  return true;
}

const seedOf = (names: readonly string[]) => hashLanes(JSON.stringify(names));

/** The fingerprint's halves of any row: those that its own shape gives it, nested values packed as their JSON. */
export function fingerprintOf(values: RowValues, scratch: JsonBytes): [number, number] {
  scratch.length = 0;
  const names = Object.keys(values);
  names.forEach((name, k) => {
    if (k > 0) scratch.writeByte(tab);
    const json = JSON.stringify(values[name]);
    scratch.writeRaw(typeof values[name] === 'string' ? json.slice(0, -1) : json);
  });
  return bytesFingerprint(scratch.view, 0, scratch.length, seedOf(names));
}
