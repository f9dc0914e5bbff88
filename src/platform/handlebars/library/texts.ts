import type { Run } from '../scope.ts';
import { checkLength, type Library, onText, readNumber, readText } from './entry.ts';

/** A whole number of an argument, within bounds; null: it was given none. */
export function readCount(value: unknown, otherwise: number): number {
  const number = readNumber(value);
  return number === null ? otherwise : Math.min(Math.max(Math.trunc(number), 0), 1_000_000_000);
}

/** Every place of a text, taken literally; the length is known before it is made. */
export function replaceAll(text: string, wanted: unknown, replacement: unknown, run: Run): string {
  const [search, put] = [readText(wanted, run), readText(replacement, run)];
  if (search === '') return text;
  let count = 0;
  for (let at = text.indexOf(search); at >= 0; at = text.indexOf(search, at + search.length)) count += 1;
  run.charge(count >> 4);
  checkLength(text.length + count * (put.length - search.length), run);
  return text.replaceAll(search, () => put);
}

export function joinTexts(list: unknown, separator: string, run: Run): unknown {
  if (list == null) return null;
  if (!Array.isArray(list)) return readText(list, run);
  run.charge(list.length >> 1);
  const texts: string[] = [];
  let length = 0;
  for (const item of list) {
    const text = readText(item, run);
    length += text.length + separator.length;
    checkLength(length - separator.length, run);
    texts.push(text);
  }
  return texts.join(separator);
}

/** Helpers of texts and lists. A text that is nothing stays nothing. */
export const texts = {
  lower: {
    least: 1,
    most: 1,
    usage: 'lower text',
    gives: 'the text in small letters',
    apply: onText((text) => text.toLowerCase()),
  },
  upper: {
    least: 1,
    most: 1,
    usage: 'upper text',
    gives: 'the text in capitals',
    apply: onText((text) => text.toUpperCase()),
  },
  trim: {
    least: 1,
    most: 1,
    usage: 'trim text',
    gives: 'the text without blanks at its ends',
    apply: onText((text) => text.trim()),
  },
  substring: {
    least: 2,
    most: 3,
    usage: 'substring text start length',
    gives: 'the part from an index (the first is 0), of that many characters or to the end',
    apply: onText((text, [start, length]) => {
      const from = readCount(start, 0);
      return text.slice(from, from + readCount(length, text.length));
    }),
  },
  replace: {
    least: 3,
    most: 3,
    usage: 'replace text search replacement',
    gives: 'the text with every place of a literal text replaced',
    apply: onText((text, [search, replacement], run) => replaceAll(text, search, replacement, run)),
  },
  split: {
    least: 2,
    most: 2,
    usage: 'split text separator',
    gives: 'the list of the parts between a literal separator',
    apply: onText((text, [separator], run) => {
      const literal = readText(separator, run);
      return literal === '' ? [text] : text.split(literal);
    }),
  },
  join: {
    least: 1,
    most: 2,
    usage: 'join list separator',
    gives: 'the items as one text, with a separator (", ") between',
    apply: ([list, separator], run) =>
      joinTexts(list, separator === undefined ? ', ' : readText(separator, run), run),
  },
} satisfies Library;
