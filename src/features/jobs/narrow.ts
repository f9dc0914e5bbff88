/**
 * Text with a character beyond U+00FF takes two bytes a character in the runtime, in each of its copies on the
 * way to the database. A file often has but a few kinds of these (a curly apostrophe, a dash): they stand as
 * control characters that the text does not hold, and SQL puts them back.
 */
export interface Narrowed {
  upserts: string;
  /** The code points that U+0080 stands for, U+0081 … */
  foreign: readonly number[];
}

/** Each costs SQL a look through every row. */
const signs = 4;
const firstSign = 0x80;

/** Copies characters of UTF-8, and gives signs to those beyond U+00FF. */
export class Narrower {
  /** Code points. */
  #characters: number[] = [];
  #isOn = false;
  /** The text holds a sign itself, or more kinds of characters than there are signs. */
  hasFailed = false;

  begin(isOn: boolean): void {
    this.#characters = [];
    this.#isOn = isOn;
    this.hasFailed = false;
  }

  get foreign(): readonly number[] {
    return this.#characters;
  }

  /**
   * Copies from the byte at `from`, 0xc2 or above: one byte if it answers 1, the others of the character being
   * copied as they come; else it has read so many, and written two.
   */
  copy(source: Uint8Array, from: number, target: Uint8Array, at: number): number {
    const lead = source[from] as number;
    target[at] = lead;
    if (!this.#isOn || lead === 0xc3) return 1;
    if (lead === 0xc2) {
      if ((source[from + 1] as number) < firstSign + signs) this.hasFailed = true;
      return 1;
    }
    const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    let character = lead & (0x7f >> length);
    for (let i = from + 1; i < from + length; i++) {
      character = (character << 6) | ((source[i] as number) & 0x3f);
    }
    let sign = this.#characters.indexOf(character);
    if (sign < 0) {
      if (this.#characters.length === signs) {
        this.hasFailed = true;
        return 1;
      }
      sign = this.#characters.push(character) - 1;
    }
    target[at] = 0xc2;
    target[at + 1] = firstSign + sign;
    return length;
  }
}

/** True where a text, as UTF-8, has a sign in it. */
export function holdsSign(bytes: Uint8Array): boolean {
  return bytes.some((byte, i) => {
    const next = bytes[i + 1] ?? 0;
    return byte === 0xc2 && next >= firstSign && next < firstSign + signs;
  });
}
