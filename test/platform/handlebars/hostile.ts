import type { TemplateMode } from '../../../src/platform/handlebars/index.ts';

/** A template that means harm, and the bound that ends it; null: it is harmless, and must be cheap. */
export interface Hostile {
  name: string;
  mode: TemplateMode;
  source: string;
  partials?: Record<string, string>;
  /** For one that harms when it renders. */
  data?: () => unknown;
  /** Which bound stops it: at save `save`, in a render `render`. */
  save?: string;
  render?: string;
}

const all = 65_536;
const fill = (text: string, length = all): string => text.repeat(Math.floor(length / text.length));
const wide = (count: number) => () => ({ xs: Array.from({ length: count }, (_, i) => i) });
/** About 256 KB, as an event may have. */
const bigText = 'x"\n'.repeat(87_000);
const bigList = () => Array.from({ length: 120_000 }, () => 0);
const bigObject = () => Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, i]));
const nested = (depth: number): unknown => (depth === 0 ? 0 : [nested(depth - 1)]);
const forever = (inner: string): string =>
  `{{#each xs}}{{#each ../xs}}{{#each ../../xs}}${inner}{{/each}}{{/each}}{{/each}}`;

export const hostile: readonly Hostile[] = [
  { name: 'blocks never closed', mode: 'html', source: fill('{{#if a}}'), save: 'blockDepth' },
  {
    name: 'blocks closed',
    mode: 'html',
    source: fill('{{#a}}', 30_000) + fill('{{/a}}', 30_000),
    save: 'blockDepth',
  },
  { name: 'sub-expressions', mode: 'html', source: `{{a ${fill('(b ', 60_000)}`, save: 'expressionDepth' },
  {
    name: 'else if',
    mode: 'html',
    source: `{{#if a}}${fill('{{else if b}}', 60_000)}{{/if}}`,
    save: 'nesting',
  },
  {
    name: 'else if in blocks',
    mode: 'html',
    source: fill(`{{#if a}}{{else if b}}{{else if b}}`, 30_000),
    save: 'blockDepth',
  },
  { name: 'many tags', mode: 'html', source: fill('{{a}}'), save: 'tokens' },
  { name: 'as many tags as may be', mode: 'html', source: '{{a}}'.repeat(990) },
  { name: 'as many blocks as may be', mode: 'json', source: `[${'{{#a}}{{/a}}'.repeat(420)}]` },
  { name: 'many parameters', mode: 'html', source: `{{json ${fill('b ', 60_000)}}}`, save: 'tokens' },
  {
    name: 'more parameters than may be',
    mode: 'html',
    source: `{{default ${fill('b ', 100)}}}`,
    save: 'parameters',
  },
  { name: 'a long path', mode: 'html', source: `{{${fill('a.', 60_000)}a}}`, save: 'tokens' },
  { name: 'a path too long', mode: 'html', source: `{{${fill('a.', 100)}a}}`, save: 'pathSegments' },
  { name: 'too much text', mode: 'html', source: 'x'.repeat(all + 1), save: 'characters' },
  { name: 'text in lines', mode: 'html', source: `${fill(`${' '.repeat(30)}\n`, 60_000)}{{a}}` },
  { name: 'blanks in a tag', mode: 'html', source: `{{a${' '.repeat(60_000)}}}` },
  { name: 'a string never closed', mode: 'html', source: `{{a "${fill('\\"', 60_000)}`, save: '' },
  { name: 'a name never closed', mode: 'html', source: `{{[${fill('\\]', 60_000)}`, save: '' },
  { name: 'a comment never closed', mode: 'html', source: `{{!--${fill('{{!--', 60_000)}`, save: '' },
  { name: 'comments', mode: 'html', source: fill('x\n{{! y }}\n', 60_000), save: 'tokens' },
  { name: 'escaped tags', mode: 'html', source: fill('\\{{', 60_000), save: 'tokens' },
  { name: 'raw blocks', mode: 'html', source: fill('{{{{a}}}}', 60_000), save: 'tokens' },
  { name: 'backslashes', mode: 'html', source: `${'\\'.repeat(60_000)}{{a}}` },
  { name: 'braces', mode: 'json', source: `[${fill('{', 60_000)}`, save: '' },
  { name: 'a JSON text of signs', mode: 'json', source: `[${fill('[],', 60_000)}0]` },
  {
    name: 'JSON that could be anything',
    mode: 'json',
    source: fill('{{#each a}}[{{#if b}}{{else}},{{/if}}', 1_000) + fill('{{/each}}', 234),
    save: '',
  },
  {
    name: 'JSON loops in loops',
    mode: 'json',
    source: `[${'{{#each a}}[1],{{#each b}}2,'.repeat(15)}${'{{/each}}3,{{/each}}'.repeat(15)}4]`,
  },
  {
    name: 'partials that multiply in JSON',
    mode: 'json',
    source: '[{{> p}}]',
    partials: { p: `{{#if a}}${'{{> p}},'.repeat(100)}{{/if}}1` },
    data: () => ({ a: true }),
    render: 'partialDepth',
  },
  {
    name: 'partials without end',
    mode: 'html',
    source: '{{> p}}',
    partials: { p: '{{> p}}{{> p}}' },
    data: () => ({}),
    render: 'partialDepth',
  },
  {
    name: 'partials that multiply',
    mode: 'html',
    source: '{{> p0}}',
    partials: Object.fromEntries(
      Array.from({ length: 15 }, (_, i) => [`p${i}`, i === 14 ? '{{a}}' : `{{> p${i + 1}}}`.repeat(8)]),
    ),
    data: () => ({ a: 1 }),
    render: 'steps',
  },
  { name: 'loops in loops', mode: 'html', source: forever(''), data: wide(1000), render: 'steps' },
  { name: 'loops with text', mode: 'html', source: forever('x'), data: wide(1000), render: 'steps' },
  {
    name: 'loops with long text',
    mode: 'html',
    source: forever('x'.repeat(1000)),
    data: wide(1000),
    render: 'outputCharacters',
  },
  {
    name: 'a hundred values in each turn',
    mode: 'html',
    source: forever('{{none}}'.repeat(100)),
    data: wide(100),
    render: 'steps',
  },
  {
    name: 'paths in each turn',
    mode: 'html',
    source: forever('{{@root.a.b.c.d.e.f.g}}'),
    data: wide(100),
    render: 'steps',
  },
  {
    name: 'helpers in each turn',
    mode: 'html',
    source: forever('{{#if (and (eq 1 2) (not (lt 3 4)))}}{{/if}}'),
    data: wide(100),
    render: 'steps',
  },
  {
    name: 'dates in each turn',
    mode: 'html',
    source: forever('{{#if (eq (formatDate 0 "yyyy-MM-dd" "Asia/Tokyo") "")}}{{/if}}'),
    data: wide(100),
    render: 'steps',
  },
  {
    name: 'a big text in each turn',
    mode: 'html',
    source: '{{#each xs}}{{#if (eq (upper @root.big) "")}}{{/if}}{{/each}}',
    data: () => ({ ...wide(1000)(), big: bigText }),
    render: 'steps',
  },
  {
    name: 'a big list in each turn',
    mode: 'html',
    source: '{{#each xs}}{{#if (eq (join @root.big "") "")}}{{/if}}{{/each}}',
    data: () => ({ ...wide(1000)(), big: bigList() }),
    render: 'steps',
  },
  {
    name: 'a big list as text in each turn',
    mode: 'html',
    source: '{{#each xs}}{{#if (eq (string @root.big) "")}}{{/if}}{{/each}}',
    data: () => ({ ...wide(1000)(), big: bigList() }),
    render: 'steps',
  },
  {
    name: 'a big object in each turn',
    mode: 'html',
    source: '{{#each xs}}{{#if (eq (json @root.big) "")}}{{/if}}{{/each}}',
    data: () => ({ ...wide(1000)(), big: bigObject() }),
    render: 'steps',
  },
  {
    name: 'fields counted in each turn',
    mode: 'html',
    source: '{{#each xs}}{{length @root.big}}{{/each}}',
    data: () => ({ ...wide(20_000)(), big: bigObject() }),
    render: 'steps',
  },
  {
    name: 'fields merged in each turn',
    mode: 'html',
    source: '{{#*inline "p"}}{{/inline}}{{#each xs}}{{> p @root.big x=1}}{{/each}}',
    data: () => ({ ...wide(1000)(), big: bigObject() }),
    render: 'steps',
  },
  {
    name: 'a loop over a big object in each turn',
    mode: 'html',
    source: '{{#each xs}}{{#each @root.big}}{{/each}}{{/each}}',
    data: () => ({ ...wide(1000)(), big: bigObject() }),
    render: 'steps',
  },
  {
    name: 'a big list that is written',
    mode: 'html',
    source: '{{#each xs}}{{@root.big}}{{/each}}',
    data: () => ({ ...wide(1000)(), big: bigList() }),
    render: 'steps',
  },
  {
    name: 'a big text that is escaped',
    mode: 'html',
    source: '{{big}}',
    data: () => ({ big: bigText.replaceAll('x', '<') }),
    render: 'outputCharacters',
  },
  {
    name: 'a big text in JSON',
    mode: 'json',
    source: '{"a":"{{big}}"}',
    data: () => ({ big: bigText }),
    render: 'outputCharacters',
  },
  {
    name: 'a deep list in each turn',
    mode: 'html',
    source: '{{#each xs}}{{@root.deep}}{{/each}}',
    data: () => ({ ...wide(90_000)(), deep: nested(64) }),
    render: 'steps',
  },
  {
    name: 'a deep list in a JSON text in each turn',
    mode: 'json',
    source: '"{{#each xs}}{{@root.deep}}{{/each}}"',
    data: () => ({ ...wide(90_000)(), deep: nested(64) }),
    render: 'steps',
  },
  {
    name: 'a replacement that explodes',
    mode: 'html',
    source: '{{replace big "x" big}}',
    data: () => ({ big: bigText }),
    render: 'outputCharacters',
  },
  {
    name: 'a separator that explodes',
    mode: 'html',
    source: '{{join xs big}}',
    data: () => ({ ...wide(10_000)(), big: bigText }),
    render: 'outputCharacters',
  },
  {
    name: 'a width that explodes',
    mode: 'html',
    source: '{{String.PadLeft "a" 1000000000}}',
    data: () => ({}),
    render: 'outputCharacters',
  },
  {
    name: 'texts put together again and again',
    mode: 'html',
    source: `{{#if (eq ${'(String.Append '.repeat(8)}big${' big)'.repeat(8)} "")}}{{/if}}`,
    data: () => ({ big: bigText }),
    render: 'steps',
  },
  {
    name: 'parts split again and again',
    mode: 'html',
    source: '{{#each xs}}{{length (String.Split @root.big "xy")}}{{/each}}',
    data: () => ({ ...wide(1000)(), big: bigText }),
    render: 'steps',
  },
  {
    name: 'indented again and again',
    mode: 'html',
    source: '  {{> p}}\n',
    partials: { p: `${'\n'.repeat(2_000)}    {{> p}}\n` },
    data: () => ({}),
    render: 'partialDepth',
  },
];
