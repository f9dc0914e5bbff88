import {
  completedVersion,
  completeMultipart,
  type FileVersion,
  findFile,
  listParts,
  type MultipartPart,
  type MultipartUpload,
} from '../features/files/index.ts';
import { combineCrc } from '../platform/crc.ts';
import { fromBase64, toBase64 } from '../platform/encoding.ts';
import { AppError } from '../platform/errors.ts';
import { checksumAlgorithms, checksumHeader, isCrc } from './checksum.ts';
import { S3Error } from './errors.ts';
import { findUpload, maxPartNumber, noSuchUpload } from './multipart.ts';
import { checksumHeaders, etagOf, isThere, type KeptChecksum, keepChecksum } from './objects.ts';
import { compositeChecksum, multipartEtag, openPayload, readPayload } from './payload.ts';
import { etagsOf, requireKnownHeaders, type S3Request, xmlResponse } from './request.ts';
import { childText, parseXml, writeXml, type XmlElement } from './xml.ts';

/** S3's and R2's; the last part alone may be smaller. */
const leastPartBytes = 5 * 1_024 * 1_024;
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
