import { isPrivateAddress } from './addresses.ts';
import { TimeLimit } from './time-limit.ts';

/**
 * Everything the hub sends to an address a tenant chose goes through here: https only, no address
 * literals, no private or own name, ports by allow-list, no redirects followed, a time-out, a bounded read.
 *
 * Accepted risk: fetch cannot be pinned to the addresses that were checked, so a name may change between
 * check and connect; refusing private addresses at that moment is the platform's part
 * (`global_fetch_strictly_public`). Reopen if Workers learn to connect fetch to a chosen address.
 */
export interface OutboundPolicy {
  /** Development only: also plain http, and any port, on loopback. */
  allowLoopback: boolean;
  /** The hub's own host names, which nothing may call through the hub. */
  ownHosts: string[];
  /** Addresses of a name, or `null` when the resolver is off. Throws when it cannot be asked. */
  resolve: ((host: string) => Promise<string[]>) | null;
  now(): number;
}

export type UrlRefusal = { ok: false; code: UrlRefusalCode; message: string };
export type UrlRefusalCode =
  | 'url_malformed'
  | 'url_scheme'
  | 'url_credentials'
  | 'url_address_literal'
  | 'url_private_host'
  | 'url_own_host'
  | 'url_unresolved'
  | 'url_port'
  | 'url_too_long';

const allowedPorts = new Set(['', '443', '8443']);
const privateSuffixes = [
  'localhost',
  'local',
  'internal',
  'intranet',
  'lan',
  'home',
  'corp',
  'private',
  'home.arpa',
  'in-addr.arpa',
  'ip6.arpa',
  'test',
  'invalid',
  'onion',
];

