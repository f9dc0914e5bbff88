import { describe, expect, it } from 'vitest';
import readme from '../../../README.md?raw';
import { compileTemplate, helperGuide, RenderError } from '../../../src/platform/handlebars/index.ts';

const now = Date.UTC(2026, 2, 29, 1, 30, 5, 70);

/** What an expression gives, as the value it is at the place of a JSON value. */
function evaluate(expression: string, root: unknown = {}): unknown {
  return JSON.parse(compileTemplate(`[{{${expression}}}]`, { mode: 'json' }).render(root, { now }))[0];
}

const data = {
  name: ' Ann O\'Hara "x" ',
  word: 'École',
  none: null,
  price: '19.50',
  list: ['a', null, 3, { x: 1 }],
  empty: [],
  object: { a: 1, b: [true] },
  when: '2026-03-29T01:30:05.070Z',
};

const cases: [expression: string, value: unknown][] = [
  ['json object', { a: 1, b: [true] }],
  ['string (json object)', '{"a":1,"b":[true]}'],
  ['number price', 19.5],
  ['number "1e3"', 1000],
  ['number "0x10"', null],
  ['number ""', null],
  ['number word', null],
  ['string 12', '12'],
  ['string none', ''],
  ['string list', 'a,,3,{"x":1}'],
  ['default none "-"', '-'],
  ['default "" none 7', 7],
  ['default none false', false],
  ['default 0 7', 0],
  ['lookup object "a"', 1],
  ['lookup list 2', 3],
  ['lookup object "constructor"', null],
  ['length list', 4],
  ['length word', 5],
  ['length object', 2],
  ['length none', 0],
  ['eq price "19.50"', true],
  ['eq 1 "1"', false],
  ['ne none undefined', true],
  ['lt 9 "10"', true],
  ['lt "a" "b"', true],
  ['gt none 1', false],
  ['gt "10" 9', true],
  ['and 1 "a" list', true],
  ['and 1 empty', false],
  ['or none empty 0', false],
  ['not empty', true],
  ['lower word', 'école'],
  ['upper word', 'ÉCOLE'],
  ['upper none', null],
  ['upper 12', '12'],
  ['trim name', 'Ann O\'Hara "x"'],
  ['substring word 1 2', 'co'],
  ['substring word 3', 'le'],
  ['substring word 9', ''],
  ['replace "a.b.c" "." "$&"', 'a$&b$&c'],
  ['replace word "" "x"', 'École'],
  ['split "a, b, c" ", "', ['a', 'b', 'c']],
  ['split "abc" ""', ['abc']],
  ['join list', 'a, , 3, {"x":1}'],
  ['join list "/"', 'a//3/{"x":1}'],
  ['join (split "a b" " ") "+"', 'a+b'],
  ['add 0.1 0.2', 0.3],
  ['add price 1', 20.5],
  ['add word 1', null],
  ['subtract 1 0.9', 0.1],
  ['multiply 3 "1.1"', 3.3],
  ['multiply 1e308 10', null],
  ['round 2.5', 3],
  ['round -2.5', -3],
  ['round 1.005 2', 1.01],
  ['round -0.4', 0],
  ['round none', null],
  ['formatDate when "yyyy-MM-dd HH:mm:ss.fff"', '2026-03-29 01:30:05.070'],
  ['formatDate when "o"', '2026-03-29T01:30:05.070Z'],
  ['formatDate when "dddd d MMMM yy, h:mm tt"', 'Sunday 29 March 26, 1:30 AM'],
  ['formatDate when "DD.MM.YYYY"', '29.03.2026'],
  [`formatDate when "'year' yyyy\\d"`, 'year 2026d'],
  ['formatDate when "yyyy-MM-dd HH:mm zzz" "Europe/Berlin"', '2026-03-29 03:30 +02:00'],
  ['formatDate when "HH:mm K" "America/New_York"', '21:30 -04:00'],
  ['formatDate "2026-02-30" "yyyy"', null],
  ['formatDate "2026-03-29T01:30+05:30" "u"', '2026-03-28 20:00:00Z'],
  ['formatDate 0 "s"', '1970-01-01T00:00:00'],
  ['formatDate word "yyyy"', null],
  ['now', '2026-03-29T01:30:05.070Z'],
  ['String.Append word "!"', 'École!'],
  ['String.Append none "!"', '!'],
  ['String.Prepend word "¡"', '¡École'],
  ['String.Concat word 1 none "x"', 'École1x'],
  ['String.Coalesce none "" word', 'École'],
  ['String.Lowercase word', 'école'],
  ['String.Uppercase word', 'ÉCOLE'],
  ['String.Titlecase "the BBC of north-east"', 'The BBC Of North East'],
  ['String.Trim name', 'Ann O\'Hara "x"'],
  ['String.Truncate word 2', 'Éc'],
  ['String.Substring word 1 3', 'col'],
  ['String.PadLeft 7 3 "0"', '007'],
  ['String.PadRight "a" 3', 'a  '],
  ['String.Replace word "co" "x"', 'Éxle'],
  ['String.Split "a, b" ", "', ['a', 'b']],
  ['String.Split "a,,b" ","', ['a', '', 'b']],
  ['String.Join (split "a b" " ")', 'ab'],
  ['String.Contains word "col"', true],
  ['String.Contains none "x"', false],
  ['String.StartsWith word "É"', true],
  ['String.IsNullOrEmpty none', true],
  ['DateTime.Format when "yyyy/MM"', '2026/03'],
  ['DateTime.UtcNow', '2026-03-29T01:30:05.070Z'],
  ['DateTime.UtcNow "yyyy"', '2026'],
  ['Math.Add 1 2', 3],
  ['Math.Subtract 1 2', -1],
  ['Math.Multiply 2 3', 6],
  ['Math.Round 2.345 2', 2.35],
  ['Enumerable.Count list', 4],
];

describe('the helpers', () => {
  it('are in the README as they are', () => {
    for (const { usage, gives } of helperGuide) expect(readme).toContain(`| \`{{${usage}}}\` | ${gives} |`);
  });

  it.each(cases)('{{%s}}', (expression, value) => {
    expect(evaluate(expression, data)).toEqual(value);
  });

  it('are all tried above', () => {
    const called = (name: string) => cases.some(([expression]) => expression.split(/[ (]/).includes(name));
    expect(helperGuide.map(({ name }) => name).filter((name) => !called(name))).toEqual([]);
    expect(helperGuide.filter(({ name }) => name.includes('.')).length).toBeGreaterThanOrEqual(20);
  });

  it('of Handlebars.Net.Helpers have two spellings', () => {
    expect(evaluate('[String.Append] word "!"', data)).toBe('École!');
    expect(evaluate('upper ([String.Append] word "!")', data)).toBe('ÉCOLE!');
  });

  it('hide no field: one that cannot be called without arguments is the field of its name', () => {
    expect(evaluate('number', { number: 'N 7' })).toBe('N 7');
    expect(evaluate('this.now', { now: 1 })).toBe(1);
    expect(evaluate('String.Append', { String: { Append: 2 } })).toBe(2);
  });

  it('say where a time zone is none', () => {
    const template = compileTemplate('\n{{formatDate when "s" zone}}', { mode: 'none' });
    const render = () => template.render({ when: 0, zone: 'Mars/Base' }, { now });
    expect(render).toThrow(RenderError);
    expect(render).toThrow('Line 2, column 1: There is no such time zone');
  });
});
