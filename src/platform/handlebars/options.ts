import type { RenderLimits } from './limits.ts';
import type { TokenCount } from './parse.ts';

/**
 * How a template writes its values.
 * `json`: so that the output is valid JSON whatever the data. At the place of a value `{{x}}` and `{{{x}}}` are
 * both the whole value, a string with its quotes, nothing `null`; inside of a string they are its text, escaped.
 * What the helper `json` gives is written as it is. The output has no line breaks.
 * `html`: as stock Handlebars does, character for character. `none`: nothing is escaped.
 */
export type TemplateMode = 'json' | 'html' | 'none';

export interface CompileOptions {
  mode: TemplateMode;
  /** Named partials, `{{> name}}`. */
  partials?: Readonly<Record<string, string>>;
  /** The `@` variables that a render will be given besides `@root` and those of `each`; another name is refused. */
  variables?: readonly string[];
  /** Counts tokens over several templates, to bound them together. */
  count?: TokenCount;
}

export interface RenderOptions {
  /** The `@` variables, such as `{ event: … }` for `{{@event.id}}`. JSON values. */
  variables?: Readonly<Record<string, unknown>>;
  /** What the helper `now` gives, in ms since 1970. A repeat with the same value gives the same text. */
  now: number;
  limits?: Partial<RenderLimits>;
}

/** A compiled template: no state, to be kept and used again, also by several renders at once. */
export interface Template {
  readonly mode: TemplateMode;
  /**
   * Renders JSON values. In mode `json` the text is one line of valid JSON.
   *
   * @throws RenderError with the template's line and column
   */
  render(root: unknown, options: RenderOptions): string;
}
