import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  type ApiEnv,
  createRouter,
  defineRoute,
  jsonBody,
  linkNext,
  noContent,
  ok,
  pageOf,
  pageQuery,
  programParam,
  toIso,
} from '../../http.ts';
import { decodeCursor, toPage } from '../../platform/cursor.ts';
import { AppError } from '../../platform/errors.ts';
import { ObjectRangeError } from '../../platform/objects/index.ts';
import { deleteFile } from './erase.ts';
import { parseRange } from './range.ts';
import { beginUpload, completeUpload, receiveFile } from './receive.ts';
import { fileOut, folderName, requireFilename, uploadIn, uploadOut } from './schema.ts';
import { type FileVersion, findFile, listFiles } from './store.ts';

export type FilePage = { items: z.output<typeof fileOut>[]; nextCursor: string | null };

const tags = ['Files'];

const fileParam = programParam.extend({
  folder: folderName.openapi({ param: { name: 'folder', in: 'path' }, example: 'warehouse' }),
  filename: z.string().openapi({ param: { name: 'filename', in: 'path' }, example: 'warehouse.csv' }),
});

const bytes = { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } };

const putRoute = defineRoute(
  { scope: 'files', media: ['*'] },
  {
    method: 'put',
    path: '/api/programs/{programId}/files/{folder}/{filename}',
    tags,
    summary: 'Drop a file, streamed',
    request: { params: fileParam, body: { content: bytes, required: true } },
    responses: { 201: ok(fileOut, 'Stored, and its name points at it.') },
  },
);

const getRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/files/{folder}/{filename}',
    tags,
    summary: "The file's newest version, whole or a range of it; HEAD works too",
    request: { params: fileParam },
    responses: {
      200: { description: 'The bytes.', content: bytes },
      206: { description: 'The range asked for.', content: bytes },
      304: { description: 'Still the version you have.' },
    },
  },
);

const deleteRoute = defineRoute(
  { scope: 'files' },
  {
    method: 'delete',
    path: '/api/programs/{programId}/files/{folder}/{filename}',
    tags,
    summary: 'Delete a file with all its versions',
    request: { params: fileParam },
    responses: { 204: noContent },
  },
);

const listRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/files',
    tags,
    summary: 'Files by folder and name',
    request: { params: programParam, query: pageQuery.extend({ prefix: z.string().max(320).default('') }) },
    responses: { 200: ok(pageOf(fileOut, 'FilePage'), 'A page of files.') },
  },
);

const uploadRoute = defineRoute(
  { scope: 'files', answersSecret: true },
  {
    method: 'post',
    path: '/api/programs/{programId}/uploads',
    tags,
    summary: 'A presigned PUT straight to the object store, for files above the zone’s body limit',
    request: { params: programParam, body: jsonBody(uploadIn) },
    responses: {
      201: ok(uploadOut, 'PUT the file to the URL with these headers, then complete the upload.'),
    },
  },
);

const completeRoute = defineRoute(
  { scope: 'files', idempotent: true },
  {
    method: 'post',
    path: '/api/programs/{programId}/uploads/{uploadId}/complete',
    tags,
    summary: 'Make an upload its name’s newest version',
    request: {
      params: programParam.extend({
        uploadId: z.string().openapi({ param: { name: 'uploadId', in: 'path' } }),
      }),
    },
    responses: { 200: ok(fileOut, 'The file.') },
  },
);

