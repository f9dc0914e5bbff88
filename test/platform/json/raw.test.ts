import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, elementsOf, memberOf, parseExactly } from '../../../src/platform/json/raw.ts';

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

const spaces = fc.constantFrom(0, 1, '\t', '\n  ');

describe('the raw parts of a JSON text', () => {
  it('are the elements of any array, in order and in depth', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), spaces, (list, space) => {
        const text = ` ${JSON.stringify(list, null, space)}\n`;
        const found = elementsOf(text);
        expect(found.map(({ start, end }) => JSON.parse(text.slice(start, end)))).toEqual(
          JSON.parse(JSON.stringify(list)),
        );
        expect(found.map(({ depth }) => depth)).toEqual(JSON.parse(JSON.stringify(list)).map(depthOf));
      }),
    );
  });

  it('are the members of any object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), spaces, (object, space) => {
        const text = `${JSON.stringify(object, null, space)}`;
        for (const [name, value] of Object.entries(JSON.parse(text) as object)) {
          const at = memberOf(text, 0, name);
          expect(JSON.parse(text.slice(at?.start, at?.end))).toEqual(value);
          expect(at?.depth).toBe(depthOf(value));
        }
        expect(memberOf(text, 0, 'a name that is not there')).toBeNull();
      }),
    );
  });

  it.each([
    ['{"a":1,"a":[2]}', '[2]'],
    ['{"\\u0061" : "x\\\\" , "b":"}"}', '"x\\\\"'],
    ['{"b":"\\"a\\":3","a":-1.5e9}', '-1.5e9'],
  ])('of %s are found where JSON.parse finds them', (text, raw) => {
    const at = memberOf(text, 0, 'a');
    expect(text.slice(at?.start, at?.end)).toBe(raw);
  });
});

describe('parseExactly', () => {
  it.each([
    '1.0',
    '-0',
    '12345678901234567890',
    '1e400',
    `[${'9'.repeat(100_000)}]`,
    '{"__proto__":{"a":0.10},"b":"\\ud800"}',
    '["1.0",1,null,true]',
  ])('writes back what it read: %.60s', (text) => {
    expect(JSON.stringify(parseExactly(text))).toBe(text);
  });

  it('gives plain values where doubles hold them', () => {
    expect(parseExactly('{"a":[1,0.5,"1.0"]}')).toEqual({ a: [1, 0.5, '1.0'] });
  });
});

describe('canonicalJson', () => {
  it.each([
    ['{"a":1,"b":[1, 2]}', '{ "b":[1,2],"a":1 }', true],
    ['{"a":{"c":1,"b":2}}', '{"a":{"b":2,"c":1}}', true],
    ['"\\u0041"', '"A"', true],
    ['1e400', '2e400', false],
    ['12345678901234567890', '12345678901234567891', false],
    ['"1e400"', '1e400', false],
    ['[["a",1]]', '{"a":1}', false],
    ['{"__proto__":1}', '{}', false],
  ])('of %s and %s: equal is %s', (a, b, equal) => {
    expect(canonicalJson(a) === canonicalJson(b)).toBe(equal);
  });
});
