import { deleteFiles, type FileVersion, findFile, parseRange, receiveFile } from '../features/files/index.ts';
import { ObjectRangeError } from '../platform/objects/index.ts';
import { dropNameOf, newDropName } from './address.ts';
import { checksumAlgorithms, checksumHeader } from './checksum.ts';
import { S3Error } from './errors.ts';
import { openPayload, readPayload } from './payload.ts';
import {
  etagsOf,
  keptHeaders,
  quoted,
  requireBearable,
  requireKnownHeaders,
  type S3Request,
  xmlResponse,
} from './request.ts';
import { childText, parseXml, writeXml, type XmlMembers } from './xml.ts';

/** A checksum as it is kept: `crc32 full_object {base 64}`. */
export interface KeptChecksum {
  algorithm: string;
  type: string;
  value: string;
}

export function keepChecksum({ algorithm, type, value }: KeptChecksum): string {
  return `${algorithm} ${type} ${value}`;
}

function keptChecksum(text: string | null): KeptChecksum | null {
  const [algorithm = '', type = '', value = ''] = text?.split(' ') ?? [];
  return value === '' ? null : { algorithm, type, value };
}

export function checksumHeaders(checksum: KeptChecksum | null): Record<string, string> {
  const algorithm = checksumAlgorithms.find((one) => one === checksum?.algorithm);
  if (!checksum || !algorithm) return {};
  return { [checksumHeader(algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type.toUpperCase() };
}

export const etagOf = (version: Pick<FileVersion, 's3Etag' | 'etag'>) =>
  quoted(version.s3Etag ?? version.etag);

export async function putObject(s3: S3Request, key: string): Promise<Response> {
  const { ctx, request, programId } = s3;
  const { headers } = request;
  requireKnownHeaders(headers);
  const name = newDropName(ctx.config, key);
  const kept = keptHeaders(headers);
  const onlyIfAbsent = headers.has('if-none-match');
  // Asked before the body comes; the unique key decides when it has come.
  if (onlyIfAbsent && (await findFile(ctx, programId, name.folder, name.filename))) throw isThere();
  const payload = openPayload({ request, payloadHash: s3.payloadHash, signing: s3.signing });
  requireBearable(s3, payload.sizeBytes, false);
  const checksumOf = () => {
    const { checksum } = payload.facts();
    return checksum === null ? null : { ...checksum, type: 'full_object' };
  };
  const version = await receiveFile(ctx, {
    programId,
    ...name,
    body: payload.open(),
    sizeBytes: payload.sizeBytes,
    contentType: headers.get('content-type') ?? undefined,
    source: 's3',
    onlyIfAbsent,
    facts: () => {
      const checksum = checksumOf();
      return { headers: kept, checksum: checksum === null ? null : keepChecksum(checksum) };
    },
  });
  return new Response(null, { headers: { etag: etagOf(version), ...checksumHeaders(checksumOf()) } });
}

export function isThere(): S3Error {
  return new S3Error('PreconditionFailed', 'There is a file of this name already.');
}

export async function getObject(s3: S3Request, key: string): Promise<Response> {
  const { ctx, request, programId } = s3;
  const name = dropNameOf(ctx.config, key);
  const file = name && (await findFile(ctx, programId, name.folder, name.filename));
  if (!file) throw noSuchKey();
  const headers = new Headers(fileHeaders(file));
  const isHead = request.method === 'HEAD';
  const wanted = request.headers;
  if (!isFresh(wanted, file)) {
    return new Response(null, { status: 304, headers });
  }
  const withChecksum = wanted.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED';
  const range = file.sizeBytes === 0 ? null : rangeOf(wanted, file);
  if (withChecksum && range === null) {
    for (const [header, value] of Object.entries(checksumHeaders(keptChecksum(file.checksum)))) {
      headers.set(header, value);
    }
  }
  if (isHead) return answer(null, headers, range, file);
  try {
    const read = await ctx.objects.get(file.objectKey, {
      ifMatch: file.etag,
      ...(range === null ? {} : { range }),
    });
    if (!read) throw noSuchKey();
    return answer(read.body, headers, range === null ? null : read.range, file);
  } catch (error) {
    if (error instanceof ObjectRangeError) throw beyondEnd(file);
    throw error;
  }
}

/** RFC 9110, 13.2.2: `if-match` before the times, `if-none-match` before `if-modified-since`. */
function isFresh(wanted: Headers, file: FileVersion): boolean {
  const etag = file.s3Etag ?? file.etag;
  const at = Math.floor(file.createdAt / 1_000) * 1_000;
  const match = wanted.get('if-match');
  if (match !== null) {
    if (!etagsOf(match).some((one) => one === etag || one === '*')) throw changed();
  } else {
    const until = Date.parse(wanted.get('if-unmodified-since') ?? '');
    if (!Number.isNaN(until) && at > until) throw changed();
  }
  const noneMatch = wanted.get('if-none-match');
  if (noneMatch !== null) return !etagsOf(noneMatch).some((one) => one === etag || one === '*');
  const since = Date.parse(wanted.get('if-modified-since') ?? '');
  return Number.isNaN(since) || at > since;
}

function changed(): S3Error {
  return new S3Error('PreconditionFailed', 'The file is another than the condition names.');
}

function fileHeaders(file: FileVersion): Record<string, string> {
  return {
    etag: etagOf(file),
    'last-modified': new Date(file.createdAt).toUTCString(),
    'accept-ranges': 'bytes',
    'content-type': file.contentType ?? 'binary/octet-stream',
    ...file.headers,
    // What a tenant dropped is never a page of ours, by a presigned link either.
    'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.filename)}`,
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store, no-transform',
  };
}

function rangeOf(wanted: Headers, file: FileVersion): { offset: number; length: number } | null {
  const range = parseRange(wanted.get('range') ?? undefined);
  if (range === null) return null;
  if ('suffix' in range) {
    const length = Math.min(range.suffix, file.sizeBytes);
    return { offset: file.sizeBytes - length, length };
  }
  if (range.offset >= file.sizeBytes) throw beyondEnd(file);
  return {
    offset: range.offset,
    length: Math.min(range.length ?? file.sizeBytes, file.sizeBytes - range.offset),
  };
}

function beyondEnd(file: FileVersion): S3Error {
  return new S3Error('InvalidRange', `The file has ${file.sizeBytes} bytes.`, {
    'content-range': `bytes */${file.sizeBytes}`,
  });
}

function answer(
  body: ReadableStream | null,
  headers: Headers,
  range: { offset: number; length: number } | null,
  file: FileVersion,
): Response {
  headers.set('content-length', String(range?.length ?? file.sizeBytes));
  if (range) {
    headers.set(
      'content-range',
      `bytes ${range.offset}-${range.offset + range.length - 1}/${file.sizeBytes}`,
    );
  }
  // The bytes are as they were dropped, whatever encoding they say they have.
  return new Response(body, { status: range ? 206 : 200, headers, encodeBody: 'manual' });
}

export function noSuchKey(): S3Error {
  return new S3Error('NoSuchKey', 'There is no such file.');
}

export async function deleteObject(s3: S3Request, key: string): Promise<Response> {
  const name = dropNameOf(s3.ctx.config, key);
  if (name) await deleteFiles(s3.ctx, s3.programId, [name]);
  return new Response(null, { status: 204 });
}

const maxDeleted = 1_000;
/** 1,000 keys of 1,024 bytes, all of them escaped, and what stands around them. */
const maxDeleteBytes = 8 * 1_024 * 1_024;

export async function deleteObjects(s3: S3Request): Promise<Response> {
  const { ctx, request } = s3;
  const payload = openPayload({ request, payloadHash: s3.payloadHash, signing: s3.signing });
  const document = parseXml(await readPayload(payload, maxDeleteBytes), 3 * maxDeleted + 2);
  const objects = document.children.filter(({ name }) => name === 'Object');
  const isQuiet = childText(document, 'Quiet')?.trim() === 'true';
  if (document.name !== 'Delete' || objects.length === 0 || objects.length > maxDeleted) {
    throw new S3Error('MalformedXML', `Name 1 to ${maxDeleted} objects to delete.`);
  }
  if (objects.some((object) => childText(object, 'VersionId') !== null)) {
    throw new S3Error('NotImplemented', 'A file is deleted with all its versions: name no version.');
  }
  const keys = objects.map((object) => childText(object, 'Key') ?? '');
  const names = keys.flatMap((key) => dropNameOf(ctx.config, key) ?? []);
  if (names.length > 0) await deleteFiles(ctx, s3.programId, names);
  const deleted: XmlMembers[] = isQuiet ? [] : keys.map((Key) => ({ Key }));
  return xmlResponse(writeXml('DeleteResult', { Deleted: deleted }));
}
