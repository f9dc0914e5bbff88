import type { PureHelper } from '../dialect.ts';
import { textOf } from '../output.ts';
import type { Run } from '../scope.ts';

/** A helper of the hub's, with what the documentation and an editor say of it. */
export interface LibraryHelper extends PureHelper {
  /** How it is written, without the braces. */
  readonly usage: string;
  /** What it gives. */
  readonly gives: string;
}

export type Library = Readonly<Record<string, LibraryHelper>>;

/** A field that is nothing is no text: a helper of texts gives nothing for it. */
export function onText(change: (text: string, args: readonly unknown[], run: Run) => unknown) {
  return (args: readonly unknown[], run: Run): unknown => {
    const [value, ...others] = args;
    return value == null ? null : change(readText(value, run), others, run);
  };
}

/** The text of an argument; that of a list or an object costs more. */
export function readText(value: unknown, run: Run): string {
  if (typeof value === 'string') return value;
  const text = textOf(value, run);
  run.charge(text.length >> 2);
  return text;
}

/** A text that a helper is about to make must fit into the output, before it is made. */
export function checkLength(length: number, run: Run): void {
  if (length > run.room) run.exceed('outputCharacters', run.at);
}

const numeral = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/** The number that a value is or that its text writes; null for any other. */
export function readNumber(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'string' || value.length > 64) return null;
  const text = value.trim();
  const number = numeral.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(number) ? number : null;
}

/** Stock Handlebars: nothing, false, 0, "" and [] are not so. */
export const isTruthy = (value: unknown): boolean =>
  Boolean(value) && !(Array.isArray(value) && value.length === 0);
