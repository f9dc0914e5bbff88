import type { PartialNode } from './ast.ts';
import { evaluateHash } from './calls.ts';
import type { Compiler } from './compile.ts';
import type { Evaluate, Render } from './dialect.ts';
import { RenderFault, TemplateFault } from './errors.ts';
import type { LexicalScope } from './paths.ts';
import { ownProperty } from './paths.ts';
import type { Program } from './program.ts';
import { type Frame, type InlinePartial, isSame, type PartialBlock, Scope } from './scope.ts';

const blockName = '@partial-block';

/** `{{> name context key=value}}`, also with a block that the partial may render or that stands in for it. */
export function compilePartial(compiler: Compiler, node: PartialNode, lexical: LexicalScope): Render {
  const { dialect } = compiler;
  const at = node.loc.start;
  const place = compiler.place(at);
  if (node.params.length > 1)
    throw new TemplateFault(
      'wrong_arity',
      at,
      `Unsupported number of partial arguments: ${node.params.length}`,
      'A partial takes one context, and named arguments behind it.',
    );
  const isDynamic = node.name.type === 'SubExpression';
  const staticName = node.name.type === 'SubExpression' ? '' : String(node.name.original);
  dialect.onPartial?.(node, isDynamic ? null : staticName);
  const dynamicName =
    node.name.type === 'SubExpression' ? compiler.compileExpression(node.name, lexical) : null;
  const { positional, named } = compiler.compileArguments(node, lexical);
  const implicit: Evaluate = dialect.explicitPartialContext ? () => undefined : (scope) => scope.context;
  const contextOf = positional[0] ?? implicit;
  const program = node.program ? compiler.compileProgram(node.program, lexical, at) : null;
  const indent = node.indent ?? '';
  const known = isDynamic ? undefined : dialect.partial(staticName);

  return (scope) => {
    const { run } = scope;
    const name = dynamicName === null ? staticName : String(dynamicName(scope));
    let context = contextOf(scope);
    if (named.length > 0) context = merge(context, evaluateHash(named, scope), run);
    run.partialDepth -= 1;
    if (run.partialDepth < 0) run.exceed('partialDepth', place);
    const text = render(scope, name, context);
    run.partialDepth += 1;
    if (indent === '') return text;
    if (!dialect.indentsPartials) {
      run.room -= indent.length;
      if (run.room < 0) run.exceed('outputCharacters', place);
      return indent + text;
    }
    return indentLines(text, indent, run, () => run.exceed('outputCharacters', place));
  };

  function render(scope: Scope, name: string, context: unknown): string {
    let { frame, inlines, block } = scope;
    if (program !== null) {
      frame = frame.child();
      block = { program, definedIn: scope, block: scope.block };
      inlines = program.define(scope.within(scope.context, scope.frame, null), scope, inlines);
    }
    const inline = findInline(scope.inlines, name);
    if (inline !== null) return renderInline(inline, scope, context, frame, block);
    const call = known ?? dialect.partial(name);
    if (call) return call(scope, context, frame, inlines, block);
    if (name === blockName && scope.block !== null) return renderBlock(scope.block, context, frame);
    if (program !== null && block !== null) return renderBlock(block, context, frame);
    throw new RenderFault('unknown_partial', `The partial ${name} could not be found`, place);
  }
}

function findInline(inlines: InlinePartial | null, name: string): InlinePartial | null {
  for (let at = inlines; at !== null; at = at.next) if (at.name === name) return at;
  return null;
}

/** An inline partial goes up to what surrounds the block that defines it, and sees that block's parameters. */
function renderInline(
  { program, definedIn }: InlinePartial,
  scope: Scope,
  context: unknown,
  frame: Frame,
  block: PartialBlock | null,
): string {
  const { around } = definedIn;
  const up = around !== null && isSame(context, around.context) ? around.up : around;
  const inside = new Scope(context, up, frame, null, definedIn, definedIn.inlines, block, scope.run);
  inside.around = around;
  return program.renderIn(inside);
}

/** The block of a partial's call: its own surroundings, the context and frame of where it is rendered. */
function renderBlock({ program, definedIn, block }: PartialBlock, context: unknown, frame: Frame): string {
  const scope = definedIn.within(context, frame.child(), null);
  scope.block = block;
  return program.renderIn(scope);
}

/** Renders a program as a partial of a file of its own: `../` ends at its context. */
export function renderRoot(
  program: Program,
  scope: Scope,
  context: unknown,
  frame: Frame,
  inlines: InlinePartial | null,
  block: PartialBlock | null,
  compat: boolean,
): string {
  const up = compat ? (isSame(context, scope.context) ? scope.up : scope) : null;
  return program.renderIn(new Scope(context, up, frame, null, null, inlines, block, scope.run));
}

/** The context's own fields with the named arguments over them. A null prototype would break stock's text of it. */
function merge(context: unknown, hash: Record<string, unknown>, run: Scope['run']): Record<string, unknown> {
  const merged: Record<string, unknown> = {};
  const keys = context == null ? [] : Object.keys(context);
  run.charge(keys.length * 4);
  for (const key of keys) set(merged, key, ownProperty(context, key));
  for (const key of Object.keys(hash)) set(merged, key, hash[key]);
  return merged;
}

function set(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') target[key] = value;
  else Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function indentLines(text: string, indent: string, run: Scope['run'], exceed: () => never): string {
  const lines = text.split('\n');
  const last = lines.length - 1;
  run.room -= indent.length * (lines[last] === '' ? last : last + 1);
  if (run.room < 0) exceed();
  return lines.map((line, index) => (line === '' && index === last ? line : indent + line)).join('\n');
}
