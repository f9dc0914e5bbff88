export const csvFaultCodes = [
  'short_row',
  'long_row',
  'stray_quote',
  'text_after_quote',
  'unclosed_quote',
  'split_cell',
  'bad_bytes',
  'nul_byte',
  'cell_too_large',
  'record_too_large',
  'too_many_columns',
] as const;

export type CsvFaultCode = (typeof csvFaultCodes)[number];

/** One thing wrong with a record. */
export interface CsvFinding {
  code: CsvFaultCode;
  /** From 1; null where the record as a whole is meant. */
  column: number | null;
  /** Byte offset in the file of the very spot; null where there is none. */
  at: number | null;
  /** Says what to do, and never quotes the file. */
  message: string;
}

/** A record that cannot be a row. Its own finding is the first; `also` has the others. */
export interface CsvFault extends CsvFinding {
  /** The physical line, from 1, on which the record starts, and how many it takes. */
  line: number;
  lineCount: number;
  /** Byte offset in the file of the record's first byte. */
  offset: number;
  /** The cells as well as they can be told; U+FFFD for a byte that is no character. */
  cells: string[];
  also: CsvFinding[];
}

/** Numbers a message may need. */
export interface FindingFacts {
  width: number | null;
  cellCount: number;
  limit: number;
}

const messages: Record<CsvFaultCode, (facts: FindingFacts) => string> = {
  short_row: ({ width, cellCount }) =>
    `The row has ${cellCount} of ${width} cells: add what is missing; an empty cell needs its delimiter too.`,
  long_row: ({ width, cellCount }) =>
    `The row has ${cellCount} cells where ${width} are expected: quote any cell that contains the delimiter, or remove what is too much.`,
  stray_quote: () =>
    'A quote stands inside a cell that is not quoted: quote the whole cell and double each quote in it.',
  text_after_quote: () =>
    'Text follows the closing quote of a cell: double each quote that belongs to the text, or add the missing quote or delimiter.',
  unclosed_quote: () => 'A quote opens a cell and is not closed in this row: add the closing quote.',
  split_cell: () => 'The rest of the last cell seems to stand on the lines below: quote the whole cell.',
  bad_bytes: () =>
    "The row has bytes that are no text in the file's encoding: save the file as UTF-8, or set the encoding of the task.",
  nul_byte: () => 'The row has a NUL byte: export the file again, or remove the byte.',
  cell_too_large: ({ limit }) =>
    `A cell is longer than ${limit} characters, and the report shows its beginning alone: shorten it.`,
  record_too_large: ({ limit }) =>
    `The row is longer than ${limit} characters, and the report shows its beginning alone: check its quotes and line ends.`,
  too_many_columns: ({ limit }) =>
    `The row has more than ${limit} cells: check that the delimiter is the right one.`,
};

export function faultMessage(code: CsvFaultCode, facts: FindingFacts): string {
  return messages[code](facts);
}
