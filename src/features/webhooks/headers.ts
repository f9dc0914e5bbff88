import { AppError, type InputIssue } from '../../platform/errors.ts';

/** What the hub, HTTP or the platform writes itself, and what would speak for someone else. */
const reserved = new Set([
  ...['host', 'content-length', 'content-type', 'content-encoding', 'transfer-encoding', 'connection'],
  ...['keep-alive', 'te', 'trailer', 'upgrade', 'expect', 'date', 'via', 'forwarded', 'user-agent'],
  ...['accept-encoding', 'cdn-loop', 'x-real-ip', 'true-client-ip', 'set-cookie', 'range'],
]);
const reservedPrefixes = ['webhook-', 'svix-', 'cf-', 'x-forwarded-', 'proxy-', 'sec-'];

const limits = { count: 20, nameLength: 100, valueLength: 2_000 };

/**
 * Custom headers with their names in lower case. Throws `header_invalid` with every reason: names are
 * tokens (RFC 9110, 5.1), not reserved, each once; values are printable ASCII without line ends.
 */
export function checkHeaders(given: Record<string, string>): Record<string, string> {
  const issues: InputIssue[] = [];
  // A map: "constructor" and "__proto__" are names like any other.
  const checked = new Map<string, string>();
  for (const [name, value] of Object.entries(given)) {
    const refuse = (code: string, message: string) =>
      issues.push({ path: `headers.${name.slice(0, 100)}`, code, message });
    const lower = name.toLowerCase();
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(lower) || name.length > limits.nameLength)
      refuse('header_name', 'Not a header name: letters, digits and hyphens, at most 100.');
    else if (reserved.has(lower) || reservedPrefixes.some((prefix) => lower.startsWith(prefix)))
      refuse('header_reserved', 'This header is written by the hub or on the way; choose another name.');
    else if (checked.has(lower)) refuse('header_twice', 'This name comes twice, in other letter case.');
    else if (value.length > limits.valueLength || !/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value))
      refuse(
        'header_value',
        'A value has 1 to 2,000 printable ASCII characters, no line end, no outer space.',
      );
    else checked.set(lower, value);
  }
  if (Object.keys(given).length > limits.count)
    issues.push({ path: 'headers', code: 'too_many', message: `At most ${limits.count} headers.` });
  const [first] = issues;
  if (first) throw new AppError('header_invalid', `${first.path}: ${first.message}`, { issues });
  return Object.fromEntries(checked);
}
