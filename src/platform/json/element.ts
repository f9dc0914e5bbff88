import type { ElementState } from './faults.ts';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

export function isLineEnd(code: number | undefined): boolean {
  return code === 0x0a || code === 0x0d;
}

export function isSpace(code: number | undefined): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

/**
 * Follows strings and brackets from `from` up to `limit`. `end`: the element ends there; `broken`: a line
 * ends inside a string, which JSON never has; `open`: no end up to there. `state` is what it stands in.
 */
export interface ElementScan {
  status: 'end' | 'broken' | 'open';
  at: number;
}

export function scanElement(
  shape: Uint8Array,
  from: number,
  limit: number,
  state: ElementState,
): ElementScan {
  let { depth, inString, escaped } = state;
  let status: ElementScan['status'] = 'open';
  let at = from;
  for (; at < limit; at++) {
    const code = shape[at] as number;
    if (inString) {
      if (escaped) escaped = false;
      else if (code === backslash) escaped = true;
      else if (code === quote) inString = false;
      if (!isLineEnd(code)) continue;
      status = 'broken';
      break;
    }
    if (code === quote) inString = true;
    else if (code === openBrace || code === openBracket) depth += 1;
    else if (code === closeBrace || code === closeBracket) {
      if (depth === 0) status = 'end';
      else if (depth === 1) {
        depth = 0;
        at += 1;
        status = 'end';
      } else depth -= 1;
    } else if (code === comma && depth === 0) status = 'end';
    if (status === 'end') break;
  }
  state.depth = depth;
  state.inString = inString;
  state.escaped = escaped;
  return { status, at };
}

/** Line ends that end in `[from, to)`: LF, CRLF and lone CR. */
export function countLineEnds(shape: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at++) {
    const code = shape[at];
    if (code === 0x0a || (code === 0x0d && shape[at + 1] !== 0x0a)) count += 1;
  }
  return count;
}

/** Where a cut near `at` falls: it parts no CR from its LF and no halves of a pair, be they in hand or not. */
export function wholeUpTo(text: string, at: number): number {
  const last = text.charCodeAt(at - 1);
  return last === 0x0d || (last & 0xfc00) === 0xd800 ? at - 1 : at;
}

/** Where reading goes on behind a broken element. */
export interface NextElement {
  /** Index of the line end before it. */
  at: number;
  /** It is the array's end, not an element. */
  isEnd: boolean;
}

/**
 * The next line, between `start` and `upTo`, that begins just like the line of the element at `start`: the
 * same indent and a brace, where nested objects stand deeper. `indent` is null for an element that does
 * not start its line. Null if there is none, or if indents tell nothing.
 */
export function findNextLine(
  text: string,
  start: number,
  upTo: number,
  indent: string | null,
): NextElement | null {
  if (indent === null) return null;
  const lineEnd = /\r\n|\n|\r/g;
  lineEnd.lastIndex = start;
  for (let found = lineEnd.exec(text); found !== null && found.index < upTo; found = lineEnd.exec(text)) {
    // Without indents, a line of one brace may be the start of anything.
    if (indent === '' && text.slice(start, found.index).trim() === '{') return null;
    const next = found.index + found[0].length;
    if (next >= upTo) return null;
    if (text.startsWith(`${indent}{`, next)) return { at: found.index, isEnd: false };
    const bracket = /^[ \t]*/.exec(text.slice(next, next + indent.length + 1))?.[0].length ?? 0;
    if (text[next + bracket] === ']' && bracket <= indent.length) return { at: found.index, isEnd: true };
  }
  return null;
}

const rowBorder = /\}\s*,\s*\{/;

/** Whether a string of a broken element holds what looks like the border of two: its quotes are flipped. */
export function hidesElements(text: string): boolean {
  for (const [string] of text.matchAll(/"(?:[^"\\]|\\.)*"?/gs)) if (rowBorder.test(string)) return true;
  return false;
}
