import type { Ctx } from '../../context.ts';
import { commit, isUniqueViolation, type Statement } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { putStream } from '../../platform/objects/index.ts';
import { countActivity } from '../activity/index.ts';
import { recordAudit } from '../audit/index.ts';
import { findProgram } from '../programs/index.ts';
import { requireFilename } from './schema.ts';
import {
  completeUploadRow,
  type FileVersion,
  findFile,
  findUpload,
  findVersion,
  forwardedKeyOf,
  insertUpload,
  insertVersion,
  objectKeyOf,
  qaKeyPrefix,
} from './store.ts';

export interface IncomingFile {
  programId: string;
  folder: string;
  filename: string;
  body: ReadableStream<Uint8Array>;
  /** When the sender announced it; any other length is refused. */
  sizeBytes: number | undefined;
  /** `MAX_UPLOAD_BYTES` unless told. */
  maxSizeBytes?: number;
  contentType: string | undefined;
  source: 'api' | 's3';
  /** Refused with `precondition_failed` where the name is taken. */
  onlyIfAbsent?: boolean;
  /** What is known once the body was read: given back to S3 clients with the file. */
  facts?: () => Pick<FileVersion, 'headers' | 'checksum'>;
}

/**
 * Stores a dropped file as an object of its own and points its name at it. The object is written first: a
 * crash in between leaves an object that no name knows, which the nightly step removes.
 */
export async function receiveFile(ctx: Ctx, file: IncomingFile): Promise<FileVersion> {
  const filename = requireFilename(file.filename);
  const at = ctx.now();
  const versionId = newId('fil', at);
  const objectKey = objectKeyFor(ctx, { ...file, filename, versionId });
  const stored = await putStream(ctx.objects, objectKey, file.body, {
    maxSizeBytes: file.maxSizeBytes ?? ctx.config.MAX_UPLOAD_BYTES,
    ...(file.sizeBytes === undefined ? {} : { sizeBytes: file.sizeBytes }),
    ...(file.contentType === undefined ? {} : { contentType: file.contentType }),
  });
  // The program may have been deleted while its file was coming in.
  if (!(await findProgram(ctx, file.programId))) {
    await ctx.objects.delete([objectKey]);
    throw new AppError('not_found', 'There is no such program any more.');
  }
  const version: FileVersion = {
    versionId,
    programId: file.programId,
    folder: file.folder,
    filename,
    objectKey,
    sizeBytes: stored.sizeBytes,
    etag: stored.etag,
    contentType: file.contentType ?? null,
    ...(file.facts?.() ?? { headers: null, checksum: null }),
    s3Etag: null,
    source: file.source,
    traceId: newId('tra', at),
    createdAt: at,
    erasedAt: null,
  };
  return acceptVersion(ctx, version, { newName: file.onlyIfAbsent === true });
}

/** A drop for the QA deployment lies among that deployment's objects, any other among our own. */
export function objectKeyFor(
  ctx: Ctx,
  of: Pick<FileVersion, 'programId' | 'folder' | 'filename' | 'versionId'>,
): string {
  const isForwarded = of.folder.startsWith(qaKeyPrefix) && ctx.config.DROP_ENVIRONMENT !== 'qa';
  return isForwarded ? forwardedKeyOf(of) : objectKeyOf(of.programId, of.versionId);
}

/**
 * Commits a stored object as its name's newest version, with whatever starts by its arrival. Repeated for
 * the same version: the version as it is known, and nothing starts twice. Throws `precondition_failed`,
 * and drops the object, where the name is taken and must be new.
 */
