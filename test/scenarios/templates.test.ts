import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { describe, expect, it } from 'vitest';
import { bundle, compatibilityDate } from '../../bench/workerd.ts';

const fileAt = (path: string): string => new URL(path, import.meta.url).href;

describe('templates in a running worker', () => {
  it('meet the specification in a request, where nothing may evaluate code', async () => {
    const script = await bundle(fileAt('../worker/handlebars-spec.ts'));
    const server = new Miniflare(convertV4MiniflareOptions({ modules: true, script, compatibilityDate }));
    try {
      const answer = await server.dispatchFetch('http://worker/');
      expect(await answer.json()).toEqual({
        count: 439,
        failed: [],
        row: '{"a":"É\\"","b":"2026"}',
        evaluate: 'EvalError',
      });
    } finally {
      await server.dispose();
    }
  });

  it('bring no code that makes code', async () => {
    const script = await bundle(fileAt('../../src/platform/handlebars/index.ts'));
    expect(script).toContain('compileTemplate');
    expect(script).not.toMatch(/\bFunction\s*(?:\(|\.apply|\.call)|\beval\s*\(/);
    expect(script.length).toBeLessThan(400_000);
  });
});
