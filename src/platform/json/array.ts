import { badShape } from '../csv/dialect.ts';
import { TextWindow } from '../csv/text-window.ts';
import {
  countLineEnds,
  findNextLine,
  hidesElements,
  isLineEnd,
  isSpace,
  scanElement,
  wholeUpTo,
} from './element.ts';
import {
  type ArrayPhase,
  cutText,
  type ElementState,
  type JsonFaultCode,
  type JsonPosition,
  jsonMessages,
  maxElementChars,
  parseRow,
} from './faults.ts';
import { type JsonReaderOptions, pieceBytes } from './lines.ts';

/**
 * Reads one top-level array of objects from bytes as they come. It follows strings and brackets to the end
 * of each element and parses that. A broken element ends where its brackets do, or, if each element has a
 * line of its own, before the next line that begins alike; where neither can be told the rest is reported
 * as unreadable rather than guessed. In a callback, `position()` is the place behind the element.
 */
export class JsonArrayReader {
  readonly #options: JsonReaderOptions;
  readonly #maxChars: number;
  readonly #window: TextWindow;
  #phase: ArrayPhase;
  #within: ElementState | null;
  /** Index of the first unit not given out; blanks before an element are kept for their indent. */
  #at = 0;
  #line: number;
  #atFileStart: boolean;
  #readAgainAt = 0;
  #ended = false;

  constructor(options: JsonReaderOptions) {
    const { encoding, start } = options;
    this.#options = options;
    this.#maxChars = options.maxChars ?? maxElementChars;
    this.#window = new TextWindow(encoding, start?.offset ?? 0);
    this.#phase = start?.phase ?? 'start';
    this.#within = start?.within ? { ...start.within } : null;
    this.#line = start?.line ?? 1;
    this.#atFileStart = (start?.offset ?? 0) === 0;
  }

