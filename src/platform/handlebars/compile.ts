import type {
  BlockNode,
  ContentNode,
  DecoratorNode,
  Expression,
  HashNode,
  MustacheNode,
  PathNode,
  Position,
  ProgramNode,
  Statement,
} from './ast.ts';
import { compileBuiltInBlock, compileSection, isBuiltInBlock } from './blocks.ts';
import { type Arguments, asPath, compileCall } from './calls.ts';
import type { Dialect, Evaluate, Render } from './dialect.ts';
import { type Place, TemplateFault } from './errors.ts';
import { templateLimits } from './limits.ts';
import { tooLarge } from './parse.ts';
import { compilePartial } from './partials.ts';
import { compilePath, findParam, isSimple, type LexicalScope, type PathOptions } from './paths.ts';
import { type InlineDefinition, Program, sequence } from './program.ts';

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
        textLength += statement.value.length;
        if (this.dialect.onPiece) {
          parts.push(this.#traced(() => statement.value, statement));
          texts.push('');
        } else texts[texts.length - 1] += statement.value;
      } else if (isDefinition(statement)) {
        definitions.push(this.#compileInline(statement, within));
      } else {
        this.#weight += 1;
        parts.push(this.#tolerant(() => this.#compileStatement(statement, within)));
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

  #tolerant(compile: () => Render): Render {
    const { onFault } = this.dialect;
    if (!onFault) return compile();
    try {
      return compile();
    } catch (error) {
      if (!(error instanceof TemplateFault)) throw error;
      onFault(error, this.partial);
      return () => '';
    }
  }

  #traced(render: Render, node: MustacheNode | ContentNode): Render {
    const { onPiece } = this.dialect;
    if (!onPiece) return render;
    const place = this.place(node.loc.start);
    const content = node.type === 'ContentStatement' ? node : null;
    return (scope) => {
      const text = render(scope);
      onPiece(text, place, content);
      return text;
    };
  }

  #compileMustache(node: MustacheNode, lexical: LexicalScope): Render {
    const emit = this.dialect.emitFor(node);
    const { evaluate } = compileCall(this, node, lexical, null);
    const place = this.place(node.loc.start);
    return this.#traced((scope) => {
      const { run } = scope;
      const value = evaluate(scope);
      run.at = place;
      return emit(value, run);
    }, node);
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
    const { evaluate, isHelper } = compileCall(this, node, lexical, blocks);
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
    if (node.type === 'SubExpression') return compileCall(this, node, lexical, null).evaluate;
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
}

const isDefinition = (statement: Statement): statement is DecoratorNode =>
  statement.type === 'Decorator' || statement.type === 'DecoratorBlock';
