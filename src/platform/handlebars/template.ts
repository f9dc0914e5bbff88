import type { ContentNode } from './ast.ts';
import type { Dialect } from './dialect.ts';
import type { Engine } from './engine.ts';
import { type Place, type Problem, RenderError, RenderFault } from './errors.ts';
import { findJsonFault } from './json-machine.ts';
import { positionIn } from './json-strings.ts';
import type { CompileOptions, RenderOptions, Template } from './options.ts';
import { TemplateRules } from './rules.ts';
import { Frame } from './scope.ts';

/**
 * Reads, checks and compiles a template, once. It costs at most some tens of milliseconds whatever is in it.
 *
 * @throws TemplateError with line, column, code and often a suggestion
 */
export function compileTemplate(source: string, options: CompileOptions): Template {
  const engine = new TemplateRules(options, {}).compile(source);
  const { mode } = options;
  return {
    mode,
    render(root, given) {
      const text = renderWith(engine, options, root, given);
      if (mode !== 'json') return text;
      if (!isJson(text)) throw explainJson(source, options, root, given);
      return text.trim();
    },
  };
}

/** All that is wrong with a template, in the order of its text: for the markers of an editor. */
export function inspectTemplate(source: string, options: CompileOptions): Problem[] {
  const problems: Problem[] = [];
  new TemplateRules(options, { onProblem: (problem) => problems.push(problem) }).compile(source);
  return problems.sort((a, b) => a.line - b.line || a.column - b.column);
}

function renderWith(engine: Engine, options: CompileOptions, root: unknown, given: RenderOptions): string {
  const variables: Record<string, unknown> = Object.create(null);
  for (const name of options.variables ?? [])
    if (given.variables && Object.hasOwn(given.variables, name)) variables[name] = given.variables[name];
  return engine.render(root, new Frame(null, root, variables), given.now, given.limits);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Values cannot break the JSON, but the template's own text may, such as with a comma too many for these data.
 * It is rendered once more, with a note of which part of the template each piece comes from.
 */
function explainJson(
  source: string,
  options: CompileOptions,
  root: unknown,
  given: RenderOptions,
): RenderError {
  const pieces: { start: number; place: Place; content: ContentNode | null }[] = [];
  let length = 0;
  const onPiece: Dialect['onPiece'] = (text, place, content) => {
    if (text !== '') pieces.push({ start: length, place, content });
    length += text.length;
  };
  const uncounted = { ...options, count: { tokens: 0 } };
  const text = renderWith(new TemplateRules(uncounted, { onPiece }).compile(source), options, root, given);
  const fault = findJsonFault(text) ?? { at: text.length, expected: 'something else' };
  const { start, place, content } = pieces.findLast((piece) => piece.start <= fault.at) ?? nowhere;
  const position = content === null ? place.position : positionIn(content, fault.at - start);
  const reason = `With these data the output is no valid JSON: at its character ${fault.at + 1}, expected ${fault.expected}.`;
  return new RenderError(new RenderFault('invalid_json', reason, { ...place, position }));
}

const nowhere = { start: 0, place: { position: { line: 1, column: 0 }, partial: null }, content: null };
