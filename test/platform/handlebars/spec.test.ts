import { describe, expect, it } from 'vitest';
import functionsText from '../../contract/vectors/handlebars-spec/functions.ts?raw';
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
    const sources = Object.keys(specFunctions);
    expect(sources).toHaveLength(119);
    for (const source of sources) expect(functionsText).toContain(`${JSON.stringify(source)}:\n${source},`);
  });
});
