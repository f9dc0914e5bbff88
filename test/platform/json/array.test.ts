import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultsOf, idsOf, readArray } from './read.ts';

const rows = [
  { id: 1, name: 'Zoë', tags: ['a', { id: 'inner' }], text: '},\\ {"x": [' },
  { id: 2, nested: { id: 'inner', deep: [{ id: 'inner' }] } },
  { id: 3, text: 'line\nend "quoted"' },
];

const styles: [name: string, file: string][] = [
  ['in one line', JSON.stringify(rows)],
  ['with indents', JSON.stringify(rows, null, 2)],
  ['with tabs', JSON.stringify(rows, null, '\t')],
  ['a row per line', `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`],
  ['a row per line from the bracket on', `[${rows.map((row) => JSON.stringify(row)).join(',\r\n')}]`],
  ['without indents', JSON.stringify(rows, null, 1).replace(/^ +/gm, '')],
];

describe('JsonArrayReader on arrays without damage', () => {
  it.each(styles)('reads one written %s', (_name, file) => {
    for (const chunk of [1, 3, 1000]) {
      const reading = readArray(`\ufeff \n${file}`, { chunk });
      expect(reading.faults).toEqual([]);
      expect(reading.rows.map(({ row }) => row)).toEqual(rows);
      expect(reading.end.phase).toBe('done');
    }
  });

  it('tells line and byte offset', () => {
    const { rows } = readArray('[{"é":1},\r\n {\n"a":2}\r,\n{}]');
    expect(rows.map(({ line, offset }) => [line, offset])).toEqual([
      [1, 1],
      [2, 13],
      [5, 24],
    ]);
  });

  it('reads an empty array', () => {
    expect(readArray(' [ ] \n')).toMatchObject({ rows: [], faults: [] });
  });

  it('reads what JSON.stringify wrote, whatever the chunks', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 });
    fc.assert(
      fc.property(
        fc.array(object, { maxLength: 5 }),
        fc.constantFrom(0, 1, 2, '\t'),
        fc.integer({ min: 1, max: 20 }),
        (values, space, chunk) => {
          const reading = readArray(JSON.stringify(values, null, space), { chunk });
          expect(reading.faults).toEqual([]);
          expect(JSON.stringify(reading.rows.map(({ row }) => row))).toBe(JSON.stringify(values));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('JsonArrayReader on damage', () => {
  const perLine = (...lines: string[]) => `[\n${lines.join(',\n')}\n]\n`;

  it.each<[name: string, file: string, ids: unknown[], faults: [number, number, string][]]>([
    ['a bad word', '[{"id":1},{"id":nix},{"id":3}]', [1, 3], [[1, 1, 'broken_json']]],
    ['a comma too much in a row', '[{"id":1},{"id":2,},{"id":3}]', [1, 3], [[1, 1, 'broken_json']]],
    ['other values', '[{"id":1},2,"x",null,[{}],{"id":3}]', [1, 3], Array(4).fill([1, 1, 'not_an_object'])],
    [
      'a lost quote, a row per line',
      perLine('{"id":1}', '{"id":"2}', '{"id":3}'),
      [1, 3],
      [[3, 1, 'broken_json']],
    ],
    [
      'a lost brace, a row per line',
      perLine('{"id":1}', '{"id":2', '{"id":3}'),
      [1, 3],
      [[3, 1, 'broken_json']],
    ],
    ['a lost quote in the last row', perLine('{"id":1}', '{"id":"2}'), [1], [[3, 1, 'broken_json']]],
    [
      'a brace too much',
      perLine('{"id":1}', '{"id":2}}', '{"id":3}'),
      [1, 2, 3],
      [[3, 1, 'unexpected_text']],
    ],
    ['a missing comma', '[{"id":1} {"id":2}]', [1, 2], [[1, 1, 'missing_comma']]],
    ['a comma too much', '[{"id":1},,{"id":2},]', [1, 2], Array(2).fill([1, 1, 'unexpected_text'])],
    [
      'a lost quote among indents',
      JSON.stringify([{ id: 1 }, { id: 'x', rows: [{ id: 'inner' }] }, { id: 3 }], null, 2).replace(
        '"x"',
        '"x',
      ),
      [1, 3],
      [[5, 8, 'broken_json']],
    ],
    [
      'a lost quote in one line',
      '[{"id":"x"},{"id":"y,"a":1},{"id":"z"}]',
      ['x'],
      [[1, 1, 'rest_unreadable']],
    ],
    [
      'a file cut in a row',
      '[{"id":1},{"id":2',
      [1],
      [
        [1, 1, 'broken_json'],
        [1, 1, 'array_not_closed'],
      ],
    ],
    ['a file cut behind a row', '[{"id":1}', [1], [[1, 1, 'array_not_closed']]],
    ['no array', '{"id":1}', [], [[1, 1, 'not_an_array']]],
    ['an empty file', ' ', [], [[1, 1, 'not_an_array']]],
    ['text behind the array', '[{"id":1}]\n[{"id":2}]', [1], [[2, 1, 'unexpected_text']]],
  ])('reports %s', (_name, file, ids, faults) => {
    for (const chunk of [1, 4, 1000]) {
      const reading = readArray(file, { chunk });
      expect(idsOf(reading)).toEqual(ids);
      expect(faultsOf(reading)).toEqual(faults);
    }
  });

  it('reports bytes that are no UTF-8', () => {
    const bytes = new TextEncoder().encode('[{"id":1},{"id":"xx"},{"id":3}]');
    bytes[18] = 0xe9;
    const reading = readArray(bytes);
    expect(idsOf(reading)).toEqual([1, 3]);
    expect(reading.faults.map((f) => [f.code, f.at])).toEqual([['bad_bytes', 18]]);
  });

  it('drops an element that is too large, once, whatever the chunks', () => {
    const file = `[{"id":1},{"id":"${'x'.repeat(300)}","a":[{}]},{"id":3}]`;
    for (const chunk of [1, 7, 1000]) {
      const reading = readArray(file, { chunk, maxChars: 100 });
      expect(idsOf(reading)).toEqual([1, 3]);
      expect(faultsOf(reading)).toEqual([[1, 1, 'element_too_large']]);
    }
  });

  it.each([
    ['a line end', '[[[[["id":\n  {"id":2}\r\n]', 21],
    ['the line that would end it', '[\r  [[[[[\n  {"id":2}', 7],
    ['a character of two halves', '[{"id":1}"id":😀😀[', 8],
    ['a character of two halves, in an element', '[[[[[[😀😀]]]]]]', 6],
  ])('gives the same whatever the chunks where its limit falls into %s', (_name, file, most) => {
    for (let maxChars = most - 3; maxChars <= most + 3; maxChars++) {
      const whole = readArray(file, { maxChars });
      for (const chunk of [1, 2, 5]) expect(readArray(file, { maxChars, chunk })).toEqual(whole);
      expect(whole.faults.some(({ text }) => /\p{Surrogate}/u.test(text))).toBe(false);
    }
  });

  it('never quotes a value in a message', () => {
    const reading = readArray('[{"id":"Secret}, Secret, {"Secret":Secret}]');
    expect(reading.faults.length).toBeGreaterThan(0);
    expect(JSON.stringify(reading.faults.map((fault) => fault.message))).not.toContain('Secret');
  });
});

describe('JsonArrayReader on anything', () => {
  const wild = fc
    .array(
      fc.constantFrom(
        ...'[]{},:"\\ \n\r1a',
        '{"id":1}',
        '{"id":1}',
        ',',
        ',\n',
        '\n  {"id":2}',
        '"id":',
        'é',
        '😀',
        '\r\n',
        '  ]',
      ),
      { maxLength: 40 },
    )
    .map((parts) => `[${parts.join('')}`);

  it('gives the same rows and faults whatever the chunks', () => {
    fc.assert(
      fc.property(wild, fc.constantFrom(7, 20, 1000), (file, maxChars) => {
        const whole = readArray(file, { maxChars });
        for (const chunk of [1, 2, 5]) expect(readArray(file, { maxChars, chunk })).toEqual(whole);
      }),
      { numRuns: 1_000 },
    );
  });

  it('gives exactly the rest when it starts again at any of its positions', () => {
    fc.assert(
      fc.property(wild, fc.constantFrom(7, 20, 1000), (file, maxChars) => {
        const whole = readArray(file, { maxChars });
        for (const [i, start] of whole.positions.entries()) {
          const rest = readArray(file, { maxChars, start });
          expect(rest.positions).toEqual(whole.positions.slice(i + 1));
          expect(rest.end).toEqual(whole.end);
          expect([...rest.rows, ...rest.faults]).toEqual([
            ...whole.rows.slice(whole.rows.length - rest.rows.length),
            ...whole.faults.slice(whole.faults.length - rest.faults.length),
          ]);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
