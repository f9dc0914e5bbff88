import { describe, expect, it } from 'vitest';
import { type CsvFindings, detectFile, type FileFindings } from '../../../src/platform/csv/detect.ts';
import { cellsOf, toBytes, toUtf16 } from './read.ts';

const mebibyte = 1_048_576;

function detect(file: string | Uint8Array): FileFindings {
  const bytes = typeof file === 'string' ? toBytes(file) : file;
  return detectFile(bytes.subarray(0, mebibyte), bytes.subarray(-mebibyte), bytes.length);
}

function detectCsv(file: string | Uint8Array): CsvFindings {
  const found = detect(file);
  if (found.kind !== 'csv') throw new Error(`taken for ${found.kind}`);
  return found;
}

const people = (d: string, end = '\n') =>
  ['id', 'name', 'town', 'born'].join(d) +
  end +
  Array.from(
    { length: 30 },
    (_, i) => [i, `"Doe, Jo; ""J"" ${i}"`, 'Zürich', '2001-02-03'].join(d) + end,
  ).join('');

describe('detectFile on what is no text of rows', () => {
  it.each([
    ['nothing at all', '', 'empty_file'],
    ['blank lines', '\n\r\n  \n', 'empty_file'],
    ['a workbook', 'PK\u0003\u0004…[Content_Types].xml…xl/workbook.xml', 'excel_file'],
    [
      'an OpenDocument sheet',
      'PK\u0003\u0004..mimetypeapplication/vnd.oasis.opendocument.spreadsheet',
      'opendocument_file',
    ],
    ['an archive', 'PK\u0003\u0004…people.csv', 'zip_file'],
    [
      'an old workbook',
      Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 0, 0),
      'old_excel_file',
    ],
    ['a PDF', '%PDF-1.7\n', 'pdf_file'],
    ['bzip2', 'BZh91AY&SY', 'other_compression'],
    ['a web page', '\n<!DOCTYPE html><html>', 'html_file'],
    ['a table of a web page', '<table><tr>', 'html_file'],
    ['XML', '<?xml version="1.0"?><rows/>', 'xml_file'],
    ['one JSON object', '{\n  "rows": []\n}', 'json_not_rows'],
    ['an array of numbers', '[1, 2]', 'json_not_rows'],
    ['an image', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a), 'binary_file'],
    ['noise', Uint8Array.from({ length: 500 }, (_, i) => (i * 37) % 32), 'binary_file'],
  ])('refuses %s', (_name, file, code) => {
    const found = detect(file);
    expect(found).toMatchObject({ kind: 'refused', code });
    expect('message' in found && found.message).toMatch(/: .+\.$/);
  });

  it('knows gzip by its bytes', () => {
    expect(detect(Uint8Array.of(0x1f, 0x8b, 8, 0))).toMatchObject({ kind: 'gzip' });
  });

  it('knows JSON, as an array and in lines', () => {
    expect(detect('\ufeff [ {"a": 1} ]').kind).toBe('json');
    expect(detect('[]').kind).toBe('json');
    expect(detect('{"a": 1}\n{"a": 2}\n').kind).toBe('jsonl');
  });
});

describe('detectFile on the encoding', () => {
  it.each([
    ['UTF-8 with a mark', toBytes(`\ufeff${people(',')}`), 'utf-8', 3],
    ['UTF-8', toBytes(people(',')), 'utf-8', 0],
    ['ASCII', toBytes('a,b\n1,2\n'), 'utf-8', 0],
    ['UTF-16 LE with a mark', toUtf16(`\ufeff${people(',')}`), 'utf-16le', 2],
    ['UTF-16 BE with a mark', toUtf16(`\ufeff${people(',')}`, true), 'utf-16be', 2],
    ['UTF-16 LE without one', toUtf16(people(',')), 'utf-16le', 0],
    ['UTF-16 BE without one', toUtf16(people(','), true), 'utf-16be', 0],
  ])('tells %s', (_name, bytes, encoding, offset) => {
    const found = detectCsv(bytes);
    expect(found.encoding).toMatchObject({ value: encoding, evidence: expect.stringMatching(/\w+.*\.$/) });
    expect(found.start).toEqual({ offset, line: 1 });
    expect(found.notices).toEqual([]);
  });

  it('takes what is no UTF-8 for Windows-1252, and says where', () => {
    const found = detectCsv(Uint8Array.from('id;nom\n1;Zo\u00eb\n', (char) => char.charCodeAt(0)));
    expect(found.encoding.value).toBe('windows-1252');
    expect(found.encoding.evidence).toContain('offset 11');
    expect(found.notices).toEqual([]);
  });

  it('takes a few bad bytes among much UTF-8 for damage', () => {
    const bytes = toBytes(people(','));
    bytes[bytes.length - 5] = 0xff;
    const found = detectCsv(bytes);
    expect(found.encoding.value).toBe('utf-8');
    expect(found.notices).toMatchObject([{ code: 'invalid_bytes', at: bytes.length - 5 }]);
  });

  it('finds a bad byte that only the tail shows', () => {
    const bytes = toBytes(people(','));
    bytes[bytes.length - 5] = 0xff;
    const found = detectFile(bytes.subarray(0, 100), bytes.subarray(-600), bytes.length);
    expect(found).toMatchObject({ notices: [{ code: 'invalid_bytes', at: bytes.length - 5 }] });
  });

  it('tells half a character at the end', () => {
    const bytes = new Uint8Array([...toBytes(people(',')), 0xe2, 0x82]);
    expect(detectCsv(bytes).notices.map((n) => [n.code, n.at])).toEqual([
      ['ends_in_character', bytes.length - 2],
      ['no_last_line_end', null],
    ]);
    const odd = toUtf16(people(',')).subarray(0, -1);
    expect(detectCsv(odd).notices[0]).toMatchObject({ code: 'ends_in_character', at: odd.length - 1 });
  });

  it.each([
    ['the first byte of ö, which ends no word', [0xc3], 'utf-8'],
    ['two of three bytes', [0xe6, 0xbc], 'utf-8'],
    ['é of Windows-1252', [0xe9], 'windows-1252'],
  ])('tells whether ASCII that ends in one odd byte was cut off: %s', (_, end, encoding) => {
    const found = detectCsv(Uint8Array.from([...toBytes('id,name\n1,Jos'), ...end]));
    expect(found.encoding.value).toBe(encoding);
  });
});

