import { and, asc, eq, gt, inArray, isNull, lt, or, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { fileNames, fileVersions, uploads } from './table.ts';

export type FileVersion = typeof fileVersions.$inferSelect;
export type Upload = typeof uploads.$inferSelect;

/** The object of a version: nothing else ever writes that key. */
export function objectKeyOf(programId: string, versionId: string): string {
  return `${objectPrefixOf(programId)}${versionId}`;
}

/** What the keys of a QA deployment's objects begin with, on a store that it shares with production. */
export const qaKeyPrefix = 'qa/';

/**
 * Where a drop for the QA deployment lies: among that deployment's own objects, with all it needs to take
 * the file up, for its database knows nothing of it. Seen from there the key begins after `qa/`.
 */
export function forwardedKeyOf(
  of: Pick<FileVersion, 'programId' | 'folder' | 'filename' | 'versionId'>,
): string {
  const folder = of.folder.slice(qaKeyPrefix.length);
  return `${forwardedPrefixOf(of.programId)}${folder}/${of.filename}/${of.versionId}`;
}

export function forwardedPrefixOf(programId: string): string {
  return `${qaKeyPrefix}${objectPrefixOf(programId)}drop/`;
}

export function objectPrefixOf(programId: string): string {
  return `files/${programId}/`;
}

/**
 * The statements that make a stored object its name's newest version. A version that is known already, and
 * a name that is taken where it must be new, undo the whole transaction: unique keys refuse them.
 */
export function insertVersion(ctx: Ctx, version: FileVersion, options: { newName: boolean }): Statement[] {
  const { programId, folder, filename, versionId } = version;
  const name = { programId, folder, filename, versionId, updatedAt: version.createdAt };
  const naming = ctx.db.insert(fileNames).values(name);
  return [
    ctx.db.insert(fileVersions).values(version),
    options.newName
      ? naming
      : naming.onConflictDoUpdate({
          target: [fileNames.programId, fileNames.folder, fileNames.filename],
          set: { versionId, updatedAt: version.createdAt },
        }),
  ];
}

/** The newest version of a name; null when there is no such file. */
export async function findFile(
  ctx: Ctx,
  programId: string,
  folder: string,
  filename: string,
): Promise<FileVersion | null> {
  const [row] = await ctx.db
    .select({ version: fileVersions })
    .from(fileNames)
    .innerJoin(fileVersions, eq(fileVersions.versionId, fileNames.versionId))
    .where(
      and(
        eq(fileNames.programId, programId),
        eq(fileNames.folder, folder),
        eq(fileNames.filename, filename),
        isNull(fileVersions.erasedAt),
      ),
    )
    .limit(1);
  return row?.version ?? null;
}

export async function listFiles(
  ctx: Ctx,
  programId: string,
  prefix: string,
  after: [string, string] | null,
  limit: number,
): Promise<FileVersion[]> {
  const path = sql<string>`${fileNames.folder} || '/' || ${fileNames.filename}`;
  const rows = await ctx.db
    .select({ version: fileVersions })
    .from(fileNames)
    .innerJoin(fileVersions, eq(fileVersions.versionId, fileNames.versionId))
    .where(
      and(
        eq(fileNames.programId, programId),
        isNull(fileVersions.erasedAt),
        // A drop for another environment is none of this one's files.
        sql`instr(${fileNames.folder}, '/') = 0`,
        // Not LIKE: its patterns end at 50 bytes in D1, and "_" is a wildcard.
        prefix === '' ? undefined : sql`substr(${path}, 1, length(${prefix})) = ${prefix}`,
        after === null
          ? undefined
          : or(
              gt(fileNames.folder, after[0]),
              and(eq(fileNames.folder, after[0]), gt(fileNames.filename, after[1])),
            ),
      ),
    )
    .orderBy(asc(fileNames.folder), asc(fileNames.filename))
    .limit(limit);
  return rows.map((row) => row.version);
}

/** A version that still has its object. */
export async function findVersion(
  ctx: Ctx,
  programId: string,
  versionId: string,
): Promise<FileVersion | null> {
  const [row] = await ctx.db
    .select()
    .from(fileVersions)
    .where(
      and(
        eq(fileVersions.programId, programId),
        eq(fileVersions.versionId, versionId),
        isNull(fileVersions.erasedAt),
      ),
    )
    .limit(1);
  return row ?? null;
}

/** Every version of a name that still has its object. */
export function listVersions(
  ctx: Ctx,
  programId: string,
  folder: string,
  filename: string,
): Promise<FileVersion[]> {
  return ctx.db
    .select()
    .from(fileVersions)
    .where(
      and(
        eq(fileVersions.programId, programId),
        eq(fileVersions.folder, folder),
        eq(fileVersions.filename, filename),
        isNull(fileVersions.erasedAt),
      ),
    )
    .limit(1_000);
}

/** The same for files by their `folder/filename`, at most `limit` versions in all. */
export function listVersionsOf(
  ctx: Ctx,
  programId: string,
  paths: string[],
  limit: number,
): Promise<FileVersion[]> {
  const path = sql`${fileVersions.folder} || '/' || ${fileVersions.filename}`;
  return ctx.db
    .select()
    .from(fileVersions)
    .where(
      and(
        eq(fileVersions.programId, programId),
        isNull(fileVersions.erasedAt),
        sql`${path} IN (SELECT value FROM json_each(${JSON.stringify(paths)}))`,
      ),
    )
    .limit(limit);
}

export function removeNames(ctx: Ctx, programId: string, paths: string[]): Statement {
  const path = sql`${fileNames.folder} || '/' || ${fileNames.filename}`;
  return ctx.db
    .delete(fileNames)
    .where(
      and(
        eq(fileNames.programId, programId),
        sql`${path} IN (SELECT value FROM json_each(${JSON.stringify(paths)}))`,
      ),
    );
}

export function removeName(ctx: Ctx, programId: string, folder: string, filename: string): Statement {
  return ctx.db
    .delete(fileNames)
    .where(
      and(eq(fileNames.programId, programId), eq(fileNames.folder, folder), eq(fileNames.filename, filename)),
    );
}

/** Marks versions as gone, and drops the names that point at them. */
export function markErased(ctx: Ctx, programId: string, versionIds: string[]): Statement[] {
  const ids = sql`(SELECT value FROM json_each(${JSON.stringify(versionIds)}))`;
  return [
    ctx.db
      .update(fileVersions)
      .set({ erasedAt: ctx.now() })
      .where(and(eq(fileVersions.programId, programId), sql`${fileVersions.versionId} IN ${ids}`)),
    ctx.db
      .delete(fileNames)
      .where(and(eq(fileNames.programId, programId), sql`${fileNames.versionId} IN ${ids}`)),
  ];
}

/** Versions older than `beforeMs` that still have their object, oldest first. */
export function listOldVersions(
  ctx: Ctx,
  programId: string,
  beforeMs: number,
  limit: number,
): Promise<FileVersion[]> {
  return ctx.db
    .select()
    .from(fileVersions)
    .where(
      and(
        eq(fileVersions.programId, programId),
        lt(fileVersions.createdAt, beforeMs),
        isNull(fileVersions.erasedAt),
      ),
    )
    .orderBy(asc(fileVersions.createdAt))
    .limit(limit);
}

/** Which of these objects a version or an open upload, in one piece or in parts, knows. */
export async function knownObjects(ctx: Ctx, programId: string, keys: string[]): Promise<Set<string>> {
  if (keys.length === 0) return new Set();
  const list = sql`(SELECT value FROM json_each(${JSON.stringify(keys)}))`;
  const rows = await ctx.db.all<{ objectKey: string }>(sql`
    SELECT object_key AS objectKey FROM file_versions WHERE program_id = ${programId} AND object_key IN ${list}
    UNION SELECT object_key FROM uploads WHERE program_id = ${programId} AND object_key IN ${list}
    UNION SELECT object_key FROM multipart_uploads WHERE program_id = ${programId} AND object_key IN ${list}`);
  return new Set(rows.map(({ objectKey }) => objectKey));
}

export function insertUpload(ctx: Ctx, upload: Upload): Statement {
  return ctx.db.insert(uploads).values(upload);
}

export async function findUpload(ctx: Ctx, programId: string, uploadId: string): Promise<Upload | null> {
  const [row] = await ctx.db
    .select()
    .from(uploads)
    .where(and(eq(uploads.programId, programId), eq(uploads.uploadId, uploadId)))
    .limit(1);
  return row ?? null;
}

/** The upload whose object this is. */
export async function findUploadOfObject(
  ctx: Ctx,
  programId: string,
  objectKey: string,
): Promise<Upload | null> {
  const [row] = await ctx.db
    .select()
    .from(uploads)
    .where(and(eq(uploads.programId, programId), eq(uploads.objectKey, objectKey)))
    .limit(1);
  return row ?? null;
}

export function completeUploadRow(ctx: Ctx, uploadId: string, versionId: string): Statement {
  return ctx.db.update(uploads).set({ versionId }).where(eq(uploads.uploadId, uploadId));
}

/** Uploads that ended without becoming a file. */
export function listStaleUploads(ctx: Ctx, programId: string, beforeMs: number): Promise<Upload[]> {
  return ctx.db
    .select()
    .from(uploads)
    .where(and(eq(uploads.programId, programId), lt(uploads.expiresAt, beforeMs)))
    .limit(200);
}

export function removeUploads(ctx: Ctx, uploadIds: string[]): Statement {
  return ctx.db.delete(uploads).where(inArray(uploads.uploadId, uploadIds.slice(0, 90)));
}

export function removeFileRows(ctx: Ctx, programId: string): Statement[] {
  return [
    ctx.db.delete(fileNames).where(eq(fileNames.programId, programId)),
    ctx.db.delete(fileVersions).where(eq(fileVersions.programId, programId)),
    ctx.db.delete(uploads).where(eq(uploads.programId, programId)),
  ];
}
