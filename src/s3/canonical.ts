import { S3Error } from './errors.ts';

/** A request as it was signed, before anything normalised it. */
export interface RawRequest {
  method: string;
  /** As on the request line, still percent-encoded. */
  path: string;
  /** Without the question mark; empty when there is none. */
  query: string;
  /** In their order; a name may come more than once. */
  headers: readonly (readonly [name: string, value: string])[];
}

/** A header's values in their order, each trimmed and with single spaces, between commas; null for none. */
export function headerOf(request: Pick<RawRequest, 'headers'>, name: string): string | null {
  const values = request.headers.filter(([given]) => given.toLowerCase() === name);
  if (values.length === 0) return null;
  return values.map(([, value]) => value.trim().replace(/\s+/g, ' ')).join(',');
}

/** The decoded path; throws `S3Error` for what is no UTF-8. */
export function decodePath(path: string): string {
  return decode(path);
}

/** Name and value of each parameter, decoded, in their order. */
export function parseQuery(query: string): [string, string][] {
  return query.split('&').flatMap((part): [string, string][] => {
    if (part === '') return [];
    const at = part.indexOf('=');
    const [name, value] = at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
    return [[decode(name.replaceAll('+', ' ')), decode(value.replaceAll('+', ' '))]];
  });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error('InvalidURI', 'The address is not percent-encoded UTF-8.');
  }
}

export function canonicalPath(path: string): string {
  return decode(path).split('/').map(encodeRfc3986).join('/');
}

export function canonicalQuery(query: string): string {
  return parseQuery(query)
    .map(([name, value]): [string, string] => [encodeRfc3986(name), encodeRfc3986(value)])
    .sort(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** Every byte but the unreserved ones of RFC 3986, 2.3. */
export function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
