import { describe, expect, it } from 'vitest';
import { specCases } from '../platform/handlebars/spec-cases.ts';

describe('the Handlebars specification in the runtime', () => {
  it('is met case by case', () => {
    expect(specCases).toHaveLength(439);
    const failed = specCases.filter(({ render, expected, error }) => {
      try {
        return render() !== expected;
      } catch {
        return error === null;
      }
    });
    expect(failed.map(({ name }) => name)).toEqual([]);
  }, 60_000);
});
