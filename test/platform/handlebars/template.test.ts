import { describe, expect, it } from 'vitest';
import {
  compileTemplate,
  RenderError,
  renderLimits,
  TemplateError,
  templateLimits,
} from '../../../src/platform/handlebars/index.ts';

function renderJson(source: string, root: unknown, event: Record<string, unknown> = {}): unknown {
  const template = compileTemplate(source, { mode: 'json', variables: ['event'] });
  return JSON.parse(template.render(root, { now: 0, variables: { event } }));
}

describe('a template in mode json', () => {
  it('writes whole values at the place of a value, and their text inside of a string', () => {
    const source = '{"a":{{x}},"b":"<{{x}}>","c":{{{o}}},"d":{{gone}},"e":"{{gone}}","id":{{@event.id}}}';
    const x = 'O\'B "q"\n\\ \ud800';
    expect(renderJson(source, { x, o: { y: [1, null] } }, { id: 7 })).toEqual({
      a: x,
      b: `<${x}>`,
      c: { y: [1, null] },
      d: null,
      e: '',
      id: 7,
    });
  });

  it('is refused with its place when a JSON string is never closed', () => {
    expect(() => compileTemplate('{"a":\n "{{x}}}', { mode: 'json' })).toThrow(
      expect.objectContaining({ code: 'json_string_not_closed', line: 2, column: 2 }),
    );
  });
});

describe('the bounds', () => {
  it('end a template that is too deep, and say which', () => {
    const source = '{{#if a}}'.repeat(templateLimits.blockDepth + 1);
    const error = catchError(() => compileTemplate(source, { mode: 'none' }));
    expect(error).toBeInstanceOf(TemplateError);
    expect(error).toMatchObject({ code: 'too_large', bound: 'blockDepth', line: 1, column: 289 });
  });

  it('end a render that takes too many steps, and say where', () => {
    const source = '{{#each a}}{{#each ../a}}\n{{#each ../../a}}{{/each}}{{/each}}{{/each}}';
    const a = Array.from({ length: Math.ceil(Math.cbrt(renderLimits.steps)) }, (_, index) => ({ index }));
    const error = catchError(() => compileTemplate(source, { mode: 'html' }).render({ a }, { now: 0 }));
    expect(error).toBeInstanceOf(RenderError);
    expect(error).toMatchObject({ code: 'too_much', bound: 'steps' });
  });
});

function catchError(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
