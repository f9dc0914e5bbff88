import type {
  BlockNode,
  DecoratorNode,
  Expression,
  HashNode,
  LiteralNode,
  MustacheNode,
  PartialNode,
  PathNode,
  ProgramNode,
  SourceRange,
  Statement,
  Strip,
  SubExpressionNode,
} from './ast.ts';
import { TemplateFault } from './errors.ts';

/** The parser's own record of a place. */
export interface ParserRange {
  first_line: number;
  first_column: number;
  last_line: number;
  last_column: number;
}

interface Opening {
  /** Missing in an `else if`. */
  open?: string;
  path: PathNode | LiteralNode;
  params: Expression[];
  hash?: HashNode;
  blockParams?: string[];
  strip: Strip;
}

interface Closing {
  path?: PathNode | LiteralNode;
  strip?: Strip;
}

interface Alternative {
  strip: Strip;
  program: ProgramNode;
  chain?: boolean;
}

interface PathPart {
  part: string;
  original: string;
  separator?: string;
}

function locInfo(range: ParserRange): SourceRange {
  return {
    start: { line: range.first_line, column: range.first_column },
    end: { line: range.last_line, column: range.last_column },
  };
}

function checkClosed(open: { path: PathNode | LiteralNode }, name: unknown): void {
  const opened = String(open.path.original);
  if (opened === name) return;
  throw new TemplateFault(
    'block_mismatch',
    open.path.loc.start,
    `The block "${opened}" is closed by {{/${String(name)}}}.`,
    `Close it with {{/${opened}}}, inside the block that holds it.`,
  );
}

const stripFlags = (open: string, close: string): Strip => ({
  open: open.charAt(2) === '~',
  close: close.charAt(close.length - 3) === '~',
});

/** The actions that the parser's grammar calls by these names; what they give is `ast.ts`. */
export const treeActions = {
  locInfo,
  stripFlags,

  id: (token: string): string => (/^\[.*\]$/.test(token) ? token.slice(1, -1) : token),

  stripComment: (comment: string): string => comment.replace(/^\{\{~?!-?-?/, '').replace(/-?-?~?\}\}$/, ''),

  preparePath(data: boolean, parts: PathPart[], range: ParserRange): PathNode {
    const loc = locInfo(range);
    let original = data ? '@' : '';
    let depth = 0;
    const names: string[] = [];
    for (const { part, original: written, separator } of parts) {
      original += (separator ?? '') + part;
      // In brackets a name is a name: foo.[this] is the field "this" of foo.
      if (written === part && (part === '..' || part === '.' || part === 'this')) {
        if (names.length > 0)
          throw new TemplateFault(
            'syntax',
            loc.start,
            `Invalid path: ${original}`,
            'Put ../ and this at the start of a path.',
          );
        if (part === '..') depth += 1;
      } else names.push(part);
    }
    return { type: 'PathExpression', data, depth, parts: names, original, loc };
  },

  prepareMustache(
    path: PathNode | LiteralNode,
    params: Expression[],
    hash: HashNode | undefined,
    open: string,
    strip: Strip,
    range: ParserRange,
  ): MustacheNode | DecoratorNode {
    const flag = open.charAt(3) || open.charAt(2);
    const call = { path, params, ...(hash && { hash }), strip, loc: locInfo(range) };
    return open.includes('*')
      ? { type: 'Decorator', ...call }
      : { type: 'MustacheStatement', escaped: flag !== '{' && flag !== '&', ...call };
  },

  prepareRawBlock(open: Opening, body: Statement[], close: string, range: ParserRange): BlockNode {
    checkClosed(open, close);
    const loc = locInfo(range);
    const program: ProgramNode = { type: 'Program', body, loc };
    const noStrip = { openStrip: {}, inverseStrip: {}, closeStrip: {} };
    const { path, params, hash } = open;
    return { type: 'BlockStatement', path, params, ...(hash && { hash }), program, ...noStrip, loc };
  },

  prepareBlock(
    open: Opening,
    main: ProgramNode,
    alternative: Alternative | undefined,
    close: Closing | undefined,
    inverted: boolean,
    range: ParserRange,
  ): BlockNode | DecoratorNode {
    if (close?.path) checkClosed(open, close.path.original);
    const { path, params, hash, blockParams } = open;
    if (blockParams) main.blockParams = blockParams;
    const decorator = open.open?.includes('*') === true;
    const loc = locInfo(range);
    if (alternative) {
      if (decorator)
        throw new TemplateFault('syntax', loc.start, 'An inline partial cannot have an {{else}}.');
      // The last of a chain of `else if` is closed by the block's own end.
      if (alternative.chain) Object.assign(alternative.program.body[0] ?? {}, { closeStrip: close?.strip });
    }
    const inverse = alternative?.program;
    const strips = { openStrip: open.strip, inverseStrip: alternative?.strip, closeStrip: close?.strip };
    const node = { path, params, ...(hash && { hash }), ...strips, loc };
    if (decorator) return { type: 'DecoratorBlock', program: main, ...node };
    const [yes, no] = inverted ? [inverse, main] : [main, inverse];
    return { type: 'BlockStatement', ...(yes && { program: yes }), ...(no && { inverse: no }), ...node };
  },

  prepareProgram(body: Statement[], given?: SourceRange): ProgramNode {
    const [first, last] = [body[0], body.at(-1)];
    const loc = given ?? (first && last && { start: first.loc.start, end: last.loc.end });
    return { type: 'Program', body, ...(loc && { loc }) };
  },

  preparePartialBlock(open: Opening, program: ProgramNode, close: Closing, range: ParserRange): PartialNode {
    checkClosed(open, close.path?.original);
    const { path: name, params, hash, strip: openStrip } = open;
    const strips = { openStrip, closeStrip: close.strip };
    const call = { name, params, ...(hash && { hash }) };
    return { type: 'PartialBlockStatement', ...call, program, ...strips, loc: locInfo(range) };
  },
};

/** What may be called or printed: an expression with parameters, or a path. */
export type Callee = PathNode | LiteralNode | SubExpressionNode;
