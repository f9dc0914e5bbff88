/** The part of regular expressions that tenants may write: what a finite automaton can decide. */

/** `charset` is the source of a class that matches one character, in JavaScript's `u` syntax. */
export type Node =
  | { kind: 'char'; code: number }
  | { kind: 'charset'; source: string }
  | { kind: 'sequence'; items: Node[] }
  | { kind: 'choice'; branches: Node[] }
  | { kind: 'repeat'; item: Node; min: number; max: number };

export class PatternError extends Error {
  readonly code: 'pattern_invalid' | 'pattern_unsafe' | 'pattern_too_large';

  constructor(code: PatternError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const maxRepeat = 1_000;
const maxGroupDepth = 20;

/**
 * Parses a pattern that means the whole cell; an outer `^` and `$` say nothing new.
 * Throws `PatternError` for what is malformed, or asks for backtracking.
 */
export function parsePattern(source: string): Node {
  const plain = source.replace(/\\(.)/gsu, (written, char: string) => escapedAlike(written, char));
  try {
    new RegExp(plain, 'u');
  } catch {
    throw new PatternError('pattern_invalid', 'the pattern is no regular expression');
  }
  const parser = new Parser([...plain]);
  return parser.choice(0, false);
}

/** XSD and most people escape more punctuation (`\\-`, `\\@`) than JavaScript's `u` syntax allows. */
function escapedAlike(written: string, char: string): string {
  return /[!-/:-@[-`{-~ ]/.test(char) ? `\\x${char.charCodeAt(0).toString(16)}` : written;
}

class Parser {
  readonly chars: string[];
  at = 0;

  constructor(chars: string[]) {
    this.chars = chars;
  }

  choice(depth: number, inLoop: boolean): Node {
    if (depth > maxGroupDepth) throw new PatternError('pattern_too_large', 'groups are nested too deep');
    const branches = [this.sequence(depth, inLoop)];
    while (this.chars[this.at] === '|') {
      this.at++;
      branches.push(this.sequence(depth, inLoop));
    }
    const [only] = branches;
    return branches.length === 1 && only !== undefined ? only : { kind: 'choice', branches };
  }

  private sequence(depth: number, inLoop: boolean): Node {
    const items: Node[] = [];
    if (depth === 0 && this.chars[this.at] === '^') this.at++;
    for (;;) {
      const char = this.chars[this.at];
      if (char === undefined || char === '|' || char === ')') break;
      const next = this.chars[this.at + 1];
      if (depth === 0 && char === '$' && (next === undefined || next === '|')) {
        this.at++;
        continue;
      }
      items.push(this.quantified(depth, inLoop));
    }
    return { kind: 'sequence', items };
  }

  private quantified(depth: number, inLoop: boolean): Node {
    const start = this.at;
    let item = this.atom(depth, inLoop);
    const range = this.quantifier();
    if (range === undefined) return item;
    if (range.max === Number.POSITIVE_INFINITY) {
      if (inLoop) throw new PatternError('pattern_unsafe', 'a quantifier stands inside another, as in (a+)+');
      // Read again as what is repeated, so that a quantifier inside is seen for what it is.
      const end = this.at;
      this.at = start;
      item = this.atom(depth, true);
      this.at = end;
    }
    return { kind: 'repeat', item, ...range };
  }

  private quantifier(): { min: number; max: number } | undefined {
    const char = this.chars[this.at];
    let range: { min: number; max: number } | undefined;
    if (char === '*') range = { min: 0, max: Number.POSITIVE_INFINITY };
    else if (char === '+') range = { min: 1, max: Number.POSITIVE_INFINITY };
    else if (char === '?') range = { min: 0, max: 1 };
    else if (char === '{') range = this.counted();
    if (range === undefined) return undefined;
    if (char !== '{') this.at++;
    // A lazy quantifier matches the same cells.
    if (this.chars[this.at] === '?') this.at++;
    return range;
  }

  private counted(): { min: number; max: number } {
    const end = this.chars.indexOf('}', this.at);
    const [low, high] = this.chars
      .slice(this.at + 1, end)
      .join('')
      .split(',');
    this.at = end + 1;
    const min = Number(low);
    const max = high === undefined ? min : high === '' ? Number.POSITIVE_INFINITY : Number(high);
    if (min > maxRepeat || (max > maxRepeat && max !== Number.POSITIVE_INFINITY)) {
      throw new PatternError('pattern_too_large', `a part is repeated over ${maxRepeat} times`);
    }
    return { min, max };
  }

  private atom(depth: number, inLoop: boolean): Node {
    const char = this.chars[this.at] ?? '';
    if (char === '(') return this.group(depth, inLoop);
    if (char === '[') return this.charset();
    if (char === '\\') return this.escape();
    if (char === '^' || char === '$') {
      throw new PatternError(
        'pattern_invalid',
        `${char} stands only at an end: a pattern means the whole cell`,
      );
    }
    this.at++;
    if (char === '.') return { kind: 'charset', source: '[^\\n\\r]' };
    return { kind: 'char', code: char.codePointAt(0) ?? 0 };
  }

  private group(depth: number, inLoop: boolean): Node {
    this.at++;
    if (this.chars[this.at] === '?') {
      if (this.chars[this.at + 1] !== ':') {
        throw new PatternError(
          'pattern_unsafe',
          'look-ahead, look-behind, flags and named groups are not read here',
        );
      }
      this.at += 2;
    }
    const node = this.choice(depth + 1, inLoop);
    this.at++;
    return node;
  }

  private charset(): Node {
    const start = this.at;
    this.at++;
    while (this.chars[this.at] !== ']') this.at += this.chars[this.at] === '\\' ? 2 : 1;
    this.at++;
    return { kind: 'charset', source: this.chars.slice(start, this.at).join('') };
  }

  private escape(): Node {
    const letter = this.chars[this.at + 1] ?? '';
    if (/[1-9k]/.test(letter)) throw new PatternError('pattern_unsafe', 'a back reference is not read here');
    if (/[bB]/.test(letter)) throw new PatternError('pattern_unsafe', 'a word boundary is not read here');
    const rest = this.chars.slice(this.at).join('');
    const long = /^\\(?:[pPu]\{[^}]*\}|u[dD][89abAB]..\\u[dD][c-fC-F]..|u.{4}|x..|c.)/u.exec(rest)?.[0];
    const source = long ?? `\\${letter}`;
    this.at += [...source].length;
    return { kind: 'charset', source: `[${source}]` };
  }
}
