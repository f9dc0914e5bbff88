import { createHash, createHmac } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { caller, expectStatus, localSystemKey } from './client.ts';

// Signs as S3's documentation says, on Node's own crypto: nothing of the hub's, so that each checks the other.

export interface DropAccess {
  endpoint: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
}

/** Where and with which keys a program drops its files. */
export async function dropOf(url: string, programId: string): Promise<DropAccess> {
  const system = caller(url, localSystemKey);
  const answer = await system('GET', `/api/programs/${programId}/drop?secrets=true`);
  const { bucket, keys } = expectStatus(answer, 200).body;
  const [{ accessKeyId, secretAccessKey }] = keys;
  return { endpoint: url, bucket, accessKeyId, secretAccessKey };
}

export interface S3Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  bytes: Buffer;
  text: string;
  /** The error's code; empty where there is none. */
  code: string;
}

export interface SignedCall {
  method?: string;
  /** As it goes onto the request line. */
  path: string;
  /** Decoded; signed in order and sent as it is signed. */
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: Uint8Array | string | AsyncIterable<Uint8Array>;
  /** What `x-amz-content-sha256` says; the body's own hash unless told. Null signs without it, as curl 7 does. */
  payloadHash?: string | null;
  /** The clock of the signature. */
  atMs?: number;
  presign?: { expiresSeconds: number };
  /** Changes what is sent after it was signed. */
  tamper?: (sent: { method: string; target: string; headers: Record<string, string | string[]> }) => void;
}

export const sha256Hex = (data: Uint8Array | string) => createHash('sha256').update(data).digest('hex');
const hmac = (key: Buffer | string, text: string) => createHmac('sha256', key).update(text).digest();
export const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
export const encodeKey = (key: string) => key.split('/').map(encode).join('/');

export function signingKeyOf(secret: string, scope: string): Buffer {
  return scope.split('/').reduce<Buffer>((key, part) => hmac(key, part), Buffer.from(`AWS4${secret}`));
}

export interface Signed {
  method: string;
  target: string;
  headers: Record<string, string | string[]>;
  signature: string;
  scope: string;
  timestamp: string;
  key: Buffer;
}

export function sign(access: DropAccess, call: SignedCall): Signed {
  const { method = 'GET', path, body, presign, atMs = Date.now() } = call;
  const timestamp = `${new Date(atMs).toISOString().replace(/[:-]|\.\d{3}/g, '')}`;
  const scope = `${timestamp.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const isBytes = typeof body === 'string' || body instanceof Uint8Array;
  const isOpen = call.payloadHash === null;
  const payloadHash =
    call.payloadHash ??
    (presign || (body && !isBytes) ? 'UNSIGNED-PAYLOAD' : sha256Hex(isOpen ? '' : ((body as string) ?? '')));
  const headers: Record<string, string> = { host: new URL(access.endpoint).host, ...call.headers };
  if (!presign) headers['x-amz-date'] = timestamp;
  if (!presign && !isOpen) headers['x-amz-content-sha256'] = payloadHash;
  const names = Object.keys(headers).sort();
  const query: Record<string, string> = { ...call.query };
  if (presign) {
    Object.assign(query, {
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': `${access.accessKeyId}/${scope}`,
      'X-Amz-Date': timestamp,
      'X-Amz-Expires': String(presign.expiresSeconds),
      'X-Amz-SignedHeaders': names.join(';'),
    });
  }
  const canonicalQuery = Object.entries(query)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const canonical = [
    method,
    path,
    canonicalQuery,
    ...names.map((name) => `${name}:${headers[name]?.trim().replace(/\s+/g, ' ')}`),
    '',
    names.join(';'),
    payloadHash,
  ].join('\n');
  const key = signingKeyOf(access.secretAccessKey, scope);
  const text = ['AWS4-HMAC-SHA256', timestamp, scope, sha256Hex(canonical)].join('\n');
  const signature = hmac(key, text).toString('hex');
  const search = presign ? `${canonicalQuery}&X-Amz-Signature=${signature}` : canonicalQuery;
  const authorization = `AWS4-HMAC-SHA256 Credential=${access.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return {
    method,
    target: search === '' ? path : `${path}?${search}`,
    headers: presign ? headers : { ...headers, authorization },
    signature,
    scope,
    timestamp,
    key,
  };
}

/** Signs and sends over Node's plain HTTP, which changes neither path nor headers. */
export async function callS3(access: DropAccess, call: SignedCall): Promise<S3Answer> {
  const signed = sign(access, call);
  const sent = { method: signed.method, target: signed.target, headers: { ...signed.headers } };
  call.tamper?.(sent);
  return sendRaw(access.endpoint, sent, call.body);
}

export function sendRaw(
  endpoint: string,
  sent: { method: string; target: string; headers: Record<string, string | string[]> },
  body?: SignedCall['body'],
): Promise<S3Answer> {
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { hostname, port, method: sent.method, path: sent.target, headers: sent.headers, agent: false },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const bytes = Buffer.concat(parts);
          const text = bytes.toString('utf8');
          const code = /<Code>([^<]*)<\/Code>/.exec(text)?.[1] ?? '';
          resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, text, code });
        });
      },
    );
    request.on('error', reject);
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
      if (body !== undefined && !sent.headers['content-length']) {
        request.setHeader('content-length', Buffer.byteLength(body as string));
      }
      request.end(body);
    } else {
      void (async () => {
        for await (const part of body) {
          if (!request.write(part)) await new Promise((drained) => request.once('drain', drained));
        }
        request.end();
      })().catch(reject);
    }
  });
}

