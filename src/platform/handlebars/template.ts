import type { MustacheNode } from './ast.ts';
import type { Dialect, Emit } from './dialect.ts';
import { Engine } from './engine.ts';
import { RenderError, RenderFault, TemplateFault } from './errors.ts';
import { JsonStrings } from './json-strings.ts';
import { findHelper, suggestHelper } from './library/index.ts';
import type { RenderLimits } from './limits.ts';
import { emitHtml, emitJsonString, emitJsonValue, emitRaw } from './output.ts';
import type { TokenCount } from './parse.ts';
import { Frame } from './scope.ts';
import { closest } from './suggest.ts';

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

const loopVariables = ['root', 'key', 'index', 'first', 'last', 'partial-block'];

/**
 * Reads, checks and compiles a template, once. It costs at most some tens of milliseconds whatever is in it.
 *
 * @throws TemplateError with line, column, code and often a suggestion
 */
export function compileTemplate(source: string, options: CompileOptions): Template {
  const { mode, partials = {}, variables = [] } = options;
  const strings = new JsonStrings((fault) => {
    throw fault;
  });
  const engine = new Engine(source, {
    partials,
    parse: { count: options.count ?? { tokens: 0 }, surplusBraces: mode === 'json' },
    ...(mode === 'json' && { onTree: (tree) => strings.readTree(tree) }),
    dialect: (partial): Dialect => ({
      helper: findHelper,
      partial,
      emitFor: emitOf(mode, strings),
      emptyForNull: mode !== 'json',
      indentsPartials: mode !== 'json',
      onUnknownHelper(node, { original }) {
        const suggestion = suggestHelper(original);
        throw new TemplateFault(
          'unknown_helper',
          node.loc.start,
          `There is no helper "${original}".`,
          suggestion,
        );
      },
      onVariable({ parts: [name], loc }) {
        if (name === undefined || loopVariables.includes(name) || variables.includes(name)) return;
        const near = closest(name, [...variables, ...loopVariables]);
        const suggestion = near === null ? null : `Did you mean @${near}?`;
        throw new TemplateFault('unknown_variable', loc.start, `There is no variable @${name}.`, suggestion);
      },
    }),
  });
  const names = new Set(variables);
  return {
    mode,
    render(root, { variables: given = {}, now, limits }) {
      const others: Record<string, unknown> = Object.create(null);
      for (const name of names) if (Object.hasOwn(given, name)) others[name] = given[name];
      const text = engine.render(root, new Frame(null, root, others), now, limits);
      return mode === 'json' ? checkJson(text) : text;
    },
  };
}

function emitOf(mode: TemplateMode, strings: JsonStrings): (node: MustacheNode) => Emit {
  switch (mode) {
    case 'json':
      return (node) => (strings.isInString(node) ? emitJsonString : emitJsonValue);
    case 'html':
      return ({ escaped }) => (escaped ? emitHtml : emitRaw);
    case 'none':
      return () => emitRaw;
  }
}

/** Values cannot break the JSON; the template's own text may, with a comma too many for this data. */
function checkJson(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    const at = { position: { line: 1, column: 0 }, partial: null };
    throw new RenderError(new RenderFault('invalid_json', 'The output is no valid JSON.', at));
  }
  return text.trim();
}