export async function acceptVersion(
  ctx: Ctx,
  version: FileVersion,
  options: { newName: boolean; with?: Statement[] },
): Promise<FileVersion> {
  const { statements, committed } = await ctx.registry.onFileStored(ctx, version);
  try {
    await commit(ctx.db, [
      ...insertVersion(ctx, version, options),
      ...(options.with ?? []),
      ...statements,
      countActivity(ctx, version.programId, 'files', 'ok'),
      auditOf(ctx, version, 'file.stored'),
    ]);
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    const known = await findVersion(ctx, version.programId, version.versionId);
    if (known) return known;
    if (!options.newName) throw error;
    await ctx.objects.delete([version.objectKey]);
    throw new AppError('precondition_failed', 'There is a file of this name already.');
  }
  committed();
  return version;
}

const uploadMs = 60 * 60_000;

/** A URL for one PUT straight to the object store, good for an hour. Throws `not_configured` without S3 credentials. */
export async function beginUpload(
  ctx: Ctx,
  programId: string,
  input: { folder: string; filename: string; size: number; contentType?: string | undefined },
): Promise<{ uploadId: string; url: string; headers: Record<string, string>; expiresAt: number }> {
  const filename = requireFilename(input.filename);
  if (!ctx.presigner) {
    throw new AppError(
      'not_configured',
      'Uploads straight to the object store are not configured on this hub: PUT the file to /api/programs/{programId}/files/… instead.',
    );
  }
  const at = ctx.now();
  const uploadId = newId('upl', at);
  const objectKey = objectKeyOf(programId, newId('fil', at));
  const { url, headers } = await ctx.presigner.presignPut(objectKey, {
    sizeBytes: input.size,
    expiresSeconds: uploadMs / 1_000,
    onlyIfAbsent: true,
    ...(input.contentType === undefined ? {} : { contentType: input.contentType }),
  });
  const expiresAt = at + uploadMs;
  const row = {
    uploadId,
    programId,
    folder: input.folder,
    filename,
    sizeBytes: input.size,
    objectKey,
    createdAt: at,
  };
  await commit(ctx.db, [insertUpload(ctx, { ...row, expiresAt, versionId: null })]);
  return { uploadId, url, headers, expiresAt };
}

/** Makes an upload its name's newest version. Repeated: the same version again. */
export async function completeUpload(ctx: Ctx, programId: string, uploadId: string): Promise<FileVersion> {
  const upload = await findUpload(ctx, programId, uploadId);
  if (!upload)
    throw new AppError('not_found', 'There is no such upload, or it ended without being completed.');
  const versionId = upload.objectKey.slice(upload.objectKey.lastIndexOf('/') + 1);
  if (upload.versionId !== null) {
    const known = await findFile(ctx, programId, upload.folder, upload.filename);
    if (known?.versionId === versionId) return known;
    throw new AppError('conflict', 'This upload was completed before, and a newer file has its name now.');
  }
  const info = await ctx.objects.head(upload.objectKey);
  if (!info) {
    throw new AppError(
      'file_not_found',
      'Nothing has been uploaded yet: PUT the file to the URL first, with its headers.',
    );
  }
  if (info.sizeBytes !== upload.sizeBytes) {
    throw new AppError(
      'invalid_input',
      `The uploaded file has ${info.sizeBytes} bytes; ${upload.sizeBytes} were announced.`,
    );
  }
  const at = ctx.now();
  const version: FileVersion = {
    versionId,
    programId,
    folder: upload.folder,
    filename: upload.filename,
    objectKey: upload.objectKey,
    sizeBytes: info.sizeBytes,
    etag: info.etag,
    contentType: info.contentType ?? null,
    headers: null,
    checksum: null,
    s3Etag: null,
    source: 'upload',
    traceId: newId('tra', at),
    createdAt: at,
    erasedAt: null,
  };
  return acceptVersion(ctx, version, {
    newName: false,
    with: [completeUploadRow(ctx, uploadId, versionId)],
  });
}

function auditOf(ctx: Ctx, version: FileVersion, action: string) {
  return recordAudit(ctx, {
    programId: version.programId,
    action,
    target: version.versionId,
    detail: {
      folder: version.folder,
      filename: version.filename,
      sizeBytes: version.sizeBytes,
      source: version.source,
    },
  });
}
