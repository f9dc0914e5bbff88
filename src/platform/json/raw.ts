/** Where a value stands in a JSON text, and how deep it nests: 0 for what is no array and no object. */
export interface RawValue {
  start: number;
  end: number;
  depth: number;
}

// Everything here reads text that `JSON.parse` has taken: it follows strings and brackets, and checks nothing.

/** The elements of the array that is the whole of `text`. */
export function elementsOf(text: string): RawValue[] {
  const elements: RawValue[] = [];
  let at = skipSpace(text, skipSpace(text, 0) + 1);
  while (text.charCodeAt(at) !== closeBracket) {
    const element = valueAt(text, at);
    elements.push(element);
    at = skipSpace(text, element.end);
    if (text.charCodeAt(at) === comma) at = skipSpace(text, at + 1);
  }
  return elements;
}

/** The value of a member of the object that begins at `start`; of several, the last, as `JSON.parse` has it. */
export function memberOf(text: string, start: number, name: string): RawValue | null {
  let found: RawValue | null = null;
  let at = skipSpace(text, start + 1);
  while (text.charCodeAt(at) !== closeBrace) {
    const keyEnd = stringEnd(text, at);
    const key = text.slice(at, keyEnd);
    const value = valueAt(text, skipSpace(text, skipSpace(text, keyEnd) + 1));
    if (JSON.parse(key) === name) found = value;
    at = skipSpace(text, value.end);
    if (text.charCodeAt(at) === comma) at = skipSpace(text, at + 1);
  }
  return found;
}

/**
 * Of the object that begins at `start`, where the values of the members stand that `places` names: that of
 * place `i` from `found[2 * i]` to `found[2 * i + 1]`. Of several of one name the last; both are 0 for null.
 */
export function locateMembers(
  text: string,
  start: number,
  places: ReadonlyMap<string, number>,
  found: Int32Array,
): void {
  let at = skipSpace(text, start + 1);
  while (text.charCodeAt(at) !== closeBrace) {
    const keyEnd = stringEnd(text, at);
    const key = text.slice(at + 1, keyEnd - 1);
    const place = places.get(key.includes('\\') ? JSON.parse(`"${key}"`) : key);
    const from = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const to = text.charCodeAt(from) === quote ? stringEnd(text, from) : valueAt(text, from).end;
    if (place !== undefined) {
      const isNull = text.charCodeAt(from) === smallN;
      found[2 * place] = isNull ? 0 : from;
      found[2 * place + 1] = isNull ? 0 : to;
    }
    at = skipSpace(text, to);
    if (text.charCodeAt(at) === comma) at = skipSpace(text, at + 1);
  }
}

const smallN = 0x6e;
const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

function valueAt(text: string, start: number): RawValue {
  const first = text.charCodeAt(start);
  if (first === quote) return { start, end: stringEnd(text, start), depth: 0 };
  if (first !== openBrace && first !== openBracket) return { start, end: wordEnd(text, start), depth: 0 };
  let open = 0;
  let depth = 0;
  for (let at = start; ; ) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      at = stringEnd(text, at);
      continue;
    }
    at += 1;
    if (code === openBrace || code === openBracket) {
      open += 1;
      if (open > depth) depth = open;
    } else if (code === closeBrace || code === closeBracket) {
      open -= 1;
      if (open === 0) return { start, end: at, depth };
    }
  }
}

/** Behind the closing quote of the string that begins at `start`. */
function stringEnd(text: string, start: number): number {
  for (let at = start; ; ) {
    at = text.indexOf('"', at + 1);
    if (at < 0) throw new RangeError('a string without an end');
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === backslash) escapes += 1;
    if (escapes % 2 === 0) return at + 1;
  }
}

function wordEnd(text: string, start: number): number {
  let at = start;
  while (at < text.length && !isSpace(text.charCodeAt(at))) {
    const code = text.charCodeAt(at);
    if (code === comma || code === closeBrace || code === closeBracket) break;
    at += 1;
  }
  return at;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

const { rawJSON: rawJson, isRawJSON: isRawJson } = JSON as unknown as {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
};
type Reviver = (key: string, value: unknown, context: { source: string }) => unknown;
const parse = JSON.parse as (text: string, reviver?: Reviver) => unknown;

/**
 * A number that doubles may not hold as it is written: 16 digits and more, a fraction, an exponent, minus zero.
 * Only where a number can begin, so that identifiers and times within strings are seldom taken for one.
 */
const delicate = /(?:^\s*|"\s*:\s*|[,[]\s*)(?:-0|-?[0-9]{16}|-?[0-9]+[.eE])/;

/**
 * As `JSON.parse`, but numbers that would come out otherwise than they were written stay raw:
 * `JSON.stringify` writes them back character for character.
 */
export function parseExactly(text: string): unknown {
  if (!delicate.test(text)) return parse(text);
  return parse(text, (_, value, { source }) =>
    typeof value === 'number' && String(value) !== source ? rawJson(source) : value,
  );
}

/** As `JSON.parse`, but a number that no double holds is its own text: an id of 20 digits stays that id. */
export function parseForReading(text: string): unknown {
  if (!/[0-9]{16}|[eE][+]?[0-9]{3}/.test(text)) return parse(text);
  return parse(text, (_, value, { source }) =>
    typeof value === 'number' && !isHeld(value, source) ? source : value,
  );
}

function isHeld(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return false;
  return !/^-?[0-9]+$/.test(source) || Number.isSafeInteger(value) || BigInt(value) === BigInt(source);
}

/** A number that `parseExactly` left as it was written. */
export function isRawNumber(value: unknown): boolean {
  return isRawJson(value);
}

/**
 * One text for all JSON texts that say the same: members sorted, no space, numbers as they were written.
 * Recursive: for data of bounded depth.
 */
export function canonicalJson(text: string): string {
  return canonical(parseExactly(text));
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null || isRawJson(value)) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, one]) => `${JSON.stringify(name)}:${canonical(one)}`).join(',')}}`;
}
