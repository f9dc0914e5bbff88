import type { Ctx } from '../../context.ts';
import { AppError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { findProgram } from '../programs/index.ts';
import { acceptVersion, completeUpload } from './receive.ts';
import { folderName, requireFilename } from './schema.ts';
import { type FileVersion, findUploadOfObject, objectKeyOf, qaKeyPrefix } from './store.ts';

/**
 * Makes a file of an object that the store tells of, where nobody else does: an upload straight to the
 * store whose sender did not complete it, and a drop that another deployment's S3 door took for this one.
 * What came through this hub's own doors has its row by the time of its answer.
 */
export async function takeUpObject(ctx: Ctx, storeKey: string): Promise<void> {
  const key = ownKeyOf(ctx, storeKey);
  const forwarded = key === null ? null : forwardedDrop(key);
  if (forwarded) return takeUpForwarded(ctx, forwarded);
  const match = /^files\/([^/]+)\/(fil_[0-9a-z]{26})$/.exec(key ?? '');
  const [, programId = '', versionId = ''] = match ?? [];
  const upload = match && (await findUploadOfObject(ctx, programId, objectKeyOf(programId, versionId)));
  if (!upload || upload.versionId !== null) return;
  await completeUpload(ctx, programId, upload.uploadId).catch(unlessOurs);
}

/** Null for an object of another deployment on the same store. */
function ownKeyOf(ctx: Ctx, storeKey: string): string | null {
  const isQa = storeKey.startsWith(qaKeyPrefix);
  if (ctx.config.DROP_ENVIRONMENT !== 'qa') return isQa ? null : storeKey;
  return isQa ? storeKey.slice(qaKeyPrefix.length) : null;
}

type Forwarded = Pick<FileVersion, 'programId' | 'folder' | 'filename' | 'versionId' | 'objectKey'>;

/** Reads what `forwardedKeyOf` wrote. */
function forwardedDrop(key: string): Forwarded | null {
  const match = /^files\/([^/]+)\/drop\/([^/]+)\/([^/]+)\/(fil_[0-9a-z]{26})$/.exec(key);
  if (!match) return null;
  const [, programId = '', folder = '', filename = '', versionId = ''] = match;
  if (!folderName.safeParse(folder).success) return null;
  return { programId, folder, filename: requireFilename(filename), versionId, objectKey: key };
}

async function takeUpForwarded(ctx: Ctx, drop: Forwarded): Promise<void> {
  const program = await findProgram(ctx, drop.programId);
  if (program?.programId !== drop.programId) {
    ctx.log.line('drop.no_such_program', { programId: drop.programId });
    return;
  }
  const info = await ctx.objects.head(drop.objectKey);
  if (!info) return;
  const at = ctx.now();
  await acceptVersion(
    ctx,
    {
      ...drop,
      sizeBytes: info.sizeBytes,
      etag: info.etag,
      contentType: info.contentType ?? null,
      headers: null,
      checksum: null,
      s3Etag: null,
      source: 's3',
      traceId: newId('tra', at),
      createdAt: at,
      erasedAt: null,
    },
    { newName: false },
  );
}

/** An upload that is not what it announced stays open for its sender to see; a repeat would not mend it. */
function unlessOurs(error: unknown): void {
  if (error instanceof AppError && ['invalid_input', 'conflict', 'not_found'].includes(error.code)) return;
  throw error;
}
