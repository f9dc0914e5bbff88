import { charClass } from './dialect.ts';
import { type MultiLineCell, type RecordReading, type RecordRules, readRecord, type Spot } from './record.ts';
import type { TextWindow } from './text-window.ts';

/**
 * Decides where a record that is not plainly right ends. A lost or an extra quote turns what is inside
 * and what is outside for all that follows, so that a cell can swallow rows. Whenever a quoted cell with
 * line ends is part of something wrong, two readings compete: *back* (the row ends at the first line end
 * after the opening quote, and the lines behind it are rows) and *whole* (the cell is what it looks like,
 * and the fault is elsewhere in its record). The lines themselves tell: rows have the file's width.
 */
export interface Settled {
  kind: 'row' | 'fault' | 'blank';
  /** Index behind the record, and the physical lines it takes. */
  end: number;
  lines: number;
  cells: string[];
  cellCount: number;
  spots: Spot[];
  /** The record is too large: what follows, up to a line end, still belongs to it. */
  skipLine: boolean;
}

export interface ResyncContext {
  window: TextWindow;
  rules: RecordRules;
  final: boolean;
  /** Expected cells; null while the first record is awaited. */
  width: number | null;
}

/** Codes that leave the limits of cells and records beyond doubt. */
const contentCodes = new Set(['bad_bytes', 'nul_byte', 'cell_too_large']);

/** Cells of one record that are tried as the one that swallowed rows: a bound on time. */
const triedCells = 4;

/** Delimiters that must fall exactly into place before a cell that is legal is taken for rows. */
const lookalikeDelimiters = 6;

/** Settles the record at `start`; null if that takes more text. */
export function settleRecord(context: ResyncContext, start: number): Settled | null {
  const { window, rules, final, width } = context;
  const reading = readRecord(window, rules, final, start);
  if (reading.status === 'more') return null;
  const first = reading.multiLine[0];
  if (reading.status === 'unclosed') {
    return readToLineEnd(context, start, reading.openQuote, reading.cellCount);
  }
  if (reading.status === 'too_large') {
    return first === undefined
      ? settled('fault', reading, true)
      : readToLineEnd(context, start, first.open, first.column);
  }
  if (isBlank(context, reading, start)) return settled('blank', reading, false);
  addWidthSpot(reading, width);
  if (first === undefined) return settled(reading.spots.length > 0 ? 'fault' : 'row', reading, false);
  if (reading.spots.every((spot) => contentCodes.has(spot.code))) {
    const alike = looksLikeRows(context, reading, first, start);
    if (alike === null) return null;
    if (alike) return readToLineEnd(context, start, first.open, first.column);
    return settled(reading.spots.length > 0 ? 'fault' : 'row', reading, false);
  }
  for (const cell of reading.multiLine.slice(0, triedCells)) {
    const goesBack = linesAreRows(context, reading, cell);
    if (goesBack === null) return null;
    if (goesBack) return readToLineEnd(context, start, cell.open, cell.column);
  }
  return settled('fault', reading, false);
}

function settled(kind: Settled['kind'], reading: RecordReading, skipLine: boolean): Settled {
  const { end, lines, cells, cellCount, spots } = reading;
  return { kind, end, lines, cells, cellCount, spots, skipLine };
}

/** The record again, with the quote at `open` and all behind it as text: it ends with that quote's line. */
function readToLineEnd(
  { window, rules, final }: ResyncContext,
  start: number,
  open: number,
  column: number,
): Settled | null {
  const reading = readRecord(window, rules, final, start, open);
  if (reading.status === 'more') return null;
  const behind = reading.spots.findIndex((spot) => spot.at !== null && spot.at > open);
  reading.spots.splice(behind < 0 ? reading.spots.length : behind, 0, {
    code: 'unclosed_quote',
    column,
    at: open,
  });
  return settled('fault', reading, reading.status === 'too_large');
}

function isBlank(
  { window, rules, final, width }: ResyncContext,
  reading: RecordReading,
  start: number,
): boolean {
  const kind = rules.table[window.shape[start] as number];
  if (kind === charClass.lf || kind === charClass.cr) return width !== 1;
  // The end-of-file mark of DOS.
  return (
    final && start + 1 === window.length && reading.end === window.length && window.shape[start] === 0x1a
  );
}

function addWidthSpot(reading: RecordReading, width: number | null): void {
  if (width === null || reading.cellCount === width) return;
  if (reading.spots.some((spot) => spot.code === 'too_many_columns')) return;
  const code = reading.cellCount < width ? 'short_row' : 'long_row';
  reading.spots.push({ code, column: null, at: null });
}

