import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** Every file ever dropped, each an immutable object of its own under `files/{programId}/`. Its content is
 * personal data; it goes with its retention, with the program, or by DELETE. */
export const fileVersions = sqliteTable(
  'file_versions',
  {
    versionId: text('version_id').primaryKey(),
    programId: text('program_id').notNull(),
    folder: text('folder').notNull(),
    filename: text('filename').notNull(),
    objectKey: text('object_key').notNull(),
    sizeBytes: integer('size_bytes').notNull(),
    etag: text('etag').notNull(),
    contentType: text('content_type'),
    /** `api`, `upload` or `s3`. */
    source: text('source').notNull(),
    /** Minted here; follows the file through job, records and deliveries. */
    traceId: text('trace_id').notNull(),
    createdAt: integer('created_at').notNull(),
    /** Set when its object is gone. */
    erasedAt: integer('erased_at'),
  },
  (table) => [
    index('file_versions_by_age').on(table.programId, table.createdAt).where(sql`erased_at IS NULL`),
    index('file_versions_by_object').on(table.objectKey),
  ],
);

/** A name points at its newest version. */
export const fileNames = sqliteTable(
  'file_names',
  {
    programId: text('program_id').notNull(),
    folder: text('folder').notNull(),
    filename: text('filename').notNull(),
    versionId: text('version_id').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.programId, table.folder, table.filename] })],
);

/** Uploads that go straight to the object store, from the presigned URL to their completion. */
export const uploads = sqliteTable('uploads', {
  uploadId: text('upload_id').primaryKey(),
  programId: text('program_id').notNull(),
  folder: text('folder').notNull(),
  filename: text('filename').notNull(),
  sizeBytes: integer('size_bytes').notNull(),
  objectKey: text('object_key').notNull(),
  createdAt: integer('created_at').notNull(),
  expiresAt: integer('expires_at').notNull(),
  /** The version it became. */
  versionId: text('version_id'),
});
