import type { Call, ContextHelper, Dialect, PartialCall } from '../../../src/platform/handlebars/dialect.ts';
import { Engine, type NamedPartials } from '../../../src/platform/handlebars/engine.ts';
import { emitHtml, emitRaw } from '../../../src/platform/handlebars/output.ts';
import { ownProperty } from '../../../src/platform/handlebars/paths.ts';
import type { Program } from '../../../src/platform/handlebars/program.ts';
import { Frame, nothing, type Scope } from '../../../src/platform/handlebars/scope.ts';

/**
 * Stock Handlebars on the hub's engine: what the published vectors and the comparison with `Handlebars.compile`
 * need and no template of the hub can reach, that is helpers with `this` and options, and functions in the data.
 */
export type StockFunction = (this: unknown, ...args: unknown[]) => unknown;

export interface StockOptions {
  helpers?: Readonly<Record<string, StockFunction>>;
  partials?: Readonly<Record<string, string | StockFunction>>;
  data?: Readonly<Record<string, unknown>> | false;
  compile?: {
    data?: boolean;
    strict?: boolean;
    assumeObjects?: boolean;
    compat?: boolean;
    noEscape?: boolean;
    preventIndent?: boolean;
    ignoreStandalone?: boolean;
    explicitPartialContext?: boolean;
    knownHelpers?: Record<string, boolean>;
    knownHelpersOnly?: boolean;
  };
}

export class SafeString {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
  toHTML(): string {
    return this.text;
  }
}

type Data = Record<string, unknown>;
const frameOf = new WeakMap<Data, Frame>();
const ownNames = ['root', 'key', 'index', 'first', 'last'] as const;

function dataOf(frame: Frame): Data {
  const data: Data = { ...frame.others };
  for (const name of ownNames) if (frame[name] !== undefined) data[name] = frame[name];
  frameOf.set(data, frame);
  return data;
}

function frameFrom(data: Data): Frame {
  const known = frameOf.get(data);
  if (known) return known;
  const { root, key, index, first, last, _parent, ...others } = data;
  const parent = _parent ? frameFrom(_parent as Data) : null;
  const frame = new Frame(parent, root, Object.assign(Object.create(null), others));
  return Object.assign(frame, { key, index, first, last });
}

/** The globals that the vectors' functions use. */
export const stockGlobals = {
  SafeString,
  createFrame: (data: Data): Data => ({ ...data, _parent: data }),
  Utils: {
    escapeExpression: (text: unknown) => String(text).replace(/[&<>"'`=]/g, (c) => `&#${c.charCodeAt(0)};`),
  },
};

const contextOf = (scope: Scope): unknown => scope.context ?? nothing;

function optionsOf(call: Call, hasData: boolean): Record<string, unknown> {
  const { scope } = call;
  const branch = (program: Program | null) => {
    const render = (context: unknown, options: { data?: Data; blockParams?: unknown[] } = {}) =>
      program === null
        ? ''
        : program.enter(
            scope,
            context,
            options.data ? frameFrom(options.data) : scope.frame,
            options.blockParams ?? null,
          );
    return Object.assign(render, { blockParams: program?.paramCount ?? 0 });
  };
  return {
    name: call.name,
    hash: { ...call.hash },
    lookupProperty: ownProperty,
    ...(hasData && { data: dataOf(scope.frame) }),
    ...(call.isBlock && { fn: branch(call.program), inverse: branch(call.inverse) }),
  };
}

/** Compiles like `Handlebars.compile`, and renders. Throws what either throws. */
export function renderStock(source: string, root: unknown, options: StockOptions = {}): string {
  const { helpers = {}, partials = {}, data = {}, compile = {} } = options;
  const hasData = data !== false && compile.data !== false;
  const wrap = (found: StockFunction): ContextHelper => ({
    least: 0,
    most: Infinity,
    call: (args, call) => found.apply(contextOf(call.scope), [...args, optionsOf(call, hasData)]),
  });
  const lookup: StockFunction = (parent, name) => (parent ? ownProperty(parent, String(name)) : parent);
  const builtIns: Record<string, StockFunction> = { lookup, log: () => undefined };
  const known = { lookup: true, log: true, ...compile.knownHelpers };
  const hook = (name: string) => {
    const found = Object.hasOwn(helpers, name) ? helpers[name] : undefined;
    return found && wrap(found);
  };
  const texts: Record<string, string> = {};
  for (const [name, partial] of Object.entries(partials))
    if (typeof partial === 'string') texts[name] = partial;
  const functionPartial = (name: string): PartialCall | undefined => {
    const found = Object.hasOwn(partials, name) ? partials[name] : undefined;
    return typeof found === 'function' ? (_scope, context) => String(found(context)) : undefined;
  };
  const dialect = (named: NamedPartials): Dialect => ({
    helper(name) {
      if (compile.knownHelpersOnly && !Object.hasOwn(known, name)) return undefined;
      const from = Object.hasOwn(helpers, name) ? helpers : builtIns;
      const found = Object.hasOwn(from, name) ? from[name] : undefined;
      return typeof found === 'function' ? wrap(found) : undefined;
    },
    onUnknownHelper() {
      if (compile.knownHelpersOnly)
        throw new Error('You specified knownHelpersOnly, but used an unknown helper');
    },
    emitFor: ({ escaped }) => (escaped && !compile.noEscape ? emitHtml : emitRaw),
    partial: (name) => functionPartial(name) ?? named.find(name),
    onPartial: (_node, name) => name === null && named.useAll(),
    callFunction: (found, args, call, scope) =>
      found.apply(
        call ? contextOf(scope) : scope.context,
        call ? [...args, optionsOf(call, hasData)] : [...args],
      ),
    missing: hook('helperMissing'),
    blockMissing: hook('blockHelperMissing'),
    emptyForNull: true,
    indentsPartials: compile.preventIndent !== true,
    strict: compile.strict === true,
    assumeObjects: compile.assumeObjects === true,
    compat: compile.compat === true,
    explicitPartialContext: compile.explicitPartialContext === true,
    knownHelpersOnly: compile.knownHelpersOnly === true,
  });
  const parse = { count: { tokens: 0 }, ignoreStandalone: compile.ignoreStandalone === true };
  const engine = new Engine(source, { partials: texts, parse, dialect });
  const others = Object.assign(Object.create(null), data || {});
  const frame = new Frame(null, 'root' in others ? others.root : root, others);
  return engine.render(root, frame, 0);
}
