import type {
  BlockNode,
  CallNode,
  DecoratorNode,
  Expression,
  HashNode,
  LiteralNode,
  MustacheNode,
  PathNode,
  Position,
  ProgramNode,
  Statement,
  SubExpressionNode,
} from './ast.ts';
import { compileBuiltInBlock, compileSection, isBuiltInBlock } from './blocks.ts';
import { compileHelperCall } from './calls.ts';
import type { Call, Dialect, Evaluate, Helper, Render } from './dialect.ts';
import { type Place, RenderFault, TemplateFault } from './errors.ts';
import { templateLimits } from './limits.ts';
import { tooLarge } from './parse.ts';
import { compilePartial } from './partials.ts';
import { compilePath, findParam, isScoped, isSimple, type LexicalScope, type PathOptions } from './paths.ts';
import { type InlineDefinition, Program, sequence } from './program.ts';
import type { Scope } from './scope.ts';

/** A call's positional and named arguments, compiled. */
export interface Arguments {
  positional: readonly Evaluate[];
  named: readonly { key: string; value: Evaluate }[];
}

/**
 * Turns a template's tree into closures: no code is generated and nothing is evaluated from text, which the
 * runtime would refuse. A compiled program holds no state of a render.
 */
export class Compiler {
  readonly dialect: Dialect;
  /** The named partial that is compiled; null: the template itself. */
  readonly partial: string | null;
  /** The weight of the program that is being compiled. */
  #weight = 0;

  constructor(dialect: Dialect, partial: string | null) {
    this.dialect = dialect;
    this.partial = partial;
  }

  place(position: Position): Place {
    return { position, partial: this.partial };
  }

  /**
   * Compiles a template or a branch of a block. A branch that is always rendered with the context it stands in
   * may be `inPlace`: it needs no scope of its own, unless it declares something.
   */
  compileProgram(node: ProgramNode, lexical: LexicalScope | null, at: Position, inPlace = false): Program {
    const weightOutside = this.#weight;
    this.#weight = 1;
    const declares = node.blockParams !== undefined || node.body.some(isDefinition);
    const isInPlace = inPlace && !declares;
    const own: LexicalScope = { params: node.blockParams, outer: lexical };
    const within = isInPlace && lexical !== null ? lexical : own;
    const definitions: InlineDefinition[] = [];
    const texts: string[] = [''];
    const parts: Render[] = [];
    let textLength = 0;
    for (const statement of node.body) {
      if (statement.type === 'CommentStatement') continue;
      if (statement.type === 'ContentStatement') {
        texts[texts.length - 1] += statement.value;
        textLength += statement.value.length;
      } else if (isDefinition(statement)) {
        definitions.push(this.#compileInline(statement, within));
      } else {
        this.#weight += 1;
        parts.push(this.#compileStatement(statement, within));
        texts.push('');
      }
    }
    const program = new Program({
      body: sequence(texts, parts),
      weight: this.#weight,
      textLength,
      definitions,
      paramCount: node.blockParams?.length ?? 0,
      inPlace: isInPlace,
      place: this.place(node.loc?.start ?? at),
    });
    this.#weight = weightOutside;
    return program;
  }

  #compileStatement(
    statement: Exclude<Statement, { type: 'ContentStatement' | 'CommentStatement' | DecoratorNode['type'] }>,
    lexical: LexicalScope,
  ): Render {
    switch (statement.type) {
      case 'MustacheStatement':
        return this.#compileMustache(statement, lexical);
      case 'BlockStatement':
        return this.#compileBlock(statement, lexical);
      default:
        return compilePartial(this, statement, lexical);
    }
  }

  #compileMustache(node: MustacheNode, lexical: LexicalScope): Render {
    const emit = this.dialect.emitFor(node);
    const { evaluate } = this.#compileCall(node, lexical, null);
    return (scope) => emit(evaluate(scope), scope.run);
  }

