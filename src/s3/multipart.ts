import {
  abortMultipart,
  beginMultipart,
  completedVersion,
  completeMultipart,
  type FileVersion,
  findFile,
  findMultipart,
  listParts,
  type MultipartPart,
  type MultipartUpload,
  storePart,
} from '../features/files/index.ts';
import { combineCrc } from '../platform/crc.ts';
import { fromBase64, toBase64 } from '../platform/encoding.ts';
import { AppError } from '../platform/errors.ts';
import { keyOf, newDropName } from './address.ts';
import {
  algorithmOf,
  type ChecksumAlgorithm,
  checksumAlgorithms,
  checksumHeader,
  isCrc,
} from './checksum.ts';
import { S3Error } from './errors.ts';
import { checksumHeaders, etagOf, isThere, type KeptChecksum, keepChecksum } from './objects.ts';
import { compositeChecksum, multipartEtag, openPayload, readPayload } from './payload.ts';
import {
  etagsOf,
  keptHeaders,
  numberParam,
  quoted,
  requireBearable,
  requireKnownHeaders,
  type S3Request,
  xmlResponse,
} from './request.ts';
import { childText, parseXml, writeXml, type XmlElement, type XmlMembers } from './xml.ts';

const maxPartNumber = 10_000;
/** S3's and R2's; the last part alone may be smaller. */
const leastPartBytes = 5 * 1_024 * 1_024;

export async function createMultipartUpload(s3: S3Request, key: string): Promise<Response> {
  const { ctx, request, programId, bucket } = s3;
  requireKnownHeaders(request.headers);
  const name = newDropName(ctx.config, key);
  const { algorithm, type } = announcedChecksum(request.headers);
  const upload = await beginMultipart(ctx, {
    programId,
    ...name,
    contentType: request.headers.get('content-type'),
    headers: keptHeaders(request.headers),
    checksumAlgorithm: algorithm,
    checksumType: type,
  });
  return xmlResponse(
    writeXml('InitiateMultipartUploadResult', { Bucket: bucket, Key: key, UploadId: upload.uploadId }),
    algorithm === null || type === null
      ? {}
      : {
          'x-amz-checksum-algorithm': algorithm.toUpperCase(),
          'x-amz-checksum-type': type.toUpperCase(),
        },
  );
}

function announcedChecksum(headers: Headers): { algorithm: ChecksumAlgorithm | null; type: string | null } {
  const named = headers.get('x-amz-checksum-algorithm');
  const type = headers.get('x-amz-checksum-type')?.toLowerCase() ?? null;
  if (named === null) return { algorithm: null, type: null };
  const algorithm = algorithmOf(named);
  if (type !== null && type !== 'full_object' && type !== 'composite') {
    throw new S3Error('InvalidRequest', 'x-amz-checksum-type is FULL_OBJECT or COMPOSITE.');
  }
  const usual = algorithm === 'crc64nvme' ? 'full_object' : 'composite';
  const chosen = type ?? usual;
  const isPossible = chosen === 'full_object' ? isCrc(algorithm) : algorithm !== 'crc64nvme';
  if (!isPossible) throw new S3Error('InvalidRequest', `There is no ${chosen} checksum by ${algorithm}.`);
  return { algorithm, type: chosen };
}

export async function uploadPart(s3: S3Request, key: string): Promise<Response> {
  const { ctx, request } = s3;
  requireKnownHeaders(request.headers);
  const upload = await openUpload(s3, key);
  const partNumber = numberParam(s3, 'partNumber', { least: 1, most: maxPartNumber, otherwise: 0 });
  const algorithm = checksumAlgorithms.find((one) => one === upload.checksumAlgorithm) ?? null;
  const payload = openPayload({
    request,
    payloadHash: s3.payloadHash,
    signing: s3.signing,
    withMd5: true,
    algorithm,
  });
  requireBearable(s3, payload.sizeBytes, true);
  const part = await storePart(ctx, upload, partNumber, payload.body, payload.sizeBytes, () => {
    const { md5, checksum } = payload.facts();
    return { md5: md5 ?? '', checksum: checksum?.algorithm === algorithm ? (checksum?.value ?? null) : null };
  });
  const { checksum } = payload.facts();
  return new Response(null, {
    headers: {
      etag: quoted(part.md5),
      ...(checksum === null ? {} : { [checksumHeader(checksum.algorithm)]: checksum.value }),
    },
  });
}

