import type { BlockNode } from './ast.ts';
import type { Arguments, Branches } from './calls.ts';
import type { Compiler } from './compile.ts';
import type { Evaluate, Render } from './dialect.ts';
import { TemplateFault } from './errors.ts';
import type { Program } from './program.ts';
import { isSame, Scope } from './scope.ts';

export const builtInBlocks = ['if', 'unless', 'each', 'with'];

export const isBuiltInBlock = (name: string): boolean => builtInBlocks.includes(name);

/** Stock Handlebars: nothing, false, "" and [] are empty; 0 is so for `if`, unless `includeZero=true`. */
function isEmpty(value: unknown): boolean {
  if (!value && value !== 0) return true;
  return Array.isArray(value) && value.length === 0;
}

/** Renders a branch in the scope it stands in; stock hands {} to one of a helper where `this` is nothing. */
function branch(program: Program | null, emptyForNull: boolean): Render {
  if (program === null) return () => '';
  return (scope) => {
    const { context } = scope;
    const from = context == null && emptyForNull ? scope.orNothing() : scope;
    return program.renderIn(program.inPlace ? from : from.within(from.context, from.frame, null));
  };
}

export function compileBuiltInBlock(
  compiler: Compiler,
  name: string,
  node: BlockNode,
  args: Arguments,
  { program, inverse }: Branches,
): Render {
  const [argument] = args.positional;
  const at = node.loc.start;
  if (name === 'each' && argument === undefined)
    throw new TemplateFault('wrong_arity', at, 'Must pass iterator to #each', 'Write {{#each list}}.');
  if (argument === undefined || args.positional.length > 1)
    throw new TemplateFault(
      'wrong_arity',
      at,
      `#${name} requires exactly one argument`,
      name === 'each' ? null : `Write {{#${name} value}}; combine values with (and a b) or (or a b).`,
    );
  const value = withCalls(compiler, argument);
  if (name === 'each') return compileEach(compiler, value, { program, inverse });
  if (name === 'with') return compileWith(compiler, value, { program, inverse });
  const { emptyForNull } = compiler.dialect;
  const [yes, no] = [branch(program, emptyForNull), branch(inverse, emptyForNull)];
  const includeZero = args.named.find(({ key }) => key === 'includeZero')?.value ?? (() => false);
  const holds: Evaluate = (scope) => {
    const found = value(scope);
    return !((!found && !includeZero(scope)) || isEmpty(found));
  };
  return name === 'if'
    ? (scope) => (holds(scope) ? yes(scope) : no(scope))
    : (scope) => (holds(scope) ? no(scope) : yes(scope));
}

/** In stock Handlebars a function in the place of a block's value is called for it. */
function withCalls(compiler: Compiler, value: Evaluate): Evaluate {
  const { callFunction } = compiler.dialect;
  if (!callFunction) return value;
  return (scope) => {
    const found = value(scope);
    return typeof found === 'function' ? callFunction(found as () => unknown, [], null, scope) : found;
  };
}

function compileWith(compiler: Compiler, value: Evaluate, { program, inverse }: Branches): Render {
  const otherwise = branch(inverse, compiler.dialect.emptyForNull);
  return (scope) => {
    const found = value(scope);
    if (isEmpty(found)) return otherwise(scope);
    if (program === null) return '';
    return program.enter(scope, found, scope.frame, program.paramCount > 0 ? [found] : null);
  };
}

function compileEach(compiler: Compiler, value: Evaluate, { program, inverse }: Branches): Render {
  const otherwise = branch(inverse, compiler.dialect.emptyForNull);
  return (scope) => {
    const found = value(scope);
    if (found === null || typeof found !== 'object') return otherwise(scope);
    if (Array.isArray(found)) return found.length > 0 ? eachItem(program, found, scope) : otherwise(scope);
    const keys = Object.keys(found);
    if (keys.length === 0) return otherwise(scope);
    return eachField(program, found as Record<string, unknown>, keys, scope);
  };
}

/** One scope and one frame serve all turns of a loop: nothing of a turn outlives it. */
class Loop {
  readonly #program: Program;
  readonly #outside: Scope;
  readonly #scope: Scope;

  constructor(program: Program, outside: Scope) {
    const { inlines, block, run } = outside;
    this.#program = program;
    this.#outside = outside;
    const frame = outside.frame.child();
    this.#scope = new Scope(null, outside, frame, null, outside, inlines, block, run);
  }

  turn(item: unknown, key: unknown, index: number, isLast: boolean): string {
    const [scope, outside] = [this.#scope, this.#outside];
    scope.context = item;
    scope.up = isSame(item, outside.context) ? outside.up : outside;
    if (this.#program.paramCount > 0) scope.params = [item, key];
    const { frame } = scope;
    frame.key = key;
    frame.index = index;
    frame.first = index === 0;
    frame.last = isLast;
    return this.#program.renderIn(scope);
  }
}

function eachItem(program: Program | null, items: readonly unknown[], scope: Scope): string {
  if (program === null) return '';
  const loop = new Loop(program, scope);
  const last = items.length - 1;
  let text = '';
  for (let i = 0; i <= last; i += 1) {
    const item = items[i];
    if (item !== undefined || i in items) text += loop.turn(item, i, i, i === last);
  }
  return text;
}

function eachField(
  program: Program | null,
  fields: Record<string, unknown>,
  keys: readonly string[],
  scope: Scope,
): string {
  if (program === null) return '';
  const loop = new Loop(program, scope);
  const last = keys.length - 1;
  let text = '';
  for (let i = 0; i <= last; i += 1) {
    const key = keys[i] as string;
    text += loop.turn(fields[key], key, i, i === last);
  }
  return text;
}

/** `{{#value}}…{{/value}}`: loops over a list, goes into any other value, and asks true and false. */
export function compileSection(
  compiler: Compiler,
  node: BlockNode,
  evaluate: Evaluate,
  { program, inverse }: Branches,
): Render {
  const custom = compiler.dialect.blockMissing;
  const name = String(node.path.original);
  if (custom) {
    return (scope) => {
      const value = evaluate(scope);
      const hash = Object.create(null);
      const result = custom.call([value], { name, scope, hash, program, inverse, isBlock: true });
      return result == null ? '' : String(result);
    };
  }
  const [yes, no] = [branch(program, false), branch(inverse, false)];
  return (scope) => {
    const value = evaluate(scope);
    if (value === true) return yes(scope);
    if (value === false || value == null) return no(scope);
    if (Array.isArray(value)) return value.length > 0 ? eachItem(program, value, scope) : no(scope);
    if (program === null) return '';
    return program.enter(scope, value, scope.frame, null);
  };
}