describe('detectFile on the dialect', () => {
  it.each([',', ';', '\t', '|'])('tells the delimiter %j though others stand in the cells', (delimiter) => {
    const found = detectCsv(people(delimiter));
    expect(found.delimiter.value).toBe(delimiter);
    expect(found.delimiter.confidence).toBeGreaterThan(0.5);
    expect(found.quote).toMatchObject({ value: '"', confidence: 1 });
    expect(found.firstRecord).toEqual(['id', 'name', 'town', 'born']);
  });

  it('tells a comma from decimal commas in a semicolon file', () => {
    const rows = Array.from({ length: 20 }, (_, i) => `${i};${i},5;${i},25\n`).join('');
    expect(detectCsv(`id;net;gross\n${rows}`).delimiter.value).toBe(';');
  });

  it('takes a file without delimiters for one column', () => {
    const found = detectCsv('name\nAda\nGrace\n');
    expect(found.delimiter.value).toBe(',');
    expect(found.firstRecord).toEqual(['name']);
  });

  it('obeys the sep= line of Excel and starts behind it', () => {
    for (const [encode, offset] of [
      [toBytes, 10],
      [toUtf16, 16],
    ] as const) {
      const bytes = encode('\ufeffsep=;\r\nid;na,me\r\n1;b,c\r\n');
      const found = detectCsv(bytes);
      expect(found.delimiter).toMatchObject({ value: ';', confidence: 1 });
      expect(found.start).toEqual({ offset, line: 2 });
      expect(cellsOf(bytes, { dialect: found.dialect, start: found.start })[0]).toEqual(['id', 'na,me']);
    }
  });

  it('tells single quotes', () => {
    expect(detectCsv("a,b\n'x,y','z'\n'u','v'\n").quote.value).toBe("'");
  });

  it.each([
    ['\n', 'lf'],
    ['\r\n', 'crlf'],
    ['\r', 'cr'],
  ])('tells the line end %j', (end, name) => {
    expect(detectCsv(people(',', end)).lineEnd.value).toBe(name);
    expect(detectCsv(toUtf16(people(',', end), true)).lineEnd.value).toBe(name);
  });

  it('tells mixed line ends', () => {
    const mixed = detectCsv(people(',') + people(',', '\r\n'));
    expect(mixed.lineEnd.value).toBe('mixed');
    expect(mixed.notices.map(({ code }) => code)).toContain('mixed_line_ends');
  });

  it('counts a line end once, where head and tail are the same bytes or overlap', () => {
    expect(detectCsv('id,name\n1,Ann\n').lineEnd.evidence).toContain(' 2 LF');
    const line = '123456789,abcdef\n';
    for (const count of [20_000, 90_000]) {
      const seen = detectCsv(line.repeat(count)).lineEnd.evidence;
      expect(seen).toContain(count === 20_000 ? ' 20000 LF' : ' 30841 LF');
    }
  });
});

describe('detectFile on the header', () => {
  it.each([
    ['names above numbers and dates', people(','), true],
    ['names above texts', 'first,last\nAda,Lovelace\nAlan,Turing\n', true],
    ['data from the first record on', '1,Ada,2001-02-03\n2,Alan,2002-03-04\n', false],
    ['an address in the first record', 'ada@example.edu,Ada\nalan@example.edu,Alan\n', false],
    ['texts that come again', 'north,Ada\nsouth,Alan\nnorth,Grace\n', false],
  ])('%s', (_name, file, value) => {
    const { header } = detectCsv(file);
    expect(header.value).toBe(value);
    expect(header.evidence).not.toBe('');
  });
});

describe('detectFile on files that can be read but should not be so', () => {
  it('tells a file of a header only, with or without a line end', () => {
    for (const file of ['id,name\n', 'id,name', '\ufeffid,name\r\n\r\n']) {
      expect(detectCsv(file).notices.map((n) => n.code)).toEqual(['header_only']);
    }
  });

  it('tells one line without an end', () => {
    const head = toBytes('a,b,'.repeat(250_000));
    expect(detectFile(head, head, 500 * mebibyte)).toMatchObject({
      kind: 'csv',
      notices: [{ code: 'one_line' }],
    });
  });

  it('tells a last line without an end', () => {
    expect(detectCsv('id,name\n1,Ada').notices.map((n) => n.code)).toEqual(['no_last_line_end']);
  });
});
