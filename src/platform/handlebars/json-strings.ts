import type { BlockNode, ContentNode, MustacheNode, Position, ProgramNode, Statement } from './ast.ts';
import { TemplateFault } from './errors.ts';

/** Where a template's text stands in its JSON: outside of strings, or within one. */
interface TextState {
  /** Where the string began; null: outside. */
  string: Position | null;
  /** Within an escape: 1 behind the backslash, then 5 to 2 while hex digits are due. */
  escape: number;
}

/**
 * Follows the JSON strings of a template through its literal text and says of each mustache whether it stands
 * inside of one. It can be said once and for all because the branches of a block must agree. Line breaks between
 * JSON tokens become a blank, so that a row is one line.
 */
export class JsonStrings {
  readonly #inString = new Set<MustacheNode | ContentNode>();
  readonly #report: (fault: TemplateFault) => void;

  /** @param report takes what is wrong; it may throw it. */
  constructor(report: (fault: TemplateFault) => void) {
    this.#report = report;
  }

  /** Whether a mustache stands, or a text starts, inside of a JSON string. */
  isInString(node: MustacheNode | ContentNode): boolean {
    return this.#inString.has(node);
  }

  /** A template, a named partial or an inline one: each begins and ends outside of strings. */
  readTree(tree: ProgramNode): void {
    const end = this.#program(tree, { string: null, escape: 0 });
    if (end.string !== null)
      this.#report(
        new TemplateFault(
          'json_string_not_closed',
          end.string,
          'The JSON string that begins here is never closed.',
          'Close it with ", and write \\" for a quote inside of it.',
        ),
      );
  }

  #program(program: ProgramNode, start: TextState): TextState {
    let state = start;
    for (const statement of program.body) state = this.#statement(statement, state);
    return state;
  }

  #statement(statement: Statement, state: TextState): TextState {
    if (statement.type === 'ContentStatement') return this.#content(statement, state);
    if (statement.type === 'CommentStatement') return state;
    if (statement.type === 'Decorator' || statement.type === 'DecoratorBlock') {
      if (statement.program) this.readTree(statement.program);
      return state;
    }
    const at = statement.loc.start;
    if (state.escape > 0)
      this.#report(
        new TemplateFault(
          'json_backslash',
          at,
          'A backslash stands directly before this tag, inside of a JSON string.',
          'Write three backslashes before {{ for one in the output.',
        ),
      );
    const from = { ...state, escape: 0 };
    if (statement.type === 'MustacheStatement') {
      if (state.string !== null) this.#inString.add(statement);
      return from;
    }
    if (statement.type === 'BlockStatement') return this.#block(statement, from);
    if (state.string !== null)
      this.#report(
        new TemplateFault(
          'json_partial_in_string',
          at,
          'A partial cannot be called inside of a JSON string.',
          'Let the partial write the whole string, with its quotes.',
        ),
      );
    if (statement.program) this.readTree(statement.program);
    return from;
  }

  #block(node: BlockNode, start: TextState): TextState {
    const yes = node.program ? this.#program(node.program, start) : start;
    const no = node.inverse ? this.#program(node.inverse, start) : start;
    const name = node.path.type === 'PathExpression' ? node.path.original : '';
    const isLoop = !['if', 'unless', 'with'].includes(name);
    const agree = (one: TextState, other: TextState) =>
      (one.string === null) === (other.string === null) && one.escape === other.escape;
    if (!agree(yes, no) || (isLoop && !agree(yes, start)))
      this.#report(
        new TemplateFault(
          'json_branches_differ',
          node.loc.start,
          'After this block it depends on the data whether a JSON string is open.',
          'Open and close the string in the same branch.',
        ),
      );
    return yes.string === null ? no : yes;
  }

  #content(node: ContentNode, start: TextState): TextState {
    let { string, escape: pending } = start;
    if (string !== null) this.#inString.add(node);
    const text = node.value;
    node.cut = Math.max(0, node.original.indexOf(text));
    // What lies between JSON tokens, up to each line break.
    let written = '';
    let from = 0;
    for (let i = 0; i < text.length; i += 1) {
      const char = text[i] as string;
      if (string === null) {
        if (char === '"') string = positionIn(node, i);
        else if (char === '\n' || char === '\r') {
          written += `${text.slice(from, i)} `;
          from = i + 1;
        }
        continue;
      }
      if (pending === 1) {
        if (char === 'u') pending = 5;
        else {
          if (!'"\\/bfnrt'.includes(char)) this.#badEscape(node, i);
          pending = 0;
        }
      } else if (pending > 1) {
        pending = pending === 2 ? 0 : pending - 1;
        if (!/[0-9a-fA-F]/.test(char)) {
          this.#badEscape(node, i);
          pending = 0;
        }
      } else if (char === '"') string = null;
      else if (char === '\\') pending = 1;
      else if (char < ' ') this.#controlCharacter(node, i, string);
    }
    node.value = written + text.slice(from);
    return { string, escape: pending };
  }

  #badEscape(node: ContentNode, index: number): void {
    this.#report(
      new TemplateFault(
        'json_escape',
        positionIn(node, index),
        'This is no escape that JSON knows.',
        'Write \\\\ for a backslash; the escapes are \\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u with four hex digits.',
      ),
    );
  }

  #controlCharacter(node: ContentNode, index: number, string: Position): void {
    const { line, column } = string;
    this.#report(
      new TemplateFault(
        'json_control_character',
        positionIn(node, index),
        `A line break or tab stands in the JSON string that begins in line ${line}, column ${column + 1}.`,
        'Close the string, or write \\n or \\t.',
      ),
    );
  }
}

/** The place of a character of a text, of which whitespace control may have cut the ends. */
export function positionIn(node: ContentNode, index: number): Position {
  const before = node.original.slice(0, (node.cut ?? 0) + index);
  const lines = before.split(/\r\n?|\n/);
  const { line, column } = node.loc.start;
  const last = lines.at(-1) ?? '';
  return { line: line + lines.length - 1, column: lines.length === 1 ? column + last.length : last.length };
}
