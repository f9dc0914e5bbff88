import type { ParserRange } from './tree.ts';

/** The packaged parser's lexer, as far as it is used. */
export interface JisonLexer {
  lex(): number | string;
  /** One step: a token, or undefined for blanks. */
  next(): number | string | undefined;
  popState(): string;
  yytext: string;
  yylloc: ParserRange;
  _input: string;
  conditionStack: string[];
  conditions: Readonly<Record<string, { rules: readonly number[] }>>;
  _currentRules(): readonly number[];
}

/**
 * The lexer's rules that can match inside of a tag, by the first character: it tries all 38 for each token
 * otherwise, which is most of what reading a template costs. The order among them stays.
 */
const tagRules: Readonly<Record<string, readonly number[]>> = {
  '(': [7],
  ')': [8],
  '{': [9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23],
  '}': [10, 29, 30],
  '~': [30],
  '=': [24],
  '.': [25, 26, 27],
  '/': [27],
  '"': [31],
  "'": [32],
  '@': [33],
  t: [34, 41],
  f: [35, 41],
  u: [36, 41],
  n: [37, 41],
  a: [39, 41],
  '|': [40],
  '[': [42],
};
/** Behind those of its character come: any character at all, and the end. */
const lastRules = [43, 44];
const nameRules = [38, 41, ...lastRules];
const blankRules = [28, ...lastRules];
const rulesByCode: (readonly number[])[] = Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code);
  const known = tagRules[char];
  if (known) return [...known, ...lastRules];
  return /\s/.test(char) ? blankRules : nameRules;
});

/** The rules to try for what comes next. */
export function rulesFor(lexer: JisonLexer): readonly number[] {
  const state = lexer.conditionStack.at(-1) ?? 'INITIAL';
  const all = lexer.conditions[state]?.rules ?? [];
  if (state !== 'mu' || lexer._input === '') return all;
  return rulesByCode[lexer._input.charCodeAt(0)] ?? all;
}
