import { equalsConstantTime, sha256Hex, toHex, utf8 } from '../platform/encoding.ts';
import { canonicalPath, canonicalQuery, headerOf, parseQuery, type RawRequest } from './canonical.ts';
import { S3Error } from './errors.ts';

/**
 * Verifies AWS Signature Version 4 by S3's rules: the path is encoded once and never normalised, every
 * `x-amz-*` header is signed. No I/O and no clock. Source: S3 API, "Authenticating Requests (AWS
 * Signature Version 4)".
 */

/** What a request says of its signature, read and not yet believed. */
export interface SignatureClaim {
  form: 'header' | 'query';
  accessKeyId: string;
  /** `{yyyymmdd}/{region}/s3/aws4_request` */
  scope: string;
  /** `yyyymmddThhmmssZ` */
  timestamp: string;
  signedAtMs: number;
  signedHeaders: string[];
  signature: string;
  /** Of a presigned URL; null in the header form. */
  expiresSeconds: number | null;
}

const algorithm = 'AWS4-HMAC-SHA256';
const maxSkewMs = 15 * 60_000;
const maxExpiresSeconds = 604_800;

/** Whether a request is for the S3 door: signed in either form, whatever its path. */
export function isSigned(request: Pick<RawRequest, 'query' | 'headers'>): boolean {
  if (/(?:^|&)x-amz-(?:algorithm|signature|credential)=/i.test(request.query)) return true;
  return request.headers.some(
    ([name, value]) => name.toLowerCase() === 'authorization' && /^\s*AWS4-/i.test(value),
  );
}

/** Throws `S3Error` for a signature that cannot be right whoever made it. */
export function readClaim(request: RawRequest, service: string): SignatureClaim {
  const header = headerOf(request, 'authorization');
  const params = parseQuery(request.query);
  const isQuery = params.some(([name]) => name === 'X-Amz-Signature' || name === 'X-Amz-Algorithm');
  if (header !== null && isQuery) {
    throw new S3Error('InvalidArgument', 'Sign in the Authorization header or in the query, not in both.');
  }
  const claim = header !== null ? headerClaim(request, header, service) : queryClaim(params, service);
  requireAllSigned(request, claim);
  return claim;
}

function headerClaim(request: RawRequest, header: string, service: string): SignatureClaim {
  const malformed = (why: string) => new S3Error('AuthorizationHeaderMalformed', why);
  const [scheme = '', ...rest] = header.trim().split(/\s+/);
  if (scheme !== algorithm) throw malformed(`Sign with ${algorithm}.`);
  const members = new Map<string, string>();
  for (const part of rest.join('').split(',')) {
    const at = part.indexOf('=');
    const name = part.slice(0, at);
    if (at < 1 || members.has(name)) throw malformed('The Authorization header does not parse.');
    members.set(name, part.slice(at + 1));
  }
  const timestamp = headerOf(request, 'x-amz-date');
  if (timestamp === null) throw new S3Error('AccessDenied', 'A signed request carries x-amz-date.');
  return claimOf(
    {
      form: 'header',
      credential: members.get('Credential'),
      signedHeaders: members.get('SignedHeaders'),
      signature: members.get('Signature'),
      timestamp,
      expires: null,
      service,
    },
    malformed,
  );
}

function queryClaim(params: [string, string][], service: string): SignatureClaim {
  const malformed = (why: string) => new S3Error('AuthorizationQueryParametersError', why);
  const one = (name: string): string | undefined => {
    const found = params.filter(([given]) => given === name);
    if (found.length > 1) throw malformed(`${name} is there more than once.`);
    return found[0]?.[1];
  };
  if (one('X-Amz-Algorithm') !== algorithm) throw malformed(`X-Amz-Algorithm is ${algorithm}.`);
  if (one('X-Amz-Security-Token') !== undefined) throw noSessionToken();
  const expires = one('X-Amz-Expires');
  if (expires === undefined) throw malformed('A presigned URL carries X-Amz-Expires.');
  return claimOf(
    {
      form: 'query',
      credential: one('X-Amz-Credential'),
      signedHeaders: one('X-Amz-SignedHeaders'),
      signature: one('X-Amz-Signature'),
      timestamp: one('X-Amz-Date') ?? '',
      expires,
      service,
    },
    malformed,
  );
}

interface ClaimText {
  form: 'header' | 'query';
  credential: string | undefined;
  signedHeaders: string | undefined;
  signature: string | undefined;
  timestamp: string;
  expires: string | null;
  service: string;
}

