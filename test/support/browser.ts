import { localSystemKey } from '../../scripts/hub.ts';

/** What a browser does with a page, without one: cookies, forms with their token, no redirect followed. */
export interface Visitor {
  get(path: string, headers?: Record<string, string>): Promise<Visit>;
  /** Posts a form as one of our pages would; the token comes from the page it was last shown. */
  post(path: string, fields?: Record<string, string>, headers?: Record<string, string>): Promise<Visit>;
  /** Posts a form with a file in it. */
  upload(path: string, fields: Record<string, string>, file: File): Promise<Visit>;
}

export interface Visit {
  status: number;
  headers: Headers;
  html: string;
  /** Where a redirect leads. */
  location: string;
}

/** A visitor with no session. */
export function newVisitor(url: string): Visitor {
  const cookies = new Map<string, string>();
  let token = '';
  const go = async (path: string, init: RequestInit): Promise<Visit> => {
    const headers = new Headers(init.headers);
    // As `caller` does, and for its reason.
    headers.set('connection', 'close');
    headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await fetch(`${url}${path}`, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const at = pair.indexOf('=');
      cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    const html = await response.text();
    token = /name="_token" value="([^"]+)"/.exec(html)?.[1] ?? token;
    return {
      status: response.status,
      headers: response.headers,
      html,
      location: response.headers.get('location') ?? '',
    };
  };
  return {
    get: (path, headers = {}) => go(path, { headers }),
    upload(path, fields, file) {
      const body = new FormData();
      for (const [name, value] of Object.entries({ _token: token, ...fields })) body.set(name, value);
      body.set('file', file);
      return go(path, { method: 'POST', body, headers: { origin: url, 'sec-fetch-site': 'same-origin' } });
    },
    post: (path, fields = {}, headers = {}) =>
      go(path, {
        method: 'POST',
        body: new URLSearchParams({ _token: token, ...fields }).toString(),
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          origin: url,
          'sec-fetch-site': 'same-origin',
          ...headers,
        },
      }),
  };
}

/** A visitor who has signed in with a key, and seen a page. */
export async function signedIn(url: string, key: string = localSystemKey): Promise<Visitor> {
  const visitor = newVisitor(url);
  const answer = await visitor.post('/sign-in', { key });
  if (answer.status !== 303) throw new Error(`The sign-in answered ${answer.status}.`);
  const first = await visitor.get(answer.location);
  if (first.status === 303) await visitor.get(first.location);
  return visitor;
}

/** The first sentence of a page, as HTML. */
export const verdictOf = (html: string) =>
  /class="verdict[^>]*>.*?<span>(.*?)<\/span>/s.exec(html)?.[1] ?? '';

/** The cells of the first row that holds `part`, as text by their heads. */
export function cellsOf(html: string, part: string): Record<string, string> {
  const row =
    html
      .split('<tr>')
      .slice(1)
      .find((one) => one.includes(part)) ?? '';
  const cells = row.matchAll(/<t[hd][^>]* data-label="([^"]+)"[^>]*>(.*?)<\/t[hd]>/gs);
  return Object.fromEntries([...cells].map(([, head = '', cell = '']) => [head, textOf(cell)]));
}

/** What is read of a piece of HTML. */
export const textOf = (html: string) =>
  html
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
