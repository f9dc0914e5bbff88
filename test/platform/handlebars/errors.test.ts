import { describe, expect, it } from 'vitest';
import {
  type CompileOptions,
  compileTemplate,
  inspectTemplate,
  TemplateError,
} from '../../../src/platform/handlebars/index.ts';
import { refused } from './refused.ts';

function refusal(source: unknown, options: Partial<CompileOptions> = {}): TemplateError {
  try {
    compileTemplate(source as string, { mode: 'json', variables: ['event'], ...options });
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  throw new Error(`taken: ${String(source)}`);
}

describe('a template that cannot be right', () => {
  it.each(refused)('%j is refused: %s at %s', (source, code, place, says) => {
    const error = refusal(source, { partials: { part: '{{x}}' } });
    expect(`${error.code} ${error.line}:${error.column}`).toBe(`${code} ${place}`);
    const [line, column] = place.split(':');
    expect(error.message).toMatch(new RegExp(`^Line ${line}, column ${column}: `));
    expect(error.message).toMatch(says);
  });

  it('is refused whatever is given for it', () => {
    for (const given of [undefined, null, 7, { type: 'Program', body: [] }, ['a']])
      expect(refusal(given).code).toBe('not_a_string');
  });

  it('names the partial that is wrong', () => {
    const error = refusal('{"a":{{> one}}}', { partials: { one: '{{> two}}', two: '1,\n{{nope x}}' } });
    expect(error).toMatchObject({ code: 'unknown_helper', partial: 'two', line: 2, column: 1 });
    expect(error.message).toBe('Line 2, column 1 of partial "two": There is no helper "nope".');
  });

  it('shows all its problems to an editor', () => {
    const source = '{"a":{{foo x}},\n"b":{{@evnt.x}},{{#if}}{{/if}}\n"c":"{{upper 1 2}}\\x",}';
    const problems = inspectTemplate(source, { mode: 'json', variables: ['event'] });
    expect(problems.map(({ code, line, column }) => `${line}:${column} ${code}`)).toEqual([
      '1:6 unknown_helper',
      '2:7 unknown_variable',
      '2:17 wrong_arity',
      '3:6 wrong_arity',
      '3:20 json_escape',
      '3:23 json_structure',
    ]);
    expect(inspectTemplate('{"a":{{x}}}', { mode: 'json' })).toEqual([]);
  });
});

describe('a template that may be right', () => {
  it.each([
    ['{"a":[{{#each xs}}{{n}}{{#unless @last}},{{/unless}}{{/each}}]}'],
    ['{"a":{{#each xs}}{{#if @first}}[{{/if}}{{n}}{{#if @last}}]{{else}},{{/if}}{{/each}}}'],
    ['{"a":-{{x}},"b":1{{#if y}}0{{/if}}}'],
    ['{ {{#if a}}"a":1{{/if}} }'],
    ['{"{{k}}":{"{{#if a}}b{{else}}c{{/if}}":{{> part}}}}'],
    [
      '{{#*inline "row"}}{"a":{{this}}}{{/inline}}[{{#each xs}}{{> row}}{{#unless @last}},{{/unless}}{{/each}}]',
    ],
    ['{"a":{{x}}}{{! a comment }}\n'],
    ['{"a":"\\u00e9 \\"{{x}}\\" {{{x}}}"}'],
    ['{"a":{"b":{{{x}}}}}'],
    ['{"a":{{#> part}}1{{/part}},"b":{{#> other}}2{{/other}}}'],
  ])('%s is taken', (source) => {
    expect(inspectTemplate(source, { mode: 'json', partials: { part: '{{json .}}' } })).toEqual([]);
  });
});
