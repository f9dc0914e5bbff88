/** Longer values are clipped: the log says what was changed, and is no archive of it. */
const valueChars = 300;

/**
 * What differs of the named members, each with its value before and after, for an act's `detail.changes`. Only
 * for settings that are neither secret nor about a person. Pure.
 */
export function changesBetween<T extends object>(
  before: Partial<T> | null,
  after: Partial<T>,
  names: readonly (keyof T & string)[],
): { changes?: Record<string, [before: unknown, after: unknown]> } {
  const changes: Record<string, [unknown, unknown]> = {};
  for (const name of names) {
    const [was, is] = [before?.[name] ?? null, after[name] ?? null];
    if (JSON.stringify(was) !== JSON.stringify(is)) changes[name] = [clipped(was), clipped(is)];
  }
  return Object.keys(changes).length === 0 ? {} : { changes };
}

function clipped(value: unknown): unknown {
  const text = JSON.stringify(value) ?? 'null';
  return text.length <= valueChars ? value : `${text.slice(0, valueChars)}…`;
}
