/// <reference path="./parser.d.ts" />
import packagedParser from 'handlebars/dist/cjs/handlebars/compiler/parser.js';
import WhitespaceControl from 'handlebars/dist/cjs/handlebars/compiler/whitespace-control.js';
import type { Position, ProgramNode } from './ast.ts';
import { TemplateFault } from './errors.ts';
import { type JisonLexer, rulesFor } from './lexer-rules.ts';
import { type TemplateBound, templateLimits } from './limits.ts';
import { treeActions } from './tree.ts';

interface ParseErrorHash {
  token: string | null;
  expected?: string[];
}

export interface JisonParser {
  lexer: JisonLexer;
  yy: unknown;
  parse(source: string): ProgramNode;
  parseError(message: string, hash: ParseErrorHash): never;
}

/** Counts tokens, so that many small templates cost little more than a big one. */
export interface TokenCount {
  tokens: number;
}

export interface ParseOptions {
  /** Of this template with its partials. */
  count: TokenCount;
  /** Of several templates. */
  shared?: TokenCount | undefined;
  /** Lets `{{x}}}` end its tag at the first two braces: in JSON an object often ends right behind a value. */
  surplusBraces?: boolean;
  /** Stock option: blocks alone on a line keep their line. */
  ignoreStandalone?: boolean;
}

/** The grammar's terminals that are looked at. */
const token = {
  closeRawBlock: 23,
  openRawBlock: 19,
  openBlock: 29,
  close: 33,
  openInverse: 34,
  openInverseChain: 39,
  openEndBlock: 47,
  openUnescaped: 51,
  closeUnescaped: 54,
  openPartialBlock: 60,
  openSubExpression: 65,
  closeSubExpression: 68,
  id: 72,
} as const;

/** The tokens that open a tag, each with how many braces close it. */
const bracesOf: Readonly<Record<number, number>> = {
  19: 4,
  29: 2,
  34: 2,
  39: 2,
  47: 2,
  48: 2,
  51: 3,
  55: 2,
  60: 2,
};

interface OpenBlock {
  name: string | null;
  at: Position;
  /** The `else if` so far: each nests one deeper in the tree. */
  chained: number;
}

/**
 * Reads a template into its tree with the parser of the pinned package, behind a lexer that counts: the parser
 * takes quadratic time on deep nesting (64 KB of `{{#if a}}` 22 s), so depth and tokens end it there.
 *
 * @throws TemplateFault
 */
export function parseTemplate(source: string, options: ParseOptions): ProgramNode {
  const start = { line: 1, column: 0 };
  if (source.length > templateLimits.characters) throw tooLarge('characters', start);
  const parser: JisonParser = Object.create(packagedParser);
  const lexer: JisonLexer = Object.create(packagedParser.lexer);
  const guard = new LexerGuard(lexer, options);
  lexer.lex = () => guard.next();
  lexer._currentRules = () => rulesFor(lexer);
  parser.lexer = lexer;
  parser.yy = { ...treeActions };
  parser.parseError = (_message, hash) => {
    throw guard.explain(hash);
  };
  const strip = new WhitespaceControl(options.ignoreStandalone ? { ignoreStandalone: true } : {});
  return strip.accept(parser.parse(source));
}

const boundReasons: Record<TemplateBound, string> = {
  characters: 'characters',
  tokens: 'words and signs inside of {{…}}, its partials included',
  sharedTokens: 'words and signs inside of {{…}} in all templates together',
  blockDepth: 'blocks within blocks',
  nesting: 'blocks and {{else if}} within each other',
  expressionDepth: 'sub-expressions within sub-expressions',
  parameters: 'parameters of one call',
  pathSegments: 'names in one path',
};

export function tooLarge(bound: TemplateBound, at: Position): TemplateFault {
  const most = templateLimits[bound].toLocaleString('en-US');
  return new TemplateFault(
    'too_large',
    at,
    `The template is too large: at most ${most} ${boundReasons[bound]} (bound "${bound}").`,
    null,
    bound,
  );
}

class LexerGuard {
  readonly #lexer: JisonLexer;
  readonly #options: ParseOptions;
  readonly #blocks: OpenBlock[] = [];
  #nesting = 0;
  #expressionDepth = 0;
  #braces = 2;
  #opened: Position = { line: 1, column: 0 };
  /** The block whose name comes next. */
  #unnamed: OpenBlock | null = null;

  constructor(lexer: JisonLexer, options: ParseOptions) {
    this.#lexer = lexer;
    this.#options = options;
  }

