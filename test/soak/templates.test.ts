import { describe, expect, it } from 'vitest';
import { differencesOf } from '../platform/handlebars/fuzz.ts';

describe('20,000 random templates over random data', () => {
  it('render like stock Handlebars, or fail where it does', () => {
    const { differences, rendered } = differencesOf(20_000, 20_261_122);
    console.log(`${rendered} of 20,000 gave a text, ${differences.length} differ`);
    expect(differences).toEqual([]);
    expect(rendered).toBeGreaterThan(14_000);
  });
});
