import type {
  CallNode,
  MustacheNode,
  PartialNode,
  PathNode,
  Position,
  ProgramNode,
  Statement,
} from './ast.ts';
import { isBuiltInBlock } from './blocks.ts';
import type { Dialect, Emit } from './dialect.ts';
import { Engine, type NamedPartials } from './engine.ts';
import { type Problem, TemplateError, TemplateFault } from './errors.ts';
import { JsonStrings } from './json-strings.ts';
import { JsonStructure } from './json-structure.ts';
import { findHelper, suggestHelper } from './library/index.ts';
import type { CompileOptions } from './options.ts';
import { emitHtml, emitJsonString, emitJsonValue, emitRaw } from './output.ts';
import { closest } from './suggest.ts';

const ownVariables = ['root', 'key', 'index', 'first', 'last', 'partial-block'];

export interface Watch {
  /** Takes each problem instead of the first one being thrown. */
  onProblem?(problem: Problem): void;
  /** Takes each piece of a render's output, as `Dialect` has it. */
  onPiece?: Dialect['onPiece'];
}

/** What the hub allows in a template, and how each mode writes; checks as it compiles. */
export class TemplateRules {
  readonly #options: CompileOptions;
  readonly #watch: Watch;
  readonly #strings: JsonStrings;
  readonly #trees = new Map<string | null, ProgramNode>();
  readonly #inlineNames = new Set<string>();
  readonly #partialCalls: { name: string; at: Position; partial: string | null }[] = [];
  #current: string | null = null;

  constructor(options: CompileOptions, watch: Watch) {
    this.#options = options;
    this.#watch = watch;
    this.#strings = new JsonStrings((fault) => this.#report(fault, this.#current));
  }

  compile(source: string): Engine {
    const { mode, partials = {}, count: shared } = this.#options;
    return new Engine(source, {
      partials,
      parse: { count: { tokens: 0 }, shared, surplusBraces: mode === 'json' },
      dialect: (named) => this.#dialect(named),
      onTree: (tree, partial) => {
        this.#current = partial;
        this.#trees.set(partial, tree);
        if (mode === 'json') this.#strings.readTree(tree);
        this.#collectInlines(tree);
      },
      onTrees: () => {
        this.#checkPartials();
        if (mode === 'json') this.#checkStructure();
      },
    });
  }

  #report(fault: TemplateFault, partial: string | null): void {
    const problem = fault.toProblem(partial);
    if (!this.#watch.onProblem) throw new TemplateError(problem);
    this.#watch.onProblem(problem);
  }

  #dialect(named: NamedPartials): Dialect {
    const { mode } = this.#options;
    const { onProblem, onPiece } = this.#watch;
    return {
      helper: findHelper,
      partial: named.find,
      emitFor: (node) => this.#emitFor(node),
      emptyForNull: mode !== 'json',
      indentsPartials: mode !== 'json',
      onUnknownHelper: refuseHelper,
      onPartial: (node, name) => {
        if (name === null) named.useAll();
        else this.#notePartial(node, name);
      },
      onVariable: (path) => this.#checkVariable(path),
      ...(onProblem && { onFault: (fault, partial) => this.#report(fault, partial) }),
      ...(onPiece && { onPiece }),
    };
  }

  #emitFor(node: MustacheNode): Emit {
    switch (this.#options.mode) {
      case 'json':
        return this.#strings.isInString(node) ? emitJsonString : emitJsonValue;
      case 'html':
        return node.escaped ? emitHtml : emitRaw;
      case 'none':
        return emitRaw;
    }
  }

  #checkVariable({ parts: [name], loc }: PathNode): void {
    const { variables = [] } = this.#options;
    if (name === undefined || ownVariables.includes(name) || variables.includes(name)) return;
    const near = closest(name, [...variables, ...ownVariables]);
    const suggestion = near === null ? null : `Did you mean @${near}?`;
    throw new TemplateFault('unknown_variable', loc.start, `There is no variable @${name}.`, suggestion);
  }

  #notePartial(node: PartialNode, name: string): void {
    // With a block of its own a call has something to render in any case.
    if (node.type === 'PartialBlockStatement' || name === '@partial-block') return;
    this.#partialCalls.push({ name, at: node.loc.start, partial: this.#current });
  }

  #collectInlines(program: ProgramNode): void {
    const visit = (statement: Statement): void => {
      if (statement.type === 'DecoratorBlock' || statement.type === 'Decorator') {
        const [name] = statement.params;
        if (name?.type === 'StringLiteral') this.#inlineNames.add(String(name.value));
      }
      if ('program' in statement) statement.program?.body.forEach(visit);
      if ('inverse' in statement) statement.inverse?.body.forEach(visit);
    };
    program.body.forEach(visit);
  }

  #checkPartials(): void {
    const { partials = {} } = this.#options;
    for (const { name, at, partial } of this.#partialCalls) {
      if (Object.hasOwn(partials, name) || this.#inlineNames.has(name)) continue;
      const near = closest(name, [...Object.keys(partials), ...this.#inlineNames]);
      const suggestion = near === null ? null : `Did you mean {{> ${near}}}?`;
      const reason = `There is no partial "${name}".`;
      this.#report(new TemplateFault('unknown_partial', at, reason, suggestion), partial);
    }
  }

  #checkStructure(): void {
    const tree = this.#trees.get(null);
    if (!tree) return;
    new JsonStructure({
      startsInString: (node) => this.#strings.isInString(node),
      partial: (name) => (this.#inlineNames.has(name) ? undefined : this.#trees.get(name)),
      report: (fault) => this.#report(fault, null),
    }).check(tree);
  }
}

function refuseHelper(node: CallNode, { original }: PathNode): never {
  const at = node.loc.start;
  if (isBuiltInBlock(original)) {
    const usage = `Write {{#${original} value}}…{{/${original}}}.`;
    throw new TemplateFault('block_only', at, `"${original}" is a block.`, usage);
  }
  const reason = `There is no helper "${original}".`;
  throw new TemplateFault('unknown_helper', at, reason, suggestHelper(original));
}
