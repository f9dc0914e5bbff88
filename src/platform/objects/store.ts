import { AppError } from '../errors.ts';

/**
 * One object store, whatever holds the bytes: an R2 bucket by its binding (`r2.ts`) or any S3-compatible
 * bucket (`s3.ts`). Objects appear whole or not at all. What fails is an `AppError`: the subclasses below,
 * `invalid_input` (key, length, part), `not_found` (upload), `payload_too_large`, else `unavailable`.
 */
export interface ObjectStore {
  /**
   * Writes one object whole, at most 5 GiB. A stream needs `sizeBytes`; one that gives more or fewer
   * bytes, or errors, leaves nothing. `null` only with `onlyIfAbsent`, when the key is taken.
   */
  put(key: string, body: ObjectBody, options?: PutOptions): Promise<StoredObject | null>;

  /** `null` when there is no such object. */
  head(key: string): Promise<ObjectInfo | null>;

  /**
   * The object, or the part of it that `range` names; `null` when there is no such object. The body must
   * be read or cancelled. Throws `ObjectChangedError` when the object is no longer the version `ifMatch`
   * names, `ObjectRangeError` when no byte lies in the range (any range of an empty object).
   */
  get(key: string, options?: GetOptions): Promise<ObjectRead | null>;

  /** Deletes any number of objects; those that are not there count as deleted. */
  delete(keys: readonly string[]): Promise<void>;

  /** One page in the order of the keys' UTF-8 bytes. A page may be short of `limit`: only `cursor` says whether it is the last. */
  list(prefix: string, options?: ListOptions): Promise<ObjectPage>;

  /** Starts an upload in parts; nothing is visible under `key` before `completeMultipart`. */
  createMultipart(key: string, options?: { contentType?: string }): Promise<{ uploadId: string }>;

  /**
   * Sends part 1 to 10,000; the same number again replaces it. Parts are of one size (5 MiB to 5 GiB, R2
   * wants them equal) but the last, which may be smaller. A stream needs `sizeBytes`.
   */
  uploadPart(
    key: string,
    uploadId: string,
    partNumber: number,
    body: ObjectBody,
    options?: { sizeBytes?: number },
  ): Promise<UploadedPart>;

  /** Joins the parts into the object. Not repeatable: a second call throws `not_found`. */
  completeMultipart(key: string, uploadId: string, parts: readonly UploadedPart[]): Promise<StoredObject>;

  /** Drops an upload and its parts; one that is not there counts as dropped. */
  abortMultipart(key: string, uploadId: string): Promise<void>;

  /** Absent where no S3 credentials are configured. */
  readonly presignPut?: PresignPut;
}

export type ObjectBody = Uint8Array | string | ReadableStream<Uint8Array>;

export interface StoredObject {
  key: string;
  sizeBytes: number;
  /** Opaque, without quotes; names this version of the object. Not always an MD5. */
  etag: string;
}

export interface ObjectInfo extends StoredObject {
  /** The store's clock, to the second on S3: for people to read, never to decide by. */
  uploadedAtMs: number;
  /** `application/octet-stream` where none was given. Absent in lists, which S3 makes without it. */
  contentType?: string;
}

export interface PutOptions {
  /** Required for a stream, ignored otherwise. */
  sizeBytes?: number;
  contentType?: string;
  onlyIfAbsent?: boolean;
}

/** `suffix` is the last so many bytes, or all of a shorter object. */
export type ObjectRange = { offset: number; length?: number } | { suffix: number };

export interface GetOptions {
  range?: ObjectRange;
  /** The etag of the only version wanted. */
  ifMatch?: string;
}

export interface ObjectRead {
  info: ObjectInfo;
  body: ReadableStream<Uint8Array>;
  /** What the body holds of the object; a range past the end is cut to it. */
  range: { offset: number; length: number };
  bytes(): Promise<Uint8Array>;
  text(): Promise<string>;
}

export interface ListOptions {
  cursor?: string;
  /** 1 to 1,000, which is also the default; objects and prefixes both count. */
  limit?: number;
  /** Keys that have it after the prefix are folded into `prefixes`, each cut after the delimiter. */
  delimiter?: string;
}

export interface ObjectPage {
  objects: ObjectInfo[];
  prefixes: string[];
  cursor: string | null;
}

export interface UploadedPart {
  partNumber: number;
  etag: string;
}

export interface PresignPutOptions {
  /** Signed: the store refuses a body of any other length. */
  sizeBytes: number;
  /** 1 to 604,800 (7 days). */
  expiresSeconds: number;
  contentType?: string;
  /** The URL stores only where nothing is: it works once. */
  onlyIfAbsent?: boolean;
}

/** A URL that is itself a credential: for its receiver alone, never for a log. */
export interface PresignedPut {
  url: string;
  /** To be sent exactly so with the PUT. */
  headers: Record<string, string>;
}

export type PresignPut = (key: string, options: PresignPutOptions) => Promise<PresignedPut>;

/** The object is no longer the version that `ifMatch` names. */
export class ObjectChangedError extends AppError {
  override name = 'ObjectChangedError';

  constructor() {
    super('precondition_failed', 'The object has been replaced since.');
  }
}

/** No byte of the object lies in the range. */
export class ObjectRangeError extends AppError {
  override name = 'ObjectRangeError';

  constructor() {
    super('range_not_satisfiable', 'No byte of the object lies in this range.');
  }
}

/** The store failed or refused; `operation`, `status` and `storeCode` are for the log. */
export class ObjectStoreError extends AppError {
  override name = 'ObjectStoreError';
  readonly operation: string;
  readonly status: number | null;
  readonly storeCode: string | null;

  constructor(operation: string, status: number | null, storeCode: string | null, cause?: unknown) {
    super('unavailable', 'The object store could not do this now.', { cause });
    this.operation = operation;
    this.status = status;
    this.storeCode = storeCode;
  }
}

export const maxListLimit = 1000;
/** Stored, lest S3 and R2 each make up their own. */
export const defaultContentType = 'application/octet-stream';
const maxKeyBytes = 1024;

/**
 * Keys that both stores can hold under the same name. `.` and `..` as segments are refused because URL
 * parsers fold them, even percent-encoded (WHATWG URL, "double-dot path segment"), and control characters
 * because XML 1.0 cannot carry them.
 */
export function assertKey(key: string): void {
  const fits =
    key.length > 0 &&
    !key.startsWith('/') &&
    !/\p{Surrogate}/u.test(key) &&
    new TextEncoder().encode(key).byteLength <= maxKeyBytes &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    !/[\u0000-\u001f\u007f]|(?:^|\/)\.{1,2}(?:\/|$)/.test(key);
  if (!fits) throw new AppError('invalid_input', 'This is not a key an object can have.');
}

/** What `range` takes from an object of `sizeBytes`. */
export function resolveRange(range: ObjectRange, sizeBytes: number): { offset: number; length: number } {
  if ('suffix' in range) {
    const length = Math.min(range.suffix, sizeBytes);
    if (!(length > 0)) throw new ObjectRangeError();
    return { offset: sizeBytes - length, length };
  }
  const length = Math.min(range.length ?? sizeBytes, sizeBytes - range.offset);
  if (!(range.offset >= 0 && length > 0)) throw new ObjectRangeError();
  return { offset: range.offset, length };
}

export function readObject(
  info: ObjectInfo,
  range: { offset: number; length: number },
  body: ReadableStream<Uint8Array>,
): ObjectRead {
  return {
    info,
    range,
    body,
    bytes: async () => new Uint8Array(await new Response(body).arrayBuffer()),
    text: () => new Response(body).text(),
  };
}
