import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { findProgram } from '../programs/index.ts';
import {
  endMultipart,
  insertMultipart,
  listMultiparts,
  type MultipartPart,
  type MultipartUpload,
  removeMultiparts,
  savePart,
} from './multipart-store.ts';
import { acceptVersion, objectKeyFor } from './receive.ts';
import { requireFilename } from './schema.ts';
import { type FileVersion, findVersion } from './store.ts';

export interface MultipartIn {
  programId: string;
  folder: string;
  filename: string;
  contentType: string | null;
  headers: Record<string, string> | null;
  checksumAlgorithm: string | null;
  checksumType: string | null;
}

/** Begins an upload in parts. Its state is in the database, so that it outlives any restart. */
export async function beginMultipart(ctx: Ctx, input: MultipartIn): Promise<MultipartUpload> {
  const filename = requireFilename(input.filename);
  const at = ctx.now();
  const versionId = newId('fil', at);
  const objectKey = objectKeyFor(ctx, { ...input, filename, versionId });
  const { uploadId: storeUploadId } = await ctx.objects.createMultipart(
    objectKey,
    input.contentType === null ? {} : { contentType: input.contentType },
  );
  const upload: MultipartUpload = {
    ...input,
    uploadId: newId('mpu', at),
    filename,
    versionId,
    objectKey,
    storeUploadId,
    createdAt: at,
    completedAt: null,
  };
  await commit(ctx.db, [insertMultipart(ctx, upload)]);
  return upload;
}

/** Sends one part on to the object store. `facts` is asked once the body was read to its end. */
export async function storePart(
  ctx: Ctx,
  upload: MultipartUpload,
  partNumber: number,
  body: ReadableStream<Uint8Array>,
  sizeBytes: number,
  facts: () => { md5: string; checksum: string | null },
): Promise<MultipartPart> {
  const { uploadId, programId, objectKey, storeUploadId } = upload;
  const sent = await ctx.objects.uploadPart(objectKey, storeUploadId, partNumber, body, { sizeBytes });
  const part: MultipartPart = {
    uploadId,
    partNumber,
    programId,
    sizeBytes,
    ...facts(),
    storeEtag: sent.etag,
    createdAt: ctx.now(),
  };
  await commit(ctx.db, [savePart(ctx, part)]);
  return part;
}

/**
 * Joins the parts into a file, its name's newest version. Repeated, also after a crash in between: the same
 * version. Throws `precondition_failed` where the name is taken and must be new, `expired` where the file
 * it became is gone.
 */
export async function completeMultipart(
  ctx: Ctx,
  upload: MultipartUpload,
  parts: MultipartPart[],
  as: { newName: boolean; s3Etag: string; checksum: string | null },
): Promise<FileVersion> {
  const { programId, objectKey, versionId } = upload;
  if (upload.completedAt !== null) return completedVersion(ctx, upload);
  const joined = await joinParts(ctx, upload, parts);
  // The program may have been deleted while its file was coming in.
  if (!(await findProgram(ctx, programId))) {
    await ctx.objects.delete([objectKey]);
    throw new AppError('not_found', 'There is no such program any more.');
  }
  const at = ctx.now();
  const version: FileVersion = {
    versionId,
    programId,
    folder: upload.folder,
    filename: upload.filename,
    objectKey,
    sizeBytes: joined.sizeBytes,
    etag: joined.etag,
    contentType: upload.contentType,
    headers: upload.headers,
    checksum: as.checksum,
    s3Etag: as.s3Etag,
    source: 's3',
    traceId: newId('tra', at),
    createdAt: at,
    erasedAt: null,
  };
  return acceptVersion(ctx, version, { newName: as.newName, with: endMultipart(ctx, upload) });
}

/** The version that a completed upload became. Throws `expired` where it is gone. */
export async function completedVersion(ctx: Ctx, upload: MultipartUpload): Promise<FileVersion> {
  const known = await findVersion(ctx, upload.programId, upload.versionId);
  if (known) return known;
  throw new AppError('expired', 'The upload was completed, and its file is gone.');
}

/** The store joins an upload once; an earlier call whose answer was lost left the object behind. */
async function joinParts(ctx: Ctx, { objectKey, storeUploadId }: MultipartUpload, parts: MultipartPart[]) {
  const named = parts.map(({ partNumber, storeEtag }) => ({ partNumber, etag: storeEtag }));
  try {
    return await ctx.objects.completeMultipart(objectKey, storeUploadId, named);
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'not_found')) throw error;
    const joined = await ctx.objects.head(objectKey);
    if (joined) return joined;
    throw error;
  }
}

/** Drops an open upload with its parts. */
export async function abortMultipart(ctx: Ctx, upload: MultipartUpload): Promise<void> {
  await ctx.objects.abortMultipart(upload.objectKey, upload.storeUploadId);
  await commit(ctx.db, removeMultiparts(ctx, upload.programId, [upload.uploadId]));
}

const droppedAtOnce = 20;
const dayMs = 86_400_000;
/** R2 drops an open upload after seven days by itself. */
const openDays = 7;

/** Drops a bounded part of the uploads that a program began before `beforeMs`; the number dropped. */
export async function dropMultiparts(ctx: Ctx, programId: string, beforeMs: number): Promise<number> {
  const old = await listMultiparts(ctx, programId, beforeMs, droppedAtOnce);
  for (const upload of old) {
    if (upload.completedAt === null) await abortMultipart(ctx, upload);
    else await commit(ctx.db, removeMultiparts(ctx, programId, [upload.uploadId]));
  }
  return old.length;
}

/** Uploads open for a week are dropped, and what is left of completed ones. */
export async function pruneMultiparts(ctx: Ctx, programId: string): Promise<number> {
  return dropMultiparts(ctx, programId, ctx.now() - openDays * dayMs);
}
