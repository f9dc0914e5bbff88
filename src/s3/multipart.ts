import {
  abortMultipart,
  beginMultipart,
  findMultipart,
  listParts,
  type MultipartUpload,
  storePart,
} from '../features/files/index.ts';
import { keyOf, newDropName } from './address.ts';
import {
  algorithmOf,
  type ChecksumAlgorithm,
  checksumAlgorithms,
  checksumHeader,
  isCrc,
} from './checksum.ts';
import { S3Error } from './errors.ts';
import { openPayload } from './payload.ts';
import {
  keptHeaders,
  numberParam,
  quoted,
  requireBearable,
  requireKnownHeaders,
  type S3Request,
  xmlResponse,
} from './request.ts';
import { writeXml, type XmlMembers } from './xml.ts';

export const maxPartNumber = 10_000;

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
  const part = await storePart(ctx, upload, partNumber, payload.open(), payload.sizeBytes, () => {
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

export async function findUpload(s3: S3Request, key: string): Promise<MultipartUpload> {
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

export function noSuchUpload(): S3Error {
  return new S3Error('NoSuchUpload', 'There is no such upload: it was completed or aborted, or never begun.');
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
