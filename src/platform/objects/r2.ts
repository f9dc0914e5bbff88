import { AppError } from '../errors.ts';
import { sendFixedLength } from './fixed-length.ts';
import { defaultRetryDelaysMs, retrying } from './retry.ts';
import type { S3Presigner } from './sign.ts';
import {
  assertKey,
  defaultContentType,
  type GetOptions,
  type ListOptions,
  maxListLimit,
  type ObjectBody,
  ObjectChangedError,
  type ObjectInfo,
  type ObjectPage,
  ObjectRangeError,
  type ObjectRead,
  type ObjectStore,
  ObjectStoreError,
  type PresignPut,
  type PutOptions,
  readObject,
  resolveRange,
  type StoredObject,
  type UploadedPart,
} from './store.ts';

const maxKeysPerDelete = 1000;

/** An R2 bucket by its binding; `presigner`, for its S3 endpoint, adds `presignPut`. */
export class R2ObjectStore implements ObjectStore {
  readonly presignPut?: PresignPut;
  readonly #bucket: R2Bucket;
  readonly #retryDelaysMs: readonly number[];

  constructor(
    bucket: R2Bucket,
    options: { presigner?: S3Presigner; retryDelaysMs?: readonly number[] } = {},
  ) {
    const { presigner } = options;
    this.#bucket = bucket;
    this.#retryDelaysMs = options.retryDelaysMs ?? defaultRetryDelaysMs;
    if (presigner) this.presignPut = (key, presignOptions) => presigner.presignPut(key, presignOptions);
  }

  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<StoredObject | null> {
    assertKey(key);
    const putOptions = {
      ...httpMetadata(options.contentType),
      // The header form: `etagDoesNotMatch: '*'` is documented nowhere.
      ...(options.onlyIfAbsent && { onlyIf: new Headers({ 'if-none-match': '*' }) }),
    };
    const repeatable = !(body instanceof ReadableStream) && !options.onlyIfAbsent;
    const object = await sendFixedLength(body, options.sizeBytes, (fixed) =>
      this.#run('put', repeatable, () => this.#bucket.put(key, fixed, putOptions)),
    );
    if (object) return storedObject(object);
    if (options.onlyIfAbsent) return null;
    throw new ObjectStoreError('put', null, null);
  }

  async head(key: string): Promise<ObjectInfo | null> {
    assertKey(key);
    const object = await this.#run('head', true, () => this.#bucket.head(key));
    return object && objectInfo(object);
  }

  async get(key: string, options: GetOptions = {}): Promise<ObjectRead | null> {
    assertKey(key);
    const { range, ifMatch } = options;
    // R2 takes neither an empty range nor a fraction of a byte.
    if (range) resolveRange(range, Number.MAX_SAFE_INTEGER);
    const object = await this.#run('get', true, () =>
      this.#bucket.get(key, {
        ...(range && { range }),
        ...(ifMatch !== undefined && { onlyIf: { etagMatches: ifMatch } }),
      }),
    ).catch(async (error: unknown) => {
      // R2 says of a range beyond the end no more than that it failed (10039).
      const info = range && (await this.head(key));
      if (range && info) resolveRange(range, info.sizeBytes);
      throw error;
    });
    if (!object) return null;
    if (!('body' in object)) throw new ObjectChangedError();
    const body = object.body as ReadableStream<Uint8Array>;
    try {
      const taken = range ? resolveRange(range, object.size) : { offset: 0, length: object.size };
      return readObject(objectInfo(object), taken, body);
    } catch (error) {
      // Locally an offset at or past the end gives the whole object.
      await body.cancel();
      throw error;
    }
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) assertKey(key);
    for (let start = 0; start < keys.length; start += maxKeysPerDelete) {
      const slice = keys.slice(start, start + maxKeysPerDelete);
      await this.#run('delete', true, () => this.#bucket.delete(slice));
    }
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ObjectPage> {
    const { cursor, limit, delimiter } = options;
    const page = await this.#run('list', true, () =>
      this.#bucket.list({
        prefix,
        limit: limit ?? maxListLimit,
        ...(cursor !== undefined && { cursor }),
        ...(delimiter !== undefined && { delimiter }),
      }),
    );
    return {
      objects: page.objects.map(objectInfo),
      prefixes: page.delimitedPrefixes,
      cursor: page.truncated ? page.cursor : null,
    };
  }

  async createMultipart(key: string, options: { contentType?: string } = {}): Promise<{ uploadId: string }> {
    assertKey(key);
    const { uploadId } = await this.#run('createMultipart', true, () =>
      this.#bucket.createMultipartUpload(key, httpMetadata(options.contentType)),
    );
    return { uploadId };
  }

  async uploadPart(
    key: string,
    uploadId: string,
    partNumber: number,
    body: ObjectBody,
    options: { sizeBytes?: number } = {},
  ): Promise<UploadedPart> {
    assertKey(key);
    const upload = this.#bucket.resumeMultipartUpload(key, uploadId);
    const repeatable = !(body instanceof ReadableStream);
    const { etag } = await sendFixedLength(body, options.sizeBytes, (fixed) =>
      this.#run('uploadPart', repeatable, () => upload.uploadPart(partNumber, fixed)),
    );
    return { partNumber, etag };
  }

  async completeMultipart(
    key: string,
    uploadId: string,
    parts: readonly UploadedPart[],
  ): Promise<StoredObject> {
    assertKey(key);
    const upload = this.#bucket.resumeMultipartUpload(key, uploadId);
    return storedObject(
      await this.#run('completeMultipart', false, () =>
        upload.complete(parts.map(({ partNumber, etag }) => ({ partNumber, etag }))),
      ),
    );
  }

  async abortMultipart(key: string, uploadId: string): Promise<void> {
    assertKey(key);
    const upload = this.#bucket.resumeMultipartUpload(key, uploadId);
    try {
      await this.#run('abortMultipart', true, () => upload.abort());
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'not_found')) throw error;
    }
  }

  #run<T>(operation: string, repeatable: boolean, call: () => Promise<T>): Promise<T> {
    return retrying(
      async () => {
        try {
          return await call();
        } catch (error) {
          throw translate(operation, error);
        }
      },
      (error) => repeatable && error instanceof ObjectStoreError,
      this.#retryDelaysMs,
    );
  }
}

/** R2's errors carry their number at the end of the message: "put: … (10048)". Source: R2 "Error codes". */
function translate(operation: string, error: unknown): AppError {
  const code = error instanceof Error ? /\((\d+)\)$/.exec(error.message)?.[1] : undefined;
  switch (code) {
    case '10039':
      return new ObjectRangeError();
    case '10024':
      return new AppError('not_found', 'There is no such upload.');
    case '10011':
    case '10025':
    case '10048':
      return new AppError('invalid_input', 'The parts do not make an object.');
    case '100100':
      return new AppError('payload_too_large', 'The object is too large for the store.');
    default:
      return new ObjectStoreError(operation, null, code ?? null, error);
  }
}

function httpMetadata(contentType = defaultContentType): { httpMetadata: R2HTTPMetadata } {
  return { httpMetadata: { contentType } };
}

function storedObject(object: R2Object): StoredObject {
  return { key: object.key, sizeBytes: object.size, etag: object.etag };
}

function objectInfo(object: R2Object): ObjectInfo {
  const contentType = object.httpMetadata?.contentType;
  return {
    ...storedObject(object),
    uploadedAtMs: object.uploaded.getTime(),
    ...(contentType !== undefined && { contentType }),
  };
}
