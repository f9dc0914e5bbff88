import { sendFixedLength } from './fixed-length.ts';
import { defaultRetryDelaysMs, retrying } from './retry.ts';
import {
  discard,
  etagOf,
  expectGone,
  failure,
  infoOf,
  lengthOf,
  multipartError,
  readAnswer,
  readPage,
  storeCodeOf,
  textOfAnswer,
  unquoteEtag,
} from './s3-answers.ts';
import { contentTypeHeader, mayBeRepeated, rangeHeader, type S3Request } from './s3-requests.ts';
import { type S3Config, S3Presigner, S3Signer } from './sign.ts';
import {
  assertKey,
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
  type StoredObject,
  type UploadedPart,
} from './store.ts';
import { escapeXml, textOf } from './xml.ts';

/** Below the six requests that an invocation may have waiting for headers. */
const deletesInFlight = 5;

/** As long as a queue or cron invocation may live. */
const streamTimeoutMs = 15 * 60_000;

export interface S3ObjectStoreOptions {
  fetch?: typeof fetch;
  /** One more attempt after each: for what may be repeated, when the store cannot be reached or fails. */
  retryDelaysMs?: readonly number[];
  /** From the request to the headers of its answer; a streamed body may take 15 minutes instead. */
  timeoutMs?: number;
}

/** Any bucket that speaks S3: path-style or virtual-hosted, ListObjectsV2, conditional PUT. */
export class S3ObjectStore implements ObjectStore {
  readonly presignPut: PresignPut;
  readonly #signer: S3Signer;
  readonly #fetch: typeof fetch;
  readonly #retryDelaysMs: readonly number[];
  readonly #timeoutMs: number;

