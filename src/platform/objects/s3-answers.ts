/** What an S3 store answered, read without trust: only codes, numbers, keys and etags come out. */
import { AppError } from '../errors.ts';
import {
  type ObjectInfo,
  type ObjectPage,
  type ObjectRange,
  type ObjectRead,
  ObjectStoreError,
  readObject,
  resolveRange,
} from './store.ts';
import { elementsOf, textOf } from './xml.ts';

const maxErrorBytes = 65_536;
/** 1,000 keys of 1,024 bytes, each percent-encoded, with their tags. */
const maxAnswerBytes = 8 * 1024 * 1024;

export function readAnswer(key: string, response: Response, range: ObjectRange | undefined): ObjectRead {
  const length = lengthOf('get', response);
  const contentRange = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
  const sizeBytes = contentRange ? Number(contentRange[3]) : length;
  const taken = range ? resolveRange(range, sizeBytes) : { offset: 0, length: sizeBytes };
  const given = { offset: Number(contentRange?.[1] ?? 0), length };
  if (given.offset !== taken.offset || given.length !== taken.length) {
    throw new ObjectStoreError('get', response.status, 'another_range');
  }
  return readObject(infoOf('get', key, response, sizeBytes), taken, response.body ?? emptyBody());
}

export function readPage(xml: string): ObjectPage {
  const decode = textOf(xml, 'EncodingType') === 'url' ? decodeListed : (text: string) => text;
  const objects = elementsOf(xml, 'Contents').map((entry) => ({
    key: decode(requiredText(entry, 'Key')),
    sizeBytes: Number(requiredText(entry, 'Size')),
    etag: unquoteEtag(requiredText(entry, 'ETag')),
    uploadedAtMs: Date.parse(requiredText(entry, 'LastModified')),
  }));
  const prefixes = elementsOf(xml, 'CommonPrefixes').map((entry) => decode(requiredText(entry, 'Prefix')));
  const truncated = requiredText(xml, 'IsTruncated') === 'true';
  return { objects, prefixes, cursor: truncated ? requiredText(xml, 'NextContinuationToken') : null };
}

function requiredText(xml: string, name: string): string {
  const text = textOf(xml, name);
  if (text === null) throw new ObjectStoreError('list', 200, 'unreadable');
  return text;
}

/** AWS writes a space as `+` in listed keys, R2 as `%20`; a plus is `%2B` in both. */
function decodeListed(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

export function infoOf(operation: string, key: string, response: Response, sizeBytes: number): ObjectInfo {
  const contentType = response.headers.get('content-type');
  return {
    key,
    sizeBytes,
    etag: etagOf(operation, response),
    uploadedAtMs: Date.parse(response.headers.get('last-modified') ?? ''),
    ...(contentType !== null && { contentType }),
  };
}

export function etagOf(operation: string, response: Response): string {
  const etag = response.headers.get('etag');
  if (etag === null) throw new ObjectStoreError(operation, response.status, 'no_etag');
  return unquoteEtag(etag);
}

export function unquoteEtag(etag: string): string {
  return etag.replace(/^(?:W\/)?"(.*)"$/, '$1');
}

export function lengthOf(operation: string, response: Response): number {
  const length = response.headers.get('content-length');
  if (length === null) throw new ObjectStoreError(operation, response.status, 'no_length');
  return Number(length);
}

export async function failure(operation: string, response: Response): Promise<ObjectStoreError> {
  const answer = await textOfAnswer(operation, response, maxErrorBytes).catch(() => '');
  return new ObjectStoreError(operation, response.status, storeCodeOf(answer));
}

/** A 404 may also mean that there is no such bucket. */
export async function expectGone(operation: string, response: Response, goneCode: string): Promise<void> {
  if (response.ok) return discard(response, undefined);
  const error = await failure(operation, response);
  if (error.storeCode !== goneCode) throw error;
}

/** Only a code passes: the messages of stores quote keys, signatures and requests. */
export function storeCodeOf(answer: string): string | null {
  return /^[A-Za-z]{1,64}$/.exec(textOf(answer, 'Code') ?? '')?.[0] ?? null;
}

const partErrors = new Set([
  'InvalidPart',
  'InvalidPartOrder',
  'InvalidPartNumber',
  'EntityTooSmall',
  'MalformedXML',
]);

export function multipartError(error: ObjectStoreError): AppError {
  if (error.storeCode === 'NoSuchUpload') return new AppError('not_found', 'There is no such upload.');
  if (error.storeCode === 'EntityTooLarge') {
    return new AppError('payload_too_large', 'The object is too large for the store.');
  }
  if (partErrors.has(error.storeCode ?? '')) {
    return new AppError('invalid_input', 'The parts do not make an object.');
  }
  return error;
}

/** An unread body would keep its connection. */
export async function discard<T>(response: Response, result: T): Promise<T> {
  await response.body?.cancel();
  return result;
}

export async function textOfAnswer(
  operation: string,
  response: Response,
  maxBytes = maxAnswerBytes,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let seen = 0;
  for await (const chunk of response.body ?? []) {
    seen += chunk.byteLength;
    if (seen > maxBytes) throw new ObjectStoreError(operation, response.status, 'answer_too_long');
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function emptyBody(): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({ start: (controller) => controller.close() });
}
