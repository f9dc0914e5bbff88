export type CsvEncoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

export interface CsvDialect {
  encoding: CsvEncoding;
  /** One ASCII character. */
  delimiter: string;
  /** One ASCII character; null when the file quotes nothing. */
  quote: string | null;
}

/** Where a reader stands. It is plain data, so that a checkpoint can hold it. */
export interface CsvPosition {
  /** Byte offset in the file of the first record not yet given out. */
  offset: number;
  /** The physical line, from 1, that it starts on. */
  line: number;
  /** The record was too large and is reported: drop the rest of this line first. */
  skipLine?: true;
}

/** What a record may hold. Sizes are in characters of the decoded text. */
export interface CsvLimits {
  /** Line ends inside one quoted cell. */
  quotedLineEnds: number;
  cellChars: number;
  recordChars: number;
  columns: number;
}

export const defaultLimits: CsvLimits = {
  quotedLineEnds: 64,
  cellChars: 65_536,
  recordChars: 1_048_576,
  columns: 2_000,
};

/** What a character means to a reader. `nul` also stands behind the last character, as a sentinel. */
export const charClass = { plain: 0, delimiter: 1, lf: 2, cr: 3, quote: 4, nul: 5, bad: 6 } as const;

/** In a shape, a character outside ASCII, and a byte that is no character at all. */
export const wideShape = 0x80;
export const badShape = 0xff;

/** The class of each of the 256 bytes a shape is made of. */
export function classTable(dialect: CsvDialect): Uint8Array {
  const table = new Uint8Array(256);
  table[0] = charClass.nul;
  table[0x0a] = charClass.lf;
  table[0x0d] = charClass.cr;
  if (dialect.encoding !== 'windows-1252') table[badShape] = charClass.bad;
  if (dialect.quote !== null) table[asciiCode(dialect.quote, 'quote')] = charClass.quote;
  const delimiter = asciiCode(dialect.delimiter, 'delimiter');
  if (table[delimiter] !== charClass.plain) throw new RangeError('delimiter and quote must differ');
  table[delimiter] = charClass.delimiter;
  return table;
}

function asciiCode(char: string, what: string): number {
  const code = char.length === 1 ? char.charCodeAt(0) : 0;
  if (code === 0 || code === 0x0a || code === 0x0d || code > 0x7f) {
    throw new RangeError(`${what} must be one ASCII character that ends no line`);
  }
  return code;
}
