import { type Place, RenderFault } from './errors.ts';
import type { RenderBound, RenderLimits } from './limits.ts';

/** What one render has left, and what it may ask for. */
export class Run {
  steps: number;
  room: number;
  partialDepth: number;
  /** What the helper `now` gives, in ms since 1970. */
  readonly now: number;
  /** Where a helper is being called, for its complaints. */
  at: Place;
  readonly #limits: RenderLimits;

  constructor(limits: RenderLimits, now: number, at: Place) {
    this.steps = limits.steps;
    this.room = limits.outputCharacters;
    this.partialDepth = limits.partialDepth;
    this.now = now;
    this.at = at;
    this.#limits = limits;
  }

  /** Takes steps for work that a helper does. */
  charge(steps: number): void {
    this.steps -= steps;
    if (this.steps < 0) this.exceed('steps', this.at);
  }

  exceed(bound: RenderBound, at: Place): never {
    const most = this.#limits[bound].toLocaleString('en-US');
    const what = {
      steps: `The render takes more than ${most} steps`,
      outputCharacters: `The output grows beyond ${most} characters`,
      partialDepth: `Partials call each other more than ${most} deep`,
    }[bound];
    throw new RenderFault('too_much', `${what} (bound "${bound}").`, at, bound);
  }
}

/** The `@` variables at one place: those of `each`, the root, and what the caller gave. */
export class Frame {
  root: unknown;
  key: unknown;
  index: unknown;
  first: unknown;
  last: unknown;
  /** Further variables; null prototype. */
  readonly others: Readonly<Record<string, unknown>>;
  /** For `@../index`. */
  readonly parent: Frame | null;

  constructor(parent: Frame | null, root: unknown, others: Readonly<Record<string, unknown>>) {
    this.root = root;
    this.key = parent === null ? undefined : parent.key;
    this.index = parent === null ? undefined : parent.index;
    this.first = parent === null ? undefined : parent.first;
    this.last = parent === null ? undefined : parent.last;
    this.others = others;
    this.parent = parent;
  }

  child(): Frame {
    return new Frame(this, this.root, this.others);
  }

  get(name: string): unknown {
    switch (name) {
      case 'root':
        return this.root;
      case 'key':
        return this.key;
      case 'index':
        return this.index;
      case 'first':
        return this.first;
      case 'last':
        return this.last;
      default:
        return this.others[name];
    }
  }
}

/** A part of a template that renders within a scope. */
export interface Renderable {
  /** Renders with `context` as `this`, seen from `from`, the scope that the part was written in. */
  enter(from: Scope, context: unknown, frame: Frame, params: readonly unknown[] | null): string;
}

/** The inline partials that can be called at a place; a nearer one hides a farther. */
export interface InlinePartial {
  name: string;
  program: Renderable & { renderIn(scope: Scope): string };
  definedIn: Scope;
  next: InlinePartial | null;
}

/** What `{{> @partial-block}}` renders, where that was written, and the block that is meant inside of it. */
export interface PartialBlock {
  program: Renderable & { renderIn(scope: Scope): string };
  definedIn: Scope;
  block: PartialBlock | null;
}

/**
 * Where a part of a template is rendered. It holds what is the render's own, so that one compiled template can
 * render many times at once. Partial blocks and inline partials are here and not among the `@` variables:
 * no template can reach or overwrite them.
 */
export class Scope {
  context: unknown;
  /** The scope of `../`: the nearest with another context. */
  up: Scope | null;
  frame: Frame;
  params: readonly unknown[] | null;
  /** The scope that this one's program is written in, for block parameters. */
  readonly outer: Scope | null;
  /** Where the inline partials that it defines go up to: for those within an inline partial, where that does. */
  around: Scope | null;
  inlines: InlinePartial | null;
  block: PartialBlock | null;
  readonly run: Run;

  constructor(
    context: unknown,
    up: Scope | null,
    frame: Frame,
    params: readonly unknown[] | null,
    outer: Scope | null,
    inlines: InlinePartial | null,
    block: PartialBlock | null,
    run: Run,
  ) {
    this.context = context;
    this.up = up;
    this.frame = frame;
    this.params = params;
    this.outer = outer;
    this.around = outer;
    this.inlines = inlines;
    this.block = block;
    this.run = run;
  }

  /** A scope inside of this one. The same context again is no step for `../`, as in stock Handlebars. */
  within(context: unknown, frame: Frame, params: readonly unknown[] | null): Scope {
    const up = isSame(context, this.context) ? this.up : this;
    return new Scope(context, up, frame, params, this, this.inlines, this.block, this.run);
  }

  /** This scope with {} for a `this` that is nothing: what stock Handlebars hands to the blocks in it. */
  orNothing(): Scope {
    if (this.context != null) return this;
    const up = this.context === null ? this.up : this;
    const { frame, params, outer, inlines, block, run } = this;
    return new Scope(nothing, up, frame, params, outer, inlines, block, run);
  }
}

/** The context of a block whose `this` is nothing, as in stock Handlebars. */
export const nothing: Readonly<Record<string, unknown>> = Object.freeze({});

/** Whether two contexts are one step of `../`: compared as stock Handlebars does, with no call into an object. */
export function isSame(context: unknown, other: unknown): boolean {
  if (context === other) return true;
  if (context == null) return other == null;
  if (typeof context === 'object' || typeof other === 'object') return context === nothing && other === null;
  // biome-ignore lint/suspicious/noDoubleEquals: stock Handlebars takes 1 and "1" for the same context.
  return context == other;
}
