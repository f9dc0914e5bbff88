import { equalsConstantTime, sha256Hex, toHex } from '../platform/encoding.ts';
import { S3Error } from './errors.ts';
import { signText } from './sigv4.ts';

/** Makes the signatures of a body's chunks: each is chained to the one before it, the first to the request's. */
export interface ChunkSigning {
  key: CryptoKey;
  timestamp: string;
  scope: string;
  /** The request's own. */
  signature: string;
}

export interface ChunkedOptions {
  /** Null where the chunks are unsigned. */
  signing: ChunkSigning | null;
  /** The trailers that `x-amz-trailer` announced, in lower case; null where the form has none. */
  trailers: string[] | null;
}

const maxLineBytes = 1_024;
const maxTrailers = 10;
const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const lineFeed = 10;

/**
 * Decodes an `aws-chunked` body as it comes in, and verifies the signature of each chunk and of the
 * trailers. Chunks may have any size: their bytes go on at once, so nothing may be kept of a body before
 * `end` has returned. Source: S3 API, "Signature Calculations … (Chunked Upload)" and "(Including
 * Trailing Headers)".
 *
 * `size[;chunk-signature=…] CRLF bytes CRLF … 0[;chunk-signature=…] CRLF [name:value CRLF …] CRLF`
 */
export class ChunkedDecoder {
  readonly trailers = new Map<string, string>();
  readonly #options: ChunkedOptions;
  #state: 'size' | 'bytes' | 'gap' | 'trailers' | 'done' = 'size';
  #line = '';
  #left = 0;
  #signature: string;
  #claimed = '';
  #digest: {
    writer: WritableStreamDefaultWriter<ArrayBuffer | ArrayBufferView>;
    hash: Promise<ArrayBuffer>;
  } | null = null;
  #trailerText = '';

  constructor(options: ChunkedOptions) {
    this.#options = options;
    this.#signature = options.signing?.signature ?? '';
  }

  /**
   * The bytes of the body that are in `block`, moved together at its beginning; throws `S3Error` for what
   * breaks the form.
   */
  async decode(block: Uint8Array): Promise<Uint8Array> {
    let at = 0;
    let filled = 0;
    while (at < block.byteLength) {
      if (this.#state === 'bytes') {
        const bytes = block.subarray(at, at + this.#left);
        await this.#digest?.writer.write(bytes);
        if (filled < at) block.copyWithin(filled, at, at + bytes.byteLength);
        filled += bytes.byteLength;
        at += bytes.byteLength;
        this.#left -= bytes.byteLength;
        if (this.#left === 0) await this.#endChunk();
      } else {
        at = await this.#readLine(block, at);
      }
    }
    return block.subarray(0, filled);
  }

  /** Throws `S3Error` when the body broke off. */
  end(): void {
    if (this.#state === 'done') return;
    throw new S3Error('IncompleteBody', 'The body ended before its last chunk.');
  }

  async #readLine(input: Uint8Array, from: number): Promise<number> {
    if (this.#state === 'done') throw malformed('There is more after the last chunk.');
    const found = input.indexOf(lineFeed, from);
    const end = found < 0 ? input.byteLength : found;
    if (this.#line.length + end - from > maxLineBytes) throw malformed('A line of the chunks is too long.');
    for (let at = from; at < end; at++) this.#line += String.fromCharCode(input[at] as number);
    if (found < 0) return end;
    if (!this.#line.endsWith('\r')) throw malformed('A line of the chunks does not end in CR LF.');
    const line = this.#line.slice(0, -1);
    this.#line = '';
    await this.#takeLine(line);
    return found + 1;
  }

  async #takeLine(line: string): Promise<void> {
    if (this.#state === 'size') return this.#beginChunk(line);
    if (this.#state === 'trailers') return this.#takeTrailer(line);
    if (line !== '') throw malformed('A chunk is longer than it says.');
    this.#state = 'size';
  }

  async #beginChunk(line: string): Promise<void> {
    const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line);
    if (!match) throw malformed('A chunk does not begin with its size.');
    const [, size = '', signature] = match;
    if ((signature === undefined) !== (this.#options.signing === null)) {
      throw malformed('Each chunk has a signature, or none has, as x-amz-content-sha256 says.');
    }
    this.#claimed = signature ?? '';
    this.#left = Number.parseInt(size, 16);
    if (this.#left === 0) {
      await this.#verify(emptyHash);
      this.#state = 'trailers';
      return;
    }
    if (this.#options.signing !== null) {
      const stream = new crypto.DigestStream('SHA-256');
      this.#digest = { writer: stream.getWriter(), hash: stream.digest };
      // It is awaited when the chunk ends; a body that breaks off before leaves it behind.
      this.#digest.hash.catch(() => {});
    }
    this.#state = 'bytes';
  }

  async #endChunk(): Promise<void> {
    if (this.#digest) {
      await this.#digest.writer.close();
      const hash = toHex(new Uint8Array(await this.#digest.hash));
      this.#digest = null;
      await this.#verify(hash);
    }
    this.#state = 'gap';
  }

  async #verify(hash: string): Promise<void> {
    if (this.#options.signing === null) return;
    const { key, timestamp, scope } = this.#options.signing;
    const text = ['AWS4-HMAC-SHA256-PAYLOAD', timestamp, scope, this.#signature, emptyHash, hash].join('\n');
    await this.#follow(await signText(key, text), this.#claimed);
  }

  async #follow(signature: string, claimed: string): Promise<void> {
    if (!(await equalsConstantTime(signature, claimed))) {
      throw new S3Error('SignatureDoesNotMatch', 'The signature of a chunk is not the one its bytes make.');
    }
    this.#signature = signature;
  }

  async #takeTrailer(line: string): Promise<void> {
    const { trailers, signing } = this.#options;
    if (line === '') {
      const missing = (trailers ?? []).filter((name) => !this.trailers.has(name));
      if (missing.length > 0)
        throw badTrailer(`The trailer "${missing.join('", "')}" is announced and missing.`);
      if (signing !== null && this.#trailerText !== '') throw badTrailer('The trailers are not signed.');
      this.#state = 'done';
      return;
    }
    const at = line.indexOf(':');
    const name = line.slice(0, Math.max(at, 0)).trim().toLowerCase();
    const value = line.slice(at + 1).trim();
    if (name === 'x-amz-trailer-signature' && signing !== null && trailers !== null) {
      const { key, timestamp, scope } = signing;
      const hash = await sha256Hex(this.#trailerText);
      const text = ['AWS4-HMAC-SHA256-TRAILER', timestamp, scope, this.#signature, hash].join('\n');
      await this.#follow(await signText(key, text), value);
      this.#trailerText = '';
      return;
    }
    if (trailers === null || !trailers.includes(name) || this.trailers.has(name)) {
      throw badTrailer(
        `There is a trailer "${name.slice(0, 100)}" that x-amz-trailer does not announce once.`,
      );
    }
    if (this.trailers.size >= maxTrailers) throw badTrailer('There are too many trailers.');
    this.trailers.set(name, value);
    this.#trailerText += `${name}:${value}\n`;
  }
}

function malformed(why: string): S3Error {
  return new S3Error('InvalidRequest', `The body is not aws-chunked as announced. ${why}`);
}

function badTrailer(why: string): S3Error {
  return new S3Error('MalformedTrailerError', why);
}
