import type { Evaluate, Render } from './dialect.ts';
import type { Place } from './errors.ts';
import type { Frame, InlinePartial, Renderable, Scope } from './scope.ts';

/** An inline partial as written: `{{#*inline name}}…{{/inline}}`. */
export interface InlineDefinition {
  name: Evaluate;
  program: Program;
}

/** A run of statements: a template, or a branch of one of its blocks. */
export class Program implements Renderable {
  readonly body: Render;
  /** Steps of one rendering, nested programs aside. */
  readonly weight: number;
  /** Characters of its literal text. */
  readonly textLength: number;
  readonly definitions: readonly InlineDefinition[];
  /** How many block parameters it declares. */
  readonly paramCount: number;
  /** Renders in the scope it stands in. */
  readonly inPlace: boolean;
  readonly place: Place;

  constructor(parts: {
    body: Render;
    weight: number;
    textLength: number;
    definitions: readonly InlineDefinition[];
    paramCount: number;
    inPlace: boolean;
    place: Place;
  }) {
    this.body = parts.body;
    this.weight = parts.weight;
    this.textLength = parts.textLength;
    this.definitions = parts.definitions;
    this.paramCount = parts.paramCount;
    this.inPlace = parts.inPlace;
    this.place = parts.place;
  }

  /** Renders in a scope made for it. What it costs is taken before it is done. */
  renderIn(scope: Scope): string {
    const { run } = scope;
    run.steps -= this.weight;
    if (run.steps < 0) run.exceed('steps', this.place);
    run.room -= this.textLength;
    if (run.room < 0) run.exceed('outputCharacters', this.place);
    if (this.definitions.length === 0) return this.body(scope);
    const outside = scope.inlines;
    scope.inlines = this.define(scope, scope.outer ?? scope, outside);
    const text = this.body(scope);
    scope.inlines = outside;
    return text;
  }

  enter(from: Scope, context: unknown, frame: Frame, params: readonly unknown[] | null): string {
    return this.renderIn(from.within(context, frame, params));
  }

  /** The inline partials that it defines, before those of `next`. Their names are read where it is called from. */
  define(definedIn: Scope, named: Scope, next: InlinePartial | null): InlinePartial | null {
    let inlines = next;
    for (const { name, program } of this.definitions)
      inlines = { name: String(name(named)), program, definedIn, next: inlines };
    return inlines;
  }
}

/** Renders literal texts and what stands between them, in turn; `texts` has one more than `parts`. */
export function sequence(texts: readonly string[], parts: readonly Render[]): Render {
  const [t0 = '', t1 = '', t2 = '', t3 = ''] = texts;
  const [a, b, c] = parts;
  if (a === undefined) return () => t0;
  if (b === undefined) return t0 === '' && t1 === '' ? a : (scope) => t0 + a(scope) + t1;
  if (c === undefined) return (scope) => t0 + a(scope) + t1 + b(scope) + t2;
  if (parts.length === 3) return (scope) => t0 + a(scope) + t1 + b(scope) + t2 + c(scope) + t3;
  const count = parts.length;
  return (scope) => {
    let text = t0;
    for (let i = 0; i < count; i += 1) text += (parts[i] as Render)(scope) + (texts[i + 1] as string);
    return text;
  };
}
