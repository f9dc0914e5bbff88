import { describe, expect, it } from 'vitest';
import { uniqueTexts } from '../../../src/platform/tableschema/index.ts';
import { cellReader, compiled } from './build.ts';

describe('constraints', () => {
  it.each([
    ['string', { required: true }, ['a', ' '], ['', 'required']],
    ['string', { minLength: 2 }, ['ab', '😀b'], ['a', 'too_short']],
    ['string', { minLength: 2 }, ['ab'], ['😀', 'too_short']],
    ['string', { maxLength: 2 }, ['ab', '😀😀'], ['abc', 'too_long']],
    ['array', { minLength: 1 }, ['[0]'], ['[]', 'too_short']],
    ['object', { maxLength: 1 }, ['{"a":1}', '{}'], ['{"a":1,"b":2}', 'too_long']],
    ['list', { minLength: 2 }, ['a,b'], ['a', 'too_short']],
    ['integer', { minimum: 10 }, ['10', '11', '9007199254740993'], ['9', 'below_minimum']],
    ['integer', { maximum: '9007199254740993' }, ['9007199254740993'], ['9007199254740994', 'above_maximum']],
    ['integer', { exclusiveMinimum: 10 }, ['11'], ['10', 'below_minimum']],
    ['number', { exclusiveMaximum: 0.5 }, ['0.4999999999999999999'], ['0.5', 'above_maximum']],
    ['number', { minimum: 0 }, ['INF'], ['NaN', 'below_minimum']],
    ['number', { maximum: 5 }, ['-INF'], ['1e400', 'above_maximum']],
    ['date', { minimum: '2024-01-01' }, ['2024-01-01'], ['2023-12-31', 'below_minimum']],
    ['time', { maximum: '12:00:00' }, ['12:00:00'], ['12:00:01', 'above_maximum']],
    [
      'datetime',
      { maximum: '2024-01-01T00:00:00Z' },
      ['2024-01-01T01:00:00+01:00'],
      ['2024-01-01T00:00:00.1Z', 'above_maximum'],
    ],
    [
      'datetime',
      { minimum: '2024-01-01T00:00:00' },
      ['2024-01-01T00:00:00Z'],
      ['2024-01-01T00:30:00+01:00', 'below_minimum'],
    ],
    ['year', { minimum: 2000, maximum: 2030 }, ['2000', '2030'], ['1999', 'below_minimum']],
    ['yearmonth', { exclusiveMaximum: '2024-06' }, ['2024-05'], ['2024-06', 'above_maximum']],
    ['string', { pattern: '[a-z]+' }, ['abc'], ['abC', 'pattern_mismatch']],
    ['string', { pattern: 'a*' }, ['a'.repeat(1_024)], ['a'.repeat(1_025), 'pattern_cell_too_long']],
    ['string', { enum: ['a', 'b'] }, ['a', 'b'], ['c', 'not_in_enum']],
    ['integer', { enum: [1, '2'] }, ['1', '02'], ['3', 'not_in_enum']],
    ['boolean', { enum: [true] }, ['TRUE'], ['0', 'not_in_enum']],
    ['object', { enum: [{ a: 1, b: 2 }] }, ['{"b":2,"a":1}'], ['{"a":1}', 'not_in_enum']],
    ['any', { enum: ['a'] }, ['a'], ['A', 'not_in_enum']],
  ] as const)('%s with %j', (type, constraints, good, [bad, code]) => {
    const read = cellReader({ type, constraints });
    for (const cell of good) expect(read(cell)).toHaveProperty('value');
    expect(read(bad)).toEqual({ codes: [code] });
  });

  it('apply to a value that is there, not to a missing one', () => {
    expect(cellReader({ type: 'string', constraints: { minLength: 2, enum: ['ab'] } })('')).toEqual({
      value: null,
    });
  });

  it('read their values in the form of the field', () => {
    const read = cellReader({ type: 'date', format: '%d/%m/%Y', constraints: { minimum: '01/02/2024' } });
    expect(read('01/03/2024')).toEqual({ value: '2024-03-01' });
    expect(read('31/01/2024')).toEqual({ codes: ['below_minimum'] });
  });

  it('are told all, where a cell breaks several', () => {
    const read = cellReader({
      type: 'string',
      constraints: { minLength: 3, pattern: '[a-z]+', enum: ['abc'] },
    });
    expect(read('X')).toEqual({ codes: ['too_short', 'pattern_mismatch', 'not_in_enum'] });
  });
});

describe('categories', () => {
  it('are the values there are, with or without labels', () => {
    const plain = cellReader({ type: 'string', categories: ['apple', 'orange'] });
    expect(plain('apple')).toEqual({ value: 'apple' });
    expect(plain('Apple')).toEqual({ codes: ['not_in_categories'] });
    const labelled = cellReader({
      type: 'integer',
      categories: [{ value: 0, label: 'apple' }, { value: 1 }],
    });
    expect(labelled('01')).toEqual({ value: 1 });
    expect(labelled('2')).toEqual({ codes: ['not_in_categories'] });
  });
});

describe('uniqueTexts', () => {
  const schema = compiled({
    fields: [
      { name: 'a', type: 'integer' },
      { name: 'b', type: 'string' },
      { name: 'c', type: 'string', constraints: { unique: true } },
    ],
    uniqueKeys: [['a', 'b'], ['b']],
  });

  it('has a text for every unique key, then for every unique field', () => {
    expect(uniqueTexts(schema, { a: 1, b: 'x', c: 'y' })).toEqual(['[1,"x"]', '["x"]', '["y"]']);
  });

  it('leaves out keys with a missing value', () => {
    expect(uniqueTexts(schema, { a: 1, b: null, c: 'y' })).toEqual([null, null, '["y"]']);
    expect(uniqueTexts(schema, { b: 'x', c: 'y' })).toEqual([null, '["x"]', '["y"]']);
  });
});
