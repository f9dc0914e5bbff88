import { describe, expect, it } from 'vitest';
import {
  type CompileOptions,
  compileTemplate,
  inspectTemplate,
  TemplateError,
  type TemplateErrorCode,
} from '../../../src/platform/handlebars/index.ts';

function refusal(source: unknown, options: Partial<CompileOptions> = {}): TemplateError {
  try {
    compileTemplate(source as string, { mode: 'json', variables: ['event'], ...options });
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  throw new Error(`taken: ${String(source)}`);
}

const refused: [source: string, code: TemplateErrorCode, place: string, says: RegExp][] = [
  ['{"a":\n{{#if b}}1', 'block_not_closed', '2:1', /"if" is never closed. Write \{\{\/if\}\}/],
  ['{{#if a}}{{#each b}}{{/if}}', 'block_mismatch', '1:13', /"each" is closed by/],
  ['{"a":1}{{/if}}', 'block_mismatch', '1:8', /not open/],
  ['{"a":{{x}', 'syntax', '1:6', /never closed/],
  ['{"a":{{{x}}}', 'json_structure', '1:13', /ends here/],
  ['{{else}}', 'syntax', '1:1', /else/],
  ['{{a%b}}', 'syntax', '1:3', /cannot stand here/],
  ['{{a.b/../c}}', 'syntax', '1:3', /Invalid path/],
  ['{"a":{{ uper x }}}', 'unknown_helper', '1:6', /Did you mean \{\{upper text\}\}\?/],
  ['{"a":{{toJson x}}}', 'unknown_helper', '1:6', /Did you mean \{\{json value\}\}\?/],
  ['{"a":{{Regex.Match x "a"}}}', 'unknown_helper', '1:6', /no regular expressions/],
  ['{"a":{{helperMissing x}}}', 'unknown_helper', '1:6', /There is no helper/],
  ['{"a":{{log x}}}', 'unknown_helper', '1:6', /There is no helper/],
  ['{"a":{{upper (foo)}}}', 'unknown_helper', '1:14', /There is no helper "foo"/],
  ['{"a":{{upper x y}}}', 'wrong_arity', '1:6', /takes 1 argument, not 2. Write \{\{upper text\}\}/],
  ['{"a":{{eq (now)}}}', 'wrong_arity', '1:6', /takes 2 arguments, not 1/],
  ['{"a":{{upper x y=1}}}', 'wrong_arity', '1:6', /takes no argument "y="/],
  ['{{#if a b}}1{{/if}}', 'wrong_arity', '1:1', /exactly one/],
  ['{{#each}}1{{/each}}', 'wrong_arity', '1:1', /each/],
  ['{{#upper x}}1{{/upper}}', 'not_a_block', '1:1', /no block/],
  ['{"a":{{if x}}}', 'block_only', '1:6', /\{\{#if value\}\}…\{\{\/if\}\}/],
  ['{"a":{{> prt}}}', 'unknown_partial', '1:6', /Did you mean \{\{> part\}\}/],
  ['{"a":{{> part a b}}}', 'wrong_arity', '1:6', /partial arguments/],
  ['{"a":{{@evnt.id}}}', 'unknown_variable', '1:8', /Did you mean @event/],
  ['{{*foo}}', 'unsupported', '1:1', /inline/],
  ['{"a":"{{x}}}', 'json_string_not_closed', '1:6', /never closed/],
  ['{"a":"C:\\\\{{x}}"}', 'json_backslash', '1:11', /three backslashes/],
  ['{"a":"C:\\x"}', 'json_escape', '1:10', /no escape/],
  ['{"a":"x\ny"}', 'json_control_character', '1:8', /begins in line 1, column 6/],
  ['{"a":"{{#if b}}x"{{/if}}}', 'json_branches_differ', '1:7', /same branch/],
  ['{"a":"{{> part}}"}', 'json_partial_in_string', '1:7', /whole string/],
  ['{"a":1,\n "b":2,}', 'json_structure', '2:8', /Remove the comma/],
  ['{"a":{{x}} {{y}}}', 'json_structure', '1:12', /a comma or \}/],
  ['{"a":{{#if b}}{{/if}}}', 'json_structure', '1:22', /a value/],
  ['{a:1}', 'json_structure', '1:2', /"name"/],
  ['{"a":[{{#each xs}},1{{/each}}]}', 'json_structure', '1:19', /","/],
  ['', 'json_structure', '1:1', /ends here/],
];

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
