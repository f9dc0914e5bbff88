import { AppError } from '../errors.ts';
import { BlockReader } from './blocks.ts';
import type { ObjectStore, StoredObject, UploadedPart } from './store.ts';

/** S3's least part is 5 MiB, an object has at most 10,000: so this reaches 78 GiB. */
const partSizeBytes = 8 * 1024 * 1024;
const firstBufferBytes = 64 * 1024;

export interface PutStreamOptions {
  /** When known, the body goes through without being gathered; any other length is refused. */
  sizeBytes?: number;
  /** A longer body throws `payload_too_large`. */
  maxSizeBytes?: number;
  contentType?: string;
}

interface HashedObject extends StoredObject {
  /** 64 hex digits, of the bytes as they were stored. */
  sha256: string;
}

/**
 * Stores a body of any length. Without `sizeBytes` it is gathered into parts of 8 MiB, two at a time in
 * memory: a short one is a single put, a longer one a multipart upload. When something goes wrong its first
 * cause is thrown and nothing appears under `key`, save where only the store's last answer was lost.
 */
export async function putStream(
  store: ObjectStore,
  key: string,
  body: ReadableStream<Uint8Array>,
  options: PutStreamOptions = {},
): Promise<StoredObject> {
  const { sizeBytes, contentType, maxSizeBytes = Number.POSITIVE_INFINITY } = options;
  if ((sizeBytes ?? 0) > maxSizeBytes) {
    await body.cancel();
    throw tooLarge();
  }
  const type = contentType === undefined ? {} : { contentType };
  if (sizeBytes === undefined) return putInParts(store, key, new PartReader(body, maxSizeBytes), type);
  return unconditional(await store.put(key, body, { sizeBytes, ...type }));
}

/** As `putStream` of a body whose length is unknown; says its hash as well. */
export async function putHashed(
  store: ObjectStore,
  key: string,
  body: ReadableStream<Uint8Array>,
  type: { contentType?: string } = {},
): Promise<HashedObject> {
  const hash = new Sha256();
  const stored = await putInParts(store, key, new PartReader(body, Number.POSITIVE_INFINITY, hash), type);
  return { ...stored, sha256: await hash.hex() };
}

function unconditional(stored: StoredObject | null): StoredObject {
  if (stored) return stored;
  throw new AppError('internal', 'An unconditional put was refused.');
}

async function putInParts(
  store: ObjectStore,
  key: string,
  reader: PartReader,
  type: { contentType?: string },
): Promise<StoredObject> {
  let uploadId: string | undefined;
  let inFlight: Promise<UploadedPart> | undefined;
  try {
    const first = await reader.next();
    if (reader.ended) return unconditional(await store.put(key, first, type));

    ({ uploadId } = await store.createMultipart(key, type));
    const parts: UploadedPart[] = [];
    let bytes = first;
    for (let partNumber = 1; bytes.byteLength > 0; partNumber++) {
      inFlight = store.uploadPart(key, uploadId, partNumber, bytes);
      // It is awaited only after the next part was read; until then its failure has no other listener.
      inFlight.catch(() => {});
      bytes = await reader.next();
      parts.push(await inFlight);
    }
    return await store.completeMultipart(key, uploadId, parts);
  } catch (error) {
    await reader.cancel(error);
    await inFlight?.catch(() => {});
    // A store that is down cannot abort either; it drops unfinished uploads by its lifecycle (R2: 7 days).
    if (uploadId !== undefined) await store.abortMultipart(key, uploadId).catch(() => {});
    throw error;
  }
}

/** Cuts a stream into full parts and a last one, in two buffers by turns. */
class PartReader {
  ended = false;
  readonly #reader: BlockReader;
  readonly #maxSizeBytes: number;
  readonly #hash: Sha256 | null;
  #buffers: [Uint8Array, Uint8Array] = [new Uint8Array(firstBufferBytes), new Uint8Array(0)];
  #rest: Uint8Array = new Uint8Array(0);
  #seen = 0;

  constructor(body: ReadableStream<Uint8Array>, maxSizeBytes: number, hash: Sha256 | null = null) {
    this.#reader = new BlockReader(body);
    this.#maxSizeBytes = maxSizeBytes;
    this.#hash = hash;
  }

  /** Valid until the call after the next; empty when the stream has ended. */
  async next(): Promise<Uint8Array> {
    let [buffer, other] = this.#buffers;
    let filled = 0;
    while (filled < partSizeBytes) {
      if (this.#rest.byteLength === 0 && !(await this.#read())) break;
      const taken = this.#rest.subarray(0, partSizeBytes - filled);
      buffer = withRoom(buffer, filled, filled + taken.byteLength);
      buffer.set(taken, filled);
      filled += taken.byteLength;
      this.#rest = this.#rest.subarray(taken.byteLength);
    }
    this.#buffers = [other, buffer];
    const part = buffer.subarray(0, filled);
    await this.#hash?.update(part);
    return part;
  }

  async cancel(reason: unknown): Promise<void> {
    await this.#reader.cancel(reason).catch(() => {});
  }

  async #read(): Promise<boolean> {
    const value = await this.#reader.next();
    if (value === null) {
      this.ended = true;
      return false;
    }
    this.#seen += value.byteLength;
    if (this.#seen > this.#maxSizeBytes) throw tooLarge();
    this.#rest = value;
    return true;
  }
}

/** Grows by doubling, so that a short body costs a short buffer. */
function withRoom(buffer: Uint8Array, filled: number, needed: number): Uint8Array {
  if (needed <= buffer.byteLength) return buffer;
  let size = Math.max(buffer.byteLength, firstBufferBytes);
  while (size < needed) size *= 2;
  const larger = new Uint8Array(Math.min(size, partSizeBytes));
  larger.set(buffer.subarray(0, filled));
  return larger;
}

class Sha256 {
  readonly #stream = new crypto.DigestStream('SHA-256');
  readonly #writer = this.#stream.getWriter();

  async update(bytes: Uint8Array): Promise<void> {
    if (bytes.byteLength > 0) await this.#writer.write(bytes);
  }

  async hex(): Promise<string> {
    await this.#writer.close();
    const digest = new Uint8Array(await this.#stream.digest);
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }
}

function tooLarge(): AppError {
  return new AppError('payload_too_large', 'The body is larger than allowed.');
}
