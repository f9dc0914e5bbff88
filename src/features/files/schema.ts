import { z } from '@hono/zod-openapi';
import { isoTime } from '../../http.ts';
import { AppError } from '../../platform/errors.ts';

/** A file's name is a name: a path, a control character or a dot alone never leaves its folder. */
export function requireFilename(name: string): string {
  if (name.length > 255) throw new AppError('filename_invalid', 'A file name has at most 255 characters.');
  if (/[/\\]/.test(name)) {
    throw new AppError(
      'filename_invalid',
      'Send the bare file name, without a path: the task knows its folder.',
    );
  }
  if (name === '' || name === '.' || name === '..' || /[\p{Cc}\p{Surrogate}]/u.test(name)) {
    throw new AppError(
      'filename_invalid',
      'This is not a file name: it is empty, only dots, or holds a control character or half a character.',
    );
  }
  return name;
}

export const folderName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/,
    'A folder has 1 to 63 characters of A-Z, a-z, 0-9, "_" and "-".',
  );

export const fileOut = z
  .object({
    folder: z.string(),
    filename: z.string(),
    sizeBytes: z.number().int(),
    etag: z.string(),
    versionId: z.string(),
    traceId: z.string(),
    source: z.string(),
    updatedAt: isoTime,
  })
  .openapi('File');

export const uploadIn = z
  .strictObject({
    folder: folderName,
    filename: z.string().min(1).max(255),
    size: z.number().int().min(0).max(5_000_000_000, 'A presigned PUT takes at most 5 GB.'),
    contentType: z
      .string()
      .max(200)
      .regex(/^[\x20-\x7e]+$/, 'A media type such as "text/csv".')
      .optional(),
  })
  .openapi('UploadIn');

export const uploadOut = z
  .object({
    uploadId: z.string(),
    url: z.string(),
    headers: z.record(z.string(), z.string()),
    expiresAt: isoTime,
  })
  .openapi('Upload');
