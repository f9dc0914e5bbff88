import { builtInBlocks } from '../blocks.ts';
import type { Helper } from '../dialect.ts';
import { closest } from '../suggest.ts';
import { dates } from './dates.ts';
import { dotnet } from './dotnet.ts';
import type { Library, LibraryHelper } from './entry.ts';
import { numbers } from './numbers.ts';
import { texts } from './texts.ts';
import { values } from './values.ts';

const library: Library = { ...values, ...texts, ...numbers, ...dates, ...dotnet };
const byName: ReadonlyMap<string, LibraryHelper> = new Map(Object.entries(library));

/** The one list of what a template may call besides `if`, `unless`, `each` and `with`. */
export const findHelper = (name: string): Helper | undefined => byName.get(name);

/** For the documentation and for an editor: how each is written, and what it gives. */
export const helperGuide: readonly { name: string; usage: string; gives: string }[] = [...byName].map(
  ([name, { usage, gives }]) => ({ name, usage, gives }),
);

/** What other template languages call it. */
const otherNames: Readonly<Record<string, string>> = {
  append: 'String.Append',
  capitalize: 'String.Titlecase',
  coalesce: 'default',
  concat: 'String.Concat',
  contains: 'String.Contains',
  count: 'length',
  date: 'formatDate',
  dateformat: 'formatDate',
  equals: 'eq',
  is: 'eq',
  isequal: 'eq',
  jsonencode: 'json',
  jsonserialize: 'json',
  jsonstringify: 'json',
  lowercase: 'lower',
  minus: 'subtract',
  moment: 'formatDate',
  plus: 'add',
  size: 'length',
  stringify: 'json',
  sum: 'add',
  times: 'multiply',
  tojson: 'json',
  tolower: 'lower',
  toupper: 'upper',
  truncate: 'String.Truncate',
  unlessequals: 'ne',
  uppercase: 'upper',
};

/** What to write for a helper that does not exist. */
export function suggestHelper(name: string): string | null {
  const lowered = name.toLowerCase();
  if (lowered.startsWith('regex'))
    return 'There are no regular expressions; use replace, split or String.Contains.';
  const other = Object.hasOwn(otherNames, lowered) ? otherNames[lowered] : undefined;
  const near = other ?? closest(name, [...byName.keys(), ...builtInBlocks]);
  if (near === null) return null;
  const usage = byName.get(near)?.usage;
  return usage === undefined ? `Did you mean {{#${near}}}?` : `Did you mean {{${usage}}}?`;
}
