import { findFile, receiveFile } from '../features/files/index.ts';
import { dropNameOf, newDropName } from './address.ts';
import { decodePath } from './canonical.ts';
import { S3Error } from './errors.ts';
import { etagOf, isThere, noSuchKey } from './objects.ts';
import { keptHeaders, requireKnownHeaders, type S3Request, xmlResponse } from './request.ts';
import { writeXml } from './xml.ts';

/** S3's limit for one copy, and the object store's for one put. */
const maxCopyBytes = 5_000_000_000;

/**
 * A file dropped again from one that is there. rclone does so with a file whose content it finds unchanged,
 * to set its time: a drop like any other, and so a new job.
 */
export async function copyObject(s3: S3Request, key: string): Promise<Response> {
  const { ctx, request, programId } = s3;
  const { headers } = request;
  requireKnownHeaders(headers, ['x-amz-copy-source', 'x-amz-metadata-directive']);
  const name = newDropName(ctx.config, key);
  const from = dropNameOf(ctx.config, sourceKey(s3, headers.get('x-amz-copy-source') ?? ''));
  const source = from && (await findFile(ctx, programId, from.folder, from.filename));
  if (!source) throw noSuchKey();
  const onlyIfAbsent = headers.has('if-none-match');
  if (onlyIfAbsent && (await findFile(ctx, programId, name.folder, name.filename))) throw isThere();
  const isReplaced = headers.get('x-amz-metadata-directive')?.toUpperCase() === 'REPLACE';
  const kept = isReplaced ? keptHeaders(headers) : source.headers;
  const type = isReplaced ? headers.get('content-type') : source.contentType;
  const read = await ctx.objects.get(source.objectKey, { ifMatch: source.etag });
  if (!read) throw noSuchKey();
  const version = await receiveFile(ctx, {
    programId,
    ...name,
    body: read.body,
    sizeBytes: source.sizeBytes,
    maxSizeBytes: maxCopyBytes,
    contentType: type ?? undefined,
    source: 's3',
    onlyIfAbsent,
    facts: () => ({ headers: kept, checksum: null }),
  });
  return xmlResponse(
    writeXml('CopyObjectResult', {
      LastModified: new Date(version.createdAt).toISOString(),
      ETag: etagOf(version),
    }),
  );
}

/** `[/]bucket/key`, escaped. */
function sourceKey({ bucket }: S3Request, source: string): string {
  if (source.includes('?'))
    throw new S3Error('NotImplemented', 'A copy is made of the newest version: name none.');
  const path = decodePath(source).replace(/^\//, '');
  if (path.startsWith(`${bucket}/`)) return path.slice(bucket.length + 1);
  throw new S3Error('AccessDenied', `This access key opens the bucket "${bucket}" alone.`);
}
