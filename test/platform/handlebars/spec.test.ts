import { describe, expect, it } from 'vitest';
import { specCases, specFunctions } from './spec-cases.ts';

describe('the Handlebars specification', () => {
  it('has 439 cases that apply', () => {
    expect(specCases).toHaveLength(439);
  });

  it.each(specCases)('$name', ({ render, expected, error }) => {
    if (error === null) expect(render()).toBe(expected);
    // What the parser says is our own wording, with the place.
    else expect(render).toThrow(error === 'Parse error on' ? /^Line \d+, column \d+: / : error);
  });

  it('is run with the functions it publishes', () => {
    // Blanks, semicolons and quotes are the bundler's.
    const bare = (text: string) => text.replace(/[\s;]+/g, '').replaceAll('"', "'");
    for (const [source, written] of Object.entries(specFunctions))
      expect(bare(String(written))).toBe(bare(source));
  });
});
