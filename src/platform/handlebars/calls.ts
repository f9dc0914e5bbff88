import type { CallNode } from './ast.ts';
import type { Arguments, Compiler } from './compile.ts';
import { callOf, evaluateAll } from './compile.ts';
import type { Evaluate, Helper } from './dialect.ts';
import { TemplateFault } from './errors.ts';
import type { Program } from './program.ts';

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
  blocks: { program: Program | null; inverse: Program | null } | null,
): Evaluate {
  checkCall(node, name, helper, args);
  const place = compiler.place(node.loc.start);
  const { positional } = args;
  return (scope) => {
    const { run } = scope;
    const values = evaluateAll(positional, scope);
    run.at = place;
    const result = helper.call(values, callOf(name, scope, args, blocks, node));
    run.steps -= costOf(values, result);
    if (run.steps < 0) run.exceed('steps', place);
    return result;
  };
}

function checkCall(node: CallNode, name: string, helper: Helper, args: Arguments): void {
  const at = node.loc.start;
  const given = args.positional.length;
  if (node.type === 'BlockStatement' && !helper.isBlock)
    throw new TemplateFault('not_a_block', at, `The helper "${name}" is no block.`, `Write {{${name} …}}.`);
  if (given < helper.least || given > helper.most) {
    const { least, most } = helper;
    const range =
      least === most ? `${least}` : most === Infinity ? `at least ${least}` : `${least} to ${most}`;
    throw new TemplateFault(
      'wrong_arity',
      at,
      `The helper "${name}" takes ${range} argument${range === '1' ? '' : 's'}, not ${given}.`,
    );
  }
  const { named } = helper;
  const wrong = named && args.named.find(({ key }) => !named.includes(key));
  if (wrong)
    throw new TemplateFault(
      'wrong_arity',
      at,
      `The helper "${name}" takes no argument "${wrong.key}=".`,
      named.length > 0 ? `It takes ${named.map((key) => `${key}=`).join(', ')}.` : null,
    );
}
