/**
 * `integer` and `number`. A value that a JSON number cannot hold exactly stays text, in canonical form:
 * an integer beyond 2^53 as its digits, a number as in `decimal.ts`. NaN, INF and -INF, which JSON has
 * not, are those very texts. A group separator must stand where one belongs (`1,234,567`, `12,34,567`),
 * so that `1,5` is never read as 15.
 */
import type { Json } from '../json.ts';
import type { FieldDescriptor } from '../schema.ts';
import { compareNumbers, readDecimal } from './decimal.ts';
import type { FieldProblem, TypeReader } from './reader.ts';

/** A number's text beyond this is no number anybody meant, and costs more than it is worth. */
const maxNumberLength = 1_000;

export function integerReader(field: FieldDescriptor, problems: FieldProblem[]): TypeReader {
  const prepare = preparation(field, problems);
  return {
    trims: true,
    text: prepare === undefined ? readInteger : (cell) => applyTo(readInteger, prepare(cell)),
    native: (value) => (Number.isSafeInteger(value) ? Number(value) + 0 : undefined),
    explain: (value) =>
      typeof value === 'number' && Number.isInteger(value)
        ? {
            code: 'number_imprecise',
            message: 'a JSON number beyond 2^53 has lost digits: send it as a string',
          }
        : { code: 'not_an_integer', message: 'not a whole number' },
    compare: compareCanonical,
  };
}

export function numberReader(field: FieldDescriptor, problems: FieldProblem[]): TypeReader {
  const prepare = preparation(field, problems);
  return {
    trims: true,
    text: prepare === undefined ? readNumber : (cell) => applyTo(readNumber, prepare(cell)),
    native: (value) => (typeof value === 'number' && Number.isFinite(value) ? value + 0 : undefined),
    explain: () => ({ code: 'not_a_number', message: 'not a number' }),
    compare: compareCanonical,
  };
}

function compareCanonical(a: Json, b: Json): number {
  const numeric = (value: Json): value is number | string =>
    typeof value === 'number' || typeof value === 'string';
  return numeric(a) && numeric(b) ? compareNumbers(a, b) : Number.NaN;
}

function applyTo(read: (text: string) => Json | undefined, text: string | undefined): Json | undefined {
  return text === undefined ? undefined : read(text);
}

function readInteger(text: string): number | string | undefined {
  const first = text.charCodeAt(0);
  const start = first === 45 || first === 43 ? 1 : 0;
  const end = text.length;
  if (end === start || end > maxNumberLength) return undefined;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  if (value <= Number.MAX_SAFE_INTEGER) return first === 45 && value !== 0 ? -value : value;
  let zeros = start;
  while (text.charCodeAt(zeros) === 48) zeros++;
  return (first === 45 ? '-' : '') + text.slice(zeros);
}

const special = new Map([
  ['nan', 'NaN'],
  ['inf', 'INF'],
  ['+inf', 'INF'],
  ['-inf', '-INF'],
]);

function readNumber(text: string): number | string | undefined {
  const end = text.length;
  if (end === 0 || end > maxNumberLength) return undefined;
  const first = text.charCodeAt(0);
  const start = first === 45 || first === 43 ? 1 : 0;
  let value = 0;
  let scale = -1;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === 46 && scale < 0) scale = end - i - 1;
    else if (code >= 48 && code <= 57) value = value * 10 + code - 48;
    else return end <= 4 ? (special.get(text.toLowerCase()) ?? readDecimal(text)) : readDecimal(text);
  }
  // A quotient of two integers that doubles hold exactly is the double nearest to the decimal.
  if (end - start > 15 || end - start === (scale < 0 ? 0 : 1)) return readDecimal(text);
  if (scale > 0) value /= powers[scale] ?? 1;
  return first === 45 && value !== 0 ? -value : value;
}

const powers = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

/** What turns a cell into the plain form (`-1234.5`), or nothing where cells are plain already. */
function preparation(
  field: FieldDescriptor,
  problems: FieldProblem[],
): ((cell: string) => string | undefined) | undefined {
  const decimal = field.decimalChar ?? '.';
  const group = field.groupChar;
  for (const property of ['decimalChar', 'groupChar'] as const) {
    const char = field[property];
    if (char !== undefined && !/^[^\p{L}\p{N}+-]$/u.test(char)) {
      const message = `${property} is one character, and no letter, digit or sign`;
      problems.push({ property, code: 'number_format_invalid', message });
    }
  }
  if (group === decimal) {
    const message = 'groupChar and decimalChar are the same, so that 1.234 could be either';
    problems.push({ property: 'groupChar', code: 'number_format_invalid', message });
  }
  const bare = field.bareNumber ?? true;
  if (bare && decimal === '.' && group === undefined) return undefined;
  return (cell) => {
    if (cell.length > maxNumberLength) return undefined;
    const core = bare ? cell : stripped(cell, decimal);
    return core === undefined ? undefined : plain(core, decimal, group);
  };
}

/**
 * The number in `EUR -95`, `-€95`, `95 %`. A digit, sign or bracket in the part that would be stripped
 * makes it no number: `(95)` and `95-` mean minus 95 to some, and a sign is not to be lost.
 */
function stripped(cell: string, decimal: string): string | undefined {
  // The point in `Rs.500` ends a word.
  const isStart = (at: number) =>
    isDigit(cell, at) ||
    (cell.charAt(at) === decimal && isDigit(cell, at + 1) && !/\p{L}/u.test(cell.charAt(at - 1)));
  let start = 0;
  while (start < cell.length && !isStart(start)) start++;
  if (start === cell.length) return special.has(cell.toLowerCase()) ? cell : undefined;
  let end = cell.length;
  while (end > start && !isDigit(cell, end - 1)) end--;
  if (cell.charAt(end) === decimal) end++;
  const before = cell.slice(0, start);
  const sign = before.replace(/[^+-]/g, '');
  if (sign.length > 1 || /[()]/.test(before) || /[()+-]/.test(cell.slice(end))) return undefined;
  return sign + cell.slice(start, end);
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

function plain(text: string, decimal: string, group: string | undefined): string | undefined {
  const point = text.indexOf(decimal);
  const whole = point < 0 ? text : text.slice(0, point);
  const rest = point < 0 ? '' : text.slice(point + decimal.length);
  // With another decimal character, a point is as wrong as any letter.
  if (decimal !== '.' && group !== '.' && text.includes('.')) return undefined;
  if (rest.includes('.')) return undefined;
  const bare = group === undefined ? whole : ungrouped(whole, group);
  if (bare === undefined) return undefined;
  return point < 0 ? bare : `${bare}.${rest}`;
}

const nonBreaking = /[\u00a0\u202f]/g;

function ungrouped(whole: string, group: string): string | undefined {
  const text = group === ' ' ? whole.replace(nonBreaking, ' ') : whole;
  const groups = text.split(group);
  if (groups.length === 1) return text;
  const last = groups.length - 1;
  const inPlace = groups.every((digits, i) => {
    const length = i === 0 ? digits.replace(/^[+-]/, '').length : digits.length;
    return i === 0 ? length >= 1 && length <= 3 : length === 3 || (i < last && length === 2);
  });
  return inPlace ? groups.join('') : undefined;
}
