import type { BlockNode, ContentNode, PartialNode, Position, ProgramNode, Statement } from './ast.ts';
import { TemplateFault } from './errors.ts';
import {
  endState,
  expectedIn,
  type JsonState,
  type JsonToken,
  jsonTokens,
  startState,
  stepJson,
  stepValue,
} from './json-machine.ts';
import { positionIn } from './json-strings.ts';

/** The states that are possible at a place; null: no longer followed. */
type States = ReadonlySet<JsonState> | null;

const maxStates = 48;
const maxStack = 64;
const maxSteps = 20_000;
const maxPartialDepth = 8;

export interface StructureOptions {
  /** Whether a text starts within a JSON string. */
  startsInString(node: ContentNode): boolean;
  /** The tree of a named partial, if it is known. */
  partial(name: string): ProgramNode | undefined;
  report(fault: TemplateFault): void;
}

/**
 * Follows the JSON structure of a template along all paths that its blocks may take. Where every path is dead
 * the template cannot be right there, whatever the data; where only some are, a render tells. What cannot be
 * followed in a bounded number of steps is left to the render too.
 */
export class JsonStructure {
  readonly #options: StructureOptions;
  readonly #tokens = new Map<ContentNode, JsonToken[]>();
  /** Where the whole text begins and ends. */
  #first: Statement | null = null;
  #last: Statement | null = null;
  #steps = 0;
  #partialDepth = 0;
  /** Within a loop the states are collected first; what is dead then is told once they all are. */
  #silent = 0;

  constructor(options: StructureOptions) {
    this.#options = options;
  }

  check(tree: ProgramNode): void {
    this.#first = tree.body[0] ?? null;
    this.#last = tree.body.at(-1) ?? null;
    const states = this.#program(tree, new Set([startState]));
    if (states === null || states.has(endState)) return;
    const at = tree.loc?.end ?? { line: 1, column: 0 };
    this.#report(at, `The JSON ends here, where ${expectedIn(states)} must follow.`);
  }

  #report(at: Position, reason: string, suggestion: string | null = null): void {
    if (this.#silent > 0) return;
    this.#options.report(new TemplateFault('json_structure', at, reason, suggestion));
  }

  #program(program: ProgramNode, start: States): States {
    let states = start;
    for (const statement of program.body) {
      if (states === null || states.size === 0) return states;
      states = this.#statement(statement, states);
    }
    return states;
  }

  #statement(statement: Statement, states: ReadonlySet<JsonState>): States {
    switch (statement.type) {
      case 'ContentStatement':
        return this.#content(statement, states);
      case 'MustacheStatement': {
        const next = this.#step(states, stepValue);
        if (next === null || next.size > 0) return next;
        return this.#dead(statement.loc.start, states, 'A value');
      }
      case 'BlockStatement':
        return this.#block(statement, states);
      case 'PartialStatement':
        return this.#partial(statement, states);
      case 'PartialBlockStatement':
        return null;
      default:
        return states;
    }
  }

  #content(node: ContentNode, start: ReadonlySet<JsonState>): States {
    let states = start;
    for (const { sign, at } of this.#tokensOf(node)) {
      if (sign === '?') return null;
      const next = this.#step(states, (state) => stepJson(state, sign));
      if (next === null) return null;
      if (next.size === 0) {
        const what = sign === 'w' || sign === '!' ? 'This' : sign === '"' ? 'A string' : `"${sign}"`;
        return this.#dead(positionIn(node, at), states, what);
      }
      states = next;
    }
    return states;
  }

  #dead(at: Position, states: ReadonlySet<JsonState>, what: string): States {
    const isBehindComma = what === '"}"' && [...states].every((state) => state.endsWith('K'));
    const suggestion = isBehindComma ? 'Remove the comma before it.' : null;
    this.#report(at, `${what} cannot stand here in JSON: expected ${expectedIn(states)}.`, suggestion);
    // Silent: the path ends. Told: the rest would only repeat it.
    return this.#silent > 0 ? new Set() : null;
  }

  #tokensOf(node: ContentNode): JsonToken[] {
    const known = this.#tokens.get(node);
    if (known) return known;
    const open = { left: node !== this.#first, right: node !== this.#last };
    const tokens = jsonTokens(node.value, this.#options.startsInString(node), open);
    this.#tokens.set(node, tokens);
    return tokens;
  }

  #step(states: ReadonlySet<JsonState>, step: (state: JsonState) => JsonState | null): States {
    this.#steps += states.size;
    if (this.#steps > maxSteps) return null;
    const next = new Set<JsonState>();
    for (const state of states) {
      const reached = step(state);
      if (reached !== null) next.add(reached);
      if (reached !== null && reached.length > maxStack) return null;
    }
    return next;
  }

  #block(node: BlockNode, start: ReadonlySet<JsonState>): States {
    const name = node.path.type === 'PathExpression' ? node.path.original : '';
    const isLoop = !['if', 'unless', 'with'].includes(name);
    const yes = isLoop ? this.#loop(node.program, start) : this.#branch(node.program, start);
    const no = this.#branch(node.inverse, start);
    return yes === null || no === null ? null : union(yes, no);
  }

  #branch(program: ProgramNode | undefined, start: ReadonlySet<JsonState>): States {
    return program ? this.#program(program, start) : start;
  }

  /** The states after one turn or more. */
  #loop(program: ProgramNode | undefined, start: ReadonlySet<JsonState>): States {
    if (!program) return start;
    let before: ReadonlySet<JsonState> = start;
    this.#silent += 1;
    for (;;) {
      const after = this.#program(program, before);
      const all = after === null ? null : union(before, after);
      if (all === null || all.size === before.size) break;
      before = all;
    }
    this.#silent -= 1;
    if (this.#steps > maxSteps) return null;
    return this.#program(program, before);
  }

  #partial(node: PartialNode, states: ReadonlySet<JsonState>): States {
    const tree = node.name.type === 'PathExpression' ? this.#options.partial(node.name.original) : undefined;
    if (!tree || this.#partialDepth >= maxPartialDepth) return null;
    this.#partialDepth += 1;
    // A partial is one text for all its callers: what is dead in it is told of the call.
    this.#silent += 1;
    const after = this.#program(tree, states);
    this.#silent -= 1;
    this.#partialDepth -= 1;
    return after?.size === 0 ? this.#dead(node.loc.start, states, 'What this partial writes') : after;
  }
}

function union(one: ReadonlySet<JsonState>, other: ReadonlySet<JsonState>): States {
  const all = new Set(one);
  for (const state of other) all.add(state);
  return all.size > maxStates ? null : all;
}
