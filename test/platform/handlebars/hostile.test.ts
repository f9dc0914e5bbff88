import { describe, expect, it } from 'vitest';
import { compileTemplate, RenderError, TemplateError } from '../../../src/platform/handlebars/index.ts';
import { hostile } from './hostile.ts';

function errorOf(run: () => unknown): unknown {
  try {
    run();
    return null;
  } catch (error) {
    return error;
  }
}

describe('a template that means harm', { timeout: 60_000 }, () => {
  it.each(hostile)('$name', ({ source, mode, partials = {}, data, save, render }) => {
    const compile = () => compileTemplate(source, { mode, partials });
    if (save !== undefined) {
      const error = errorOf(compile);
      expect(error).toBeInstanceOf(TemplateError);
      expect((error as TemplateError).bound ?? '').toBe(save);
      return;
    }
    const template = compile();
    if (!data) return;
    const error = errorOf(() => template.render(data(), { now: 0 }));
    if (render === undefined) expect(error).toBeNull();
    else expect(error).toBeInstanceOf(RenderError);
    const { bound, message } = (error ?? {}) as Partial<RenderError>;
    expect(bound).toBe(render);
    if (render) expect(message).toContain(`(bound "${render}")`);
  });

  it('is bounded together with others that share its count', () => {
    const count = { tokens: 0 };
    const source = '{{a}}'.repeat(700);
    for (let i = 0; i < 2; i += 1) compileTemplate(source, { mode: 'html', count });
    const error = errorOf(() => compileTemplate(source, { mode: 'html', count }));
    expect(error).toMatchObject({ code: 'too_large', bound: 'sharedTokens' });
  });

  it('ends where a bound says, not where the clock does', () => {
    const template = compileTemplate('{{#each xs}}{{this}}{{/each}}', { mode: 'html' });
    const steps = (limit: number) => {
      const limits = { steps: limit };
      return errorOf(() => template.render({ xs: [1, 2, 3] }, { now: 0, limits })) === null;
    };
    const least = Array.from({ length: 40 }, (_, i) => i).find(steps);
    // The template, its block and its path; in each turn the body, and the value that it writes.
    expect(least).toBe(10);
  });
});
