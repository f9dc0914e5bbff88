export interface CsvWriteOptions {
  /** One character, `,` by default. */
  delimiter?: string;
  /** CRLF by default, as in RFC 4180. */
  lineEnd?: '\r\n' | '\n';
  /**
   * Puts `'` before a cell that a spreadsheet would run as a formula (OWASP, "CSV Injection"). A plain
   * number keeps its sign. It changes the data: only for files that people open.
   */
  guardFormulas?: boolean;
}

const formulaStart = /^[=+\-@\t\r]/;
const plainNumber = /^[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?%?$/;

/** One row with its line end. Cells are quoted where they must be, and where edge blanks could get lost. */
export function writeCsvRow(cells: readonly string[], options: CsvWriteOptions = {}): string {
  const { delimiter = ',', lineEnd = '\r\n', guardFormulas = false } = options;
  let row = '';
  for (let i = 0; i < cells.length; i++) {
    let cell = cells[i] ?? '';
    if (guardFormulas && formulaStart.test(cell) && !plainNumber.test(cell)) cell = `'${cell}`;
    if (i > 0) row += delimiter;
    row += mustQuote(cell, delimiter, cells.length) ? `"${cell.replaceAll('"', '""')}"` : cell;
  }
  return row + lineEnd;
}

/** What is to be quoted where the delimiter is a comma, in one look: a night has millions of cells. */
const quotedWithComma = /[",\r\n]|^ | $/;

function mustQuote(cell: string, delimiter: string, cellCount: number): boolean {
  // A row of one empty cell would be a blank line, which readers skip.
  if (cell === '') return cellCount === 1;
  // A single 0x1A at the end of a file is the end-of-file mark of DOS.
  if (delimiter === ',') return quotedWithComma.test(cell) || cell === '\u001a';
  return (
    cell.includes(delimiter) ||
    cell.includes('"') ||
    cell.includes('\n') ||
    cell.includes('\r') ||
    cell.startsWith(' ') ||
    cell.endsWith(' ') ||
    cell === '\u001a'
  );
}