  next(): number | string {
    let found = this.#lexer.next();
    while (found === undefined) found = this.#lexer.next();
    const at = this.#at();
    this.#count(at);
    if (typeof found === 'string') return found;
    const braces = bracesOf[found];
    if (braces !== undefined) {
      this.#braces = braces;
      this.#opened = at;
    }
    switch (found) {
      case token.openBlock:
      case token.openInverse:
      case token.openPartialBlock:
        this.#open(at);
        break;
      case token.openInverseChain:
        this.#chain(at);
        break;
      case token.openEndBlock:
        this.#close();
        break;
      case token.openSubExpression:
        this.#expressionDepth += 1;
        if (this.#expressionDepth > templateLimits.expressionDepth) throw tooLarge('expressionDepth', at);
        break;
      case token.closeSubExpression:
        this.#expressionDepth -= 1;
        break;
      case token.closeUnescaped:
      case token.closeRawBlock:
        return this.#options.surplusBraces ? this.#giveBack(found) : found;
      case token.id:
        if (this.#unnamed !== null) this.#unnamed.name = this.#lexer.yytext;
        this.#unnamed = null;
        break;
      default:
    }
    return found;
  }

  #count(at: Position): void {
    const { count, shared } = this.#options;
    count.tokens += 1;
    if (count.tokens > templateLimits.tokens) throw tooLarge('tokens', at);
    if (!shared) return;
    shared.tokens += 1;
    if (shared.tokens > templateLimits.sharedTokens) throw tooLarge('sharedTokens', at);
  }

  #at(): Position {
    const { first_line: line, first_column: column } = this.#lexer.yylloc;
    return { line, column };
  }

  #open(at: Position): void {
    const block = { name: null, at, chained: 0 };
    this.#blocks.push(block);
    this.#unnamed = block;
    this.#nesting += 1;
    if (this.#blocks.length > templateLimits.blockDepth) throw tooLarge('blockDepth', at);
    if (this.#nesting > templateLimits.nesting) throw tooLarge('nesting', at);
  }

  #chain(at: Position): void {
    const block = this.#blocks.at(-1);
    if (block) block.chained += 1;
    this.#nesting += 1;
    if (this.#nesting > templateLimits.nesting) throw tooLarge('nesting', at);
  }

  #close(): void {
    const block = this.#blocks.pop();
    if (block) this.#nesting -= 1 + block.chained;
  }

  /** `}}}` or `}}}}` behind a tag that opened with fewer braces: the rest is text. */
  #giveBack(found: number): number {
    const lexer = this.#lexer;
    const taken = lexer.yytext.length;
    const surplus = taken - this.#braces;
    if (surplus <= 0 || lexer.yytext.includes('~')) return found;
    // The end of a raw block's opening has begun raw text; its own state had been left before.
    if (found === token.closeRawBlock) lexer.popState();
    lexer._input = '}'.repeat(surplus) + lexer._input;
    lexer.yytext = lexer.yytext.slice(0, this.#braces);
    lexer.yylloc = { ...lexer.yylloc, last_column: lexer.yylloc.last_column - surplus };
    return this.#braces === 3 ? token.closeUnescaped : token.close;
  }

  /** What the parser's complaint means to the author. */
  explain({ token: found, expected = [] }: ParseErrorHash): TemplateFault {
    const at = this.#at();
    const block = this.#blocks.at(-1);
    const atEnd = found === 'EOF' || found === '1' || (found === null && this.#lexer._input === '');
    if (atEnd && block && !expected.includes("'CLOSE'"))
      return new TemplateFault(
        'block_not_closed',
        block.at,
        `The block "${block.name ?? ''}" is never closed.`,
        `Write {{/${block.name ?? ''}}} where it ends.`,
      );
    const text = this.#lexer.yytext;
    const isOpen = found === null || found === 'INVALID' || atEnd;
    if (isOpen && !`${text}${this.#lexer._input}`.includes('}}')) {
      const opened = found === null ? at : this.#opened;
      return new TemplateFault('syntax', opened, 'This tag is never closed.', 'Close it with }}.');
    }
    if (found === 'OPEN_ENDBLOCK')
      return new TemplateFault('block_mismatch', at, 'This closes a block that is not open.', 'Remove it.');
    if (found === 'INVERSE' || found === 'OPEN_INVERSE_CHAIN')
      return new TemplateFault('syntax', at, 'This {{else}} is in no block, or is the second of its block.');
    if (found === 'CLOSE_UNESCAPED' || found === 'CLOSE_RAW_BLOCK')
      return new TemplateFault(
        'syntax',
        this.#opened,
        'The tag closes with more braces than it opened with.',
        'Put a space between }} and a brace that follows.',
      );
    if (found === 'CLOSE' && this.#braces > 2)
      return new TemplateFault('syntax', this.#opened, 'The tag opens with more braces than it closes with.');
    if (found === 'CLOSE')
      return new TemplateFault('syntax', at, 'The tag ends where something must follow.');
    if (found === null || found === 'INVALID')
      return new TemplateFault(
        'syntax',
        at,
        'This character cannot stand here.',
        'Put a name with special characters into [brackets].',
      );
    return new TemplateFault('syntax', at, 'This cannot stand here.');
  }
}
