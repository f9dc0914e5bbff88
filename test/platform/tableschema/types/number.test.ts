import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareNumbers, readDecimal } from '../../../../src/platform/tableschema/types/decimal.ts';
import { cellReader } from '../build.ts';

describe('an integer', () => {
  const read = cellReader({ type: 'integer' });

  it.each([
    ['0', 0],
    ['-0', 0],
    ['+17', 17],
    ['-17', -17],
    ['0042', 42],
    [' 5\t', 5],
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
    ['9007199254740992', '9007199254740992'],
    ['-0009007199254740993', '-9007199254740993'],
    ['+12345678901234567890', '12345678901234567890'],
    ['000000000000000000000000000001', 1],
  ])('%j is %j', (cell, value) => {
    expect(read(cell)).toEqual({ value });
  });

  it.each(['1.0', '1e3', '1,000', '1 000', '--1', '+', '-', '0x1F', '١٢', 'NaN', '12a', '1'.repeat(1_001)])(
    '%j is none',
    (cell) => {
      expect(read(cell)).toEqual({ codes: ['not_an_integer'] });
    },
  );

  it('takes groups where they belong, and nowhere else', () => {
    const grouped = cellReader({ type: 'integer', groupChar: ',' });
    for (const [cell, value] of [
      ['1,234,567', 1234567],
      ['-12,34,567', -1234567],
      ['1234', 1234],
    ] as const) {
      expect(grouped(cell)).toEqual({ value });
    }
    for (const cell of ['1,5', '1,23', ',123', '123,', '1,,234', '1234,567', '1,2345']) {
      expect(grouped(cell)).toEqual({ codes: ['not_an_integer'] });
    }
  });

  it('takes hard and narrow spaces for the space that groups', () => {
    const grouped = cellReader({ type: 'integer', groupChar: ' ' });
    for (const cell of ['1 234 567', '1\u00a0234\u00a0567', '1\u202f234\u202f567']) {
      expect(grouped(cell)).toEqual({ value: 1234567 });
    }
  });
});

describe('a number', () => {
  const read = cellReader({ type: 'number' });

  it.each([
    ['-1.23', -1.23],
    ['12678967.543233', 12678967.543233],
    ['+100000.00', 100000],
    ['210', 210],
    ['.5', 0.5],
    ['5.', 5],
    ['-0.0', 0],
    ['1E3', 1000],
    ['1.5e-3', 0.0015],
    ['0.1', 0.1],
    ['0.30000000000000004', 0.30000000000000004],
    ['0.1234567890123456789', '0.1234567890123456789'],
    ['12345678901234567890.10', '12345678901234567890.1'],
    ['9007199254740993', '9007199254740993'],
    ['1e400', '1e+400'],
    ['-12.50e-400', '-1.25e-399'],
    ['0E900', 0],
    ['-0.0e-999', 0],
    ['0'.repeat(400), 0],
    ['nan', 'NaN'],
    ['INF', 'INF'],
    ['-inf', '-INF'],
  ])('%j is %j', (cell, value) => {
    expect(read(cell)).toEqual({ value });
  });

  it.each([
    '',
    '.',
    '-',
    '+.',
    '1,5',
    '1.2.3',
    '1e',
    '1e5.5',
    'e5',
    '1e1234567',
    '0x10',
    'Infinity',
    '1_000',
    '$5',
  ])('%j is none', (cell) => {
    expect(cellReader({ type: 'number', missingValues: [] })(cell)).toEqual({ codes: ['not_a_number'] });
  });

  it('has the decimal and the group character of its field', () => {
    const german = cellReader({ type: 'number', decimalChar: ',', groupChar: '.' });
    expect(german('1.234.567,89')).toEqual({ value: 1234567.89 });
    expect(german('-0,5')).toEqual({ value: -0.5 });
    for (const cell of ['1.5', '1,234.5', '1,2,3']) expect(german(cell)).toEqual({ codes: ['not_a_number'] });
    expect(cellReader({ type: 'number', decimalChar: ',' })('1.5')).toEqual({ codes: ['not_a_number'] });
  });

  it('strips what is around it where bareNumber is false, and never a sign', () => {
    const loose = cellReader({ type: 'number', bareNumber: false });
    for (const [cell, value] of [
      ['95%', 95],
      ['€95', 95],
      ['EUR -95.5', -95.5],
      ['-€95', -95],
      ['1.5 kg', 1.5],
      ['Rs.500', 500],
      ['$.50', 0.5],
      ['NaN', 'NaN'],
    ] as const) {
      expect(loose(cell)).toEqual({ value });
    }
    for (const cell of ['(95)', '95-', '--95', '95 to 97', 'none', '1 2']) {
      expect(loose(cell)).toEqual({ codes: ['not_a_number'] });
    }
  });
});

describe('a canonical decimal', () => {
  const decimals = fc
    .tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.integer({ min: 0, max: 30 }))
    .map(([coefficient, scale]) => ({ coefficient, scale, text: `${coefficient}e-${scale}` }));

  it('is a JSON number only where no digit is lost', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(readDecimal(String(value))).toBe(value + 0);
      }),
    );
  });

  it('is one text or number for one value', () => {
    fc.assert(
      fc.property(decimals, ({ coefficient, scale, text }) => {
        expect(readDecimal(`${coefficient * 1000n}e-${scale + 3}`)).toBe(readDecimal(text));
        expect(readDecimal(String(readDecimal(text)))).toBe(readDecimal(text));
      }),
    );
  });

  it('is ordered as exact arithmetic orders it', () => {
    fc.assert(
      fc.property(decimals, decimals, (a, b) => {
        const left = a.coefficient * 10n ** BigInt(b.scale);
        const right = b.coefficient * 10n ** BigInt(a.scale);
        const order = compareNumbers(readDecimal(a.text) ?? 0, readDecimal(b.text) ?? 0);
        expect(Math.sign(order)).toBe(left < right ? -1 : left > right ? 1 : 0);
      }),
    );
  });

  it('lies between the infinities, and beside NaN', () => {
    expect(compareNumbers('INF', '1e+400')).toBeGreaterThan(0);
    expect(compareNumbers('-INF', -5)).toBeLessThan(0);
    expect(compareNumbers('INF', 'INF')).toBe(0);
    expect(compareNumbers('NaN', 1)).toBeNaN();
  });
});
