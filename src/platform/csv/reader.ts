import {
  type CsvDialect,
  type CsvLimits,
  type CsvPosition,
  charClass,
  classTable,
  defaultLimits,
} from './dialect.ts';
import { type CsvFault, type CsvFinding, faultMessage } from './faults.ts';
import type { RecordRules, Spot } from './record.ts';
import { isCutOff, type Settled, settleRecord } from './resync.ts';
import { TextWindow } from './text-window.ts';

export interface CsvReaderOptions {
  dialect: CsvDialect;
  /** Expected cells in a row; null takes it from the first record. A resumed reader must be told. */
  width: number | null;
  /** Where an earlier reader stood. The first byte pushed is then the file's byte `offset`. */
  start?: CsvPosition;
  /** `line` from 1 and `offset` in bytes are the row's first. */
  onRow(cells: string[], line: number, offset: number): void;
  onFault(fault: CsvFault): void;
  limits?: Partial<CsvLimits>;
}

/** Bytes decoded at a time. */
const pieceBytes = 65_536;

function countOf(code: number, shape: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at++) if (shape[at] === code) count += 1;
  return count;
}

/**
 * Reads CSV from bytes as they come: every record is given out once, in order, as a row or as a fault, and
 * memory holds two records and a piece at most. Rows that are plainly right take the short way
 * through `#readRows`; everything else is settled by `settleRecord`. A row waits for a look at the record
 * behind it. In a callback, `position()` is the place behind the record just given out.
 */
export class CsvReader {
  readonly #options: CsvReaderOptions;
  readonly #rules: RecordRules;
  readonly #window: TextWindow;
  #width: number | null;
  #line: number;
  /** Index in the window of the first unit not given out. */
  #at = 0;
  #skipLine: boolean;
  /** A byte-order mark may still come. */
  #atFileStart: boolean;
  /** Bytes to have in hand before an incomplete record is read again, so that this stays linear. */
  #readAgainAt = 0;
  #ended = false;

  constructor(options: CsvReaderOptions) {
    const { dialect, start, width } = options;
    const limits = { ...defaultLimits, ...options.limits };
    limits.columns = Math.max(limits.columns, width ?? 0);
    this.#options = options;
    this.#rules = { table: classTable(dialect), quote: dialect.quote, limits };
    this.#window = new TextWindow(dialect.encoding, start?.offset ?? 0);
    this.#width = width;
    this.#line = start?.line ?? 1;
    this.#skipLine = start?.skipLine ?? false;
    this.#atFileStart = (start?.offset ?? 0) === 0;
  }

  /** Expected cells in a row, once known. */
  get width(): number | null {
    return this.#width;
  }

