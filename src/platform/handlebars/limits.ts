/**
 * The bounds of a template and of a render. All count steps and sizes, never time: the platform's clock stands
 * still while code runs, and a bound that counts gives the same answer every time.
 */

/** Bounds of a template when it is saved. */
export const templateLimits = {
  /** Characters of a template, and of each of its partials. */
  characters: 65_536,
  /** Tokens of a template with all its partials: reading and compiling take about 10 µs for each. */
  tokens: 3_000,
  /** Tokens of several templates that share a count. */
  sharedTokens: 6_000,
  /** Blocks within blocks. */
  blockDepth: 32,
  /** Blocks within blocks with every `else if` counted too, as the tree nests them. */
  nesting: 96,
  /** Sub-expressions within sub-expressions. */
  expressionDepth: 16,
  /** Parameters of one call, positional and named. */
  parameters: 32,
  /** Names in one path. */
  pathSegments: 32,
} as const;

export type TemplateBound = keyof typeof templateLimits;

/** Bounds of one render. */
export interface RenderLimits {
  /** Nodes and path segments evaluated, iterations, items that a helper looks at, and 64 characters of its text. */
  steps: number;
  /** Characters of output. */
  outputCharacters: number;
  /** Partials within partials. */
  partialDepth: number;
}

export const renderLimits: RenderLimits = {
  steps: 100_000,
  outputCharacters: 262_144,
  partialDepth: 16,
};

export type RenderBound = keyof RenderLimits;
