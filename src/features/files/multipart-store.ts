import { and, asc, eq, gt, inArray, lt } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { multipartParts, multipartUploads } from './table.ts';

export type MultipartUpload = typeof multipartUploads.$inferSelect;
export type MultipartPart = typeof multipartParts.$inferSelect;

export function insertMultipart(ctx: Ctx, upload: MultipartUpload): Statement {
  return ctx.db.insert(multipartUploads).values(upload);
}

export async function findMultipart(
  ctx: Ctx,
  programId: string,
  uploadId: string,
): Promise<MultipartUpload | null> {
  const [row] = await ctx.db
    .select()
    .from(multipartUploads)
    .where(and(eq(multipartUploads.programId, programId), eq(multipartUploads.uploadId, uploadId)))
    .limit(1);
  return row ?? null;
}

/** The same number again replaces the part. */
export function savePart(ctx: Ctx, part: MultipartPart): Statement {
  const { sizeBytes, md5, storeEtag, checksum, createdAt } = part;
  return ctx.db
    .insert(multipartParts)
    .values(part)
    .onConflictDoUpdate({
      target: [multipartParts.uploadId, multipartParts.partNumber],
      set: { sizeBytes, md5, storeEtag, checksum, createdAt },
    });
}

/** Parts in the order of their numbers. */
export function listParts(
  ctx: Ctx,
  programId: string,
  uploadId: string,
  after: number,
  limit: number,
): Promise<MultipartPart[]> {
  return ctx.db
    .select()
    .from(multipartParts)
    .where(
      and(
        eq(multipartParts.programId, programId),
        eq(multipartParts.uploadId, uploadId),
        gt(multipartParts.partNumber, after),
      ),
    )
    .orderBy(asc(multipartParts.partNumber))
    .limit(limit);
}

/** What remains of an upload that became a file; its parts are needed no more. */
export function endMultipart(ctx: Ctx, upload: MultipartUpload): Statement[] {
  const { programId, uploadId } = upload;
  return [
    ctx.db
      .update(multipartUploads)
      .set({ completedAt: ctx.now() })
      .where(and(eq(multipartUploads.programId, programId), eq(multipartUploads.uploadId, uploadId))),
    ...removePartsOf(ctx, programId, [uploadId]),
  ];
}

function removePartsOf(ctx: Ctx, programId: string, uploadIds: string[]): Statement[] {
  return [
    ctx.db
      .delete(multipartParts)
      .where(and(eq(multipartParts.programId, programId), inArray(multipartParts.uploadId, uploadIds))),
  ];
}

export function removeMultiparts(ctx: Ctx, programId: string, uploadIds: string[]): Statement[] {
  return [
    ...removePartsOf(ctx, programId, uploadIds),
    ctx.db
      .delete(multipartUploads)
      .where(and(eq(multipartUploads.programId, programId), inArray(multipartUploads.uploadId, uploadIds))),
  ];
}

/** Uploads begun before `beforeMs`, the oldest first. */
export function listMultiparts(
  ctx: Ctx,
  programId: string,
  beforeMs: number,
  limit: number,
): Promise<MultipartUpload[]> {
  return ctx.db
    .select()
    .from(multipartUploads)
    .where(and(eq(multipartUploads.programId, programId), lt(multipartUploads.createdAt, beforeMs)))
    .orderBy(asc(multipartUploads.createdAt))
    .limit(limit);
}
