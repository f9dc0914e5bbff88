import type { Position } from './ast.ts';
import type { RenderBound, TemplateBound } from './limits.ts';

/** Why a template is refused. */
export type TemplateErrorCode =
  | 'not_a_string'
  | 'syntax'
  | 'block_not_closed'
  | 'block_mismatch'
  | 'unknown_helper'
  | 'wrong_arity'
  | 'not_a_block'
  | 'block_only'
  | 'unknown_partial'
  | 'unknown_variable'
  | 'unsupported'
  | 'json_string_not_closed'
  | 'json_backslash'
  | 'json_escape'
  | 'json_control_character'
  | 'json_branches_differ'
  | 'json_partial_in_string'
  | 'json_structure'
  | 'too_large';

/** Why a render ends without a text. */
export type RenderErrorCode = 'too_much' | 'invalid_json' | 'not_an_object' | 'unknown_partial' | 'bad_value';

/** A problem of a template, for an editor's marker. Line and column count from 1. */
export interface Problem {
  code: TemplateErrorCode;
  line: number;
  column: number;
  /** One sentence, without the place. */
  reason: string;
  /** What to write instead, if that can be told. */
  suggestion: string | null;
  /** The bound that was hit, with code `too_large`. */
  bound: TemplateBound | null;
  /** The named partial it is in; null: the template itself. */
  partial: string | null;
}

function placed(problem: { line: number; column: number; partial: string | null }, text: string): string {
  const where = problem.partial === null ? '' : ` of partial "${problem.partial}"`;
  return `Line ${problem.line}, column ${problem.column}${where}: ${text}`;
}

/** A template that cannot be right. Its message names line and column, and what to do. */
export class TemplateError extends Error implements Problem {
  override readonly name = 'TemplateError';
  readonly code: TemplateErrorCode;
  readonly line: number;
  readonly column: number;
  readonly reason: string;
  readonly suggestion: string | null;
  readonly bound: TemplateBound | null;
  readonly partial: string | null;

  constructor(problem: Problem) {
    super(placed(problem, problem.suggestion ? `${problem.reason} ${problem.suggestion}` : problem.reason));
    this.code = problem.code;
    this.line = problem.line;
    this.column = problem.column;
    this.reason = problem.reason;
    this.suggestion = problem.suggestion;
    this.bound = problem.bound;
    this.partial = problem.partial;
  }
}

/**
 * A render that gave no text; line and column (from 1) are the template's. Messages name places and bounds,
 * never a value of the data.
 */
export class RenderError extends Error {
  override readonly name = 'RenderError';
  readonly code: RenderErrorCode;
  readonly line: number;
  readonly column: number;
  readonly reason: string;
  /** The bound that was hit, with code `too_much`. */
  readonly bound: RenderBound | null;
  readonly partial: string | null;

  constructor(fault: RenderFault) {
    const { code, bound, reason } = fault;
    const [line, column] = [fault.at.position.line, fault.at.position.column + 1];
    super(placed({ line, column, partial: fault.at.partial }, reason));
    this.code = code;
    this.line = line;
    this.column = column;
    this.reason = reason;
    this.bound = bound;
    this.partial = fault.at.partial;
  }
}

/** A place in a template or in one of its named partials. */
export interface Place {
  position: Position;
  partial: string | null;
}

/** What is thrown inside a render. */
export class RenderFault {
  readonly code: RenderErrorCode;
  readonly reason: string;
  readonly at: Place;
  readonly bound: RenderBound | null;

  constructor(code: RenderErrorCode, reason: string, at: Place, bound: RenderBound | null = null) {
    this.code = code;
    this.reason = reason;
    this.at = at;
    this.bound = bound;
  }
}

/** What is thrown while a template is read and compiled; `position` as the parser counts. */
export class TemplateFault {
  readonly code: TemplateErrorCode;
  readonly position: Position;
  readonly reason: string;
  readonly suggestion: string | null;
  readonly bound: TemplateBound | null;

  constructor(
    code: TemplateErrorCode,
    position: Position,
    reason: string,
    suggestion: string | null = null,
    bound: TemplateBound | null = null,
  ) {
    this.code = code;
    this.position = position;
    this.reason = reason;
    this.suggestion = suggestion;
    this.bound = bound;
  }

  toProblem(partial: string | null): Problem {
    const { code, position, reason, suggestion, bound } = this;
    return { code, line: position.line, column: position.column + 1, reason, suggestion, bound, partial };
  }
}