/** Judges a URL by its text alone. Pure; names are resolved by `sendGuarded` and `checkHost`. */
export function checkUrl(
  text: string,
  policy: Pick<OutboundPolicy, 'allowLoopback' | 'ownHosts'>,
): { ok: true; url: URL } | UrlRefusal {
  if (text.length > 2_048) return refuse('url_too_long', 'The URL has more than 2,048 characters.');
  // URL() drops tabs, line ends and outer spaces: what was registered must be what is called.
  if (/[\s\p{Cc}\\]/u.test(text)) {
    return refuse(
      'url_malformed',
      'The URL holds a space, a control character or a backslash: percent-encode it.',
    );
  }
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return refuse('url_malformed', 'This is not an absolute URL such as https://school.example/done.');
  }
  if (url.username !== '' || url.password !== '' || /^[a-z]+:\/*[^/?#]*@/i.test(text)) {
    return refuse('url_credentials', 'A URL may not carry a user name or password: use a header instead.');
  }
  const host = url.hostname.replace(/\.$/, '').toLowerCase();
  if (policy.allowLoopback && isLoopback(host) && /^https?:$/.test(url.protocol)) return { ok: true, url };
  if (url.protocol !== 'https:') return refuse('url_scheme', 'Only https URLs are called.');
  if (host.split('.').includes('')) {
    return refuse('url_malformed', 'The host name has two dots in a row, or begins with one.');
  }
  // WHATWG parsing has turned decimal, octal, hex and short IPv4 forms into dotted ones by now.
  if (host.startsWith('[') || /^\d{1,3}(\.\d{1,3}){3}$/.test(host)) {
    return refuse('url_address_literal', 'A URL must name its host; addresses are not called.');
  }
  if (
    !host.includes('.') ||
    privateSuffixes.some((suffix) => host === suffix || host.endsWith(`.${suffix}`))
  ) {
    return refuse('url_private_host', 'This host name is private; the hub calls public hosts only.');
  }
  if (policy.ownHosts.some((own) => host === own || host.endsWith(`.${own}`))) {
    return refuse('url_own_host', 'The hub does not call itself.');
  }
  if (!allowedPorts.has(url.port)) return refuse('url_port', 'Only the ports 443 and 8443 are called.');
  return { ok: true, url };
}

function refuse(code: UrlRefusalCode, message: string): UrlRefusal {
  return { ok: false, code, message };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

const checkedUntil = new Map<string, number>();
const checkIntervalMs = 5 * 60_000;

/**
 * Asks the resolver whether a name leads anywhere private, or nowhere. A public answer is remembered for five
 * minutes. Throws what the resolver throws.
 */
export async function checkHost(url: URL, policy: OutboundPolicy): Promise<{ ok: true } | UrlRefusal> {
  if (!policy.resolve || isKnownHost(url, policy)) return { ok: true };
  const host = url.hostname.toLowerCase();
  const now = policy.now();
  const addresses = await policy.resolve(host);
  if (addresses.some(isPrivateAddress)) {
    return refuse(
      'url_private_host',
      'This host name leads to a private address; the hub calls public hosts only.',
    );
  }
  // What the resolver does not find is not called: the platform might find it elsewhere.
  if (addresses.length === 0)
    return refuse('url_unresolved', 'The host name leads nowhere: it has no address now.');
  if (checkedUntil.size > 1_000) checkedUntil.clear();
  checkedUntil.set(host, now + checkIntervalMs);
  return { ok: true };
}

/** A name of which nobody needs to be asked now: it was found public within five minutes, or none is asked. */
function isKnownHost(url: URL, policy: OutboundPolicy): boolean {
  const host = url.hostname.toLowerCase();
  if (!policy.resolve || (policy.allowLoopback && isLoopback(host))) return true;
  const now = policy.now();
  const until = checkedUntil.get(host) ?? 0;
  // A clock that went back does not make what is remembered last longer.
  return until > now && until <= now + checkIntervalMs;
}

/**
 * Judges an address when it is registered: its text, and where its name leads. That a name leads nowhere yet,
 * or that the resolver cannot be asked now, does not make the address wrong: it is asked again at each use.
 */
export async function checkCallable(
  text: string,
  policy: OutboundPolicy,
): Promise<{ ok: true } | UrlRefusal> {
  const judged = checkUrl(text, policy);
  if (!judged.ok) return judged;
  try {
    const host = await checkHost(judged.url, policy);
    return !host.ok && host.code === 'url_unresolved' ? { ok: true } : host;
  } catch {
    return { ok: true };
  }
}

export type OutboundFailure = 'connect' | 'timeout' | 'status' | 'body';

export interface OutboundAnswer {
  /** Absent when no answer came. */
  status?: number;
  /** The first 1 KB of the answer, as text. */
  excerpt: string;
  /** The receiver's `Retry-After`; a date as the seconds until then, by the receiver's own clock. */
  retryAfter: string | null;
  /** Absent when the answer was a whole 2xx. */
  failure?: OutboundFailure;
  /** A sentence for the log of attempts; never the URL. */
  detail: string;
  /** True when the request may have been taken though no answer says so. */
  uncertain: boolean;
}

const excerptBytes = 1_024;
const readBytes = 64 * 1_024;

/**
 * Sends one guarded request. Never throws for what the receiver does. `timeoutMs` bounds everything from
 * look-up to the last byte read; of the answer at most 64 KB are read, and 1 KB is kept.
 */
export async function sendGuarded(
  request: {
    url: string;
    method: 'POST' | 'GET';
    headers: Record<string, string>;
    body?: string;
    timeoutMs: number;
  },
  policy: OutboundPolicy,
): Promise<OutboundAnswer> {
  const judged = checkUrl(request.url, policy);
  if (!judged.ok) return failed('connect', judged.message);
  const limit = new TimeLimit(request.timeoutMs);
  let sent = false;
  try {
    if (!isKnownHost(judged.url, policy)) {
      let host: Awaited<ReturnType<typeof checkHost>>;
      try {
        host = await limit.within(checkHost(judged.url, policy));
      } catch {
        return failed(limit.isOver ? 'timeout' : 'connect', 'The host name could not be resolved.');
      }
      if (!host.ok) return failed('connect', host.message);
    }
    sent = true;
    const response = await fetch(judged.url.href, {
      method: request.method,
      headers: request.headers,
      redirect: 'manual',
      signal: limit.signal,
      ...(request.body === undefined ? {} : { body: request.body }),
    });
    return await judgeResponse(response, limit);
  } catch {
    if (limit.isOver) {
      return {
        ...failed('timeout', `No whole answer within ${request.timeoutMs / 1_000} s.`),
        uncertain: sent,
      };
    }
    return { ...failed('connect', 'The connection failed before an answer came.'), uncertain: sent };
  } finally {
    limit.end();
  }
}

async function judgeResponse(response: Response, limit: TimeLimit): Promise<OutboundAnswer> {
  const answer = {
    status: response.status,
    retryAfter: retryAfterOf(response.headers),
    uncertain: false,
  };
  const ok = response.status >= 200 && response.status < 300;
  let read: { excerpt: string; whole: boolean };
  try {
    read = await readExcerpt(response, limit);
  } catch {
    // The status line of a 2xx is the receiver's word; only its body was cut off.
    const detail = limit.isOver ? 'The answer did not end in time.' : 'The answer broke off.';
    return { ...answer, excerpt: '', failure: 'body', detail, uncertain: ok };
  }
  if (ok) return { ...answer, excerpt: read.excerpt, detail: `Answered ${response.status}.` };
  const redirect = response.status >= 300 && response.status < 400;
  const detail = redirect
    ? `Answered ${response.status}: redirects are not followed; register the final address.`
    : `Answered ${response.status}.`;
  return { ...answer, excerpt: read.excerpt, failure: 'status', detail };
}

/** A receiver whose clock is wrong means its date by that clock, which `Date` tells (RFC 9110, 6.6.1, 10.2.3). */
function retryAfterOf(headers: Headers): string | null {
  const asked = headers.get('retry-after');
  const [until, sent] = [asked, headers.get('date')].map((text) => parseHttpDate(text ?? ''));
  if (until === undefined || sent === undefined || Number.isNaN(until) || Number.isNaN(sent)) return asked;
  return String(Math.max(0, Math.ceil((until - sent) / 1_000)));
}

/** Milliseconds; NaN for what is no HTTP date, such as a number of seconds. */
export function parseHttpDate(text: string): number {
  return /^[A-Za-z]{3,9},? /.test(text.trim()) ? Date.parse(text) : Number.NaN;
}

async function readExcerpt(
  response: Response,
  limit: TimeLimit,
): Promise<{ excerpt: string; whole: boolean }> {
  if (!response.body) return { excerpt: '', whole: true };
  const told = Number(response.headers.get('content-length') ?? Number.NaN);
  // What says that it is short is read in one go; it cannot be longer than it says.
  if (told <= readBytes && response.headers.get('content-encoding') === null) {
    const bytes = new Uint8Array(await limit.within(response.arrayBuffer()));
    return { excerpt: new TextDecoder().decode(bytes.subarray(0, excerptBytes)), whole: true };
  }
  const reader = response.body.getReader();
  const kept = new Uint8Array(excerptBytes);
  let total = 0;
  for (;;) {
    const { done, value } = await limit.within(reader.read());
    if (done) break;
    if (total < excerptBytes) kept.set(value.subarray(0, excerptBytes - total), total);
    total += value.byteLength;
    if (total > readBytes) {
      await reader.cancel();
      break;
    }
  }
  const excerpt = new TextDecoder().decode(kept.subarray(0, Math.min(total, excerptBytes)));
  return { excerpt, whole: total <= readBytes };
}

function failed(failure: OutboundFailure, detail: string): OutboundAnswer {
  return { excerpt: '', retryAfter: null, failure, detail, uncertain: false };
}
