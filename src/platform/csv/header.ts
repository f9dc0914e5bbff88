export type HeaderFindingCode = 'header_blank' | 'header_duplicate' | 'header_trimmed';

export interface HeaderFinding {
  code: HeaderFindingCode;
  /** From 1. */
  column: number;
  /** Names columns by number: in a file without a header the first record is data. */
  message: string;
}

export interface CleanHeader {
  /** As many as there are cells, none blank, no two alike (case aside). */
  names: string[];
  findings: HeaderFinding[];
}

// Byte-order marks, zero-width characters and controls that spreadsheets leave in names.
const invisible = /[\ufeff\u200b-\u200d\u2060\p{Cc}]+/gu;

/** Cleans a header record: blanks and invisible characters go, blank names get one, repeated ones a number. */
export function cleanHeader(cells: readonly string[]): CleanHeader {
  const findings: HeaderFinding[] = [];
  const firstColumn = new Map<string, number>();
  const names = cells.map((cell, i) => {
    const column = i + 1;
    const name = cell.replace(invisible, ' ').replace(/\s+/gu, ' ').trim();
    if (name === '') {
      findings.push({ code: 'header_blank', column, message: `Column ${column} has no name: give it one.` });
      return '';
    }
    if (name !== cell) {
      const message = `The name of column ${column} has extra blanks or invisible characters; they are ignored.`;
      findings.push({ code: 'header_trimmed', column, message });
    }
    const key = name.toLowerCase();
    const earlier = firstColumn.get(key);
    if (earlier === undefined) {
      firstColumn.set(key, column);
      return name;
    }
    const message = `Column ${column} has the same name as column ${earlier}: rename one of them.`;
    findings.push({ code: 'header_duplicate', column, message });
    return freeName(name, 2, firstColumn, column);
  });
  return { names: names.map((name, i) => name || freeName('column', i + 1, firstColumn, i + 1)), findings };
}

/** The name with the first number, from `from`, that no other column has. */
function freeName(name: string, from: number, taken: Map<string, number>, column: number): string {
  let number = from;
  while (taken.has(`${name}_${number}`.toLowerCase())) number += 1;
  taken.set(`${name}_${number}`.toLowerCase(), column);
  return `${name}_${number}`;
}