function claimOf(text: ClaimText, malformed: (why: string) => S3Error): SignatureClaim {
  const { form, credential = '', signedHeaders = '', signature = '', timestamp, expires, service } = text;
  const parts = credential.split('/');
  const [accessKeyId = '', date = '', region = '', named = '', end = ''] = parts;
  if (parts.length !== 5 || accessKeyId === '' || region === '' || end !== 'aws4_request') {
    throw malformed('The credential is {access key id}/{yyyymmdd}/{region}/s3/aws4_request.');
  }
  if (named !== service) throw malformed(`The credential names the service "${service}".`);
  if (!/^[0-9a-f]{64}$/.test(signature)) throw malformed('The signature is 64 hex digits in lower case.');
  const signedAtMs = timeOf(timestamp);
  if (signedAtMs === null) throw malformed('The time of the signature is written 20260110T093000Z.');
  if (date !== timestamp.slice(0, 8)) throw malformed('The date of the credential is not that of the time.');
  const names = signedHeaders.split(';');
  if (names.some((name) => !/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) || new Set(names).size < names.length) {
    throw malformed('The signed headers are names in lower case, each once, between semicolons.');
  }
  if (!names.includes('host')) throw malformed('The header "host" must be signed.');
  return {
    form,
    accessKeyId,
    scope: parts.slice(1).join('/'),
    timestamp,
    signedAtMs,
    signedHeaders: names,
    signature,
    expiresSeconds: expires === null ? null : expirySeconds(expires, malformed),
  };
}

function expirySeconds(text: string, malformed: (why: string) => S3Error): number {
  const seconds = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (seconds >= 1 && seconds <= maxExpiresSeconds) return seconds;
  throw malformed(`X-Amz-Expires is 1 to ${maxExpiresSeconds} seconds.`);
}

/** Milliseconds of `yyyymmddThhmmssZ`; null for what is no such time. */
function timeOf(text: string): number | null {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!match) return null;
  const [, year, month, day, hour, minute, second] = match;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const atMs = Date.parse(iso);
  return Number.isNaN(atMs) || new Date(atMs).toISOString() !== iso ? null : atMs;
}

/** S3 takes no header of its own that the signature does not cover. */
function requireAllSigned(request: RawRequest, claim: SignatureClaim): void {
  for (const [given] of request.headers) {
    const name = given.toLowerCase();
    if (name === 'x-amz-security-token') throw noSessionToken();
    if (!name.startsWith('x-amz-') || claim.signedHeaders.includes(name)) continue;
    throw new S3Error('AccessDenied', `The header "${name.slice(0, 100)}" is there but not signed.`);
  }
}

function noSessionToken(): S3Error {
  return new S3Error('InvalidRequest', 'Drop keys have no session token: send none.');
}

/** Throws `S3Error` when the signature was made too long ago, or too far ahead. */
export function requireTimely(claim: SignatureClaim, nowMs: number): void {
  if (claim.expiresSeconds === null) {
    if (Math.abs(nowMs - claim.signedAtMs) <= maxSkewMs) return;
    throw new S3Error(
      'RequestTimeTooSkewed',
      `The request was signed for ${claim.timestamp}; the time here is ${new Date(nowMs).toISOString()}. Set your clock.`,
    );
  }
  if (claim.signedAtMs > nowMs + maxSkewMs) {
    throw new S3Error('AccessDenied', 'The presigned URL is not valid yet.');
  }
  if (nowMs > claim.signedAtMs + claim.expiresSeconds * 1_000) {
    throw new S3Error('AccessDenied', 'The presigned URL has expired.');
  }
}

/** The key that signs all of a day: for the request, and for each chunk of its body. */
export async function signingKey(secret: string, scope: string): Promise<CryptoKey> {
  let key = utf8(`AWS4${secret}`);
  for (const part of scope.split('/')) key = await hmac(await importKey(key), part);
  return importKey(key);
}

/** 64 hex digits. */
export async function signText(key: CryptoKey, text: string): Promise<string> {
  return toHex(await hmac(key, text));
}

/**
 * Whether the claim's signature is the one that this key makes of the request. The path and the query may
 * stand in it as S3 writes them, or just as they were sent (curl before 8.3): either way the same bytes
 * decode to the same key and parameters.
 */
export async function isSignatureRight(
  request: RawRequest,
  claim: SignatureClaim,
  key: CryptoKey,
  payloadHash: string,
): Promise<boolean> {
  const values = headerValues(request, claim.signedHeaders);
  if (values === null) return false;
  const head = claim.signedHeaders.map((name, i) => `${name}:${values[i]}\n`).join('');
  const query = queryWithoutSignature(request.query, claim.form);
  const written = [canonicalPath(request.path), canonicalQuery(query)].join('\n');
  const sent = [request.path, query].join('\n');
  for (const target of written === sent ? [written] : [written, sent]) {
    const canonical = [request.method, target, head, claim.signedHeaders.join(';'), payloadHash].join('\n');
    const text = [algorithm, claim.timestamp, claim.scope, await sha256Hex(canonical)].join('\n');
    if (await equalsConstantTime(await signText(key, text), claim.signature)) return true;
  }
  return false;
}

/** Null when a signed header is not there. */
function headerValues(request: RawRequest, names: string[]): string[] | null {
  const values: string[] = [];
  for (const name of names) {
    const value = headerOf(request, name);
    if (value === null) return null;
    values.push(value);
  }
  return values;
}

function queryWithoutSignature(query: string, form: 'header' | 'query'): string {
  if (form === 'header') return query;
  return query
    .split('&')
    .filter((part) => !part.startsWith('X-Amz-Signature='))
    .join('&');
}

function importKey(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
}

async function hmac(key: CryptoKey, text: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(text)));
}