  #compileBlock(node: BlockNode, lexical: LexicalScope): Render {
    const at = node.loc.start;
    const builtIn = this.#builtInBlock(node, lexical);
    const asks = builtIn === 'if' || builtIn === 'unless';
    const program = node.program ? this.compileProgram(node.program, lexical, at, asks) : null;
    const inverse = node.inverse ? this.compileProgram(node.inverse, lexical, at, builtIn !== null) : null;
    const blocks = { program, inverse };
    if (builtIn !== null) {
      const args = this.compileArguments(node, lexical);
      return compileBuiltInBlock(this, builtIn, node, args, blocks);
    }
    const { evaluate, isHelper } = this.#compileCall(node, lexical, blocks);
    if (!isHelper) return compileSection(this, node, evaluate, blocks);
    return (scope) => {
      const value = evaluate(scope);
      const text = value == null ? '' : String(value);
      scope.run.room -= text.length;
      if (scope.run.room < 0) scope.run.exceed('outputCharacters', this.place(at));
      return text;
    };
  }

  #builtInBlock(node: BlockNode, lexical: LexicalScope): string | null {
    const path = asPath(node.path);
    const [name] = path.parts;
    if (name === undefined || !isSimple(path) || !isBuiltInBlock(name)) return null;
    return findParam(lexical, name) === null && this.dialect.helper(name) === undefined ? name : null;
  }

  #compileInline(node: DecoratorNode, lexical: LexicalScope): InlineDefinition {
    const at = node.loc.start;
    const [name] = node.params;
    if (asPath(node.path).original !== 'inline' || name === undefined || !node.program)
      throw new TemplateFault(
        'unsupported',
        at,
        'Only inline partials are decorators here.',
        'Write {{#*inline "name"}}…{{/inline}}.',
      );
    const program = this.compileProgram(node.program, lexical, at);
    return { name: this.compileExpression(name, lexical.outer ?? lexical), program };
  }

  compileArguments(node: { params: Expression[]; hash?: HashNode }, lexical: LexicalScope): Arguments {
    const pairs = node.hash?.pairs ?? [];
    const last = node.params.at(-1) ?? pairs.at(-1)?.value;
    if (last && node.params.length + pairs.length > templateLimits.parameters)
      throw tooLarge('parameters', last.loc.start);
    this.#weight += node.params.length + pairs.length;
    return {
      positional: node.params.map((param) => this.compileExpression(param, lexical)),
      named: pairs.map(({ key, value }) => ({ key, value: this.compileExpression(value, lexical) })),
    };
  }

  compileExpression(node: Expression, lexical: LexicalScope): Evaluate {
    if (node.type === 'PathExpression') return this.compilePath(node, lexical, {});
    if (node.type === 'SubExpression') return this.#compileCall(node, lexical, null).evaluate;
    const value = node.type === 'NullLiteral' ? null : node.value;
    return () => value;
  }

  compilePath(path: PathNode, lexical: LexicalScope, how: { strict?: boolean; falsy?: boolean }): Evaluate {
    const at = path.loc.start;
    if (path.parts.length + path.depth > templateLimits.pathSegments) throw tooLarge('pathSegments', at);
    this.#weight += path.parts.length + path.depth;
    if (path.data) this.dialect.onVariable?.(path);
    const { strict = false, assumeObjects = false, compat = false } = this.dialect;
    const options: PathOptions = {
      strict: strict && how.strict === true,
      assumeObjects: assumeObjects || strict,
      compat,
      falsy: how.falsy === true,
      place: this.place(at),
    };
    return compilePath(path, lexical, options);
  }

  /** A mustache, a sub-expression, or what a block stands on: a helper's call, or a value of the data. */
  #compileCall(
    node: CallNode,
    lexical: LexicalScope,
    blocks: { program: Program | null; inverse: Program | null } | null,
  ): { evaluate: Evaluate; isHelper: boolean } {
    const path = asPath(node.path);
    const isExplicit = node.type === 'SubExpression' || node.params.length > 0 || node.hash !== undefined;
    const name = path.original;
    const isParam = isSimple(path) && findParam(lexical, path.parts[0] ?? '') !== null;
    const helper = isParam ? undefined : this.#findHelper(path);
    // {{number}} is the field "number": a helper that cannot be called without arguments was not meant.
    if (helper && (isExplicit || helper.least === 0)) {
      const args = this.compileArguments(node, lexical);
      return { evaluate: compileHelperCall(this, node, name, helper, args, blocks), isHelper: true };
    }
    if (isExplicit && !isParam) {
      const evaluate = this.#compileUnknown(node, path, lexical, blocks);
      return { evaluate, isHelper: true };
    }
    const isAmbiguous = !isParam && isSimple(path) && this.dialect.knownHelpersOnly !== true;
    const value = this.compilePath(path, lexical, { strict: true });
    return { evaluate: this.#withFunctions(value, node, name, isAmbiguous, blocks), isHelper: false };
  }

  #findHelper(path: PathNode): Helper | undefined {
    if (path.data || path.depth > 0 || isScoped(path)) return undefined;
    // {{String.Append a b}} and {{[String.Append] a b}} are the same.
    return this.dialect.helper(path.parts.join('.'));
  }

  /** A call of what is no helper: in the hub an error, in stock Handlebars perhaps a function of the data. */
  #compileUnknown(
    node: CallNode,
    path: PathNode,
    lexical: LexicalScope,
    blocks: { program: Program | null; inverse: Program | null } | null,
  ): Evaluate {
    const { dialect } = this;
    dialect.onUnknownHelper?.(node, path);
    const args = this.compileArguments(node, lexical);
    const found = this.compilePath(path, lexical, { strict: true, falsy: true });
    const missing = dialect.helper('helperMissing');
    const callMissing = missing && compileHelperCall(this, node, path.original, missing, args, blocks);
    const place = this.place(node.loc.start);
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
  #withFunctions(
    value: Evaluate,
    node: CallNode,
    name: string,
    isAmbiguous: boolean,
    blocks: { program: Program | null; inverse: Program | null } | null,
  ): Evaluate {
    const { callFunction } = this.dialect;
    const missing = isAmbiguous && !this.dialect.strict ? this.dialect.helper('helperMissing') : undefined;
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
}

const isDefinition = (statement: Statement): statement is DecoratorNode =>
  statement.type === 'Decorator' || statement.type === 'DecoratorBlock';

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
  blocks: { program: Program | null; inverse: Program | null } | null,
  node: CallNode,
): Call {
  const hash = evaluateHash(args.named, scope);
  const { program = null, inverse = null } = blocks ?? {};
  return { name, scope, hash, program, inverse, isBlock: node.type === 'BlockStatement' };
}