export const fileRoutes = createRouter()
  .openapi(putRoute, async (c) => {
    const { folder, filename } = c.req.valid('param');
    const announced = c.req.header('content-length');
    const version = await receiveFile(c.get('ctx'), {
      programId: c.get('programId'),
      folder,
      filename,
      body: c.req.raw.body ?? new Blob([]).stream(),
      sizeBytes: announced === undefined ? undefined : Number(announced),
      contentType: c.req.header('content-type'),
      source: 'api',
    });
    c.header(
      'location',
      `/api/programs/${c.get('programId')}/files/${folder}/${encodeURIComponent(filename)}`,
    );
    c.header('etag', `"${version.etag}"`);
    return c.json(present(version), 201);
  })
  .openapi(getRoute, async (c) => {
    const { folder, filename } = c.req.valid('param');
    const file = await findFile(c.get('ctx'), c.get('programId'), folder, requireFilename(filename));
    if (!file) throw new AppError('not_found', 'There is no such file.');
    return answerFile(c, file);
  })
  .openapi(deleteRoute, async (c) => {
    const { folder, filename } = c.req.valid('param');
    await deleteFile(c.get('ctx'), c.get('programId'), folder, requireFilename(filename));
    return c.body(null, 204);
  })
  .openapi(listRoute, async (c) => {
    const { limit, cursor, prefix } = c.req.valid('query');
    const after = cursor === undefined ? null : decodeCursor(cursor, 'string', 'string');
    const rows = await listFiles(c.get('ctx'), c.get('programId'), prefix, after, limit + 1);
    const page = toPage(rows, limit, present, (row) => [row.folder, row.filename]);
    linkNext(c, page.nextCursor);
    return c.json(page, 200);
  })
  .openapi(uploadRoute, async (c) => {
    const upload = await beginUpload(c.get('ctx'), c.get('programId'), c.req.valid('json'));
    return c.json({ ...upload, expiresAt: toIso(upload.expiresAt) }, 201);
  })
  .openapi(completeRoute, async (c) => {
    const version = await completeUpload(c.get('ctx'), c.get('programId'), c.req.valid('param').uploadId);
    return c.json(present(version), 200);
  });

/** Whole, a range (RFC 9110, 14), or 304. HEAD comes here too: Hono sends it through GET's routes. */
async function answerFile(c: Context<ApiEnv>, file: FileVersion): Promise<Response> {
  const headers = new Headers({
    etag: `"${file.etag}"`,
    'last-modified': new Date(file.createdAt).toUTCString(),
    'accept-ranges': 'bytes',
    'content-type': file.contentType ?? 'application/octet-stream',
    // What a tenant dropped is never a page of ours.
    'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.filename)}`,
    'x-content-type-options': 'nosniff',
    // Compressed on its way, a range would be no range of the file, and the etag not its own.
    'cache-control': 'no-store, no-transform',
  });
  const known = (c.req.header('if-none-match') ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known.includes(`"${file.etag}"`) || known.includes('*'))
    return new Response(null, { status: 304, headers });
  if (c.req.method === 'HEAD') {
    headers.set('content-length', String(file.sizeBytes));
    return new Response(null, { status: 200, headers });
  }
  // RFC 9110, 13.1.5: a range of another version than the caller has would splice two files.
  const condition = c.req.header('if-range');
  const isSameVersion = condition === undefined || condition.trim() === `"${file.etag}"`;
  const range = file.sizeBytes === 0 || !isSameVersion ? null : parseRange(c.req.header('range'));
  const beyondEnd = () =>
    new AppError('range_not_satisfiable', `The file has ${file.sizeBytes} bytes.`, {
      headers: { 'content-range': `bytes */${file.sizeBytes}` },
    });
  if (range && 'offset' in range && range.offset >= file.sizeBytes) throw beyondEnd();
  try {
    const read = await c
      .get('ctx')
      .objects.get(file.objectKey, { ifMatch: file.etag, ...(range === null ? {} : { range }) });
    if (!read) throw new AppError('expired', 'The file is gone.');
    headers.set('content-length', String(read.range.length));
    if (range === null) return new Response(read.body, { status: 200, headers });
    const last = read.range.offset + read.range.length - 1;
    headers.set('content-range', `bytes ${read.range.offset}-${last}/${file.sizeBytes}`);
    return new Response(read.body, { status: 206, headers });
  } catch (error) {
    if (!(error instanceof ObjectRangeError)) throw error;
    throw beyondEnd();
  }
}

function present(version: FileVersion) {
  return {
    folder: version.folder,
    filename: version.filename,
    sizeBytes: version.sizeBytes,
    etag: version.etag,
    versionId: version.versionId,
    traceId: version.traceId,
    source: version.source,
    updatedAt: toIso(version.createdAt),
  };
}
