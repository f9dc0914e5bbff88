import { type CsvLimits, charClass } from './dialect.ts';
import type { CsvFaultCode } from './faults.ts';
import type { TextWindow } from './text-window.ts';

/** A finding while its place is still an index into the window. */
export interface Spot {
  code: CsvFaultCode;
  column: number | null;
  at: number | null;
}

/** A quoted cell that holds line ends. */
export interface MultiLineCell {
  column: number;
  /** Index of its opening quote. */
  open: number;
  /** Index behind the first line end after it, and the record's physical lines up to there. */
  firstBreak: number;
  linesToBreak: number;
  lineEnds: number;
}

/**
 * What stands at an index, read with care:
 * - `whole`: a record, right or wrong, that ends behind its line end at `end`;
 * - `unclosed`: the quote of the last of `multiLine`, or if there is none at `openQuote`, finds no end in
 *   its limits;
 * - `too_large`: no end within the limit of a record;
 * - `more`: undecided until more text is in hand.
 */
export interface RecordReading {
  status: 'whole' | 'unclosed' | 'too_large' | 'more';
  end: number;
  lines: number;
  cells: string[];
  cellCount: number;
  spots: Spot[];
  multiLine: MultiLineCell[];
  openQuote: number;
}

export interface RecordRules {
  table: Uint8Array;
  quote: string | null;
  limits: CsvLimits;
}

/** Longest cell that a fault shows whole. */
const shownChars = 4_096;

/**
 * Reads the record at an index without the haste of the reader's own loop: it tells everything that is
 * wrong, and goes on behind it. Quotes at or behind `literalFrom` are text like any other, so that no
 * cell from there on holds a line end.
 */
export class RecordScan {
  readonly #window: TextWindow;
  readonly #rules: RecordRules;
  readonly #final: boolean;
  readonly #start: number;
  readonly #stop: number;
  readonly #literalFrom: number;
  #at: number;
  #cellStart: number;
  readonly #reading: RecordReading;

