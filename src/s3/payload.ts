import { equalsConstantTime, fromBase64, toBase64, toHex } from '../platform/encoding.ts';
import { BlockReader } from '../platform/objects/index.ts';
import {
  type ChecksumAlgorithm,
  checksumBytes,
  checksumHeader,
  createDigester,
  type Digester,
  decodeChecksum,
  givenChecksum,
} from './checksum.ts';
import { ChunkedDecoder, type ChunkSigning } from './chunked.ts';
import { S3Error } from './errors.ts';

/** A request's body, decoded while it is read. What it breaks, breaks the stream, before its end is handed on. */
export interface Payload {
  /** Once. What is refused before stays unread. A piece is good until the one after the next is asked for. */
  open(): ReadableStream<Uint8Array>;
  /** Of the decoded body. */
  sizeBytes: number;
  /** Known once the body was read to its end: what it came to. */
  facts(): PayloadFacts;
}

export interface PayloadFacts {
  /** 32 hex digits; only where it was asked for, or sent as Content-MD5. */
  md5: string | null;
  /** Verified against what the client sent, or made by the algorithm that was asked for. */
  checksum: { algorithm: ChecksumAlgorithm; value: string } | null;
}

interface PayloadOptions {
  request: Request;
  /** As the signature covers it: a hash in hex, or one of the `UNSIGNED-` and `STREAMING-` words. */
  payloadHash: string;
  signing: ChunkSigning;
  /** Makes the MD5 whether or not the client sends one. */
  withMd5?: boolean;
  /** Makes this checksum where the client sends none. */
  algorithm?: ChecksumAlgorithm | null;
}

const streamingForms = new Map([
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', { signed: true, trailer: false }],
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', { signed: true, trailer: true }],
  ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', { signed: false, trailer: true }],
]);

/** Opens the body as `x-amz-content-sha256` describes it. Throws `S3Error` for headers that cannot be right. */
export function openPayload(options: PayloadOptions): Payload {
  const { request, payloadHash, signing } = options;
  const form = streamingForms.get(payloadHash);
  const isHash = /^[0-9a-f]{64}$/.test(payloadHash);
  if (!form && !isHash && payloadHash !== 'UNSIGNED-PAYLOAD') {
    const known = ['a SHA-256 in hex', 'UNSIGNED-PAYLOAD', ...streamingForms.keys()];
    throw new S3Error('InvalidArgument', `x-amz-content-sha256 is one of: ${known.join(', ')}.`);
  }
  const trailers = form?.trailer ? announcedTrailers(request.headers) : [];
  const checks = new Checks(options, isHash ? payloadHash : null, trailers);
  const decoder = form
    ? new ChunkedDecoder({ signing: form.signed ? signing : null, trailers: form.trailer ? trailers : null })
    : null;
  const sizeBytes = lengthOf(request.headers, form ? 'x-amz-decoded-content-length' : 'content-length');
  return {
    open: () => decodedBody(request.body ?? emptyBody(), { checks, decoder, sizeBytes }),
    sizeBytes,
    facts: () => checks.facts,
  };
}

interface Decoding {
  checks: Checks;
  decoder: ChunkedDecoder | null;
  sizeBytes: number;
}

/** Not cancelled where it breaks: the door reads on, so that the client hears why (see `drain`). */
function decodedBody(
  body: ReadableStream<Uint8Array>,
  { checks, decoder, sizeBytes }: Decoding,
): ReadableStream<Uint8Array> {
  const blocks = new BlockReader(body);
  let seen = 0;
  const next = async (): Promise<Uint8Array | null> => {
    for (;;) {
      const block = await blocks.next();
      if (block === null) break;
      const bytes = decoder ? await decoder.decode(block) : block;
      seen += bytes.byteLength;
      if (seen > sizeBytes) throw wrongLength(sizeBytes);
      if (bytes.byteLength === 0) {
        blocks.reuseLast();
        continue;
      }
      await checks.update(bytes);
      return bytes;
    }
    decoder?.end();
    if (seen !== sizeBytes) throw wrongLength(sizeBytes);
    await checks.finish(decoder?.trailers ?? new Map());
    return null;
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const bytes = await next();
          if (bytes === null) controller.close();
          else controller.enqueue(bytes);
        } catch (error) {
          await blocks.release();
          throw error;
        }
      },
      cancel: () => blocks.release(),
    },
    { highWaterMark: 0 },
  );
}

