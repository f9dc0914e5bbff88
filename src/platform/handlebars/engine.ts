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
  /** The dialect, given how its partials are called. */
  dialect(partial: (name: string) => PartialCall | undefined): Dialect;
}

/** A template with the partials that it reaches, compiled. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #dialect: Dialect;
  readonly #partials = new Map<string, Program | null>();
  readonly #main: Program;

  /** @throws TemplateError */
  constructor(source: string, options: EngineOptions) {
    this.#options = options;
    this.#dialect = options.dialect((name) => this.#partial(name));
    this.#main = this.#compile(source, null);
    for (const [name, program] of this.#partials) if (program === null) this.#compilePartial(name);
  }

  /** The named partial, compiled when the template is; one that only a render names, then. */
  #partial(name: string): PartialCall | undefined {
    if (!Object.hasOwn(this.#options.partials, name)) return undefined;
    if (!this.#partials.has(name)) this.#partials.set(name, null);
    const compat = this.#dialect.compat === true;
    return (scope, context, frame, inlines, block) => {
      const program = this.#partials.get(name) ?? this.#compilePartial(name);
      return renderRoot(program, scope, context, frame, inlines, block, compat);
    };
  }

  #compilePartial(name: string): Program {
    const program = this.#compile(this.#options.partials[name] ?? '', name);
    this.#partials.set(name, program);
    return program;
  }

  #compile(source: string, partial: string | null): Program {
    try {
      if (typeof source !== 'string')
        throw new TemplateFault('not_a_string', { line: 1, column: 0 }, 'A template is a string.');
      const tree = parseTemplate(source, this.#options.parse);
      this.#options.onTree?.(tree, partial);
      return new Compiler(this.#dialect, partial).compileProgram(tree, null, { line: 1, column: 0 });
    } catch (error) {
      throw error instanceof TemplateFault ? new TemplateError(error.toProblem(partial)) : error;
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
