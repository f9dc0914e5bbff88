import { type DropEntry, listDrops } from '../features/files/index.ts';
import { fromBase64, toBase64Url, utf8 } from '../platform/encoding.ts';
import { ownPrefix } from './address.ts';
import { encodeRfc3986 } from './canonical.ts';
import { S3Error } from './errors.ts';
import { numberParam, quoted, type S3Request, xmlResponse } from './request.ts';
import { writeXml, type XmlMembers } from './xml.ts';

const maxKeys = 1_000;

/** ListObjectsV2, and the first ListObjects, which s3cmd and rclone still call by default. */
export async function listObjects(s3: S3Request): Promise<Response> {
  const { ctx, params, programId, bucket } = s3;
  const isSecond = params.get('list-type') === '2';
  if (params.has('list-type') && !isSecond) throw new S3Error('InvalidArgument', 'list-type is 2.');
  const limit = numberParam(s3, 'max-keys', { least: 0, most: 2 ** 31, otherwise: maxKeys });
  const shown = Math.min(limit, maxKeys);
  const encode = encodingOf(params.get('encoding-type'));
  const [prefix, delimiter] = [params.get('prefix') ?? '', params.get('delimiter') ?? ''];
  const token = isSecond ? params.get('continuation-token') : undefined;
  const startAfter = (isSecond ? params.get('start-after') : params.get('marker')) ?? '';
  // The marker of the first form may be a prefix that the page before ended with.
  const after = token === undefined ? (isSecond ? '' : startAfter) : afterOf(token);
  const entries =
    shown === 0
      ? []
      : await listDrops(ctx, programId, {
          ownPrefix: ownPrefix(ctx.config),
          prefix,
          delimiter,
          startAfter,
          after,
          limit: shown + 1,
        });
  const page = entries.slice(0, shown);
  const last = entries.length > shown ? (page.at(-1)?.key ?? null) : null;
  const nothing = params.has('delimiter') ? encode(delimiter) : null;
  const common: XmlMembers = {
    Name: bucket,
    Prefix: encode(prefix),
    Delimiter: nothing,
    MaxKeys: shown,
    EncodingType: params.get('encoding-type') ?? null,
    IsTruncated: last !== null,
    Contents: page.flatMap((entry) => (entry.kind === 'file' ? [contentsOf(entry, encode)] : [])),
    CommonPrefixes: page.flatMap(({ kind, key }): XmlMembers[] =>
      kind === 'prefix' ? [{ Prefix: encode(key) }] : [],
    ),
  };
  if (!isSecond) {
    const markers = { Marker: encode(startAfter), NextMarker: last === null ? null : encode(last) };
    return xmlResponse(writeXml('ListBucketResult', { ...common, ...markers }));
  }
  return xmlResponse(
    writeXml('ListBucketResult', {
      ...common,
      KeyCount: page.length,
      StartAfter: startAfter === '' ? null : encode(startAfter),
      ContinuationToken: token ?? null,
      NextContinuationToken: last === null ? null : toBase64Url(utf8(last)),
    }),
  );
}

function contentsOf(entry: DropEntry & { kind: 'file' }, encode: (text: string) => string): XmlMembers {
  return {
    Key: encode(entry.key),
    LastModified: new Date(entry.updatedAt).toISOString(),
    ETag: quoted(entry.etag),
    Size: entry.sizeBytes,
    StorageClass: 'STANDARD',
  };
}

function encodingOf(type: string | undefined): (text: string) => string {
  if (type === undefined) return (text) => text;
  if (type !== 'url') throw new S3Error('InvalidArgument', 'encoding-type is "url".');
  return (text) => text.split('/').map(encodeRfc3986).join('/');
}

function afterOf(token: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(fromBase64(token));
  } catch {
    throw new S3Error('InvalidArgument', 'The continuation-token is not one of this list.');
  }
}

export function listBuckets(s3: S3Request): Response {
  const bucket = { Name: s3.bucket, CreationDate: new Date(s3.createdAtMs).toISOString() };
  return xmlResponse(
    writeXml('ListAllMyBucketsResult', {
      Owner: { ID: s3.programId, DisplayName: s3.programId },
      Buckets: { Bucket: bucket },
    }),
  );
}
