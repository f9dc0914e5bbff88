export function functionsWith(
  Handlebars: object,
  equals: (a: unknown, b: unknown) => void,
): Record<string, (...args: unknown[]) => unknown>;