async function findUpload(s3: S3Request, key: string): Promise<MultipartUpload> {
  const { ctx, programId, params } = s3;
  const upload = await findMultipart(ctx, programId, params.get('uploadId') ?? '');
  if (upload && keyOf(ctx.config, upload) === key) return upload;
  throw noSuchUpload();
}

async function openUpload(s3: S3Request, key: string): Promise<MultipartUpload> {
  const upload = await findUpload(s3, key);
  if (upload.completedAt === null) return upload;
  throw noSuchUpload();
}

function noSuchUpload(): S3Error {
  return new S3Error('NoSuchUpload', 'There is no such upload: it was completed or aborted, or never begun.');
}

const maxCompleteBytes = 8 * 1_024 * 1_024;

export async function completeMultipartUpload(s3: S3Request, key: string): Promise<Response> {
  const { ctx, request, programId } = s3;
  requireKnownHeaders(request.headers);
  const payload = openPayload({
    request: withoutChecksums(request),
    payloadHash: s3.payloadHash,
    signing: s3.signing,
  });
  const document = parseXml(await readPayload(payload, maxCompleteBytes), 9 * maxPartNumber);
  const upload = await findUpload(s3, key);
  if (upload.completedAt !== null) return completed(s3, key, await completedVersion(ctx, upload));
  const parts = await partsOf(s3, upload, document);
  const newName = request.headers.has('if-none-match');
  if (newName && (await findFile(ctx, programId, upload.folder, upload.filename))) throw isThere();
  const checksum = await checksumOf(upload, parts);
  requireWhole(request.headers, parts, checksum);
  const version = await completeMultipart(ctx, upload, parts, {
    newName,
    s3Etag: await multipartEtag(parts.map(({ md5 }) => md5)),
    checksum: checksum === null ? null : keepChecksum(checksum),
  }).catch((error: unknown) => {
    throw unjoined(error);
  });
  return completed(s3, key, version);
}

/** What the headers say is of the whole file here, not of the request's body. */
function withoutChecksums(request: Request): Request {
  const headers = new Headers(request.headers);
  for (const algorithm of checksumAlgorithms) headers.delete(checksumHeader(algorithm));
  headers.delete('x-amz-sdk-checksum-algorithm');
  return new Request(request, { headers });
}

function unjoined(error: unknown): unknown {
  if (!(error instanceof AppError)) return error;
  if (error.code === 'not_found') return noSuchUpload();
  if (error.code !== 'invalid_input') return error;
  return new S3Error(
    'InvalidPart',
    'The object store joins parts of one size alone, of which the last may be smaller. Upload them again so.',
  );
}

/** The parts that the document names, as they were stored. */
async function partsOf(
  { ctx, programId }: S3Request,
  upload: MultipartUpload,
  document: XmlElement,
): Promise<MultipartPart[]> {
  const named = document.children.filter(({ name }) => name === 'Part');
  if (document.name !== 'CompleteMultipartUpload' || named.length === 0) {
    throw new S3Error('MalformedXML', 'Name the parts to join.');
  }
  const stored = new Map<number, MultipartPart>();
  for (let after = 0; ; ) {
    const page = await listParts(ctx, programId, upload.uploadId, after, partsAtOnce);
    for (const part of page) stored.set(part.partNumber, part);
    after = page.at(-1)?.partNumber ?? 0;
    if (page.length < partsAtOnce) break;
  }
  let before = 0;
  const parts = named.map((element) => {
    const partNumber = Number(childText(element, 'PartNumber'));
    if (!(Number.isInteger(partNumber) && partNumber >= 1 && partNumber <= maxPartNumber)) {
      throw new S3Error('InvalidArgument', `A part number is 1 to ${maxPartNumber}.`);
    }
    if (partNumber <= before)
      throw new S3Error('InvalidPartOrder', 'Name the parts in the order of their numbers.');
    before = partNumber;
    const part = stored.get(partNumber);
    if (part && isNamed(part, element, upload)) return part;
    throw new S3Error('InvalidPart', `Part ${partNumber} was not uploaded, or is not the one that is named.`);
  });
  const small = parts.slice(0, -1).find(({ sizeBytes }) => sizeBytes < leastPartBytes);
  if (small) {
    throw new S3Error(
      'EntityTooSmall',
      `Part ${small.partNumber} has ${small.sizeBytes} bytes; all but the last have at least ${leastPartBytes}.`,
    );
  }
  return parts;
}

const partsAtOnce = 2_000;

function isNamed(part: MultipartPart, element: XmlElement, upload: MultipartUpload): boolean {
  const [etag] = etagsOf(childText(element, 'ETag') ?? '');
  if (etag !== part.md5) return false;
  const algorithm = upload.checksumAlgorithm;
  const given = algorithm === null ? null : childText(element, `Checksum${algorithm.toUpperCase()}`);
  return given === null || given.trim() === part.checksum;
}

