import { describe, expect, it } from 'vitest';
import { cellReader } from '../build.ts';

describe('a string', () => {
  it('is taken to the letter, outer space and all', () => {
    expect(cellReader({ type: 'string' })('  É a ')).toEqual({ value: '  É a ' });
  });

  it.each([
    [
      'email',
      'not_an_email',
      ['a@b.co', "o'neil+x@mail.example.org", 'jörg@bücher.example', `${'a'.repeat(64)}@b.co`],
    ],
    [
      'uri',
      'not_a_uri',
      ['https://example.org/a?b=%20#c', 'urn:isbn:0451450523', 'mailto:a@b.co', 'http://[::1]:80/'],
    ],
    ['binary', 'not_base64', ['aGVsbG8=', 'AA==', 'QUJD', '+/+/']],
    ['uuid', 'not_a_uuid', ['123e4567-e89b-12d3-a456-426614174000', '123E4567-E89B-12D3-A456-426614174000']],
  ])('with the format %s', (format, _code, cells) => {
    const read = cellReader({ type: 'string', format });
    for (const cell of cells) expect(read(cell)).toEqual({ value: cell });
  });

  it.each([
    [
      'email',
      'not_an_email',
      ['a', 'a@b', '@b.co', 'a b@c.de', 'a@-b.co', 'a@b..co', `${'a'.repeat(65)}@b.co`, 'a@b@c.de'],
    ],
    ['uri', 'not_a_uri', ['example.org', '/a', 'http://a b', 'http://', 'a:%zz', '1a:b', 'x:']],
    ['binary', 'not_base64', ['aGVsbG8', 'a===', 'aGVs bG8', 'aGVsbG8_']],
    ['uuid', 'not_a_uuid', ['123e4567e89b12d3a456426614174000', '123e4567-e89b-12d3-a456-42661417400g']],
  ])('without the format %s: %s', (format, code, cells) => {
    const read = cellReader({ type: 'string', format });
    for (const cell of cells) expect(read(cell)).toEqual({ codes: [code] });
  });

  it.each(['uri', 'binary', 'email', 'uuid'])('of two megabytes is read as %s without harm', (format) => {
    const read = cellReader({ type: 'string', format });
    expect(() => read(`a:${'%41'.repeat(700_000)}`)).not.toThrow();
    expect(() => read('A'.repeat(2_000_000))).not.toThrow();
  });
});

describe('a boolean', () => {
  it.each([
    ['true', true],
    ['True', true],
    ['TRUE', true],
    ['1', true],
    ['false', false],
    ['False', false],
    ['FALSE', false],
    [' 0 ', false],
  ])('%j is %j', (cell, value) => {
    expect(cellReader({ type: 'boolean' })(cell)).toEqual({ value });
  });

  it.each(['yes', 'tRUE', 'T', '2'])('%j is none', (cell) => {
    expect(cellReader({ type: 'boolean' })(cell)).toEqual({ codes: ['not_a_boolean'] });
  });

  it('has the values of its field, and then no others', () => {
    const read = cellReader({ type: 'boolean', trueValues: ['Y'], falseValues: ['N', 'no'] });
    expect(read('Y')).toEqual({ value: true });
    expect(read('no')).toEqual({ value: false });
    expect(read('true')).toEqual({ codes: ['not_a_boolean'] });
  });
});

describe('an array and an object', () => {
  it('are JSON', () => {
    expect(cellReader({ type: 'array' })('[1, "a", {"b": null}]')).toEqual({ value: [1, 'a', { b: null }] });
    expect(cellReader({ type: 'object' })(' {"a": [1]} ')).toEqual({ value: { a: [1] } });
  });

  it.each([
    ['array', '{"a": 1}', 'not_an_array'],
    ['array', '[1', 'not_an_array'],
    ['array', 'null', 'not_an_array'],
    ['object', '[1]', 'not_an_object'],
    ['object', '"a"', 'not_an_object'],
    ['object', '{a: 1}', 'not_an_object'],
    ['array', `${'['.repeat(65)}${']'.repeat(65)}`, 'json_too_deep'],
    ['object', `{"a":${'['.repeat(64)}${']'.repeat(64)}}`, 'json_too_deep'],
  ])('an %s is not %s', (type, cell, code) => {
    expect(cellReader({ type })(cell)).toEqual({ codes: [code] });
  });

  it('keep the digits of long integers', () => {
    const cell =
      '{"id": 12345678901234567890, "n": -9007199254740993, "short": 12, "text": "12345678901234567890"}';
    expect(cellReader({ type: 'object' })(cell)).toEqual({
      value: { id: '12345678901234567890', n: '-9007199254740993', short: 12, text: '12345678901234567890' },
    });
  });

  it('may nest 64 deep, and a megabyte of brackets does no harm', () => {
    const deep = `${'['.repeat(64)}${']'.repeat(64)}`;
    expect(cellReader({ type: 'array' })(deep)).toHaveProperty('value');
    expect(cellReader({ type: 'array' })('['.repeat(1_000_000))).toEqual({ codes: ['not_an_array'] });
    const closed = '['.repeat(500_000) + ']'.repeat(500_000);
    expect(cellReader({ type: 'array' })(closed)).toHaveProperty('codes');
  });
});

describe('a list', () => {
  it.each([
    [{}, 'a, b,', ['a', ' b', '']],
    [{ itemType: 'integer' }, '1, 2,3', [1, 2, 3]],
    [{ itemType: 'date', delimiter: ';' }, '2024-01-26;2024-02-01', ['2024-01-26', '2024-02-01']],
    [{ itemType: 'boolean', delimiter: '||' }, 'true||0', [true, false]],
    [{ itemType: 'number' }, '1.5,NaN', [1.5, 'NaN']],
    [{ missingValues: [] }, '', []],
  ])('with %j reads %j', (field, cell, value) => {
    expect(cellReader({ type: 'list', ...field })(cell)).toEqual({ value });
  });

  it('names no item by its value', () => {
    expect(cellReader({ type: 'list', itemType: 'integer' })('1,x,3')).toEqual({
      codes: ['list_item_invalid'],
    });
    expect(cellReader({ type: 'list', itemType: 'date' })('2024-02-31')).toEqual({
      codes: ['list_item_invalid'],
    });
  });
});

describe('any', () => {
  it('is what stands there', () => {
    expect(cellReader({ type: 'any' })(' 1 ')).toEqual({ value: ' 1 ' });
    expect(cellReader({})('x')).toEqual({ value: 'x' });
  });
});

describe('missing values', () => {
  it('are the empty cell where nothing else is said', () => {
    expect(cellReader({ type: 'integer' })('')).toEqual({ value: null });
    expect(cellReader({ type: 'integer' })('  ')).toEqual({ value: null });
    expect(cellReader({ type: 'string' })(' ')).toEqual({ value: ' ' });
  });

  it('are the list of the field instead of that of the schema', () => {
    const read = cellReader({
      type: 'integer',
      missingValues: [{ value: '-99', label: 'refused' }, { value: 'NA' }],
    });
    expect(read('-99')).toEqual({ value: null });
    expect(read(' NA ')).toEqual({ value: null });
    expect(read('')).toEqual({ codes: ['not_an_integer'] });
  });

  it('are none with an empty list', () => {
    expect(cellReader({ type: 'string', missingValues: [], constraints: { required: true } })('')).toEqual({
      value: '',
    });
  });
});
