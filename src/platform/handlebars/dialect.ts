import type { CallNode, ContentNode, MustacheNode, PartialNode, PathNode } from './ast.ts';
import type { Place, TemplateFault } from './errors.ts';
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

interface HelperShape {
  /** How many positional arguments it takes. */
  readonly least: number;
  readonly most: number;
}

/** A function of its arguments alone. It charges the run for work beyond the length of its texts. */
export interface PureHelper extends HelperShape {
  apply(args: readonly unknown[], run: Run): unknown;
}

/** A helper that sees where it is called, takes named arguments, and may be a block. */
export interface ContextHelper extends HelperShape {
  call(args: readonly unknown[], call: Call): unknown;
}

export type Helper = PureHelper | ContextHelper;

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
  /** Takes what is wrong with a statement, so that the rest is looked at too. Default: it is thrown. */
  onFault?(fault: TemplateFault, partial: string | null): void;
  /** Told of each piece of output in turn and where it comes from; `content` if that is the template's own text. */
  onPiece?(text: string, place: Place, content: ContentNode | null): void;
  /** Calls a function found in the data. Without this a function is a value like another. */
  callFunction?(
    found: (...args: unknown[]) => unknown,
    args: readonly unknown[],
    call: Call | null,
    scope: Scope,
  ): unknown;
  /** Stock hooks: called for a name that is nothing, and with the value of a block that is no helper's. */
  readonly missing?: ContextHelper | undefined;
  readonly blockMissing?: ContextHelper | undefined;
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
