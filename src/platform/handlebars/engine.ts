import type { ProgramNode } from './ast.ts';
import { Compiler } from './compile.ts';
import type { Dialect, PartialCall } from './dialect.ts';
import { RenderError, RenderFault, TemplateError, TemplateFault } from './errors.ts';
import { type RenderLimits, renderLimits } from './limits.ts';
import { type ParseOptions, parseTemplate } from './parse.ts';
import { renderRoot } from './partials.ts';
import type { Program } from './program.ts';
import { type Frame, Run, Scope } from './scope.ts';

export interface EngineOptions {
  partials: Readonly<Record<string, string>>;
  parse: ParseOptions;
  /** Looks at a tree before it is compiled; `partial` is null for the template itself. */
  onTree?(tree: ProgramNode, partial: string | null): void;
  /** Looks at all of them once they are known. */
  onTrees?(): void;
  /** The dialect, given how its partials are called. */
  dialect(partials: NamedPartials): Dialect;
}

/** The named partials of a template. One is compiled once it is asked for. */
export interface NamedPartials {
  find(name: string): PartialCall | undefined;
  /** Asks for all: a call finds its name when it renders. */
  useAll(): void;
}

const emptyTree: ProgramNode = { type: 'Program', body: [] };

/** A template with the partials that it reaches, compiled. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #dialect: Dialect;
  readonly #partials = new Map<string, Program | null>();
  readonly #main: Program;

  /** @throws TemplateError */
  constructor(source: string, options: EngineOptions) {
    this.#options = options;
    this.#dialect = options.dialect({
      find: (name) => this.#partial(name),
      useAll: () => {
        for (const name of Object.keys(options.partials)) this.#partial(name);
      },
    });
    this.#main = this.#compile(source, null);
    // A partial may ask for further ones: they are visited too.
    for (const [name] of this.#partials)
      this.#partials.set(name, this.#compile(options.partials[name] ?? '', name));
    options.onTrees?.();
  }

  /** The named partial, compiled when the template is. */
  #partial(name: string): PartialCall | undefined {
    if (!Object.hasOwn(this.#options.partials, name)) return undefined;
    if (!this.#partials.has(name)) this.#partials.set(name, null);
    const compat = this.#dialect.compat === true;
    return (scope, context, frame, inlines, block) => {
      const program = this.#partials.get(name);
      return program ? renderRoot(program, scope, context, frame, inlines, block, compat) : '';
    };
  }

  #compile(source: string, partial: string | null): Program {
    try {
      if (typeof source !== 'string')
        throw new TemplateFault('not_a_string', { line: 1, column: 0 }, 'A template is a string.');
      const tree = parseTemplate(source, this.#options.parse);
      this.#options.onTree?.(tree, partial);
      return new Compiler(this.#dialect, partial).compileProgram(tree, null, { line: 1, column: 0 });
    } catch (error) {
      if (!(error instanceof TemplateFault)) throw error;
      if (!this.#dialect.onFault) throw new TemplateError(error.toProblem(partial));
      this.#dialect.onFault(error, partial);
      return new Compiler(this.#dialect, partial).compileProgram(emptyTree, null, { line: 1, column: 0 });
    }
  }

  /** @throws RenderError */
  render(root: unknown, frame: Frame, now: number, limits?: Partial<RenderLimits>): string {
    const place = this.#main.place;
    const run = new Run(limits ? { ...renderLimits, ...limits } : renderLimits, now, place);
    const scope = new Scope(root, null, frame, null, null, null, null, run);
    try {
      return this.#main.renderIn(scope);
    } catch (error) {
      if (error instanceof RenderFault) throw new RenderError(error);
      // Depth is bounded everywhere; should a stack end all the same, that is this template's doing.
      if (error instanceof RangeError)
        throw new RenderError(new RenderFault('too_much', 'The render needs too much memory.', run.at));
      throw error;
    }
  }
}