export interface ChunkedBody {
  headers: Record<string, string>;
  payloadHash: string;
  /** The body, once the request was signed. */
  encode(signed: Signed): Buffer;
}

/** An `aws-chunked` body in one of its three forms. */
export function chunkedBody(
  content: Buffer,
  options: { signed: boolean; trailer?: [name: string, value: string]; chunkBytes?: number },
): ChunkedBody {
  const { signed: isSigned, trailer, chunkBytes = 65_536 } = options;
  const form = isSigned
    ? `STREAMING-AWS4-HMAC-SHA256-PAYLOAD${trailer ? '-TRAILER' : ''}`
    : 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
  return {
    payloadHash: form,
    headers: {
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': String(content.length),
      ...(trailer ? { 'x-amz-trailer': trailer[0] } : {}),
    },
    encode({ key, scope, timestamp, signature }) {
      const parts: Buffer[] = [];
      let previous = signature;
      const chunk = (bytes: Buffer) => {
        let head = bytes.length.toString(16);
        if (isSigned) {
          const text = [
            'AWS4-HMAC-SHA256-PAYLOAD',
            timestamp,
            scope,
            previous,
            sha256Hex(''),
            sha256Hex(bytes),
          ].join('\n');
          previous = hmac(key, text).toString('hex');
          head += `;chunk-signature=${previous}`;
        }
        parts.push(Buffer.from(`${head}\r\n`), bytes);
        if (bytes.length > 0) parts.push(Buffer.from('\r\n'));
      };
      for (let at = 0; at < content.length; at += chunkBytes) chunk(content.subarray(at, at + chunkBytes));
      chunk(Buffer.alloc(0));
      if (trailer) {
        parts.push(Buffer.from(`${trailer[0]}:${trailer[1]}\r\n`));
        if (isSigned) {
          const hash = sha256Hex(`${trailer[0]}:${trailer[1]}\n`);
          const text = ['AWS4-HMAC-SHA256-TRAILER', timestamp, scope, previous, hash].join('\n');
          parts.push(Buffer.from(`x-amz-trailer-signature:${hmac(key, text).toString('hex')}\r\n`));
        }
      }
      parts.push(Buffer.from('\r\n'));
      return Buffer.concat(parts);
    },
  };
}

/** Signs and sends an `aws-chunked` body; `damage` changes its bytes after they were made. */
export async function putChunked(
  access: DropAccess,
  call: SignedCall,
  content: ChunkedBody,
  damage: (bytes: Buffer) => Buffer = (bytes) => bytes,
): Promise<S3Answer> {
  const full = {
    method: 'PUT',
    ...call,
    headers: { ...content.headers, ...call.headers },
    payloadHash: content.payloadHash,
  };
  const signed = sign(access, full);
  return sendRaw(access.endpoint, signed, damage(content.encode(signed)));
}
