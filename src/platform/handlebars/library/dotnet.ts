import { formatMoment } from './dates.ts';
import { checkLength, type Library, onText, readText } from './entry.ts';
import { calculate, round } from './numbers.ts';
import { joinTexts, readCount, replaceAll, texts } from './texts.ts';
import { values } from './values.ts';

/** For those whose field may be nothing: it counts as "". */
const textOr = (value: unknown): unknown => value ?? '';

function pad(isLeft: boolean) {
  return onText((text, [width, filler], run) => {
    const length = readCount(width, 0);
    checkLength(length, run);
    const char = readText(filler, run).charAt(0) || ' ';
    return isLeft ? text.padStart(length, char) : text.padEnd(length, char);
  });
}

function titleCase(text: string): string {
  const words = text.split(/[ -]/).filter((word) => word !== '');
  return words
    .map((word) =>
      word === word.toUpperCase() ? word : word.charAt(0).toUpperCase() + word.slice(1).toLowerCase(),
    )
    .join(' ');
}

/** Handlebars.Net.Helpers: several characters separate each on its own, and leave no empty part. */
function splitAny(text: string, separator: string): string[] {
  if (separator.length === 1) return text.split(separator);
  const parts: string[] = [''];
  for (const char of text) {
    if (separator.includes(char)) parts.push('');
    else parts[parts.length - 1] += char;
  }
  return parts.filter((part) => part !== '');
}

const { lower, upper, trim, substring } = texts;
const { default: coalesce, length } = values;

/**
 * Helpers of Handlebars.Net.Helpers under their own names, written {{String.Append a b}} or
 * {{[String.Append] a b}}. What is nothing gives nothing where the original would throw.
 */
export const dotnet = {
  'String.Append': {
    least: 2,
    most: 2,
    usage: 'String.Append text end',
    gives: 'the text with an end',
    apply: ([text, end], run) => readText(textOr(text), run) + readText(textOr(end), run),
  },
  'String.Prepend': {
    least: 2,
    most: 2,
    usage: 'String.Prepend text start',
    gives: 'the text with a start; nothing for nothing',
    apply: onText((text, [start], run) => (text === '' ? '' : readText(start, run) + text)),
  },
  'String.Concat': {
    least: 2,
    most: 32,
    usage: 'String.Concat a b …',
    gives: 'the texts as one',
    apply: (args, run) => joinTexts(args, '', run),
  },
  'String.Coalesce': { ...coalesce, usage: 'String.Coalesce a b …' },
  'String.Lowercase': { ...lower, usage: 'String.Lowercase text' },
  'String.Uppercase': { ...upper, usage: 'String.Uppercase text' },
  'String.Titlecase': {
    least: 1,
    most: 1,
    usage: 'String.Titlecase text',
    gives: 'each word with a capital; one all in capitals stays',
    apply: onText(titleCase),
  },
  'String.Trim': { ...trim, usage: 'String.Trim text' },
  'String.Truncate': {
    least: 2,
    most: 2,
    usage: 'String.Truncate text length',
    gives: 'at most so many characters of it',
    apply: onText((text, [length]) => text.slice(0, readCount(length, text.length))),
  },
  'String.Substring': { ...substring, usage: 'String.Substring text start length' },
  'String.PadLeft': {
    least: 2,
    most: 3,
    usage: 'String.PadLeft text width char',
    gives: 'the text filled up at its left',
    apply: pad(true),
  },
  'String.PadRight': {
    least: 2,
    most: 3,
    usage: 'String.PadRight text width char',
    gives: 'the text filled up at its right',
    apply: pad(false),
  },
  'String.Replace': {
    least: 3,
    most: 3,
    usage: 'String.Replace text search replacement',
    gives: 'the text with every place of a literal text replaced',
    apply: onText((text, [search, replacement], run) => replaceAll(text, search, replacement, run)),
  },
  'String.Split': {
    least: 2,
    most: 2,
    usage: 'String.Split text separators',
    gives: 'the list of the parts; several characters separate each on its own',
    apply: onText((text, [separator], run) => {
      run.charge(text.length >> 1);
      return splitAny(text, readText(separator, run));
    }),
  },
  'String.Join': {
    least: 1,
    most: 2,
    usage: 'String.Join list separator',
    gives: 'the items as one text, with a separator ("") between',
    apply: ([list, separator], run) => joinTexts(list, readText(textOr(separator), run), run),
  },
  'String.Contains': {
    least: 2,
    most: 2,
    usage: 'String.Contains text part',
    gives: 'whether the text has it',
    apply: ([text, part], run) => readText(textOr(text), run).includes(readText(textOr(part), run)),
  },
  'String.StartsWith': {
    least: 2,
    most: 2,
    usage: 'String.StartsWith text start',
    gives: 'whether the text begins so',
    apply: ([text, start], run) => readText(textOr(text), run).startsWith(readText(textOr(start), run)),
  },
  'String.IsNullOrEmpty': {
    least: 1,
    most: 1,
    usage: 'String.IsNullOrEmpty text',
    gives: 'whether it is nothing or ""',
    apply: ([text]) => text == null || text === '',
  },
  'DateTime.Format': {
    least: 2,
    most: 2,
    usage: 'DateTime.Format date pattern',
    gives: 'an ISO 8601 date by a pattern, in UTC',
    apply: formatMoment,
  },
  'DateTime.UtcNow': {
    least: 0,
    most: 1,
    usage: 'DateTime.UtcNow pattern',
    gives: 'the time of the render, by a pattern or in ISO 8601',
    apply: ([pattern], run) => formatMoment([run.now, pattern], run),
  },
  'Math.Add': { least: 2, most: 2, usage: 'Math.Add a b', gives: 'a + b', apply: calculate((a, b) => a + b) },
  'Math.Subtract': {
    least: 2,
    most: 2,
    usage: 'Math.Subtract a b',
    gives: 'a - b',
    apply: calculate((a, b) => a - b),
  },
  'Math.Multiply': {
    least: 2,
    most: 2,
    usage: 'Math.Multiply a b',
    gives: 'a × b',
    apply: calculate((a, b) => a * b),
  },
  'Math.Round': {
    least: 1,
    most: 2,
    usage: 'Math.Round number digits',
    gives: 'the number with that many digits behind the point (0)',
    apply: round,
  },
  'Enumerable.Count': { ...length, usage: 'Enumerable.Count list' },
} satisfies Library;
