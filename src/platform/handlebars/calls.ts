import type { CallNode, LiteralNode, PathNode, SubExpressionNode } from './ast.ts';
import type { Compiler } from './compile.ts';
import type { Call, Evaluate, Helper } from './dialect.ts';
import { RenderFault, TemplateFault } from './errors.ts';
import { findParam, isScoped, isSimple, type LexicalScope } from './paths.ts';
import type { Program } from './program.ts';

import type { Scope } from './scope.ts';

/** A call's positional and named arguments, compiled. */
export interface Arguments {
  positional: readonly Evaluate[];
  named: readonly { key: string; value: Evaluate }[];
}

/** The branches of a block. */
export interface Branches {
  program: Program | null;
  inverse: Program | null;
}

const charactersPerStep = 64;

function costOf(args: readonly unknown[], result: unknown): number {
  let characters = 0;
  for (const arg of args) if (typeof arg === 'string') characters += arg.length;
  if (typeof result === 'string') characters += result.length;
  return characters < charactersPerStep ? 0 : Math.floor(characters / charactersPerStep);
}

/** A call of a helper whose arguments were counted when the template was compiled. */
export function compileHelperCall(
  compiler: Compiler,
  node: CallNode,
  name: string,
  helper: Helper,
  args: Arguments,
  blocks: Branches | null,
): Evaluate {
  checkCall(node, name, helper, args);
  const place = compiler.place(node.loc.start);
  const { positional } = args;
  if ('call' in helper)
    return (scope) => {
      scope.run.at = place;
      return helper.call(evaluateAll(positional, scope), callOf(name, scope, args, blocks, node));
    };
  return (scope) => {
    const { run } = scope;
    const values = evaluateAll(positional, scope);
    run.at = place;
    const result = helper.apply(values, run);
    run.steps -= costOf(values, result);
    if (run.steps < 0) run.exceed('steps', place);
    return result;
  };
}

function checkCall(node: CallNode, name: string, helper: Helper, args: Arguments): void {
  const at = node.loc.start;
  const { least, most } = helper;
  const given = args.positional.length;
  if (given < least || given > most) {
    const range =
      least === most ? `${least}` : most === Infinity ? `at least ${least}` : `${least} to ${most}`;
    const takes = `takes ${range} argument${range === '1' ? '' : 's'}, not ${given}`;
    throw new TemplateFault('wrong_arity', at, `The helper "${name}" ${takes}.`, usageOf(helper));
  }
  if ('call' in helper) return;
  if (node.type === 'BlockStatement')
    throw new TemplateFault('not_a_block', at, `The helper "${name}" is no block.`, usageOf(helper));
  const [named] = args.named;
  if (named)
    throw new TemplateFault(
      'wrong_arity',
      at,
      `The helper "${name}" takes no argument "${named.key}=".`,
      usageOf(helper),
    );
}

const usageOf = (helper: Helper): string | null =>
  'usage' in helper ? `Write {{${String(helper.usage)}}}.` : null;

/** A mustache, a sub-expression, or what a block stands on: a helper's call, or a value of the data. */
export function compileCall(
  compiler: Compiler,
  node: CallNode,
  lexical: LexicalScope,
  blocks: Branches | null,
): { evaluate: Evaluate; isHelper: boolean } {
  const path = asPath(node.path);
  const isExplicit = node.type === 'SubExpression' || node.params.length > 0 || node.hash !== undefined;
  const name = path.original;
  const isParam = isSimple(path) && findParam(lexical, path.parts[0] ?? '') !== null;
  const helper = isParam ? undefined : findHelper(compiler, path);
  // {{number}} is the field "number": a helper that cannot be called without arguments was not meant.
  if (helper && (isExplicit || helper.least === 0)) {
    const args = compiler.compileArguments(node, lexical);
    return { evaluate: compileHelperCall(compiler, node, name, helper, args, blocks), isHelper: true };
  }
  if (isExplicit && !isParam) {
    const evaluate = compileUnknown(compiler, node, path, lexical, blocks);
    return { evaluate, isHelper: true };
  }
  const isAmbiguous = !isParam && isSimple(path) && compiler.dialect.knownHelpersOnly !== true;
  const value = compiler.compilePath(path, lexical, { strict: true });
  return { evaluate: withFunctions(compiler, value, node, name, isAmbiguous, blocks), isHelper: false };
}

