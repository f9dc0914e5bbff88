import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileTemplate } from '../../../src/platform/handlebars/index.ts';

/** Any UTF-16 at all: control characters, quotes, braces, halves of surrogate pairs. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 })
    .map((codes) => String.fromCharCode(...codes)),
  fc.constantFrom('"', '\\', '{{x}}', '}}', '\n', '\u2028', '","a":"', '\\u0041', '</script>', "'"),
);

/** Part of a template, with the data that it names, and the JSON that it must give. */
interface Piece {
  template: (name: string) => string;
  data: unknown;
  json: string;
}

/** A JSON string's inside, as a template's own text: with no brace and no backslash that Handlebars would take. */
const literal = (text: string): string =>
  JSON.stringify(text).slice(1, -1).replaceAll('\\\\', '\\u005c').replaceAll('{', '\\u007b');

const value = fc
  .tuple(fc.oneof(fc.jsonValue(), anyText, fc.double({ noNaN: true, noDefaultInfinity: true })), fc.boolean())
  .map(
    ([data, triple]): Piece => ({
      template: (name) => (triple ? `{{{${name}}}}` : `{{${name}}}`),
      data,
      json: JSON.stringify(data),
    }),
  );

const text = fc.tuple(anyText, anyText, anyText, fc.boolean()).map(
  ([before, data, after, triple]): Piece => ({
    template: (name) => `"${literal(before)}${triple ? `{{{${name}}}}` : `{{${name}}}`}${literal(after)}"`,
    data,
    json: JSON.stringify(before + data + after),
  }),
);

const nothing = fc.boolean().map(
  (inText): Piece => ({
    template: (name) => (inText ? `"{{${name}.none}}"` : `{{${name}.none}}`),
    data: {},
    json: inText ? '""' : 'null',
  }),
);

const list = fc.array(fc.jsonValue({ maxDepth: 1 }), { maxLength: 4 }).map(
  (data): Piece => ({
    template: (name) => `[{{#each ${name}}}{{this}}{{#unless @last}},\n{{/unless}}{{/each}}]`,
    data,
    json: JSON.stringify(data),
  }),
);

const branch = fc.tuple(fc.boolean(), anyText).map(
  ([data, other]): Piece => ({
    template: (name) => `{{#if ${name}}}{"a":[]}{{else}}"${literal(other)}"{{/if}}`,
    data,
    json: data ? '{"a":[]}' : JSON.stringify(other),
  }),
);

const named = fc.tuple(anyText, anyText).map(
  ([before, data]): Piece => ({
    template: (name) => `{"${literal(before)}{{${name}}}":true}`,
    data,
    json: `{${JSON.stringify(before + data)}:true}`,
  }),
);

const fragment = fc.jsonValue().map(
  (data): Piece => ({
    template: (name) => `{"a":{{json ${name}}},"b":{{{json ${name}}}}}`,
    data,
    json: `{"a":${JSON.stringify(data)},"b":${JSON.stringify(data)}}`,
  }),
);

const pieces = fc.array(fc.oneof(value, text, nothing, list, branch, named, fragment), {
  minLength: 1,
  maxLength: 6,
});

describe('a template in mode json', () => {
  it('gives valid JSON with the data as its leaves, whatever they are', () => {
    fc.assert(
      fc.property(pieces, (all) => {
        const source = `{\n${all.map(({ template }, i) => `"k${i}":${template(`v${i}`)}`).join(',\r\n')}}`;
        const root = Object.fromEntries(all.map(({ data }, i) => [`v${i}`, data]));
        const row = compileTemplate(source, { mode: 'json' }).render(root, { now: 0 });
        const expected = `{${all.map(({ json }, i) => `"k${i}":${json}`).join(',')}}`;
        // As text: toEqual would take an own "__proto__" for none.
        expect(JSON.stringify(JSON.parse(row))).toBe(JSON.stringify(JSON.parse(expected)));
        expect(row).not.toMatch(/[\r\n]/);
        // Every encoding can carry it.
        expect(new TextDecoder().decode(new TextEncoder().encode(row))).toBe(row);
      }),
      { numRuns: 500, seed: 20_261_122 },
    );
  }, 120_000);

  it('takes own fields alone, "__proto__" and "constructor" among them', () => {
    const root = JSON.parse('{"a":{"__proto__":{"x":1},"constructor":"c"},"b":{}}');
    const source =
      '[{{a.__proto__.x}},{{a.constructor}},{{b.constructor}},{{b.__proto__}},{{b.toString}},{{a}}]';
    const row = compileTemplate(source, { mode: 'json' }).render(root, { now: 0 });
    expect(row).toBe('[1,"c",null,null,null,{"__proto__":{"x":1},"constructor":"c"}]');
  });

  it('merges "__proto__" into a partial\'s fields as a field', () => {
    const root = JSON.parse('{"a":{"__proto__":{"x":1}}}');
    const options = { mode: 'json', partials: { p: '[{{x}},{{y}},{{__proto__.x}}]' } } as const;
    const row = compileTemplate('{{> p a y=2}}', options).render(root, { now: 0 });
    expect(row).toBe('[null,2,1]');
  });

  it('writes huge and odd numbers as JSON has them', () => {
    const root = {
      a: 1e308,
      b: JSON.parse('1e999'),
      c: 5e-324,
      d: -0,
      e: JSON.parse('12345678901234567890'),
    };
    const row = compileTemplate('[{{a}},{{b}},{{c}},{{d}},{{e}},"{{e}}"]', { mode: 'json' }).render(root, {
      now: 0,
    });
    expect(row).toBe('[1e+308,null,5e-324,0,12345678901234567000,"12345678901234567000"]');
  });
});
