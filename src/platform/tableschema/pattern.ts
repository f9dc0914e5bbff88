/**
 * `constraints.pattern`, which tenants write, matched by a finite automaton: every cell costs at most its
 * length times the size of the pattern, whatever the pattern. States of the automaton are made as cells
 * need them; when they are many, the rest goes without, at some 10 ms for the worst cell and pattern.
 */

import { type Node, PatternError, parsePattern } from './patternSyntax.ts';
import { limits } from './schema.ts';

/** A pattern is applied to cells of at most this many UTF-16 units. */
export const maxPatternCellLength = 1_024;

const maxInstructions = 400;
/** Parts of nothing, as in `(){1000}`, cost no instruction and yet time. */
const maxEmits = 10_000;
const maxStates = 200;
const maxSteps = 20_000;

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
      return add(build, { kind: 'test', matches: charsetTest(node.source), next });
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

/** ASCII is looked up, the rest is asked of a regular expression of one class. */
function charsetTest(source: string): (char: string, code: number) => boolean {
  const one = new RegExp(`^${source}$`, 'u');
  const ascii = Array.from({ length: 128 }, (_, code) => one.test(String.fromCharCode(code)));
  return (char, code) => (code < 128 ? ascii[code] === true : one.test(char));
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
  const walk = walker(program);
  const states = new Map<string, State>();
  let steps = 0;

  const stateOf = ({ tests, accepts }: Reached): State => {
    const sorted = [...tests].sort((a, b) => a - b);
    const name = `${sorted.join(',')}${accepts ? '!' : ''}`;
    const known = states.get(name);
    if (known !== undefined) return known;
    const state: State = { tests: sorted, accepts, next: new Map() };
    states.set(name, state);
    return state;
  };

  const grow = (state: State, code: number): State => {
    const following = stateOf(walk.step(state.tests, code));
    state.next.set(code, following);
    steps++;
    return following;
  };

  const initial = stateOf(walk.from(start));
  return (text) => {
    let state = initial;
    for (let at = 0; at < text.length; at++) {
      const code = text.codePointAt(at) ?? 0;
      const isFull = states.size >= maxStates || steps >= maxSteps;
      const next = state.next.get(code) ?? (isFull ? undefined : grow(state, code));
      if (next === undefined) return walk.rest(state.tests, text, at);
      if (next.tests.length === 0 && !next.accepts) return false;
      state = next;
      if (code > 0xffff) at++;
    }
    return state.accepts;
  };
}

interface Reached {
  tests: number[];
  accepts: boolean;
}

/** Follows every way through the program at once, each instruction at most once per character. */
function walker(program: readonly Instruction[]) {
  const marks = new Uint32Array(program.length);
  let round = 0;

  const reach = (entry: number, reached: Reached): void => {
    if (marks[entry] === round) return;
    const open = [entry];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (marks[at] === round) continue;
      marks[at] = round;
      const instruction = program[at];
      if (instruction?.kind === 'fork') open.push(...instruction.targets);
      else if (instruction?.kind === 'test') reached.tests.push(at);
      else reached.accepts = true;
    }
  };

  const begin = (): Reached => {
    if (round === 0xffff_ffff) marks.fill(0);
    round = (round % 0xffff_ffff) + 1;
    return { tests: [], accepts: false };
  };

  const from = (entry: number): Reached => {
    const reached = begin();
    reach(entry, reached);
    return reached;
  };

  const step = (tests: readonly number[], code: number): Reached => {
    const reached = begin();
    const char = String.fromCodePoint(code);
    for (const at of tests) {
      const instruction = program[at];
      if (instruction?.kind === 'test' && instruction.matches(char, code)) reach(instruction.next, reached);
    }
    return reached;
  };

  const rest = (tests: readonly number[], text: string, start: number): boolean => {
    let reached: Reached = { tests: [...tests], accepts: false };
    for (let at = start; at < text.length && reached.tests.length > 0; at++) {
      const code = text.codePointAt(at) ?? 0;
      if (code > 0xffff) at++;
      reached = step(reached.tests, code);
      if (reached.tests.length === 0) return reached.accepts && at === text.length - 1;
    }
    return reached.accepts;
  };

  return { from, step, rest };
}
