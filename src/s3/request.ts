import type { Ctx } from '../context.ts';
import type { ChunkSigning } from './chunked.ts';
import { S3Error } from './errors.ts';

/** An admitted request, as the operations see it. */
export interface S3Request {
  ctx: Ctx;
  request: Request;
  requestId: string;
  programId: string;
  bucket: string;
  createdAtMs: number;
  /** Decoded; without what belongs to the signature. */
  params: Map<string, string>;
  payloadHash: string;
  signing: ChunkSigning;
}

export function xmlResponse(xml: string, headers: Record<string, string> = {}): Response {
  return new Response(xml, { headers: { 'content-type': 'application/xml', ...headers } });
}

/** A whole number from `least` to `most`, or what stands in for it where it is not given. */
export function numberParam(
  { params }: S3Request,
  name: string,
  bounds: { least: number; most: number; otherwise: number },
): number {
  const text = params.get(name);
  if (text === undefined || text === '') return bounds.otherwise;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : -1;
  if (value < bounds.least || value > bounds.most) {
    throw new S3Error('InvalidArgument', `${name} is a whole number from ${bounds.least} to ${bounds.most}.`);
  }
  return value;
}

export const quoted = (etag: string) => `"${etag}"`;

/** Etags of a condition, without quotes; `*` stands for any. */
export function etagsOf(header: string): string[] {
  return header.split(',').map((tag) =>
    tag
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1'),
  );
}

const storageClasses = ['STANDARD'];
const acls = ['private', 'bucket-owner-full-control', 'bucket-owner-read'];
/** Headers that a write may carry, beside checksums and `x-amz-meta-*`. */
const knownHeaders = new Set([
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-decoded-content-length',
  'x-amz-trailer',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-checksum-algorithm',
  'x-amz-checksum-type',
  'x-amz-checksum-mode',
  'x-amz-mp-object-size',
  'x-amz-user-agent',
  'x-amz-te',
]);

/** Refuses headers that ask for what is not there: ignoring them would promise it. */
export function requireKnownHeaders(headers: Headers, more: string[] = []): void {
  for (const [name, value] of headers) {
    if (!name.startsWith('x-amz-') || knownHeaders.has(name) || more.includes(name)) continue;
    if (name.startsWith('x-amz-meta-') || name.startsWith('x-amz-checksum-')) continue;
    if (name === 'x-amz-acl' && acls.includes(value)) continue;
    if (name === 'x-amz-storage-class' && storageClasses.includes(value)) continue;
    if (name === 'x-amz-server-side-encryption' && value === 'AES256') continue;
    throw new S3Error(
      'NotImplemented',
      `This hub has nothing that "${name}" asks for. Send the request without it.`,
    );
  }
  if (headers.has('if-match')) {
    throw new S3Error('NotImplemented', 'Of conditions on writes there is "if-none-match: *" alone.');
  }
  const absent = headers.get('if-none-match');
  if (absent !== null && absent.trim() !== '*') {
    throw new S3Error('NotImplemented', 'Of conditions on writes there is "if-none-match: *" alone.');
  }
}

const maxKeptBytes = 2_048;

/** What is given back with the file: its `x-amz-meta-*` and `content-encoding`. */
export function keptHeaders(headers: Headers): Record<string, string> | null {
  const kept: Record<string, string> = {};
  const encodings = (headers.get('content-encoding') ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '' && one.toLowerCase() !== 'aws-chunked');
  if (encodings.length > 0) kept['content-encoding'] = encodings.join(', ');
  for (const [name, value] of headers) if (name.startsWith('x-amz-meta-')) kept[name] = value;
  const text = JSON.stringify(kept);
  if (text.length > maxKeptBytes) {
    throw new S3Error(
      'InvalidArgument',
      `The x-amz-meta headers hold at most ${maxKeptBytes} bytes together.`,
    );
  }
  return text === '{}' ? null : kept;
}

/** Throws `EntityTooLarge`, with the ways around it, for more than one request may carry. */
export function requireBearable({ ctx, programId }: S3Request, sizeBytes: number, isPart: boolean): void {
  const most = ctx.config.MAX_UPLOAD_BYTES;
  if (sizeBytes <= most) return;
  const how = isPart
    ? 'Send smaller parts.'
    : `Send the file in parts (multipart_threshold of the AWS CLI, --s3-upload-cutoff of rclone), or PUT it straight to the object store with a URL from POST /api/programs/${programId}/uploads.`;
  throw new S3Error(
    'EntityTooLarge',
    `One request carries at most ${most} bytes here, as the zone in front of the hub takes no more. ${how}`,
  );
}
