import { describe, expect, it } from 'vitest';
import type { CsvFaultCode } from '../../../src/platform/csv/faults.ts';
import { CsvReader } from '../../../src/platform/csv/reader.ts';
import { cellsOf, type ReadOptions, read, toBytes, toUtf16 } from './read.ts';

const good = (n: number) => [`${n}`, `name ${n}`, `town ${n}`];
const line = (n: number) => `${n},name ${n},town ${n}\n`;

describe('CsvReader on files without damage', () => {
  const table: [name: string, file: string, rows: string[][], options?: ReadOptions][] = [
    [
      'reads plain cells',
      'a,b\nc,d\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'needs no line end at the end',
      'a,b\nc,d',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'reads CRLF',
      'a,b\r\nc,d\r\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'reads lone CR',
      'a,b\rc,d\r',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'reads mixed line ends',
      'a,b\r\nc,d\ne,f\rg,h',
      [
        ['a', 'b'],
        ['c', 'd'],
        ['e', 'f'],
        ['g', 'h'],
      ],
    ],
    [
      'reads empty cells',
      ',\n,\n',
      [
        ['', ''],
        ['', ''],
      ],
    ],
    [
      'reads quoted cells',
      '"a","b,c"\n"d",e\n',
      [
        ['a', 'b,c'],
        ['d', 'e'],
      ],
    ],
    [
      'reads doubled quotes',
      '"a ""b""",""""\n"""","x"\n',
      [
        ['a "b"', '"'],
        ['"', 'x'],
      ],
    ],
    [
      'reads empty quoted cells',
      '"",""\n"",x',
      [
        ['', ''],
        ['', 'x'],
      ],
    ],
    [
      'reads line ends in quotes',
      'a,"b\nc\r\nd"\n"e\rf",g\n',
      [
        ['a', 'b\nc\r\nd'],
        ['e\rf', 'g'],
      ],
    ],
    [
      'skips blank lines',
      'a,b\n\n\r\nc,d\n\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['keeps blank lines of one column', 'a\n\nb\n', [['a'], [''], ['b']], { width: 1 }],
    [
      'skips a byte-order mark',
      '\ufeffa,b\nc,d',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['skips one mark only', '\ufeff\ufeffa,b\n', [['\ufeffa', 'b']]],
    [
      'reads outside ASCII',
      'é,漢\n😀,"ü\n"\n',
      [
        ['é', '漢'],
        ['😀', 'ü\n'],
      ],
    ],
    [
      'reads tabs',
      'a\tb,c\nd\te\n',
      [
        ['a', 'b,c'],
        ['d', 'e'],
      ],
      { dialect: { delimiter: '\t' } },
    ],
    ['reads other quotes', "'a,''',b\n", [["a,'", 'b']], { dialect: { quote: "'" } }],
    [
      'reads without quotes',
      'a",b\n"c,"d"\n',
      [
        ['a"', 'b'],
        ['"c', '"d"'],
      ],
      { dialect: { quote: null } },
    ],
    ['ignores the end-of-file mark of DOS', 'a,b\n\u001a', [['a', 'b']]],
    ['reads nothing from nothing', '', []],
  ];
  it.each(table)('%s', (_name, file, rows, options) => {
    const reading = read(file, options);
    expect(reading.faults).toEqual([]);
    expect(reading.rows.map((row) => row.cells)).toEqual(rows);
    for (const chunk of [1, 2, 3]) expect(cellsOf(file, { ...options, chunk })).toEqual(rows);
  });

  it('tells the physical line and the byte offset of each row', () => {
    const { rows, end } = read('\ufeffé,"b\r\nc"\r\n\r\nd,e\n');
    expect(rows.map(({ line, offset }) => [line, offset])).toEqual([
      [1, 3],
      [4, 16],
    ]);
    expect(end).toEqual({ offset: 20, line: 5 });
  });

  it('reads UTF-16 in both orders, with offsets in bytes', () => {
    const file = '\ufeffé,"b\n😀"\nc,d\n';
    for (const bigEndian of [false, true]) {
      const encoding = bigEndian ? 'utf-16be' : 'utf-16le';
      for (const chunk of [1, 3, 1000]) {
        const { rows, faults } = read(toUtf16(file, bigEndian), { dialect: { encoding }, chunk });
        expect(faults).toEqual([]);
        expect(rows).toEqual([
          { cells: ['é', 'b\n😀'], line: 1, offset: 2 },
          { cells: ['c', 'd'], line: 3, offset: 20 },
        ]);
      }
    }
  });

  it('reads Windows-1252 with its own characters at 0x80 to 0x9F', () => {
    const bytes = Uint8Array.of(0x80, 0x2c, 0xe9, 0xff, 0x0a, 0x93, 0x2c, 0x81);
    expect(cellsOf(bytes, { dialect: { encoding: 'windows-1252' } })).toEqual([
      ['€', 'éÿ'],
      ['“', '\u0081'],
    ]);
  });

  it('accepts a quoted cell of 64 line ends and of 64 KiB', () => {
    const lines = 'x\n'.repeat(64);
    const long = 'y'.repeat(65_534);
    const file = `1,"${lines}"\n2,"${long}"\n3,"a\n${'z'.repeat(65_000)}"\n4,5\n`;
    const { rows, faults } = read(file, { width: 2 });
    expect(faults).toEqual([]);
    expect(rows.map((row) => row.cells[0])).toEqual(['1', '2', '3', '4']);
    expect(rows[0]?.cells[1]).toBe(lines);
  });

  it('refuses a dialect that cannot be', () => {
    const make = (delimiter: string, quote: string) =>
      new CsvReader({ dialect: { encoding: 'utf-8', delimiter, quote }, width: 1, onRow() {}, onFault() {} });
    expect(() => make(',,', '"')).toThrow(RangeError);
    expect(() => make('\n', '"')).toThrow(RangeError);
    expect(() => make('"', '"')).toThrow(RangeError);
    expect(() => make('é', '"')).toThrow(RangeError);
  });
});

/** A damaged text between good rows; what is expected of it. The first row is line 1. */
interface Damage {
  name: string;
  damaged: string;
  /** Per fault: line from the first damaged one (1), lines it takes, code, column, cells. */
  faults: [line: number, lines: number, code: CsvFaultCode, column: number | null, cells: string[]][];
  before?: number;
  after?: number;
}

const damages: Damage[] = [
  { name: 'a short row', damaged: '1,2\n', faults: [[1, 1, 'short_row', null, ['1', '2']]] },
  { name: 'a long row', damaged: '1,2,3,4\n', faults: [[1, 1, 'long_row', null, ['1', '2', '3', '4']]] },
  { name: 'a stray quote', damaged: '1,a"b,c\n', faults: [[1, 1, 'stray_quote', 2, ['1', 'a"b', 'c']]] },
  {
    name: 'a lost opening quote',
    damaged: '1,ab",c\n',
    faults: [[1, 1, 'stray_quote', 2, ['1', 'ab"', 'c']]],
  },
  {
    name: 'text after a closing quote',
    damaged: '1,"a"b,c\n',
    faults: [[1, 1, 'text_after_quote', 2, ['1', '"a"b', 'c']]],
  },
  {
    name: 'a lost closing quote',
    damaged: '1,"ab,c\n',
    faults: [[1, 1, 'unclosed_quote', 2, ['1', '"ab', 'c']]],
  },
  {
    name: 'a lost closing quote among quoted cells',
    damaged: '"1","a,"c"\n',
    faults: [[1, 1, 'text_after_quote', 2, ['1', '"a,"c"']]],
  },
  {
    name: 'a lost closing quote at the end of a row of quoted cells',
    damaged: '"1","a","c\n"4","5","6"\n',
    faults: [[1, 1, 'unclosed_quote', 3, ['1', 'a', '"c']]],
    after: 1,
  },
  {
    name: 'a lost closing quote before a row with a legal line end',
    damaged: '"1","a","c\n"4","5\n5","6"\n',
    faults: [[1, 1, 'unclosed_quote', 3, ['1', 'a', '"c']]],
    after: 1,
  },
  {
    name: 'an extra quote before a closing one at the end of a row',
    damaged: '"1","a","c""\n"4","5","6"\n',
    faults: [[1, 1, 'unclosed_quote', 3, ['1', 'a', '"c""']]],
    after: 1,
  },
  {
    name: 'a short row with a legal line end in it',
    damaged: '1,"a\nb"\n',
    faults: [[1, 2, 'short_row', null, ['1', 'a\nb']]],
  },
  {
    name: 'a long row with legal line ends in it',
    damaged: '1,"a\nb, c\nd",2,3,4\n',
    faults: [[1, 3, 'long_row', null, ['1', 'a\nb, c\nd', '2', '3', '4']]],
  },
  {
    name: 'a stray quote beside legal line ends',
    damaged: '1,a"b,"c\nd\ne"\n',
    faults: [[1, 3, 'stray_quote', 2, ['1', 'a"b', 'c\nd\ne']]],
  },
  { name: 'a NUL', damaged: '1,a\0b,c\n', faults: [[1, 1, 'nul_byte', 2, ['1', 'a\0b', 'c']]] },
  {
    name: 'a NUL in a legal cell of two lines',
    damaged: '1,"a\0\nb",c\n',
    faults: [[1, 2, 'nul_byte', 2, ['1', 'a\0\nb', 'c']]],
  },
  {
    name: 'a lost opening quote of a last cell of three lines, whose first passes for a row',
    damaged: '1,a,one\n\ntwo ""b"""\n',
    faults: [
      [1, 1, 'split_cell', 3, ['1', 'a', 'one']],
      [3, 1, 'stray_quote', 1, ['two ""b"""']],
    ],
  },
  {
    name: 'two damaged rows that make a legal one between them',
    damaged: '1,"ab,c\n2,b,c\n3,b,c\n4,b,c\n5,b",c\n',
    faults: [
      [1, 1, 'unclosed_quote', 2, ['1', '"ab', 'c']],
      [5, 1, 'stray_quote', 2, ['5', 'b"', 'c']],
    ],
    after: 3,
  },
];

describe('CsvReader on a damaged row', () => {
  it.each(damages)('reports $name and keeps its neighbours', ({ damaged, faults, after = 0 }) => {
    const file = line(1) + line(2) + damaged + line(3) + line(4);
    for (const chunk of [1, 7, 100_000]) {
      const reading = read(file, { width: 3, chunk });
      expect(reading.faults.map((f) => [f.line - 2, f.lineCount, f.code, f.column, f.cells])).toEqual(faults);
      const ids = reading.rows.map((row) => row.cells);
      expect(ids.slice(0, 2)).toEqual([good(1), good(2)]);
      expect(ids.slice(-2)).toEqual([good(3), good(4)]);
      expect(ids).toHaveLength(4 + after);
    }
  });

  it('goes back when a quoted cell runs on for more than 64 lines', () => {
    const many = Array.from({ length: 200 }, (_, i) => line(i));
    const { rows, faults } = read(`1,"ab,c\n${many.join('')}`, { width: 3 });
    expect(faults.map((f) => [f.line, f.code, f.column])).toEqual([[1, 'unclosed_quote', 2]]);
    expect(rows.map((row) => row.cells)).toEqual(many.map((_, i) => good(i)));
    expect(rows[0]?.line).toBe(2);
  });

  it('goes back when a quoted cell runs on for more than 64 KiB', () => {
    const wide = `1,${'w'.repeat(20_000)},2\n`;
    const { rows, faults } = read(`1,"ab,c\n${wide.repeat(5)}`, { width: 3 });
    expect(faults.map((f) => [f.line, f.code])).toEqual([[1, 'unclosed_quote']]);
    expect(rows).toHaveLength(5);
  });

  it('goes back when the file ends in a quoted cell', () => {
    const { rows, faults } = read(`${line(1)}1,"ab,c\n${line(2)}1,2,"3`, { width: 3 });
    expect(faults.map((f) => [f.line, f.code, f.column, f.at])).toEqual([
      [2, 'unclosed_quote', 2, 18],
      [4, 'unclosed_quote', 3, 44],
    ]);
    expect(rows.map((row) => row.cells)).toEqual([good(1), good(2)]);
  });

  it('tells everything that is wrong with a row', () => {
    const { faults } = read('a,b,c\n1,x"y,"z"z,4\n');
    expect(faults[0]?.code).toBe('stray_quote');
    expect(faults[0]?.also.map((f) => [f.code, f.column])).toEqual([
      ['text_after_quote', 3],
      ['long_row', null],
    ]);
  });

  it('keeps a row above a line that only resembles the end of a cell', () => {
    for (const below of ['Made by "HR"\n', '"x"y"\n', '1,"ab,c"\n']) {
      expect(cellsOf(line(1) + below, { width: 3 })).toEqual([good(1)]);
    }
  });

  it('never quotes a cell in a message', () => {
    const { faults } = read('a,b,c\nSecret,"Secret"Secret\nSecret,Se"cret,\0,Secret\n');
    expect(JSON.stringify(faults.map((f) => [f.message, f.also]))).not.toContain('Secret');
  });
});

describe('CsvReader on bytes that are no text', () => {
  const at = (n: number, ...bytes: number[]) =>
    new Uint8Array([
      ...toBytes(line(n)),
      ...toBytes('1,a'),
      ...bytes,
      ...toBytes('b,é\n'),
      ...toBytes(line(2)),
    ]);

  it.each([
    ['a Windows-1252 letter', [0xe9]],
    ['a lone continuation', [0x80]],
    ['an overlong form', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a character beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
    ['half a character', [0xf0, 0x9f, 0x98]],
  ])('reports %s with its offset, whatever the chunks', (_name, bytes) => {
    const file = at(1, ...bytes);
    for (const chunk of [1, 2, 3, 5, 1000]) {
      const { rows, faults } = read(file, { width: 3, chunk });
      expect(faults.map((f) => [f.line, f.code, f.column, f.at, f.cells])).toEqual([
        [2, 'bad_bytes', 2, 19, ['1', `a${'\ufffd'.repeat(bytes.length)}b`, 'é']],
      ]);
      expect(rows.map((row) => row.cells)).toEqual([good(1), good(2)]);
    }
  });

  it('reports half a character at the end of the file', () => {
    const { rows, faults } = read(new Uint8Array([...toBytes(`${line(1)}1,2,`), 0xe2, 0x82]), { width: 3 });
    expect(faults.map((f) => [f.line, f.code, f.at])).toEqual([[2, 'bad_bytes', 20]]);
    expect(rows).toHaveLength(1);
  });

  it('reports lone surrogates and an odd byte in UTF-16', () => {
    const bytes = new Uint8Array([...toUtf16('a,b\n\ud800,c\nd,\udc00\ne,f\ng,h'), 0x20]);
    for (const chunk of [1, 3, 1000]) {
      const { rows, faults } = read(bytes, { dialect: { encoding: 'utf-16le' }, chunk });
      expect(faults.map((f) => [f.line, f.code, f.column, f.at])).toEqual([
        [2, 'bad_bytes', 1, 8],
        [3, 'bad_bytes', 2, 20],
        [5, 'bad_bytes', 2, 38],
      ]);
      expect(rows.map((row) => row.cells)).toEqual([
        ['a', 'b'],
        ['e', 'f'],
      ]);
    }
  });
});

describe('CsvReader on what is too large', () => {
  const limits = { cellChars: 50, recordChars: 200, columns: 8 };

  it('reports a large cell and goes on', () => {
    const { rows, faults } = read(`1,2\n3,${'x'.repeat(51)}\n"${'y'.repeat(51)}",4\n5,6\n`, { limits });
    expect(faults.map((f) => [f.line, f.code, f.column])).toEqual([
      [2, 'cell_too_large', 2],
      [3, 'cell_too_large', 1],
    ]);
    expect(rows.map((row) => row.cells)).toEqual([
      ['1', '2'],
      ['5', '6'],
    ]);
  });

  it.each([1, 9, 10_000])('drops a record without an end, at once and whatever the chunks (%i)', (chunk) => {
    const file = `1,2\n3,${'x'.repeat(5000)}\r\n4,5\n${'a,b,'.repeat(1000)}\n6,7\n`;
    const { rows, faults, positions } = read(file, { limits, width: 2, chunk });
    expect(faults.map((f) => [f.line, f.code, f.column])).toEqual([
      [2, 'cell_too_large', 2],
      [4, 'record_too_large', null],
    ]);
    expect(rows.map((row) => [row.line, ...row.cells])).toEqual([
      [1, '1', '2'],
      [3, '4', '5'],
      [5, '6', '7'],
    ]);
    expect(positions[1]).toEqual({ offset: 205, line: 2, skipLine: true });
  });

  it('reports too many columns', () => {
    const { faults } = read(`1,2\n${'x,'.repeat(20)}\n`, { limits });
    expect(faults.map((f) => [f.code, f.cells.length])).toEqual([['too_many_columns', 8]]);
  });

  it('holds one record at most, in a file of one line', () => {
    const reader = new CsvReader({
      dialect: { encoding: 'utf-8', delimiter: ',', quote: '"' },
      width: 2,
      onRow() {},
      onFault() {},
    });
    const chunk = toBytes('x'.repeat(65_536));
    for (let i = 0; i < 200; i++) reader.push(chunk);
    expect(reader.position()).toEqual({ offset: 200 * 65_536, line: 1, skipLine: true });
  });
});
