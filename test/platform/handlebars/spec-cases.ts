import basic from '../../contract/vectors/handlebars-spec/basic.json?raw';
import blocks from '../../contract/vectors/handlebars-spec/blocks.json?raw';
import builtins from '../../contract/vectors/handlebars-spec/builtins.json?raw';
import data from '../../contract/vectors/handlebars-spec/data.json?raw';
import { functionsWith } from '../../contract/vectors/handlebars-spec/functions.ts';
import helpers from '../../contract/vectors/handlebars-spec/helpers.json?raw';
import partials from '../../contract/vectors/handlebars-spec/partials.json?raw';
import regressions from '../../contract/vectors/handlebars-spec/regressions.json?raw';
import strict from '../../contract/vectors/handlebars-spec/strict.json?raw';
import subexpressions from '../../contract/vectors/handlebars-spec/subexpressions.json?raw';
import whitespace from '../../contract/vectors/handlebars-spec/whitespace-control.json?raw';
import { renderStock, type StockFunction, type StockOptions, stockGlobals } from './stock.ts';

interface SpecCase {
  description: string;
  it: string;
  template: string;
  data: unknown;
  expected?: string;
  exception?: boolean | string;
  helpers?: Record<string, unknown>;
  decorators?: unknown;
  partials?: Record<string, unknown>;
  compileOptions?: Record<string, unknown>;
  runtimeOptions?: { data?: Record<string, unknown> | false };
}

/** As text: the bundler of the runtime's tests turns some of them into broken modules. */
const files: Record<string, string> = {
  basic,
  blocks,
  builtins,
  data,
  helpers,
  partials,
  regressions,
  strict,
  subexpressions,
  whitespace,
};

function check(actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`a helper got ${String(actual)} for ${String(expected)}`);
}

/** The vectors' functions, by their source. */
export const specFunctions = functionsWith(stockGlobals, check);

/** A vector's value: its functions and sparse arrays as such. */
function revive(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if ('!code' in value) return specFunctions[(value as unknown as { javascript: string }).javascript];
  if (Array.isArray(value)) return value.map(revive);
  const entries = Object.entries(value).filter(([key]) => key !== '!sparsearray');
  const revived = entries.map(([key, item]) => [key, revive(item)]);
  return '!sparsearray' in value
    ? Object.assign([], Object.fromEntries(revived))
    : Object.fromEntries(revived);
}

export interface RunnableCase {
  name: string;
  source: string;
  expected: string | null;
  /** What the error's message must have, if an error is expected; "" for any. */
  error: string | null;
  render(): string;
}

/** The behavioural cases that apply: custom decorators and the removed option `stringParams` are not offered. */
export const specCases: RunnableCase[] = Object.entries(files).flatMap(([file, text]) =>
  (JSON.parse(text) as SpecCase[])
    .filter(({ decorators, compileOptions }) => !decorators && !compileOptions?.stringParams)
    .map((spec, index) => ({
      name: `${file} ${index + 1}: ${spec.it}`,
      source: spec.template,
      expected: spec.expected ?? null,
      error: spec.exception === undefined ? null : errorText(spec.exception),
      render: () => renderStock(spec.template, revive(spec.data), optionsOf(spec)),
    })),
);

/** `/text/` is a pattern, "text - 1:2" a message with its place. */
function errorText(exception: boolean | string): string {
  return typeof exception === 'boolean' ? '' : exception.replace(/^\/|\/$/g, '').replace(/ - \d+:\d+$/, '');
}

function optionsOf({
  helpers: given,
  partials: named,
  compileOptions,
  runtimeOptions,
}: SpecCase): StockOptions {
  return {
    helpers: (given ? revive(given) : {}) as Record<string, StockFunction>,
    partials: (named ? revive(named) : {}) as Record<string, string>,
    ...(runtimeOptions?.data !== undefined && {
      data: revive(runtimeOptions.data) as Record<string, unknown> | false,
    }),
    ...(compileOptions && { compile: compileOptions }),
  };
}
