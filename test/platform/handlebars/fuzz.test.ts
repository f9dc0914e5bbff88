import { describe, expect, it } from 'vitest';
import { differencesOf } from './fuzz.ts';

describe('random templates over random data', () => {
  // 20,000 with `npm run soak`.
  it('render like stock Handlebars, or fail where it does', () => {
    const { differences, rendered } = differencesOf(300, 6);
    expect(differences).toEqual([]);
    expect(rendered).toBeGreaterThan(200);
  }, 120_000);
});
