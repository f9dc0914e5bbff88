import type { Ctx } from '../../context.ts';
import { AppError, type ErrorCode } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { findProgram } from '../programs/index.ts';
import { acceptVersion, completeUpload } from './receive.ts';
import { folderName, requireFilename } from './schema.ts';
import { type FileVersion, findUploadOfObject, findVersion, objectKeyOf, qaKeyPrefix } from './store.ts';

/**
 * What there was to take up: a `file`, by this call or before; nothing, for the object is `gone` from the store;
 * what is `unlike` the upload that announced it, which stays open for its sender to see; or an object of no
 * upload and no program here: `unknown`.
 */
export type Found = 'file' | 'gone' | 'unlike' | 'unknown';

/**
 * Makes a file of an object that the store tells of, where nobody else does: an upload straight to the
 * store whose sender did not complete it, and a drop that another deployment's S3 door took for this one.
 * What came through this hub's own doors has its row by the time of its answer. Repeated, the same again.
 */
export async function takeUpObject(ctx: Ctx, storeKey: string): Promise<Found> {
  const key = ownKeyOf(ctx, storeKey);
  const forwarded = key === null ? null : forwardedDrop(key);
  if (forwarded) return takeUpForwarded(ctx, forwarded);
  const match = /^files\/([^/]+)\/(fil_[0-9a-z]{26})$/.exec(key ?? '');
  if (match === null) return 'unknown';
  const [, programId = '', versionId = ''] = match;
  const upload = await findUploadOfObject(ctx, programId, objectKeyOf(programId, versionId));
  if (upload === null) return (await findVersion(ctx, programId, versionId)) === null ? 'unknown' : 'file';
  if (upload.versionId !== null) return 'file';
  try {
    await completeUpload(ctx, programId, upload.uploadId);
    return 'file';
  } catch (error) {
    const found = error instanceof AppError ? refusals[error.code] : undefined;
    if (found === undefined) throw error;
    return found;
  }
}

/** What a refusal to complete an upload says of its object; a repeat would not change it. */
const refusals: Partial<Record<ErrorCode, Found>> = {
  invalid_input: 'unlike',
  file_not_found: 'gone',
  // Completed beside us, and there is a newer file by now.
  conflict: 'file',
  not_found: 'unknown',
};

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

async function takeUpForwarded(ctx: Ctx, drop: Forwarded): Promise<Found> {
  const program = await findProgram(ctx, drop.programId);
  if (program?.programId !== drop.programId) {
    ctx.log.line('drop.no_such_program', { programId: drop.programId });
    return 'unknown';
  }
  const info = await ctx.objects.head(drop.objectKey);
  if (!info) return 'gone';
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
  return 'file';
}
