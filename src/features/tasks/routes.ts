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
import { commit } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { checkCallable } from '../../platform/outbound.ts';
import { changesBetween, recordAudit } from '../audit/index.ts';
import { compileTask } from './compile.ts';
import { jobName, taskDefinition, taskOut } from './schema.ts';
import { findTask, isTask, listTasks, removeTask, saveTask, type Task } from './store.ts';

const tags = ['Warehouse sync'];

export type TaskPage = { items: z.output<typeof taskOut>[]; nextCursor: string | null };

const taskParam = programParam.extend({
  job: jobName.openapi({ param: { name: 'job', in: 'path' }, example: 'warehouse' }),
});

const listRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/tasks',
    tags,
    summary: 'What the jobs of this program do',
    request: { params: programParam, query: pageQuery },
    responses: { 200: ok(pageOf(taskOut, 'TaskPage'), 'A page of tasks.') },
  },
);

const getRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/tasks/{job}',
    tags,
    summary: 'What a job does with a file',
    request: { params: taskParam },
    responses: { 200: ok(taskOut, 'The task.') },
  },
);

const putRoute = defineRoute(
  { scope: 'manage' },
  {
    method: 'put',
    path: '/api/programs/{programId}/tasks/{job}',
    tags,
    summary: 'Create or replace a task; jobs already called keep the one they were called with',
    request: { params: taskParam, body: jsonBody(taskDefinition) },
    responses: { 200: ok(taskOut, 'As it was saved.') },
  },
);

const deleteRoute = defineRoute(
  { scope: 'manage' },
  {
    method: 'delete',
    path: '/api/programs/{programId}/tasks/{job}',
    tags,
    summary: 'Delete a task; its dataset stays',
    request: { params: taskParam },
    responses: { 204: noContent },
  },
);

export const taskRoutes = createRouter()
  .openapi(listRoute, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const after = cursor === undefined ? '' : decodeCursor(cursor, 'string')[0];
    const rows = await listTasks(c.get('ctx'), c.get('programId'), after, limit + 1);
    const page = toPage(rows, limit, present, (row) => [row.job]);
    linkNext(c, page.nextCursor);
    return c.json(page, 200);
  })
  .openapi(getRoute, async (c) => {
    const task = await findTask(c.get('ctx'), c.get('programId'), c.req.valid('param').job);
    if (!task) throw noSuchTask();
    return c.json(present(task), 200);
  })
  .openapi(putRoute, async (c) => {
    const ctx = c.get('ctx');
    const programId = c.get('programId');
    const { job } = c.req.valid('param');
    const definition = c.req.valid('json');
    compileTask(definition);
    await requireCallable(ctx, definition.startOnDrop?.webhook ?? null);
    const before = await findTask(ctx, programId, job);
    // Addresses of `startOnDrop` are people's: the other members alone.
    const { startOnDrop: _, ...settings } = definition;
    const names = [...new Set([...Object.keys(settings), ...Object.keys(before?.definition ?? {})])].filter(
      (name) => name !== 'startOnDrop',
    ) as (keyof typeof definition)[];
    await commit(ctx.db, [
      saveTask(ctx, programId, job, definition),
      recordAudit(ctx, {
        programId,
        action: 'task.saved',
        target: job,
        detail: changesBetween<typeof definition>(before?.definition ?? null, definition, names),
      }),
    ]);
    const task = await findTask(ctx, programId, job);
    if (!task) throw noSuchTask();
    return c.json(present(task), 200);
  })
  .openapi(deleteRoute, async (c) => {
    const ctx = c.get('ctx');
    const programId = c.get('programId');
    const { job } = c.req.valid('param');
    const [, removed] = await commit(ctx.db, [
      recordAudit(ctx, { programId, action: 'task.deleted', target: job }, isTask(programId, job)),
      removeTask(ctx, programId, job),
    ]);
    if (removed?.changes === 0) throw noSuchTask();
    return c.body(null, 204);
  });

/** Refused when it is saved, for nobody is there to be told when the file comes. */
async function requireCallable(ctx: Ctx, webhook: string | null): Promise<void> {
  if (webhook === null) return;
  const judged = await checkCallable(webhook, ctx.outbound);
  if (judged.ok) return;
  throw new AppError('url_not_allowed', `startOnDrop.webhook: ${judged.message}`, {
    issues: [{ path: 'startOnDrop.webhook', code: judged.code, message: judged.message }],
  });
}

function noSuchTask(): AppError {
  return new AppError('not_found', 'There is no such task.');
}

function present(task: Task) {
  return {
    ...task.definition,
    job: task.job,
    createdAt: toIso(task.createdAt),
    updatedAt: toIso(task.updatedAt),
  };
}
