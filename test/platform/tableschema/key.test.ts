import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkRow, formatKey, keyOf, parseKey } from '../../../src/platform/tableschema/index.ts';
import { compiled, planOf } from './build.ts';

const parts = fc.array(
  fc.string({ minLength: 1, unit: fc.constantFrom('a', 'é', '~', '!', '/', ' ', '"', '0') }),
  {
    minLength: 1,
    maxLength: 5,
  },
);

describe('the text of a key', () => {
  it('is the value itself for a single field', () => {
    expect(formatKey(['a~b!c/d'])).toBe('a~b!c/d');
    expect(parseKey('a~b!c/d', 1)).toEqual(['a~b!c/d']);
  });

  it('joins the parts of a composite key with ~ and escapes ~ and !', () => {
    expect(formatKey(['AAA', '2013J', '11391'])).toBe('AAA~2013J~11391');
    expect(formatKey(['a~b', 'c!'])).toBe('a!~b~c!!');
  });

  it('needs no percent-encoding for its own signs', () => {
    expect(encodeURIComponent('a!~b~c!!')).toBe('a!~b~c!!');
  });

  it('gives its parts back, whatever they are', () => {
    fc.assert(
      fc.property(parts, (values) => {
        expect(parseKey(formatKey(values), values.length)).toEqual(values);
      }),
    );
  });

  it('is never the same for different parts', () => {
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        fc.pre(a.length === b.length && JSON.stringify(a) !== JSON.stringify(b));
        expect(formatKey(a)).not.toBe(formatKey(b));
      }),
    );
  });

  it('is no key of another number of fields', () => {
    expect(parseKey('a~b', 3)).toBeUndefined();
    expect(parseKey('a~b!', 2)).toBeUndefined();
  });
});

describe('keyOf', () => {
  const schema = compiled({
    fields: [
      { name: 'a', type: 'integer' },
      { name: 'b', type: 'boolean' },
    ],
    primaryKey: ['b', 'a'],
  });

  it('takes the fields in the order of primaryKey, in their JSON form', () => {
    expect(keyOf(schema, { a: 7, b: true })).toBe('true~7');
  });

  it('is undefined where a part is missing', () => {
    expect(keyOf(schema, { a: 7 })).toBeUndefined();
    expect(keyOf(schema, { a: 7, b: null })).toBeUndefined();
  });
});

describe('a key that cannot name a record', () => {
  const plan = planOf({ fields: [{ name: 'id', type: 'string' }], primaryKey: 'id' }, ['id']);

  it.each([
    ['', 'key_empty'],
    [' \t', 'key_empty'],
    ['..', 'key_invalid'],
    ['a\u0000b', 'key_invalid'],
    ['a\ud800', 'key_invalid'],
    ['x'.repeat(1_025), 'key_too_long'],
  ])('%j is rejected with %s', (cell, code) => {
    expect(checkRow(plan, [cell])).toEqual({
      ok: false,
      issues: [{ column: 'id', columnNumber: 1, code, message: expect.any(String) }],
    });
  });
});