/** Whether the lines behind the first line end of a cell read better as rows than as its text. */
function linesAreRows(
  { window, rules, final, width }: ResyncContext,
  whole: RecordReading,
  cell: MultiLineCell,
): boolean | null {
  if (width === null) return true;
  let rows = 0;
  let others = 0;
  let lastIsClean = true;
  for (let at = cell.firstBreak; at < whole.end; ) {
    const piece = readPiece(window, rules, final, at);
    if (piece === null) return null;
    const isLast = piece.end >= whole.end;
    const near = isLast && width >= 4 && Math.abs(piece.cellCount - width) === 1;
    if ((piece.cellCount === width && !isProse(piece)) || near) rows += 1;
    else others += 1;
    lastIsClean = piece.spots.length === 0;
    at = piece.end;
  }
  return lastIsClean || (rows > 0 && rows >= others);
}

/** A record as a line among lines: an unclosed quote is text. */
function readPiece(window: TextWindow, rules: RecordRules, final: boolean, at: number): RecordReading | null {
  const piece = readRecord(window, rules, final, at);
  if (piece.status === 'more') return null;
  if (piece.status !== 'unclosed') return piece;
  const literal = readRecord(window, rules, final, at, piece.openQuote);
  if (literal.status === 'more') return null;
  literal.spots.push({ code: 'unclosed_quote', column: null, at: piece.openQuote });
  return literal;
}

/** Running text has a blank behind each delimiter. */
function isProse(piece: RecordReading): boolean {
  return piece.cellCount > 1 && piece.cells.every((cell, i) => i === 0 || cell.startsWith(' '));
}

/**
 * Two damaged rows can make one that is legal: one lost its closing quote, and a later one in the same
 * column its opening quote. The rows between them would be lost without a word. So a cell is refused if
 * each of its lines, the first and the last included, makes a row of exactly the file's width, with at
 * least six delimiters in place and not all followed by a blank. Accepted risk: a legal cell that holds
 * six or more delimiters in rows shaped like the file's own is reported, not read.
 */
function looksLikeRows(
  { window, rules, final, width }: ResyncContext,
  whole: RecordReading,
  cell: MultiLineCell,
  start: number,
): boolean | null {
  if (width === null || whole.multiLine.length > 1) return false;
  if ((width - 1) * cell.lineEnds < lookalikeDelimiters) return false;
  const first = readRecord(window, rules, final, start, cell.open);
  if (first.cellCount !== width || first.end !== cell.firstBreak || isProse(first)) return false;
  let at = cell.firstBreak;
  while (at < whole.end) {
    let piece = readPiece(window, rules, final, at);
    if (piece === null) return null;
    if (piece.end > whole.end) piece = readRecord(window, rules, final, at, at);
    if (piece.cellCount !== width || isProse(piece)) return false;
    at = piece.end;
  }
  return at === whole.end;
}

/**
 * Whether the row that ends at `next` lost its end: a last cell of several lines without its opening quote
 * leaves a first line that passes for a row, then lines too short, then one that ends with its closing quote.
 * Null if that takes more text.
 */
export function isCutOff(context: ResyncContext, next: number): boolean | null {
  const { window, rules, final, width } = context;
  if (width === null || rules.quote === null) return false;
  let lines = 0;
  for (let at = next; at < window.length; ) {
    const record = settleRecord(context, at);
    if (record === null) return null;
    lines += record.lines;
    if (record.kind !== 'blank') {
      if (record.kind === 'row' || record.skipLine || record.cellCount >= width) return false;
      if (lines > rules.limits.quotedLineEnds || record.end - next > rules.limits.cellChars) return false;
      if (onlyCloses(context, record, at, width)) return true;
      if (record.spots.some((spot) => spot.code !== 'short_row')) return false;
    }
    at = record.end;
  }
  return final ? false : null;
}

/**
 * Whether the first quote of a line that is not doubled ends the line. A delimiter that became a quote makes
 * that too, with a doubled quote and just one cell less.
 */
function onlyCloses(
  { window, rules }: ResyncContext,
  record: Settled,
  start: number,
  width: number,
): boolean {
  const kindAt = (at: number): number =>
    at < record.end ? (rules.table[window.shape[at] as number] as number) : charClass.lf;
  let before: number = charClass.delimiter;
  for (let at = start; at < record.end; at++) {
    const kind = kindAt(at);
    if (kind === charClass.quote) {
      if (before === charClass.delimiter) return false;
      const next = kindAt(at + 1);
      if (next !== charClass.quote) return next === charClass.lf || next === charClass.cr;
      if (record.cellCount === width - 1 && width > 2) return false;
      at += 1;
    }
    before = kind;
  }
  return false;
}