  push(bytes: Uint8Array): void {
    if (this.#ended) throw new Error('push after end');
    for (let from = 0; from < bytes.length; from += pieceBytes) {
      this.#window.append(bytes.subarray(from, from + pieceBytes), this.#at);
      this.#at = 0;
      if (this.#window.rawLength >= this.#readAgainAt) this.#advance(false);
    }
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#advance(true);
    if (this.#phase === 'stopped' || this.#phase === 'done') return;
    const isEmpty = this.#phase === 'start';
    this.#phase = 'stopped';
    this.#report(isEmpty ? 'not_an_array' : 'array_not_closed', this.#at, this.#at);
  }

  position(): JsonPosition {
    const position: JsonPosition = {
      offset: this.#window.offsetAt(this.#at),
      line: this.#line,
      phase: this.#phase,
    };
    if (this.#within !== null) position.within = { ...this.#within };
    return position;
  }

  #advance(final: boolean): void {
    const window = this.#window;
    window.decode(final);
    if (this.#atFileStart && window.length > 0) {
      this.#atFileStart = false;
      if (window.text.charCodeAt(0) === 0xfeff) this.#at = 1;
    }
    this.#readAgainAt = 0;
    while (this.#at < window.length) {
      if (this.#step(final)) continue;
      const waiting = window.length - this.#at;
      if (waiting > pieceBytes) this.#readAgainAt = window.rawLength + (waiting >> 1);
      return;
    }
  }

  /** One step of what is expected; false if that takes more text. */
  #step(final: boolean): boolean {
    const { shape, text, length } = this.#window;
    if (this.#phase === 'stopped' || this.#within !== null) {
      // A CR waits for its LF, so that they count as one line end.
      const end = !final && shape[length - 1] === 0x0d ? length - 1 : length;
      if (end === this.#at) return false;
      if (this.#within !== null) return this.#skipWithin(this.#within, end);
      this.#moveTo(end);
      return true;
    }
    let start = this.#at;
    while (start < length && isSpace(shape[start])) start += 1;
    if (start === length) {
      // A CR waits for its LF; an indent waits for its element, unless it is none.
      const isIndent = this.#phase === 'element' || this.#phase === 'first';
      if (!final && (isIndent ? length - this.#at < pieceBytes : shape[length - 1] === 0x0d)) return false;
      this.#moveTo(length);
      return true;
    }
    const char = text[start];
    switch (this.#phase) {
      case 'start':
        if (char === '[') return this.#pass(start + 1, 'first');
        this.#moveTo(start);
        this.#phase = 'stopped';
        this.#report('not_an_array', start, start);
        return true;
      case 'first':
        return char === ']' ? this.#pass(start + 1, 'done') : this.#readElement(start, final);
      case 'element':
        return char === ']' || char === ','
          ? this.#passUnexpected(start, char === ']' ? 'done' : 'element')
          : this.#readElement(start, final);
      case 'separator':
        return this.#readSeparator(start, char, final);
      default:
        this.#moveTo(start);
        this.#phase = 'stopped';
        this.#report('unexpected_text', start, start);
        return true;
    }
  }

  #pass(to: number, phase: ArrayPhase): true {
    this.#moveTo(to);
    this.#phase = phase;
    return true;
  }

  /** A comma or bracket too much. */
  #passUnexpected(start: number, phase: ArrayPhase): true {
    this.#moveTo(start);
    const line = this.#line;
    this.#moveTo(start + 1);
    this.#phase = phase;
    this.#report('unexpected_text', start, start + 1, null, line);
    return true;
  }

  #readSeparator(start: number, char: string | undefined, final: boolean): boolean {
    if (char === ',') return this.#pass(start + 1, 'element');
    if (char === ']') return this.#pass(start + 1, 'done');
    if (char === '{') {
      this.#moveTo(start);
      this.#phase = 'element';
      this.#report('missing_comma', start, start);
      return true;
    }
    const { shape, text, length } = this.#window;
    let end = start;
    while (
      end < length &&
      end - start < this.#maxChars &&
      !isLineEnd(shape[end]) &&
      !'{],'.includes(text[end] ?? '')
    )
      end += 1;
    if (end === length && !final) return false;
    if (end - start === this.#maxChars) end = wholeUpTo(text, end);
    this.#moveTo(start);
    const line = this.#line;
    this.#moveTo(end);
    this.#report('unexpected_text', start, end, null, line);
    return true;
  }

  #readElement(start: number, final: boolean): boolean {
    const { shape, text, length } = this.#window;
    const limit = Math.min(length, start + this.#maxChars + 1);
    const state: ElementState = { depth: 0, inString: false, escaped: false };
    const scan = scanElement(shape, start, limit, state);
    const isTooLarge = scan.status === 'open' && limit - start > this.#maxChars;
    if (scan.status === 'open' && !isTooLarge && !final) return false;
    if (scan.status === 'end') {
      const parsed = parseRow(text.slice(start, scan.at));
      if ('row' in parsed || parsed.code === 'not_an_object') {
        this.#giveOut(start, scan.at, parsed);
        return true;
      }
    }
    // Broken: look for the next line that begins like the element's own.
    const upTo = scan.status === 'end' ? scan.at : limit;
    // What stands behind the scan may not be in hand yet, and must not decide.
    const seen = text.slice(0, scan.status === 'end' ? scan.at + 1 : limit);
    const next = findNextLine(seen, start, upTo, this.#indentOf(start));
    if (next !== null) return this.#leaveBroken(start, next.at, next.isEnd ? 'separator' : 'element');
    if (scan.status === 'broken') {
      if (!final && limit - start <= this.#maxChars) return false;
      return this.#giveUp(start, scan.at);
    }
    if (isTooLarge) {
      const end = wholeUpTo(text, limit);
      this.#moveTo(start);
      const line = this.#line;
      this.#moveTo(end);
      this.#within = state;
      this.#report('element_too_large', start, end, null, line);
      return true;
    }
    return hidesElements(text.slice(start, scan.at))
      ? this.#giveUp(start, scan.at)
      : this.#leaveBroken(start, scan.at, 'separator');
  }

  /** Blanks before an element on its line; null if something else stands there. */
  #indentOf(start: number): string | null {
    const before = this.#window.text.slice(this.#at, start);
    const lineStart = Math.max(before.lastIndexOf('\n'), before.lastIndexOf('\r')) + 1;
    if (lineStart > 0) return before.slice(lineStart);
    return this.#phase === 'first' ? '' : null;
  }

  #giveOut(start: number, end: number, parsed: ReturnType<typeof parseRow>): void {
    this.#moveTo(start);
    const line = this.#line;
    const bad = this.#window.shape.subarray(start, end).indexOf(badShape);
    this.#moveTo(end);
    this.#phase = 'separator';
    if (bad >= 0 && this.#options.encoding !== 'windows-1252') {
      this.#report('bad_bytes', start, end, start + bad, line);
      return;
    }
    if ('row' in parsed) this.#options.onRow(parsed.row, line, this.#window.offsetAt(start));
    else this.#report(parsed.code, start, end, null, line);
  }

  #leaveBroken(start: number, end: number, phase: ArrayPhase): true {
    this.#moveTo(start);
    const line = this.#line;
    this.#moveTo(end);
    this.#phase = phase;
    this.#report('broken_json', start, end, null, line);
    return true;
  }

  #giveUp(start: number, end: number): true {
    this.#moveTo(start);
    const line = this.#line;
    this.#moveTo(end);
    this.#phase = 'stopped';
    this.#report('rest_unreadable', start, end, null, line);
    return true;
  }

  #skipWithin(state: ElementState, end: number): boolean {
    const scan = scanElement(this.#window.shape, this.#at, end, state);
    if (scan.status === 'broken') {
      this.#within = null;
      return this.#giveUp(scan.at, scan.at);
    }
    this.#moveTo(scan.at);
    if (scan.status === 'end') {
      this.#within = null;
      this.#phase = 'separator';
    }
    return true;
  }

  #moveTo(index: number): void {
    this.#line += countLineEnds(this.#window.shape, this.#at, index);
    this.#at = index;
  }

  #report(
    code: JsonFaultCode,
    start: number,
    end: number,
    at: number | null = null,
    line = this.#line,
  ): void {
    this.#options.onFault({
      code,
      line,
      lineCount: 1 + countLineEnds(this.#window.shape, start, end),
      offset: this.#window.offsetAt(start),
      at: at === null ? null : this.#window.offsetAt(at),
      message: jsonMessages[code],
      text: cutText(this.#window.text.slice(start, end)),
    });
  }
}
