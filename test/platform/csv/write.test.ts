import { describe, expect, it } from 'vitest';
import { writeCsvRow } from '../../../src/platform/csv/write.ts';

describe('writeCsvRow', () => {
  it('quotes only what must be quoted, and ends with CRLF', () => {
    expect(writeCsvRow(['a', 'b c', '', '1'])).toBe('a,b c,,1\r\n');
    expect(writeCsvRow(['a,b', 'c"d', 'e\nf', 'g\rh', ' i', 'j '])).toBe(
      '"a,b","c""d","e\nf","g\rh"," i","j "\r\n',
    );
  });

  it('takes another delimiter and line end', () => {
    expect(writeCsvRow(['a,b', 'c;d'], { delimiter: ';', lineEnd: '\n' })).toBe('a,b;"c;d"\n');
  });

  it('does not make a blank line of a row of one empty cell', () => {
    expect(writeCsvRow([''])).toBe('""\r\n');
  });

  it('guards formulas only when asked, and leaves numbers alone', () => {
    const cells = ['=1+1', '+cmd', '-x', '@a', '\tx', '-1.5', '+49', '-5 %', 'a=b'];
    expect(writeCsvRow(cells)).toContain('=1+1,+cmd');
    expect(writeCsvRow(cells, { guardFormulas: true })).toBe(
      "'=1+1,'+cmd,'-x,'@a,'\tx,-1.5,+49,'-5 %,a=b\r\n",
    );
  });
});
