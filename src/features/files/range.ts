/** One range; several, or what does not parse, are answered with the whole, as RFC 9110 allows. */
export function parseRange(
  header: string | undefined,
): { offset: number; length?: number } | { suffix: number } | null {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  if (!match) return null;
  const [, first = '', last = ''] = match;
  if (first === '') return last === '' || Number(last) === 0 ? null : { suffix: Number(last) };
  if (last === '') return { offset: Number(first) };
  const length = Number(last) - Number(first) + 1;
  return length < 1 ? null : { offset: Number(first), length };
}
