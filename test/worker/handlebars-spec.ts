import { compileTemplate } from '../../src/platform/handlebars/index.ts';
import { specCases } from '../platform/handlebars/spec-cases.ts';

/** What the runtime says to code from text. */
function evaluate(): string {
  try {
    return String(new Function('return 1')());
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

function passes({ render, expected, error }: (typeof specCases)[number]): boolean {
  try {
    return render() === expected;
  } catch {
    return error !== null;
  }
}

/** Everything happens in a request: what a worker may do while it starts is another matter. */
export default {
  fetch(): Response {
    const failed = specCases.filter((spec) => !passes(spec)).map(({ name }) => name);
    const template = compileTemplate('{"a":{{upper x}},"b":"{{formatDate d "yyyy"}}"}', { mode: 'json' });
    const row = template.render({ x: 'é"', d: '2026-11-22' }, { now: 0 });
    return Response.json({ count: specCases.length, failed, row, evaluate: evaluate() });
  },
};
