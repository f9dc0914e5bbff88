import { type Library, readNumber } from './entry.ts';

/** Fifteen digits are what a number holds for certain: 0.1 + 0.2 is 0.3. */
const settle = (number: number): number =>
  Number.isInteger(number) ? number : Number(number.toPrecision(15));

export function calculate(work: (a: number, b: number) => number) {
  return ([one, other]: readonly unknown[]): number | null => {
    const [a, b] = [readNumber(one), readNumber(other)];
    const result = a === null || b === null ? Number.NaN : settle(work(a, b));
    return Number.isFinite(result) ? result : null;
  };
}

/** Half away from zero, as people round. */
export function round([value, places]: readonly unknown[]): number | null {
  const number = readNumber(value);
  if (number === null) return null;
  const digits = Math.min(Math.max(Math.trunc(readNumber(places) ?? 0), 0), 15);
  const scaled = Number((Math.abs(number) * 10 ** digits).toPrecision(15));
  const rounded = (Math.sign(number) * Math.round(scaled)) / 10 ** digits;
  return Number.isFinite(rounded) ? rounded + 0 : number;
}

/** Helpers of numbers, also of texts that write one; nothing where an argument is no number. */
export const numbers = {
  add: { least: 2, most: 2, usage: 'add a b', gives: 'a + b', apply: calculate((a, b) => a + b) },
  subtract: { least: 2, most: 2, usage: 'subtract a b', gives: 'a - b', apply: calculate((a, b) => a - b) },
  multiply: { least: 2, most: 2, usage: 'multiply a b', gives: 'a × b', apply: calculate((a, b) => a * b) },
  round: {
    least: 1,
    most: 2,
    usage: 'round number digits',
    gives: 'the number with that many digits behind the point (0), half away from zero',
    apply: round,
  },
} satisfies Library;
