import type { Ctx, Lifecycle } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { recordAudit } from '../audit/index.ts';
import { dropMultiparts, pruneMultiparts } from './multipart.ts';
import {
  type FileVersion,
  forwardedPrefixOf,
  knownObjects,
  listOldVersions,
  listStaleUploads,
  listVersions,
  listVersionsOf,
  markErased,
  objectPrefixOf,
  removeFileRows,
  removeName,
  removeNames,
  removeUploads,
} from './store.ts';

/** Deletes a file with all its versions. An unfinished job that pins one ends failed, and says why. */
export async function deleteFile(
  ctx: Ctx,
  programId: string,
  folder: string,
  filename: string,
): Promise<void> {
  const versions = await listVersions(ctx, programId, folder, filename);
  if (versions.length === 0) throw new AppError('not_found', 'There is no such file.');
  await eraseVersions(ctx, programId, versions);
  await commit(ctx.db, [
    removeName(ctx, programId, folder, filename),
    recordAudit(ctx, { programId, action: 'file.deleted', target: `${folder}/${filename}` }),
  ]);
}

const versionsAtOnce = 2_000;

/** The same for many files; names that there are not count as deleted. */
export async function deleteFiles(
  ctx: Ctx,
  programId: string,
  names: { folder: string; filename: string }[],
): Promise<void> {
  const paths = names.map(({ folder, filename }) => `${folder}/${filename}`);
  let found = 0;
  for (;;) {
    const versions = await listVersionsOf(ctx, programId, paths, versionsAtOnce);
    await eraseVersions(ctx, programId, versions);
    found += versions.length;
    if (versions.length < versionsAtOnce) break;
  }
  if (found === 0) return;
  await commit(ctx.db, [
    removeNames(ctx, programId, paths),
    recordAudit(ctx, {
      programId,
      action: 'file.deleted',
      target: paths.length === 1 ? (paths[0] ?? '') : `${paths.length} files`,
      detail: paths.length === 1 ? {} : { files: paths },
    }),
  ]);
}

/** Objects first: a row that says erased must not leave bytes behind. */
async function eraseVersions(ctx: Ctx, programId: string, versions: FileVersion[]): Promise<void> {
  await ctx.objects.delete(versions.map((version) => version.objectKey));
  const ids = versions.map((version) => version.versionId);
  await commit(ctx.db, markErased(ctx, programId, ids));
}

const erasedAtOnce = 500;

export const filesLifecycle: Lifecycle = {
  slice: 'files',
  async deleted(ctx, programId) {
    for (const prefix of [objectPrefixOf(programId), forwardedPrefixOf(programId)]) {
      const page = await ctx.objects.list(prefix, { limit: erasedAtOnce });
      await ctx.objects.delete(page.objects.map((object) => object.key));
      if (page.cursor !== null) return false;
    }
    if ((await dropMultiparts(ctx, programId, Number.MAX_SAFE_INTEGER)) > 0) return false;
    await commit(ctx.db, removeFileRows(ctx, programId));
    return true;
  },
  async prune(ctx, programId, retention) {
    const before = ctx.now() - (retention.files ?? 30) * 86_400_000;
    const old = await listOldVersions(ctx, programId, before, 200);
    const ids = old.map((version) => version.versionId);
    const pinned = new Set<string>();
    for (const slice of ctx.registry.lifecycles) {
      for (const id of (await slice.pins?.(ctx, programId, ids)) ?? []) pinned.add(id);
    }
    const free = old.filter((version) => !pinned.has(version.versionId));
    if (free.length > 0) await eraseVersions(ctx, programId, free);
    return (
      free.length +
      (await pruneUploads(ctx, programId)) +
      (await pruneMultiparts(ctx, programId)) +
      (await pruneOrphans(ctx, programId))
    );
  },
};

const orphanPages = 5;
const orphanAgeMs = 2 * 86_400_000;

/** Objects that no row knows: of a crash between object and row, or of a URL used after its upload ended. */
async function pruneOrphans(ctx: Ctx, programId: string): Promise<number> {
  let pruned = 0;
  let cursor: string | null = null;
  for (let pages = 0; pages < orphanPages; pages++) {
    const page = await ctx.objects.list(objectPrefixOf(programId), cursor === null ? {} : { cursor });
    const old = page.objects.filter(({ uploadedAtMs }) => uploadedAtMs < ctx.wallNow() - orphanAgeMs);
    const known = await knownObjects(
      ctx,
      programId,
      old.map(({ key }) => key),
    );
    const orphans = old.flatMap(({ key }) => (known.has(key) ? [] : [key]));
    await ctx.objects.delete(orphans);
    pruned += orphans.length;
    cursor = page.cursor;
    if (cursor === null) break;
  }
  return pruned;
}

/** Presigned uploads that were never completed leave an object only their row knows. */
async function pruneUploads(ctx: Ctx, programId: string): Promise<number> {
  const stale = (await listStaleUploads(ctx, programId, ctx.now() - 86_400_000)).slice(0, 90);
  if (stale.length === 0) return 0;
  const orphans = stale.filter((upload) => upload.versionId === null).map((upload) => upload.objectKey);
  await ctx.objects.delete(orphans);
  await commit(ctx.db, [
    removeUploads(
      ctx,
      stale.map((upload) => upload.uploadId),
    ),
  ]);
  return stale.length;
}
