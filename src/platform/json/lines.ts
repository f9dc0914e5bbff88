import { badShape, type CsvEncoding } from '../csv/dialect.ts';
import { TextWindow } from '../csv/text-window.ts';
import {
  cutText,
  type JsonFault,
  type JsonFaultCode,
  type JsonPosition,
  type JsonRow,
  jsonMessages,
  maxElementChars,
  parseRow,
} from './faults.ts';

export interface JsonReaderOptions {
  encoding: CsvEncoding;
  /** Where an earlier reader stood. The first byte pushed is then the file's byte `offset`. */
  start?: JsonPosition;
  /** `line` from 1 and `offset` in bytes are the row's first. */
  onRow(row: JsonRow, line: number, offset: number): void;
  onFault(fault: JsonFault): void;
  /** Characters of the largest element; 2 Mi by default. */
  maxChars?: number;
}

/** Bytes decoded at a time. */
export const pieceBytes = 65_536;

/**
 * Reads JSON Lines from bytes as they come. JSON has no raw line ends inside a string, so whatever is wrong
 * in a line ends with it. In a callback, `position()` is the place behind the line just given out.
 */
export class JsonLinesReader {
  readonly #options: JsonReaderOptions;
  readonly #maxChars: number;
  readonly #window: TextWindow;
  #line: number;
  #at = 0;
  #skipLine: boolean;
  #atFileStart: boolean;
  #readAgainAt = 0;
  #ended = false;

  constructor(options: JsonReaderOptions) {
    const { encoding, start } = options;
    this.#options = options;
    this.#maxChars = options.maxChars ?? maxElementChars;
    this.#window = new TextWindow(encoding, start?.offset ?? 0);
    this.#line = start?.line ?? 1;
    this.#skipLine = start?.skipLine ?? false;
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
  }

  position(): JsonPosition {
    const position: JsonPosition = { offset: this.#window.offsetAt(this.#at), line: this.#line };
    if (this.#skipLine) position.skipLine = true;
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
      const start = this.#at;
      const { shape, length } = window;
      const limit = this.#skipLine ? length : Math.min(length, start + this.#maxChars + 1);
      let end = start;
      while (end < limit && shape[end] !== 0x0a && shape[end] !== 0x0d) end += 1;
      if (end === limit && end - start > this.#maxChars && !this.#skipLine) {
        this.#skipLine = true;
        this.#at = end;
        this.#report('element_too_large', start, end);
        continue;
      }
      const isOpen = end === length || (shape[end] === 0x0d && end + 1 === length);
      if (isOpen && !final) {
        if (this.#skipLine) this.#at = end;
        else if (end - start > pieceBytes) this.#readAgainAt = window.rawLength + ((end - start) >> 1);
        return;
      }
      this.#at = shape[end] === 0x0d && shape[end + 1] === 0x0a ? end + 2 : Math.min(end + 1, length);
      const line = this.#line;
      if (end < length) this.#line += 1;
      if (this.#skipLine) this.#skipLine = false;
      else this.#giveOut(start, end, line);
    }
  }

  #giveOut(start: number, end: number, line: number): void {
    const text = this.#window.text.slice(start, end);
    if (text.trim() === '') return;
    const bad = this.#window.shape.subarray(start, end).indexOf(badShape);
    if (bad >= 0 && this.#options.encoding !== 'windows-1252') {
      this.#report('bad_bytes', start, end, start + bad, line);
      return;
    }
    const parsed = parseRow(text);
    if ('row' in parsed) this.#options.onRow(parsed.row, line, this.#window.offsetAt(start));
    else this.#report(parsed.code, start, end, null, line);
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
      lineCount: 1,
      offset: this.#window.offsetAt(start),
      at: at === null ? null : this.#window.offsetAt(at),
      message: jsonMessages[code],
      text: cutText(this.#window.text.slice(start, end)),
    });
  }
}
