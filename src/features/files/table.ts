import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** Every file ever dropped, each an immutable object of its own under `files/{programId}/`. Its content is
 * personal data; it goes with its retention, with the program, or by DELETE. */
export const fileVersions = sqliteTable(
  'file_versions',
  {
    versionId: text('version_id').primaryKey(),
    programId: text('program_id').notNull(),
    /** A drop for another environment has its name before: `qa/warehouse`, which no task's folder can be. */
    folder: text('folder').notNull(),
    filename: text('filename').notNull(),
    objectKey: text('object_key').notNull(),
    sizeBytes: integer('size_bytes').notNull(),
    etag: text('etag').notNull(),
    contentType: text('content_type'),
    /** What an S3 client stored with it, to be given back: its `x-amz-meta-*` and `content-encoding`. */
    headers: text('headers', { mode: 'json' }).$type<Record<string, string>>(),
    /** `crc32 full_object {base 64}`, as an S3 client sent it and the hub verified it. */
    checksum: text('checksum'),
    /** The etag that S3 clients expect of a file sent in parts, where `etag`, the store's, is another. */
    s3Etag: text('s3_etag'),
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
    index('file_versions_by_trace').on(table.traceId),
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

/** Uploads in parts through the S3 door, from their creation to a day after their end. */
export const multipartUploads = sqliteTable(
  'multipart_uploads',
  {
    uploadId: text('upload_id').primaryKey(),
    programId: text('program_id').notNull(),
    folder: text('folder').notNull(),
    filename: text('filename').notNull(),
    /** The version it will be. */
    versionId: text('version_id').notNull(),
    objectKey: text('object_key').notNull(),
    /** The object store's own name for the upload. */
    storeUploadId: text('store_upload_id').notNull(),
    contentType: text('content_type'),
    headers: text('headers', { mode: 'json' }).$type<Record<string, string>>(),
    /** Made of each part: `crc32`, …; null where the client asked for none. */
    checksumAlgorithm: text('checksum_algorithm'),
    /** `full_object` or `composite`. */
    checksumType: text('checksum_type'),
    createdAt: integer('created_at').notNull(),
    completedAt: integer('completed_at'),
  },
  (table) => [index('multipart_uploads_by_age').on(table.programId, table.createdAt)],
);

/** The parts of an open upload: what a client is asked to show again when it completes. */
export const multipartParts = sqliteTable(
  'multipart_parts',
  {
    uploadId: text('upload_id').notNull(),
    partNumber: integer('part_number').notNull(),
    programId: text('program_id').notNull(),
    sizeBytes: integer('size_bytes').notNull(),
    /** 32 hex digits: the etag its sender sees. */
    md5: text('md5').notNull(),
    storeEtag: text('store_etag').notNull(),
    /** Base 64, by the upload's algorithm. */
    checksum: text('checksum'),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.uploadId, table.partNumber] })],
);
