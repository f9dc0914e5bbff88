import Handlebars from 'handlebars';
import { renderStock, type StockFunction, type StockOptions } from './stock.ts';

/** Numbers from a seed, the same on every machine. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const helpers: Record<string, StockFunction> = {
  cat: (...args) => args.slice(0, -1).map(String).join('|'),
  hashed: (...args) => JSON.stringify((args.at(-1) as { hash: unknown }).hash),
  yes: () => true,
  list: () => [1, 'two', null],
};

interface BlockOptions {
  fn(context: unknown, options?: unknown): string;
  inverse(context: unknown): string;
}

function wrap(this: unknown, ...args: unknown[]): unknown {
  const options = args.at(-1) as BlockOptions;
  return `<${args.length > 1 ? options.fn(args[0]) : options.fn(this)}>`;
}
helpers.wrap = wrap;

export interface FuzzCase {
  source: string;
  data: unknown;
  partials: Record<string, string>;
  compile: NonNullable<StockOptions['compile']>;
}

const fieldNames = ['a', 'b', 'c', 'xs', 'o', 'name', 'length', 'toString', 'constructor', '__proto__'];
const texts = ['', 'x', 'A&B', `<i>"q"</i>`, "it's", 'a=b`c', '\n', 'ünï', '0', 'true'];

/** A template, its data and its options: all parts of the language, nested as people would not. */
export function makeCase(random: () => number): FuzzCase {
  const below = (count: number): number => Math.floor(random() * count);
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
  const chance = (part: number): boolean => random() < part;

  const makeValue = (depth: number): unknown => {
    const kind = below(depth > 0 ? 11 : 7);
    if (kind < 3) return pick(texts);
    if (kind === 3) return pick([0, 1, -2.5, 1e21]);
    if (kind === 4) return chance(0.5);
    if (kind === 5) return null;
    if (kind === 6) return pick(texts);
    if (kind < 9) return Array.from({ length: below(4) }, () => makeValue(depth - 1));
    return makeObject(depth - 1);
  };
  const makeObject = (depth: number): Record<string, unknown> => {
    const object: Record<string, unknown> = {};
    // Own "toString" and "__proto__" of data are looked at by tests of their own: stock throws on text of them.
    for (const name of fieldNames.slice(0, 6)) if (chance(0.6)) object[name] = makeValue(depth);
    return object;
  };

  const names = (params: readonly string[]): string =>
    chance(0.25) && params.length > 0 ? pick(params) : pick(fieldNames);
  const path = (params: readonly string[]): string => {
    const kind = below(14);
    if (kind < 6) return names(params);
    if (kind === 6) return `${names(params)}.${pick(fieldNames)}`;
    if (kind === 7) return `../${pick(fieldNames)}`;
    if (kind === 8) return `../../${pick(fieldNames)}`;
    if (kind === 9) return pick(['this', '.', '..', './a', 'this.b', 'this/c', '[a]', 'o.[a]', 'xs.[0]']);
    if (kind === 10) return pick(['@index', '@key', '@first', '@last', '@../index', '@nope', '@first.x']);
    if (kind === 11) return `@root.${pick(fieldNames)}`;
    if (kind === 12) return pick(['@root', '@../../key', '@index.a']);
    return `${pick(fieldNames)}/${pick(fieldNames)}`;
  };
  const expression = (params: readonly string[], depth: number): string => {
    const kind = below(depth > 0 ? 9 : 7);
    if (kind < 4) return path(params);
    if (kind === 4) return pick(['"s"', "'t'", '""']);
    if (kind === 5) return pick(['1', '0', '-1.5', 'true', 'false']);
    if (kind === 6) return pick(['null', 'undefined']);
    if (kind === 7) return `(lookup ${path(params)} ${expression(params, depth - 1)})`;
    return `(${pick(['cat', 'hashed', 'yes', 'list'])}${args(params, depth - 1)})`;
  };
  const args = (params: readonly string[], depth: number): string => {
    let text = '';
    for (let i = below(3); i > 0; i -= 1) text += ` ${expression(params, depth)}`;
    if (chance(0.2)) text += ` ${pick(['k', 'a'])}=${expression(params, depth)}`;
    return text;
  };

  const open = (inner: string): string => `{{${chance(0.06) ? '~' : ''}${inner}${chance(0.06) ? '~' : ''}}}`;
  const blank = (): string => (chance(0.25) ? pick(['\n', ' ', '\n  ', '  \n', '\r\n', '\t']) : '');
  const content = (): string => blank() + pick(['', 'x', 'word ', '<p>', ' & ', ' }', '\\\\', '.']) + blank();

  const statements = (params: readonly string[], depth: number): string => {
    let text = content();
    for (let i = 1 + below(3); i > 0; i -= 1) text += statement(params, depth) + content();
    return text;
  };
  const otherwise = (params: readonly string[], depth: number): string => {
    if (chance(0.5)) return '';
    if (chance(0.25)) return `${open(`else if ${expression(params, 1)}`)}${statements(params, depth)}`;
    return `${open(chance(0.8) ? 'else' : '^')}${statements(params, depth)}`;
  };
  const block = (params: readonly string[], depth: number): string => {
    const kind = below(12);
    const bound = chance(0.3) ? ['p', 'q'].slice(0, 1 + below(2)) : [];
    const as = bound.length > 0 ? ` as |${bound.join(' ')}|` : '';
    const inner = () => statements([...bound, ...params], depth - 1);
    const outer = () => otherwise(params, depth - 1);
    if (kind < 3)
      return `${open(`#if ${expression(params, 1)}`)}${statements(params, depth - 1)}${outer()}${open('/if')}`;
    if (kind === 3)
      return `${open(`#unless ${expression(params, 1)}`)}${statements(params, depth - 1)}${outer()}${open('/unless')}`;
    if (kind < 7) return `${open(`#each ${expression(params, 1)}${as}`)}${inner()}${outer()}${open('/each')}`;
    if (kind === 7)
      return `${open(`#with ${expression(params, 1)}${as}`)}${inner()}${outer()}${open('/with')}`;
    if (kind === 8) {
      const name = pick(['a', 'xs', 'o', 'this.xs', 'o.a', '../xs']);
      return `${open(`#${name}`)}${statements(params, depth - 1)}${outer()}${open(`/${name}`)}`;
    }
    if (kind === 9) {
      const name = pick(['a', 'xs', 'o']);
      return `${open(`^${name}`)}${statements(params, depth - 1)}${open(`/${name}`)}`;
    }
    if (kind === 10)
      return `${open(`#wrap${chance(0.5) ? ` ${expression(params, 1)}` : ''}`)}${inner()}${open('/wrap')}`;
    return `{{{{wrap}}}} {{a}} {{{{/wrap}}}}`;
  };
  let inPartial = false;
  const partialCall = (params: readonly string[], depth: number): string => {
    const kind = below(8);
    const call = `${chance(0.4) ? ` ${expression(params, 1)}` : ''}${chance(0.3) ? ` k=${expression(params, 1)}` : ''}`;
    if (kind < 3) return open(`> ${pick(['one', 'two'])}${call}`);
    if (kind === 3) return open(`> (lookup . "a")${call}`);
    if (kind === 4 && inPartial) return open('> @partial-block');
    if (kind === 5)
      return `${open(`#> ${pick(['one', 'two', 'none'])}${call}`)}${statements(params, depth - 1)}${open('/undefined')}`;
    if (kind === 6)
      return `${open('#*inline "in"')}${statements([], depth - 1)}${open('/inline')}${open(`> in${call}`)}`;
    return chance(0.2) ? open(`> in${call}`) : open(`> one${call}`);
  };
  const statement = (params: readonly string[], depth: number): string => {
    const kind = below(depth > 0 ? 16 : 9);
    if (kind < 4) return open(path(params));
    if (kind === 4)
      return open(`{${path(params)}}`)
        .replace('{{~{', '{{~{')
        .replace('}~}}', '}~}}');
    if (kind === 5) return open(`&${path(params)}`);
    if (kind === 6) return open(`${pick(['cat', 'hashed', 'yes'])}${args(params, 2)}`);
    if (kind === 7)
      return pick(['{{! note }}', '{{!-- {{a}} --}}', '\\{{a}}', '{{"a"}}', '{{12}}', '{{[a]}}', '{{true}}']);
    if (kind === 8) return open(expression(params, 0));
    if (kind < 14) return block(params, depth);
    return partialCall(params, depth);
  };

  const flags = [
    'strict',
    'assumeObjects',
    'compat',
    'noEscape',
    'preventIndent',
    'ignoreStandalone',
  ] as const;
  const compile: FuzzCase['compile'] = {};
  for (const flag of flags) if (chance(0.12)) compile[flag] = true;
  // Together stock looks for the field inside of its own value.
  if (compile.strict || compile.assumeObjects) delete compile.compat;
  const close = (source: string): string =>
    source.replace(
      /\{\{(~?)#> (\w+)([\s\S]*?)\{\{(~?)\/undefined/g,
      (_all, a, name, b, c) => `{{${a}#> ${name}${b}{{${c}/${name}`,
    );
  const source = close(statements([], 3));
  inPartial = true;
  const one = statements([], 0) + (chance(0.2) ? '{{> @partial-block}}' : '');
  // No partial calls itself: stock would end the process' stack.
  const two = close(statements([], 1))
    .replaceAll(/> ?two/g, '> one')
    .replaceAll(/(\{\{~?\/)two/g, '$1one');
  return { source, data: chance(0.97) ? makeObject(3) : makeValue(1), partials: { one, two }, compile };
}

export type Outcome = { text: string } | { error: string };

function outcome(render: () => string): Outcome {
  try {
    return { text: render() };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

export function renderBoth({ source, data, partials, compile }: FuzzCase): { stock: Outcome; own: Outcome } {
  const stock = outcome(() => {
    const environment = Handlebars.create();
    for (const [name, helper] of Object.entries(helpers)) environment.registerHelper(name, helper as never);
    for (const [name, partial] of Object.entries(partials)) environment.registerPartial(name, partial);
    return environment.compile(source, compile)(data);
  });
  return { stock, own: outcome(() => renderStock(source, data, { helpers, partials, compile })) };
}

/**
 * How many of some random cases give a text, and those that differ from stock Handlebars: another text, or an
 * error on one side alone.
 *
 * The cases leave out what is meant to differ, each for a reason:
 * - a broken or unknown partial is refused at once, not when it is reached; partials nest 16 deep, not until the
 *   stack ends: a template is checked when it is saved, and bounded;
 * - an own field `toHTML` or `toString` that is no function is data here; stock throws;
 * - an inline partial sees the parameters of the block around it; stock counts one block too few;
 * - `{{#if x as |y|}}` declares nothing here; stock throws when y is read;
 * - `compat` with `strict` looks for a field inside of its own value in stock;
 * - `{{@partial-block}}` as a value is true here; in stock it is a function, and rendered by being asked.
 */
export function differencesOf(count: number, seed: number): { differences: FuzzCase[]; rendered: number } {
  const random = randomFrom(seed);
  const differences: FuzzCase[] = [];
  let rendered = 0;
  for (let i = 0; i < count; i += 1) {
    const fuzzCase = makeCase(random);
    const { stock, own } = renderBoth(fuzzCase);
    if ('text' in own) rendered += 1;
    const same =
      'text' in stock && 'text' in own ? stock.text === own.text : 'error' in stock && 'error' in own;
    if (!same) differences.push(fuzzCase);
  }
  return { differences, rendered };
}
