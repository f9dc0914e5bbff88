/**
 * `constraints.pattern`, which tenants write, matched by a finite automaton: every cell costs at most its
 * length times the size of the pattern, whatever the pattern. States of the automaton are made as cells
 * need them and forgotten when they are many.
 */

import { type Node, PatternError, parsePattern } from './patternSyntax.ts';
import { limits } from './schema.ts';

/** A pattern is applied to cells of at most this many UTF-16 units. */
export const maxPatternCellLength = 1_024;

const maxInstructions = 400;
/** Parts of nothing, as in `(){1000}`, cost no instruction and yet time. */
const maxEmits = 10_000;
const maxStates = 200;

/** `test` matches one character and then goes on at `next`; `fork` goes on at all of them. */
type Instruction =
  | { kind: 'test'; matches: (char: string, code: number) => boolean; next: number }
  | { kind: 'fork'; targets: number[] }
  | { kind: 'accept' };

export interface CompiledPattern {
  /** Whether the whole text matches, as XSD has it: a pattern is no search. */
  test: (text: string) => boolean;
}

export function compilePattern(
  source: string,
): CompiledPattern | { code: PatternError['code']; message: string } {
  if (source.length > limits.patternLength) {
    return { code: 'pattern_too_large', message: `a pattern has at most ${limits.patternLength} characters` };
  }
  try {
    const build: Build = { program: [{ kind: 'accept' }], emits: 0 };
    const { program } = build;
    const start = emit(build, parsePattern(source), 0);
    return { test: automaton(program, start) };
  } catch (error) {
    if (error instanceof PatternError) return { code: error.code, message: error.message };
    throw error;
  }
}

interface Build {
  program: Instruction[];
  emits: number;
}

function add({ program }: Build, instruction: Instruction): number {
  if (program.length >= maxInstructions) throw new PatternError('pattern_too_large', tooLarge);
  return program.push(instruction) - 1;
}

const tooLarge = 'the pattern repeats too much: let minLength and maxLength bound the length';

/** Appends what matches `node` and then goes on at `next`; answers where it begins. */
function emit(build: Build, node: Node, next: number): number {
  if (++build.emits > maxEmits) throw new PatternError('pattern_too_large', tooLarge);
  switch (node.kind) {
    case 'char': {
      const { code: wanted } = node;
      return add(build, { kind: 'test', matches: (_char, code) => code === wanted, next });
    }
    case 'charset': {
      const one = new RegExp(`^${node.source}$`, 'u');
      return add(build, { kind: 'test', matches: (char) => one.test(char), next });
    }
    case 'sequence':
      return node.items.reduceRight((after, item) => emit(build, item, after), next);
    case 'choice':
      return add(build, {
        kind: 'fork',
        targets: node.branches.map((branch) => emit(build, branch, next)),
      });
    case 'repeat':
      return emitRepeat(build, node, next);
  }
}

function emitRepeat(build: Build, node: Node & { kind: 'repeat' }, next: number): number {
  let start = next;
  if (node.max === Number.POSITIVE_INFINITY) {
    const targets = [next];
    start = add(build, { kind: 'fork', targets });
    targets.push(emit(build, node.item, start));
  } else {
    for (let i = node.min; i < node.max; i++) {
      start = add(build, { kind: 'fork', targets: [next, emit(build, node.item, start)] });
    }
  }
  for (let i = 0; i < node.min; i++) start = emit(build, node.item, start);
  return start;
}

/** Where the automaton can be at once. `next` is where a character leads, once it was asked. */
interface State {
  readonly tests: readonly number[];
  readonly accepts: boolean;
  readonly next: Map<number, State>;
}

function automaton(program: readonly Instruction[], start: number): (text: string) => boolean {
  let states = new Map<string, State>();
  let steps = 0;

  const stateOf = (entries: readonly number[]): State => {
    const reached = closure(program, entries);
    const tests = reached.filter((at) => program[at]?.kind === 'test');
    const accepts = reached.includes(0);
    const name = `${tests.join(',')}${accepts ? '!' : ''}`;
    const known = states.get(name);
    if (known !== undefined) return known;
    const state: State = { tests, accepts, next: new Map() };
    states.set(name, state);
    return state;
  };

  const advance = (state: State, char: string, code: number): State => {
    if (states.size >= maxStates || steps >= 64 * maxStates) {
      states = new Map();
      steps = 0;
      initial = stateOf([start]);
    }
    const entries: number[] = [];
    for (const at of state.tests) {
      const instruction = program[at];
      if (instruction?.kind === 'test' && instruction.matches(char, code)) entries.push(instruction.next);
    }
    const following = stateOf(entries);
    state.next.set(code, following);
    steps++;
    return following;
  };

  let initial = stateOf([start]);
  return (text) => {
    let state = initial;
    for (let i = 0; i < text.length; i++) {
      const code = text.codePointAt(i) ?? 0;
      if (code > 0xffff) i++;
      state = state.next.get(code) ?? advance(state, String.fromCodePoint(code), code);
      if (state.tests.length === 0 && !state.accepts) return false;
    }
    return state.accepts;
  };
}

/** Every instruction that is reached from `entries` without reading a character, in order. */
function closure(program: readonly Instruction[], entries: readonly number[]): number[] {
  const seen = new Set(entries);
  const open = [...entries];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const instruction = program[at];
    if (instruction?.kind !== 'fork') continue;
    for (const target of instruction.targets) {
      if (seen.has(target)) continue;
      seen.add(target);
      open.push(target);
    }
  }
  return [...seen].sort((a, b) => a - b);
}