  constructor(
    window: TextWindow,
    rules: RecordRules,
    final: boolean,
    start: number,
    literalFrom = Number.MAX_SAFE_INTEGER,
  ) {
    this.#window = window;
    this.#rules = rules;
    this.#final = final;
    this.#start = start;
    this.#stop = Math.min(window.length, start + rules.limits.recordChars + 1);
    this.#literalFrom = literalFrom;
    this.#at = start;
    this.#cellStart = start;
    this.#reading = {
      status: 'whole',
      end: start,
      lines: 1,
      cells: [],
      cellCount: 0,
      spots: [],
      multiLine: [],
      openQuote: -1,
    };
  }

  read(): RecordReading {
    const reading = this.#reading;
    for (;;) {
      this.#cellStart = this.#at;
      const quoted = this.#classAt(this.#at) === charClass.quote && this.#at < this.#literalFrom;
      const state = quoted ? this.#readQuoted() : this.#readPlain(this.#cellStart, false);
      if (state !== 'cell') {
        reading.status = state;
        reading.end = Math.min(this.#at, this.#stop);
        this.#keepCell(this.#window.text.slice(this.#cellStart, Math.min(this.#at, this.#stop)));
        if (state === 'too_large') this.#blameSize();
        return reading;
      }
      const kind = this.#classAt(this.#at);
      if (kind === charClass.delimiter) {
        this.#at += 1;
        continue;
      }
      if (this.#at >= this.#window.length && !this.#final) reading.status = 'more';
      const behind = this.#behindLineEnd(this.#at);
      if (behind < 0) reading.status = 'more';
      reading.end = behind < 0 ? this.#at : behind;
      return reading;
    }
  }

  /** The class of a unit; behind the last one it is `nul`. */
  #classAt(index: number): number {
    return index < this.#stop
      ? (this.#rules.table[this.#window.shape[index] as number] as number)
      : charClass.nul;
  }

  /** Index behind the line end at `index`, `index` itself where none stands, -1 if that is undecided. */
  #behindLineEnd(index: number): number {
    const kind = this.#classAt(index);
    if (kind === charClass.lf) return index + 1;
    if (kind !== charClass.cr) return index;
    if (index + 1 >= this.#window.length) return this.#final ? index + 1 : -1;
    return this.#window.shape[index + 1] === 0x0a ? index + 2 : index + 1;
  }

  #outOfText(): 'more' | 'too_large' | null {
    if (this.#stop < this.#window.length || this.#at - this.#start > this.#rules.limits.recordChars) {
      return 'too_large';
    }
    return this.#final ? null : 'more';
  }

  /** From the cursor to the delimiter or line end. `tail` is what follows a closing quote. */
  #readPlain(from: number, tail: boolean): 'cell' | 'more' | 'too_large' {
    let at = this.#at;
    let strayTold = tail;
    for (; ; at++) {
      const kind = this.#classAt(at);
      if (kind === charClass.plain) continue;
      if (kind === charClass.delimiter || kind === charClass.lf || kind === charClass.cr) break;
      if (at >= this.#stop) {
        this.#at = at;
        const state = this.#outOfText();
        if (state !== null) return state;
        break;
      }
      if (kind === charClass.quote) {
        if (!strayTold && at < this.#literalFrom) this.#tell('stray_quote', at);
        strayTold = true;
      } else this.#tellContent(kind, at);
    }
    this.#at = at;
    this.#finishCell(this.#window.text.slice(from, at));
    return 'cell';
  }

  #readQuoted(): 'cell' | 'unclosed' | 'more' | 'too_large' {
    const { limits } = this.#rules;
    const open = this.#at;
    let escaped = false;
    let inside: MultiLineCell | null = null;
    let at = open + 1;
    for (; ; at++) {
      const kind = this.#classAt(at);
      if (kind === charClass.plain || kind === charClass.delimiter) continue;
      if (at >= this.#stop) {
        this.#at = at;
        const state = this.#outOfText();
        if (state !== null) return state;
        return this.#leaveUnclosed(open);
      }
      if (kind === charClass.quote) {
        if (at + 1 >= this.#window.length && !this.#final) return 'more';
        if (this.#classAt(at + 1) !== charClass.quote) break;
        escaped = true;
        at += 1;
      } else if (kind === charClass.lf || kind === charClass.cr) {
        const behind = this.#behindLineEnd(at);
        if (behind < 0) return 'more';
        this.#reading.lines += 1;
        if (inside === null) {
          inside = {
            column: this.#column,
            open,
            firstBreak: behind,
            linesToBreak: this.#reading.lines - 1,
            lineEnds: 0,
          };
          this.#reading.multiLine.push(inside);
        }
        inside.lineEnds += 1;
        at = behind - 1;
        const tooFar = inside.lineEnds > limits.quotedLineEnds || behind - open > limits.cellChars;
        if (tooFar) return this.#leaveUnclosed(open);
      } else this.#tellContent(kind, at);
      if (inside !== null && at - open > limits.cellChars) return this.#leaveUnclosed(open);
    }
    if (inside !== null && at - open > limits.cellChars + 1) return this.#leaveUnclosed(open);
    return this.#closeQuoted(open, at, escaped);
  }

  #closeQuoted(open: number, close: number, escaped: boolean): 'cell' | 'more' | 'too_large' {
    const { quote } = this.#rules;
    this.#at = close + 1;
    const kind = this.#classAt(this.#at);
    const atEnd = this.#at >= this.#window.length;
    if (kind === charClass.plain || kind === charClass.bad || (kind === charClass.nul && !atEnd)) {
      this.#tell('text_after_quote', this.#at);
      return this.#readPlain(open, true);
    }
    const text = this.#window.text.slice(open + 1, close);
    this.#finishCell(escaped && quote !== null ? text.replaceAll(quote + quote, quote) : text);
    return 'cell';
  }

  #leaveUnclosed(open: number): 'unclosed' {
    this.#reading.openQuote = open;
    return 'unclosed';
  }

  get #column(): number {
    return this.#reading.cellCount + 1;
  }

  #finishCell(value: string): void {
    if (value.length > this.#rules.limits.cellChars) this.#tell('cell_too_large', this.#cellStart);
    this.#keepCell(value);
  }

  #keepCell(value: string): void {
    const { limits } = this.#rules;
    this.#reading.cellCount += 1;
    if (this.#reading.cellCount <= limits.columns) {
      this.#reading.cells.push(value.length > limits.cellChars ? value.slice(0, shownChars) : value);
    } else if (this.#reading.cellCount === limits.columns + 1) {
      this.#reading.spots.push({ code: 'too_many_columns', column: null, at: this.#cellStart });
    }
  }

  #tellContent(kind: number, at: number): void {
    if (kind === charClass.nul) this.#tell('nul_byte', at);
    else if (kind === charClass.bad) this.#tell('bad_bytes', at);
  }

  /** Notes a finding, once per code and cell. */
  #tell(code: CsvFaultCode, at: number): void {
    const last = this.#reading.spots.at(-1);
    if (last?.code === code && last.column === this.#column) return;
    if (this.#reading.spots.length < 16) this.#reading.spots.push({ code, column: this.#column, at });
  }

  #blameSize(): void {
    const cellTooLarge = this.#at - this.#cellStart > this.#rules.limits.cellChars;
    const code = cellTooLarge ? 'cell_too_large' : 'record_too_large';
    const column = cellTooLarge ? this.#reading.cellCount : null;
    this.#reading.spots.unshift({ code, column, at: this.#start });
  }
}

export function readRecord(
  window: TextWindow,
  rules: RecordRules,
  final: boolean,
  start: number,
  literalFrom?: number,
): RecordReading {
  return new RecordScan(window, rules, final, start, literalFrom).read();
}
