/** The parser's tree, as far as the compiler reads it. */

/** Line from 1; column from 0, as the parser counts. */
export interface Position {
  line: number;
  column: number;
}

export interface SourceRange {
  start: Position;
  end: Position;
}

interface Node {
  loc: SourceRange;
}

export interface Strip {
  open?: boolean;
  close?: boolean;
}

export interface ProgramNode {
  type: 'Program';
  body: Statement[];
  blockParams?: string[];
  /** True for the program that holds the next `else if` of a chain. */
  chained?: boolean;
  loc?: SourceRange;
}

export interface PathNode extends Node {
  type: 'PathExpression';
  /** Starts with `@`. */
  data: boolean;
  /** How many `../` it starts with. */
  depth: number;
  parts: string[];
  original: string;
}

export interface LiteralNode extends Node {
  type: 'StringLiteral' | 'NumberLiteral' | 'BooleanLiteral' | 'UndefinedLiteral' | 'NullLiteral';
  value?: string | number | boolean;
  original: unknown;
}

export interface HashNode extends Node {
  type: 'Hash';
  pairs: { key: string; value: Expression; loc: SourceRange }[];
}

interface CallParts extends Node {
  path: PathNode | LiteralNode;
  params: Expression[];
  hash?: HashNode;
}

export interface SubExpressionNode extends CallParts {
  type: 'SubExpression';
}

export type Expression = PathNode | LiteralNode | SubExpressionNode;

export interface MustacheNode extends CallParts {
  type: 'MustacheStatement';
  escaped: boolean;
}

export interface BlockNode extends CallParts {
  type: 'BlockStatement';
  program?: ProgramNode;
  inverse?: ProgramNode;
}

export interface DecoratorNode extends CallParts {
  type: 'Decorator' | 'DecoratorBlock';
  program?: ProgramNode;
}

export interface PartialNode extends Node {
  type: 'PartialStatement' | 'PartialBlockStatement';
  name: PathNode | LiteralNode | SubExpressionNode;
  params: Expression[];
  hash?: HashNode;
  program?: ProgramNode;
  /** The blanks before a partial that stands alone on its line. */
  indent?: string;
}

export interface ContentNode extends Node {
  type: 'ContentStatement';
  value: string;
  original: string;
  /** How many characters whitespace control took from its start. */
  cut?: number;
}

export interface CommentNode extends Node {
  type: 'CommentStatement';
  value: string;
}

export type Statement = MustacheNode | BlockNode | DecoratorNode | PartialNode | ContentNode | CommentNode;

export type CallNode = MustacheNode | BlockNode | SubExpressionNode;