function announcedTrailers(headers: Headers): string[] {
  return (headers.get('x-amz-trailer') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
}

function lengthOf(headers: Headers, name: string): number {
  const text = headers.get(name);
  if (text === null) throw new S3Error('MissingContentLength', `Send the length of the body: ${name}.`);
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new S3Error('InvalidArgument', `${name} is a number of bytes.`);
}

/** Compares what was sent of the body with what it is. */
class Checks {
  facts: PayloadFacts = { md5: null, checksum: null };
  readonly #sha256: { expected: string; digester: Digester } | null;
  readonly #md5: { expected: string | null; digester: Digester } | null;
  readonly #checksum: { algorithm: ChecksumAlgorithm; expected: string | null; digester: Digester } | null;
  readonly #inTrailer: boolean;

  constructor({ request, withMd5, algorithm }: PayloadOptions, sha256: string | null, trailers: string[]) {
    const given = givenChecksum(request.headers, trailers);
    if (given?.value) decodeChecksum(given.value, checksumBytes[given.algorithm]);
    const contentMd5 = request.headers.get('content-md5');
    const chosen = given?.algorithm ?? algorithm ?? null;
    this.#sha256 = sha256 === null ? null : { expected: sha256, digester: createDigester('sha256') };
    this.#md5 =
      contentMd5 === null && !withMd5
        ? null
        : {
            expected: contentMd5 === null ? null : toHex(decodeChecksum(contentMd5.trim(), 16)),
            digester: createDigester('md5'),
          };
    this.#checksum =
      chosen === null
        ? null
        : { algorithm: chosen, expected: given?.value ?? null, digester: createDigester(chosen) };
    this.#inTrailer = given !== null && given.value === null;
  }

  async update(bytes: Uint8Array): Promise<void> {
    await Promise.all([
      this.#sha256?.digester.update(bytes),
      this.#md5?.digester.update(bytes),
      this.#checksum?.digester.update(bytes),
    ]);
  }

  async finish(trailers: ReadonlyMap<string, string>): Promise<void> {
    if (this.#sha256) {
      const hex = toHex(await this.#sha256.digester.digest());
      if (!(await equalsConstantTime(hex, this.#sha256.expected))) {
        throw new S3Error(
          'XAmzContentSHA256Mismatch',
          'The body is not the one that x-amz-content-sha256 names.',
        );
      }
    }
    if (this.#md5) {
      const md5 = toHex(await this.#md5.digester.digest());
      if (this.#md5.expected !== null && this.#md5.expected !== md5) throw badDigest('Content-MD5');
      this.facts.md5 = md5;
    }
    if (this.#checksum) {
      const { algorithm, digester } = this.#checksum;
      const value = toBase64(await digester.digest());
      const header = checksumHeader(algorithm);
      const expected = this.#inTrailer ? (trailers.get(header) ?? '') : this.#checksum.expected;
      if (this.#inTrailer) decodeChecksum(expected ?? '', checksumBytes[algorithm]);
      if (expected !== null && expected !== value) throw badDigest(header);
      this.facts.checksum = { algorithm, value };
    }
  }
}

function badDigest(header: string): S3Error {
  return new S3Error('BadDigest', `The body is not the one that ${header} names. Nothing was stored.`);
}

function wrongLength(sizeBytes: number): S3Error {
  return new S3Error('IncompleteBody', `The body has not the ${sizeBytes} bytes that were announced.`);
}

function emptyBody(): ReadableStream<Uint8Array> {
  return new Blob([]).stream();
}

/** The whole of a small body, its checksums verified. Throws `EntityTooLarge` above `maxBytes`. */
export async function readPayload(payload: Payload, maxBytes: number): Promise<string> {
  if (payload.sizeBytes > maxBytes) {
    throw new S3Error('EntityTooLarge', `This body may have at most ${maxBytes} bytes.`);
  }
  const bytes = new Uint8Array(payload.sizeBytes);
  let filled = 0;
  for await (const piece of payload.open()) {
    bytes.set(piece, filled);
    filled += piece.byteLength;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new S3Error('MalformedXML', 'The body is not UTF-8.');
  }
}

/** MD5 of the MD5s of the parts and their number: the etag that S3 clients compute of a file sent in parts. */
export async function multipartEtag(partMd5s: string[]): Promise<string> {
  const bytes = Uint8Array.from(partMd5s.flatMap((md5) => [...hexBytes(md5)]));
  const digest = await crypto.subtle.digest('MD5', bytes);
  return `${toHex(new Uint8Array(digest))}-${partMd5s.length}`;
}

/** The checksum of the checksums of the parts, and their number. */
export async function compositeChecksum(algorithm: ChecksumAlgorithm, values: string[]): Promise<string> {
  const digester = createDigester(algorithm);
  for (const value of values) await digester.update(fromBase64(value));
  return `${toBase64(await digester.digest())}-${values.length}`;
}

function hexBytes(hex: string): number[] {
  return Array.from({ length: hex.length / 2 }, (_, at) =>
    Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16),
  );
}
