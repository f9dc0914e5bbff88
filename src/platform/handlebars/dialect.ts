import type { CallNode, MustacheNode, PartialNode, PathNode } from './ast.ts';
import type { Program } from './program.ts';
import type { Frame, Run, Scope } from './scope.ts';

/** Evaluates an expression. */
export type Evaluate = (scope: Scope) => unknown;

/** Renders a piece of a template. */
export type Render = (scope: Scope) => string;

/** Turns a value into output. */
export type Emit = (value: unknown, run: Run) => string;

/** One call of a helper. */
export interface Call {
  readonly name: string;
  readonly scope: Scope;
  /** Named arguments; null prototype. */
  readonly hash: Readonly<Record<string, unknown>>;
  readonly program: Program | null;
  readonly inverse: Program | null;
  readonly isBlock: boolean;
}

export interface Helper {
  /** How many positional arguments it takes. */
  readonly least: number;
  readonly most: number;
  /** Names of named arguments it takes; null: any. */
  readonly named: readonly string[] | null;
  /** Whether it can be a block, `{{#name}}…{{/name}}`. */
  readonly isBlock: boolean;
  call(args: readonly unknown[], call: Call): unknown;
}

/** A partial that is found when it is called. */
export type PartialCall = (
  scope: Scope,
  context: unknown,
  frame: Frame,
  inlines: Scope['inlines'],
  block: Scope['block'],
) => string;

/**
 * What a template may use and how it writes. The hub has one for each mode; the conformance tests have one
 * that adds what stock Handlebars has and the hub does not offer: functions in the data, helpers with options.
 */
export interface Dialect {
  helper(name: string): Helper | undefined;
  /** How the value of a mustache becomes output. */
  emitFor(node: MustacheNode): Emit;
  partial(name: string): PartialCall | undefined;
  /** Refuses or allows a call of a helper that does not exist; default: an error when it renders. */
  onUnknownHelper?(node: CallNode, path: PathNode): void;
  /** Looks at a partial's call; name null: found when it renders. */
  onPartial?(node: PartialNode, name: string | null): void;
  onVariable?(path: PathNode): void;
  /** Calls a function found in the data. Without this a function is a value like another. */
  callFunction?(
    found: (...args: unknown[]) => unknown,
    args: readonly unknown[],
    call: Call | null,
    scope: Scope,
  ): unknown;
  /** Whether a block in a null `this` gets {} for it, as in stock Handlebars. */
  readonly emptyForNull: boolean;
  readonly indentsPartials: boolean;
  // Stock compile options.
  readonly strict?: boolean;
  readonly assumeObjects?: boolean;
  readonly compat?: boolean;
  readonly explicitPartialContext?: boolean;
  readonly knownHelpersOnly?: boolean;
  readonly ignoreStandalone?: boolean;
}