  constructor(config: S3Config, options: S3ObjectStoreOptions = {}) {
    const presigner = new S3Presigner(config);
    this.presignPut = (key, presignOptions) => presigner.presignPut(key, presignOptions);
    this.#signer = new S3Signer(config);
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.#retryDelaysMs = options.retryDelaysMs ?? defaultRetryDelaysMs;
    this.#timeoutMs = options.timeoutMs ?? 60_000;
  }

  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<StoredObject | null> {
    assertKey(key);
    const { sizeBytes, contentType, onlyIfAbsent } = options;
    return sendFixedLength(body, sizeBytes, async (fixed, length) => {
      const response = await this.#send({
        operation: 'put',
        method: 'PUT',
        key,
        headers: { ...contentTypeHeader(contentType), ...(onlyIfAbsent && { 'if-none-match': '*' }) },
        body: fixed,
        // Repeating a conditional PUT that did arrive would find its own object and say it was there.
        repeatable: !onlyIfAbsent,
      });
      if (onlyIfAbsent && response.status === 412) return discard(response, null);
      if (!response.ok) throw await failure('put', response);
      return discard(response, { key, sizeBytes: length, etag: etagOf('put', response) });
    });
  }

  async head(key: string): Promise<ObjectInfo | null> {
    assertKey(key);
    const response = await this.#send({ operation: 'head', method: 'HEAD', key, repeatable: true });
    if (response.status === 404) return null;
    if (!response.ok) throw await failure('head', response);
    return infoOf('head', key, response, lengthOf('head', response));
  }

  async get(key: string, options: GetOptions = {}): Promise<ObjectRead | null> {
    assertKey(key);
    const { range, ifMatch } = options;
    const response = await this.#send({
      operation: 'get',
      method: 'GET',
      key,
      headers: {
        ...(range && { range: rangeHeader(range) }),
        ...(ifMatch !== undefined && { 'if-match': `"${ifMatch}"` }),
      },
      repeatable: true,
    });
    if (!response.ok) {
      const error = await failure('get', response);
      if (error.status === 404 && error.storeCode !== 'NoSuchBucket') return null;
      if (error.status === 412) throw new ObjectChangedError();
      if (error.status === 416) throw new ObjectRangeError();
      throw error;
    }
    try {
      return readAnswer(key, response, range);
    } catch (error) {
      await response.body?.cancel();
      throw error;
    }
  }

  /** One request per key: multi-delete wants a checksum that stores disagree on, and answers per key anyway. */
  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) assertKey(key);
    const waiting = keys.values();
    const worker = async () => {
      for (const key of waiting) {
        const response = await this.#send({ operation: 'delete', method: 'DELETE', key, repeatable: true });
        await expectGone('delete', response, 'NoSuchKey');
      }
    };
    await Promise.all(Array.from({ length: Math.min(deletesInFlight, keys.length) }, worker));
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ObjectPage> {
    const { cursor, limit, delimiter } = options;
    const response = await this.#send({
      operation: 'list',
      method: 'GET',
      query: {
        'list-type': '2',
        'encoding-type': 'url',
        'max-keys': String(limit ?? maxListLimit),
        prefix,
        ...(cursor !== undefined && { 'continuation-token': cursor }),
        ...(delimiter !== undefined && { delimiter }),
      },
      repeatable: true,
    });
    if (!response.ok) throw await failure('list', response);
    return readPage(await textOfAnswer('list', response));
  }

  async createMultipart(key: string, options: { contentType?: string } = {}): Promise<{ uploadId: string }> {
    assertKey(key);
    const response = await this.#send({
      operation: 'createMultipart',
      method: 'POST',
      key,
      query: { uploads: '' },
      headers: contentTypeHeader(options.contentType),
      repeatable: true,
    });
    if (!response.ok) throw await failure('createMultipart', response);
    const uploadId = textOf(await textOfAnswer('createMultipart', response), 'UploadId');
    if (!uploadId) throw new ObjectStoreError('createMultipart', response.status, 'no_upload_id');
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
    return sendFixedLength(body, options.sizeBytes, async (fixed) => {
      const response = await this.#send({
        operation: 'uploadPart',
        method: 'PUT',
        key,
        query: { partNumber: String(partNumber), uploadId },
        body: fixed,
        repeatable: true,
      });
      if (!response.ok) throw multipartError(await failure('uploadPart', response));
      return discard(response, { partNumber, etag: etagOf('uploadPart', response) });
    });
  }

  async completeMultipart(
    key: string,
    uploadId: string,
    parts: readonly UploadedPart[],
  ): Promise<StoredObject> {
    assertKey(key);
    const partsXml = parts.map(
      ({ partNumber, etag }) =>
        `<Part><PartNumber>${partNumber}</PartNumber><ETag>&#34;${escapeXml(etag)}&#34;</ETag></Part>`,
    );
    const response = await this.#send({
      operation: 'completeMultipart',
      method: 'POST',
      key,
      query: { uploadId },
      headers: { 'content-type': 'application/xml' },
      body: `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${partsXml.join('')}</CompleteMultipartUpload>`,
      repeatable: false,
    });
    if (!response.ok) throw multipartError(await failure('completeMultipart', response));
    // The 200 is sent before the parts are joined; an error may still follow in the body (S3 API, CompleteMultipartUpload).
    const answer = await textOfAnswer('completeMultipart', response);
    const etag = textOf(answer, 'ETag');
    if (etag === null) {
      throw multipartError(new ObjectStoreError('completeMultipart', response.status, storeCodeOf(answer)));
    }
    const stored = await this.head(key);
    if (stored?.etag !== unquoteEtag(etag)) throw new ObjectChangedError();
    return { key, sizeBytes: stored.sizeBytes, etag: stored.etag };
  }

  async abortMultipart(key: string, uploadId: string): Promise<void> {
    assertKey(key);
    const response = await this.#send({
      operation: 'abortMultipart',
      method: 'DELETE',
      key,
      query: { uploadId },
      repeatable: true,
    });
    await expectGone('abortMultipart', response, 'NoSuchUpload');
  }

  async #send(request: S3Request): Promise<Response> {
    const streamed = request.body instanceof ReadableStream;
    const url = this.#signer.url(request.key ?? null, request.query);
    const attempt = async () => {
      const headers = await this.#signer.signHeaders(request.method, url, request.headers ?? {});
      // Unsigned, as proxies rewrite it; without it one could compress the answer, which would lose its length.
      headers.set('accept-encoding', 'identity');
      const response = await this.#fetchOnce(url, request, headers, streamed);
      if (mayBeRepeated(response.status, request.repeatable))
        throw await failure(request.operation, response);
      return response;
    };
    return retrying(
      attempt,
      (error) =>
        error instanceof ObjectStoreError &&
        !streamed &&
        (error.status === null ? request.repeatable : mayBeRepeated(error.status, request.repeatable)),
      this.#retryDelaysMs,
    );
  }

  async #fetchOnce(url: string, request: S3Request, headers: Headers, streamed: boolean): Promise<Response> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), streamed ? streamTimeoutMs : this.#timeoutMs);
    try {
      return await this.#fetch(url, {
        method: request.method,
        headers,
        // A redirect would take the signature to another host, a cache would answer with an older version.
        redirect: 'manual',
        cache: 'no-store',
        signal: abort.signal,
        ...(request.body !== undefined && { body: request.body }),
      });
    } catch {
      // What `fetch` throws may quote the request; whoever reads the log needs only to know which it was.
      throw new ObjectStoreError(request.operation, null, abort.signal.aborted ? 'timeout' : 'no_answer');
    } finally {
      clearTimeout(timer);
    }
  }
}