/** Of the whole file, out of those of its parts: exact for a CRC, else the checksum of the checksums. */
async function checksumOf(upload: MultipartUpload, parts: MultipartPart[]): Promise<KeptChecksum | null> {
  const algorithm = checksumAlgorithms.find((one) => one === upload.checksumAlgorithm);
  const values = parts.flatMap(({ checksum }) => checksum ?? []);
  if (!algorithm || upload.checksumType === null || values.length < parts.length) return null;
  if (upload.checksumType === 'composite' || !isCrc(algorithm)) {
    return { algorithm, type: 'composite', value: await compositeChecksum(algorithm, values) };
  }
  const [first = '', ...rest] = values;
  let whole = fromBase64(first);
  for (const [i, value] of rest.entries()) {
    whole = combineCrc(algorithm, whole, fromBase64(value), parts[i + 1]?.sizeBytes ?? 0);
  }
  return { algorithm, type: 'full_object', value: toBase64(whole) };
}

/** What the headers say of the whole file must be so before it is joined. */
function requireWhole(headers: Headers, parts: MultipartPart[], checksum: KeptChecksum | null): void {
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  const announced = headers.get('x-amz-mp-object-size');
  if (announced !== null && Number(announced) !== sizeBytes) {
    throw new S3Error('InvalidRequest', `The parts have ${sizeBytes} bytes, not ${announced.slice(0, 20)}.`);
  }
  for (const algorithm of checksumAlgorithms) {
    const given = headers.get(checksumHeader(algorithm));
    if (given === null) continue;
    const isKnown = checksum?.algorithm === algorithm;
    if (isKnown && given.trim() === checksum.value) continue;
    throw isKnown
      ? new S3Error('BadDigest', `The parts do not make the ${checksumHeader(algorithm)} that is given.`)
      : new S3Error('InvalidRequest', 'Name the checksum algorithm when the upload is created.');
  }
}

function completed(s3: S3Request, key: string, version: FileVersion): Response {
  const { ctx, bucket } = s3;
  const [algorithm = '', type = '', value = ''] = version.checksum?.split(' ') ?? [];
  const path = key.split('/').map(encodeURIComponent).join('/');
  return xmlResponse(
    writeXml('CompleteMultipartUploadResult', {
      Location: `${ctx.config.PUBLIC_URL}/${bucket}/${path}`,
      Bucket: bucket,
      Key: key,
      ETag: etagOf(version),
      ...(value === ''
        ? {}
        : { [`Checksum${algorithm.toUpperCase()}`]: value, ChecksumType: type.toUpperCase() }),
    }),
    checksumHeaders(value === '' ? null : { algorithm, type, value }),
  );
}

export async function abortMultipartUpload(s3: S3Request, key: string): Promise<Response> {
  await abortMultipart(s3.ctx, await openUpload(s3, key));
  return new Response(null, { status: 204 });
}

export async function listUploadedParts(s3: S3Request, key: string): Promise<Response> {
  const { ctx, programId, bucket } = s3;
  const upload = await openUpload(s3, key);
  const limit = Math.min(numberParam(s3, 'max-parts', { least: 0, most: 2 ** 31, otherwise: 1_000 }), 1_000);
  const after = numberParam(s3, 'part-number-marker', { least: 0, most: 2 ** 31, otherwise: 0 });
  const found = await listParts(ctx, programId, upload.uploadId, after, limit + 1);
  const page = found.slice(0, limit);
  const isTruncated = found.length > limit;
  const parts = page.map(({ partNumber, sizeBytes, md5, checksum, createdAt }): XmlMembers => {
    const name = upload.checksumAlgorithm?.toUpperCase() ?? '';
    return {
      PartNumber: partNumber,
      LastModified: new Date(createdAt).toISOString(),
      ETag: quoted(md5),
      Size: sizeBytes,
      ...(checksum === null ? {} : { [`Checksum${name}`]: checksum }),
    };
  });
  return xmlResponse(
    writeXml('ListPartsResult', {
      Bucket: bucket,
      Key: key,
      UploadId: upload.uploadId,
      PartNumberMarker: after,
      NextPartNumberMarker: isTruncated ? (page.at(-1)?.partNumber ?? 0) : null,
      MaxParts: limit,
      IsTruncated: isTruncated,
      StorageClass: 'STANDARD',
      Part: parts,
    }),
  );
}