  push(bytes: Uint8Array): void {
    if (this.#ended) throw new Error('push after end');
    for (let from = 0; from < bytes.length; from += pieceBytes) {
      const whole = from === 0 && bytes.length <= pieceBytes;
      this.#window.append(whole ? bytes : bytes.subarray(from, from + pieceBytes), this.#at);
      this.#at = 0;
      if (this.#window.rawLength >= this.#readAgainAt) this.#advance(false);
    }
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#advance(true);
  }

  position(): CsvPosition {
    const position: CsvPosition = { offset: this.#window.offsetAt(this.#at), line: this.#line };
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
      if (this.#skipLine) {
        if (!this.#skipToNextLine(final)) return;
        continue;
      }
      if (this.#width !== null) this.#readRows(this.#width, final);
      if (this.#at >= window.length) return;
      if (!this.#settleOne(final)) {
        const waiting = window.rawLength - (window.offsetAt(this.#at) - window.offsetAt(0));
        if (waiting > pieceBytes) this.#readAgainAt = waiting + (waiting >> 1);
        return;
      }
    }
  }

  /** Gives out rows as long as they are plainly right. The hot loop: kept in one piece for the compiler. */
  #readRows(width: number, final: boolean): void {
    const { text, shape, length } = this.#window;
    const { table, quote, limits } = this.#rules;
    const { delimiter, lf, cr, quote: quoteClass } = charClass;
    const window = this.#window;
    const options = this.#options;
    const delimiterCode = options.dialect.delimiter.charCodeAt(0);
    const doubled = quote === null ? '' : quote + quote;
    let start = this.#at;
    let line = this.#line;
    // A row is given out when the record behind it is plainly right, too: see `isCutOff`.
    let held: string[] | null = null;
    while (start < length) {
      const cells: string[] = new Array(width);
      let column = 0;
      let at = start;
      let kind = 0;
      let breaks = 0;
      for (;;) {
        const from = at;
        kind = table[shape[at] as number] as number;
        let value: string;
        if (kind === quoteClass) {
          let escaped = false;
          for (;;) {
            do kind = table[shape[++at] as number] as number;
            while (kind <= delimiter);
            if (kind !== quoteClass) {
              if (kind > quoteClass) return;
              // CRLF counts once, at its LF.
              if (kind === lf || shape[at + 1] !== 0x0a) breaks += 1;
              continue;
            }
            kind = table[shape[++at] as number] as number;
            if (kind !== quoteClass) break;
            escaped = true;
          }
          value = text.slice(from + 1, at - 1);
          if (escaped) value = value.replaceAll(doubled, quote as string);
        } else {
          while (kind === 0) kind = table[shape[++at] as number] as number;
          value = text.slice(from, at);
        }
        if (column === width) return;
        cells[column++] = value;
        if (kind !== delimiter) break;
        at += 1;
      }
      if (column !== width || at - start > limits.cellChars) return;
      if (breaks > 0) {
        if (breaks > limits.quotedLineEnds) return;
        // Only with this many delimiters can the cell be rows in disguise.
        if (countOf(delimiterCode, shape, start, at) >= (width - 1) * (breaks + 1)) return;
      }
      if (kind === lf) at += 1;
      else if (kind === cr) {
        if (at + 1 === length && !final) return;
        at += shape[at + 1] === 0x0a ? 2 : 1;
      } else return;
      if (held !== null) {
        const heldStart = this.#at;
        const heldLine = this.#line;
        this.#at = start;
        this.#line = line;
        options.onRow(held, heldLine, window.offsetAt(heldStart));
      }
      held = cells;
      line += 1 + breaks;
      start = at;
    }
  }

  /** Settles the one record that the short way left; false if that takes more text. */
  #settleOne(final: boolean): boolean {
    const window = this.#window;
    const start = this.#at;
    const line = this.#line;
    const context = { window, rules: this.#rules, final, width: this.#width };
    const record = settleRecord(context, start);
    if (record === null) return false;
    if (record.kind === 'row' && this.#width !== null) {
      const cutOff = isCutOff(context, record.end);
      if (cutOff === null) return false;
      if (cutOff) {
        record.kind = 'fault';
        record.spots.push({ code: 'split_cell', column: this.#width, at: null });
      }
    }
    this.#at = record.end;
    this.#skipLine = record.skipLine;
    this.#line = line + record.lines - (record.skipLine ? 1 : 0);
    if (record.kind === 'row') {
      this.#width ??= record.cellCount;
      this.#options.onRow(record.cells, line, window.offsetAt(start));
    } else if (record.kind === 'fault') {
      this.#options.onFault(this.#describe(record, line, start));
    }
    return true;
  }

  #skipToNextLine(final: boolean): boolean {
    const { shape, length } = this.#window;
    let at = this.#at;
    while (at < length && shape[at] !== 0x0a && shape[at] !== 0x0d) at += 1;
    if (at === length || (shape[at] === 0x0d && at + 1 === length && !final)) {
      this.#at = at;
      return false;
    }
    this.#at = at + (shape[at] === 0x0d && shape[at + 1] === 0x0a ? 2 : 1);
    this.#line += 1;
    this.#skipLine = false;
    return true;
  }

  #describe(record: Settled, line: number, start: number): CsvFault {
    const [first, ...also] = record.spots.map((spot) => this.#finding(spot, record.cellCount));
    if (first === undefined) throw new Error('a fault without a finding');
    return {
      ...first,
      line,
      lineCount: record.lines,
      offset: this.#window.offsetAt(start),
      cells: record.cells,
      also,
    };
  }

  #finding({ code, column, at }: Spot, cellCount: number): CsvFinding {
    const { cellChars, recordChars, columns } = this.#rules.limits;
    const limit = code === 'cell_too_large' ? cellChars : code === 'too_many_columns' ? columns : recordChars;
    const message = faultMessage(code, { width: this.#width, cellCount, limit });
    return { code, column, at: at === null ? null : this.#window.offsetAt(at), message };
  }
}
