import { JsonText } from '../output.ts';
import { ownProperty } from '../paths.ts';
import { isTruthy, type Library, readNumber, readText } from './entry.ts';

const isNothing = (value: unknown): boolean => value == null || value === '';

/** Below zero, zero or above; null where two values have no order. Texts that are both numbers compare as such. */
function compare(one: unknown, other: unknown): number | null {
  const [a, b] = [readNumber(one), readNumber(other)];
  if (a !== null && b !== null) return a - b;
  if (typeof one !== 'string' || typeof other !== 'string') return null;
  return one === other ? 0 : one < other ? -1 : 1;
}

/** Helpers that ask, choose and convert. */
export const values = {
  json: {
    least: 1,
    most: 1,
    usage: 'json value',
    gives: 'the value as JSON text, written as it is at the place of a value',
    apply([value], run) {
      const text = JSON.stringify(value) ?? 'null';
      run.charge(text.length >> 3);
      return new JsonText(text);
    },
  },
  number: {
    least: 1,
    most: 1,
    usage: 'number text',
    gives: 'the number that a text writes, such as "19.50"; nothing for other text',
    apply: ([value]) => readNumber(value),
  },
  string: {
    least: 1,
    most: 1,
    usage: 'string value',
    gives: 'the value as text; "" for nothing',
    apply: ([value], run) => readText(value, run),
  },
  default: {
    least: 2,
    most: 32,
    usage: 'default value otherwise',
    gives: 'the first that is neither nothing nor ""; else the last',
    apply: (args) => args.find((value) => !isNothing(value)) ?? args.at(-1),
  },
  lookup: {
    least: 2,
    most: 2,
    usage: 'lookup object name',
    gives: 'the field with that name, or the item with that index',
    apply: ([parent, name], run) => (parent ? ownProperty(parent, readText(name, run)) : parent),
  },
  length: {
    least: 1,
    most: 1,
    usage: 'length value',
    gives: 'how many items, characters or fields; 0 for nothing',
    apply([value], run) {
      if (typeof value === 'string' || Array.isArray(value)) return value.length;
      if (value === null || typeof value !== 'object') return 0;
      const count = Object.keys(value).length;
      run.charge(count);
      return count;
    },
  },
  eq: {
    least: 2,
    most: 2,
    usage: 'eq a b',
    gives: 'whether both are the same value of the same type',
    apply: ([a, b]) => a === b,
  },
  ne: {
    least: 2,
    most: 2,
    usage: 'ne a b',
    gives: 'the opposite of eq',
    apply: ([a, b]) => a !== b,
  },
  lt: {
    least: 2,
    most: 2,
    usage: 'lt a b',
    gives: 'whether a is less than b: numbers, or texts by their characters',
    apply: ([a, b]) => (compare(a, b) ?? 0) < 0,
  },
  gt: {
    least: 2,
    most: 2,
    usage: 'gt a b',
    gives: 'whether a is greater than b',
    apply: ([a, b]) => (compare(a, b) ?? 0) > 0,
  },
  and: {
    least: 2,
    most: 32,
    usage: 'and a b …',
    gives: 'whether all are true, as {{#if}} sees them',
    apply: (args) => args.every(isTruthy),
  },
  or: {
    least: 2,
    most: 32,
    usage: 'or a b …',
    gives: 'whether one is true',
    apply: (args) => args.some(isTruthy),
  },
  not: {
    least: 1,
    most: 1,
    usage: 'not a',
    gives: 'whether it is not true',
    apply: ([value]) => !isTruthy(value),
  },
} satisfies Library;
