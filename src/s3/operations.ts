import { completeMultipartUpload } from './complete.ts';
import { copyObject } from './copy.ts';
import { S3Error } from './errors.ts';
import { listBuckets, listObjects } from './listing.ts';
import { abortMultipartUpload, createMultipartUpload, listUploadedParts, uploadPart } from './multipart.ts';
import { deleteObject, deleteObjects, getObject, putObject } from './objects.ts';
import { type S3Request, xmlResponse } from './request.ts';
import { writeXml } from './xml.ts';

interface Operation {
  name: string;
  method: string;
  on: 'service' | 'bucket' | 'object';
  /** Parameters that make it this operation. */
  needs: string[];
  /** Others that it understands. */
  takes: string[];
  run(s3: S3Request, key: string): Response | Promise<Response>;
}

const listing = ['prefix', 'delimiter', 'max-keys', 'encoding-type'];

const operations: Operation[] = [
  {
    name: 'ListBuckets',
    method: 'GET',
    on: 'service',
    needs: [],
    takes: ['max-buckets', 'prefix'],
    run: listBuckets,
  },
  { name: 'HeadBucket', method: 'HEAD', on: 'bucket', needs: [], takes: [], run: headBucket },
  { name: 'CreateBucket', method: 'PUT', on: 'bucket', needs: [], takes: [], run: createBucket },
  {
    name: 'GetBucketLocation',
    method: 'GET',
    on: 'bucket',
    needs: ['location'],
    takes: [],
    run: bucketLocation,
  },
  {
    name: 'ListObjectsV2',
    method: 'GET',
    on: 'bucket',
    needs: ['list-type'],
    takes: [...listing, 'continuation-token', 'start-after', 'fetch-owner'],
    run: listObjects,
  },
  {
    name: 'ListObjects',
    method: 'GET',
    on: 'bucket',
    needs: [],
    takes: [...listing, 'marker'],
    run: listObjects,
  },
  { name: 'DeleteObjects', method: 'POST', on: 'bucket', needs: ['delete'], takes: [], run: deleteObjects },
  {
    name: 'ListParts',
    method: 'GET',
    on: 'object',
    needs: ['uploadId'],
    takes: ['max-parts', 'part-number-marker', 'encoding-type'],
    run: listUploadedParts,
  },
  { name: 'GetObject', method: 'GET', on: 'object', needs: [], takes: [], run: getObject },
  { name: 'HeadObject', method: 'HEAD', on: 'object', needs: [], takes: [], run: getObject },
  {
    name: 'UploadPart',
    method: 'PUT',
    on: 'object',
    needs: ['partNumber', 'uploadId'],
    takes: [],
    run: uploadPart,
  },
  { name: 'CopyObject', method: 'PUT', on: 'object', needs: [], takes: [], run: copyObject },
  { name: 'PutObject', method: 'PUT', on: 'object', needs: [], takes: [], run: putObject },
  {
    name: 'CreateMultipartUpload',
    method: 'POST',
    on: 'object',
    needs: ['uploads'],
    takes: [],
    run: createMultipartUpload,
  },
  {
    name: 'CompleteMultipartUpload',
    method: 'POST',
    on: 'object',
    needs: ['uploadId'],
    takes: [],
    run: completeMultipartUpload,
  },
  {
    name: 'AbortMultipartUpload',
    method: 'DELETE',
    on: 'object',
    needs: ['uploadId'],
    takes: [],
    run: abortMultipartUpload,
  },
  { name: 'DeleteObject', method: 'DELETE', on: 'object', needs: [], takes: [], run: deleteObject },
];

/** The operation that a request means. Throws `NotImplemented` for all the rest that S3 has. */
export function operationOf(
  method: string,
  on: Operation['on'],
  params: ReadonlyMap<string, string>,
  headers: Headers,
): Operation {
  const isCopy = headers.has('x-amz-copy-source');
  const found = operations.find(
    (one) =>
      one.method === method &&
      one.on === on &&
      (one.name === 'CopyObject') === isCopy &&
      one.needs.every((name) => params.has(name)),
  );
  const stray = found && [...params.keys()].find((name) => ![...found.needs, ...found.takes].includes(name));
  if (found && stray === undefined) return found;
  const what =
    stray === undefined ? `${method} on a ${on}` : `${method} on a ${on} with "${stray.slice(0, 100)}"`;
  throw new S3Error(
    'NotImplemented',
    `${what} is not among what this hub does: ${operations.map(({ name }) => name).join(', ')}.`,
  );
}

/** Clients that make sure of the bucket before they write (rclone) go on at this answer. */
function createBucket(s3: S3Request): never {
  throw new S3Error('BucketAlreadyOwnedByYou', `The bucket "${s3.bucket}" is yours already.`);
}

function headBucket(): Response {
  return new Response(null, { status: 200, headers: { 'x-amz-bucket-region': region } });
}

/** Any region is taken in signatures; this one stands where a client asks. */
const region = 'us-east-1';

function bucketLocation(): Response {
  // S3 writes its first region as an empty element.
  return xmlResponse(writeXml('LocationConstraint', ''));
}
