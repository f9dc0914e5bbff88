import type { z } from '@hono/zod-openapi';
import type { Ctx } from '../../context.ts';
import {
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
import { changeProgram, createProgram } from './create.ts';
import { deleteProgram } from './delete.ts';
import { livePrograms } from './programs.system.ts';
import { type ProgramOut, programIn, programOut, programPatch } from './schema.ts';
import { findProgram, type Program } from './store.ts';

const tags = ['Programs and keys'];

const createOne = defineRoute(
  { scope: 'system' },
  {
    method: 'post',
    path: '/api/programs',
    tags,
    summary: 'Create a program',
    request: { body: jsonBody(programIn) },
    responses: { 201: ok(programOut, 'Created.') },
  },
);

const listAll = defineRoute(
  { scope: 'system' },
  {
    method: 'get',
    path: '/api/programs',
    tags,
    summary: 'All programs',
    request: { query: pageQuery },
    responses: { 200: ok(pageOf(programOut, 'ProgramPage'), 'A page of programs.') },
  },
);

const getOne = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}',
    tags,
    summary: 'A program',
    request: { params: programParam },
    responses: { 200: ok(programOut, 'The program.') },
  },
);

const changeOne = defineRoute(
  { scope: 'manage' },
  {
    method: 'patch',
    path: '/api/programs/{programId}',
    tags,
    summary: "Change a program's settings",
    request: { params: programParam, body: jsonBody(programPatch) },
    responses: { 200: ok(programOut, 'As it is now.') },
  },
);

const deleteOne = defineRoute(
  { scope: 'system' },
  {
    method: 'delete',
    path: '/api/programs/{programId}',
    tags,
    summary: 'Delete a program with everything it holds',
    request: { params: programParam },
    responses: { 204: noContent },
  },
);

export type ProgramPage = { items: z.output<typeof programOut>[]; nextCursor: string | null };

export const programRoutes = createRouter()
  .openapi(createOne, async (c) => {
    const program = await createProgram(c.get('ctx'), c.req.valid('json'));
    c.header('location', `/api/programs/${program.programId}`);
    return c.json(present(program), 201);
  })
  .openapi(listAll, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const after = cursor === undefined ? '' : decodeCursor(cursor, 'string')[0];
    const rows = await livePrograms(c.get('ctx'), after, limit + 1);
    const page = toPage(rows, limit, present, (row) => [row.programId]);
    linkNext(c, page.nextCursor);
    return c.json(page, 200);
  })
  .openapi(getOne, async (c) => c.json(present(await programOf(c.get('ctx'), c.get('programId'))), 200))
  .openapi(changeOne, async (c) => {
    const program = await programOf(c.get('ctx'), c.get('programId'));
    return c.json(present(await changeProgram(c.get('ctx'), program, c.req.valid('json'))), 200);
  })
  .openapi(deleteOne, async (c) => {
    await deleteProgram(c.get('ctx'), c.get('programId'));
    return c.body(null, 204);
  });

async function programOf(ctx: Ctx, programId: string): Promise<Program> {
  const program = await findProgram(ctx, programId);
  if (!program) throw new AppError('not_found', 'There is no such program.');
  return program;
}

function present(program: Program): ProgramOut {
  return {
    programId: program.programId,
    name: program.name,
    timeZone: program.timeZone,
    contacts: program.contacts,
    staff: program.staff,
    retention: { ...program.retention },
    nightlySync: program.nightlySync,
    learningBuilder:
      program.learningBuilderUrl === null
        ? null
        : { baseUrl: program.learningBuilderUrl, hasApiKey: program.learningBuilderKey !== null },
    bucket: program.bucket,
    createdAt: toIso(program.createdAt),
    updatedAt: toIso(program.updatedAt),
  };
}