function findHelper(compiler: Compiler, path: PathNode): Helper | undefined {
  if (path.data || path.depth > 0 || isScoped(path)) return undefined;
  // {{String.Append a b}} and {{[String.Append] a b}} are the same.
  return compiler.dialect.helper(path.parts.join('.'));
}

/** A call of what is no helper: in the hub an error, in stock Handlebars perhaps a function of the data. */
function compileUnknown(
  compiler: Compiler,
  node: CallNode,
  path: PathNode,
  lexical: LexicalScope,
  blocks: Branches | null,
): Evaluate {
  const { dialect } = compiler;
  dialect.onUnknownHelper?.(node, path);
  const args = compiler.compileArguments(node, lexical);
  const found = compiler.compilePath(path, lexical, { strict: true, falsy: true });
  const missing = dialect.missing;
  const callMissing = missing && compileHelperCall(compiler, node, path.original, missing, args, blocks);
  const place = compiler.place(node.loc.start);
  return (scope) => {
    const value = found(scope);
    if (typeof value === 'function' && dialect.callFunction) {
      const call = callOf(path.original, scope, args, blocks, node);
      return dialect.callFunction(value as () => unknown, evaluateAll(args.positional, scope), call, scope);
    }
    if (callMissing) return callMissing(scope);
    throw new RenderFault('bad_value', `Missing helper: "${path.original}"`, place);
  };
}

/** What stock Handlebars makes of a value that is a function, and of a name that is nothing. */
function withFunctions(
  compiler: Compiler,
  value: Evaluate,
  node: CallNode,
  name: string,
  isAmbiguous: boolean,
  blocks: Branches | null,
): Evaluate {
  const { callFunction } = compiler.dialect;
  const missing = isAmbiguous && !compiler.dialect.strict ? compiler.dialect.missing : undefined;
  if (!callFunction && !missing) return value;
  const none: Arguments = { positional: [], named: [] };
  return (scope) => {
    const found = value(scope);
    if (typeof found === 'function' && callFunction) {
      const call = isAmbiguous ? callOf(name, scope, none, blocks, node) : null;
      return callFunction(found as () => unknown, [], call, scope);
    }
    if (found == null && missing) return missing.call([], callOf(name, scope, none, blocks, node));
    return found;
  };
}

/** A literal in a callee's place is the name of a field, as in stock Handlebars. */
export function asPath(node: PathNode | LiteralNode | SubExpressionNode): PathNode {
  if (node.type === 'PathExpression') return node;
  if (node.type === 'SubExpression')
    throw new TemplateFault('syntax', node.loc.start, 'A sub-expression cannot be called.');
  const original = String(node.original);
  return { type: 'PathExpression', data: false, depth: 0, parts: [original], original, loc: node.loc };
}

export function evaluateAll(args: readonly Evaluate[], scope: Scope): unknown[] {
  const values = new Array<unknown>(args.length);
  for (let i = 0; i < args.length; i += 1) values[i] = (args[i] as Evaluate)(scope);
  return values;
}

export function evaluateHash(named: Arguments['named'], scope: Scope): Record<string, unknown> {
  const hash: Record<string, unknown> = Object.create(null);
  for (const { key, value } of named) hash[key] = value(scope);
  return hash;
}

export function callOf(
  name: string,
  scope: Scope,
  args: Arguments,
  blocks: Branches | null,
  node: CallNode,
): Call {
  const hash = evaluateHash(args.named, scope);
  const { program = null, inverse = null } = blocks ?? {};
  return { name, scope, hash, program, inverse, isBlock: node.type === 'BlockStatement' };
}
