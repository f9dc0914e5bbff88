import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  type ApiEnv,
  createRouter,
  defineRoute,
  isoTime,
  jsonBody,
  linkNext,
  ok,
  pageOf,
  pageQuery,
  programParam,
  toIso,
} from '../../http.ts';
import { decodeCursor, encodeCursor, toPage } from '../../platform/cursor.ts';
import { commit } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { recordAudit } from '../audit/index.ts';
import { exportedAtMost, exportRecords } from './export.ts';
import {
  changedSince,
  type Dataset,
  findDataset,
  findRecord,
  hasValue,
  listDatasets,
  listRecords,
  lookedAt,
  lookForRecords,
  type RecordRow,
} from './store.ts';

const tags = ['Records'];

const datasetOut = z
  .object({
    dataset: z.string(),
    recordCount: z.number().int(),
    applying: z.string().nullable(),
    updatedAt: isoTime,
  })
  .openapi('Dataset');

const recordOut = z
  .object({
    key: z.string(),
    data: z.record(z.string(), z.unknown()),
    version: z.number().int(),
    changedAt: isoTime,
    jobId: z.string(),
  })
  .openapi('Record');

export type DatasetOut = z.output<typeof datasetOut>;
export type DatasetPage = { items: z.output<typeof datasetOut>[]; nextCursor: string | null };

export type RecordPage = { items: z.output<typeof recordOut>[]; nextCursor: string | null };

const datasetParam = programParam.extend({
  dataset: z.string().openapi({ param: { name: 'dataset', in: 'path' } }),
});

const datasetsRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/datasets',
    tags,
    summary: 'The datasets of a program',
    request: { params: programParam, query: pageQuery },
    responses: { 200: ok(pageOf(datasetOut, 'DatasetPage'), 'A page of datasets.') },
  },
);

const datasetRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/datasets/{dataset}',
    tags,
    summary: 'One dataset: how many records it has, and which job is changing it',
    request: { params: datasetParam },
    responses: { 200: ok(datasetOut, 'The dataset.') },
  },
);

const exportRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/datasets/{dataset}/records.csv',
    tags,
    summary: 'The records as CSV, streamed; reading them so is on record',
    request: { params: datasetParam },
    responses: {
      200: {
        description: `At most ${exportedAtMost} records, in a stable order; for more read …/records.`,
        content: { 'text/csv': { schema: z.string() } },
      },
    },
  },
);

const recordsRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/datasets/{dataset}/records',
    tags,
    summary: 'Records, in a stable order; `x-dataset-applying` names a job that is changing them now',
    request: {
      params: datasetParam,
      query: pageQuery.extend({
        changedSince: z.iso.datetime({ offset: true }).optional().openapi({
          description:
            'Only records changed at or after this time. A page looks at 20,000 records: it may hold few or none of them and still have a `nextCursor`.',
        }),
      }),
    },
    responses: { 200: ok(pageOf(recordOut, 'RecordPage'), 'A page of records.') },
  },
);

const searchIn = z
  .strictObject({
    field: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[^"\\]*$/, 'A column whose name has a quote or a backslash cannot be searched.'),
    value: z.string().min(1, 'Say what to look for.').max(500),
    match: z
      .enum(['is', 'contains'])
      .default('is')
      .openapi({ description: 'Both without regard to the case of A to Z.' }),
    cursor: z.string().max(2_000).optional(),
  })
  .openapi('RecordSearchIn');

const searchOut = z
  .object({
    items: z.array(recordOut).openapi({ description: 'At most 50.' }),
    nextCursor: z.string().nullable().openapi({ description: 'Set where the dataset goes on.' }),
    lookedAt: z
      .number()
      .int()
      .openapi({ description: `Records that a step looks at, at most: ${lookedAt}.` }),
    recordCount: z.number().int().openapi({ description: 'Records that the dataset has.' }),
  })
  .openapi('RecordSearch');

export type RecordSearch = z.output<typeof searchOut>;

const searchRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'post',
    path: '/api/programs/{programId}/datasets/{dataset}/search',
    tags,
    summary: 'Records by the value of any column, a bounded stretch at a time; the search is on record',
    description:
      'No column has an index: a step looks at the next 20,000 records, and may find none of them and still have a `nextCursor`. What is looked for stands in no address.',
    request: { params: datasetParam, body: jsonBody(searchIn) },
    responses: { 200: ok(searchOut, 'What this step found.') },
  },
);

const searchedAtOnce = 50;

const recordRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/datasets/{dataset}/records/{key}',
    tags,
    summary: 'One record by its key; the parts of a composite key are joined by "~"',
    request: {
      params: datasetParam.extend({ key: z.string().openapi({ param: { name: 'key', in: 'path' } }) }),
    },
    responses: { 200: ok(recordOut, 'The record.') },
  },
);

export const recordRoutes = createRouter()
  .openapi(datasetsRoute, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const after = cursor === undefined ? '' : decodeCursor(cursor, 'string')[0];
    const rows = await listDatasets(c.get('ctx'), c.get('programId'), after, limit + 1);
    const page = toPage(rows, limit, presentDataset, (row) => [row.name]);
    linkNext(c, page.nextCursor);
    return c.json(page, 200);
  })
  .openapi(datasetRoute, async (c) =>
    c.json(presentDataset(await datasetOf(c, c.req.valid('param').dataset)), 200),
  )
  .openapi(exportRoute, async (c) => {
    const [ctx, programId] = [c.get('ctx'), c.get('programId')];
    const dataset = await datasetOf(c, c.req.valid('param').dataset);
    await commit(ctx.db, [recordAudit(ctx, { programId, action: 'dataset.exported', target: dataset.name })]);
    return c.body(exportRecords(ctx, dataset), 200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="${dataset.name.replace(/[^\w.-]/g, '_')}.csv"`,
      'content-security-policy': 'sandbox',
    }) as never;
  })
  .openapi(recordsRoute, async (c) => {
    const { limit, cursor, changedSince: since8601 } = c.req.valid('query');
    const dataset = await datasetOf(c, c.req.valid('param').dataset);
    const after = cursor === undefined ? null : decodeCursor(cursor, 'number', 'string');
    const since = since8601 === undefined ? null : Date.parse(since8601);
    const ctx = c.get('ctx');
    const { rows, lookedTo } =
      since === null
        ? { rows: await listRecords(ctx, dataset, after, limit + 1), lookedTo: null }
        : await lookForRecords(ctx, dataset, after, changedSince(since), limit + 1);
    const page = toPage(rows, limit, present, (row) => [row.bucket, row.key]);
    if (page.nextCursor === null && lookedTo !== null) page.nextCursor = encodeCursor(lookedTo);
    linkNext(c, page.nextCursor);
    return c.json(page, 200);
  })
  .openapi(searchRoute, async (c) => {
    const [ctx, programId] = [c.get('ctx'), c.get('programId')];
    const { field, value, match, cursor } = c.req.valid('json');
    const dataset = await datasetOf(c, c.req.valid('param').dataset);
    const after = cursor === undefined ? null : decodeCursor(cursor, 'number', 'string');
    // A search that goes on is the same act.
    if (cursor === undefined)
      await commit(ctx.db, [
        recordAudit(ctx, {
          programId,
          action: 'dataset.searched',
          target: dataset.name,
          detail: { field },
        }),
      ]);
    const isSo = hasValue(field, value, match);
    const { rows, lookedTo } = await lookForRecords(ctx, dataset, after, isSo, searchedAtOnce + 1);
    const page = toPage(rows, searchedAtOnce, present, (row) => [row.bucket, row.key]);
    if (page.nextCursor === null && lookedTo !== null) page.nextCursor = encodeCursor(lookedTo);
    return c.json({ ...page, lookedAt, recordCount: dataset.recordCount }, 200);
  })
  .openapi(recordRoute, async (c) => {
    const { dataset: name, key } = c.req.valid('param');
    const record = await findRecord(c.get('ctx'), await datasetOf(c, name), key);
    if (!record) throw new AppError('not_found', 'There is no record with this key.');
    return c.json(present(record), 200);
  });

function presentDataset(row: Dataset): DatasetOut {
  return {
    dataset: row.name,
    recordCount: row.recordCount,
    applying: row.applyingJobId,
    updatedAt: toIso(row.updatedAt),
  };
}

async function datasetOf(c: Context<ApiEnv>, name: string): Promise<Dataset> {
  const dataset = await findDataset(c.get('ctx'), c.get('programId'), name);
  if (!dataset)
    throw new AppError('not_found', 'There is no such dataset yet: a job makes it when it first applies.');
  if (dataset.applyingJobId !== null) c.header('x-dataset-applying', dataset.applyingJobId);
  return dataset;
}

function present(row: RecordRow) {
  return {
    key: row.key,
    data: JSON.parse(row.data),
    version: row.version,
    changedAt: toIso(row.changedAt),
    jobId: row.jobId,
  };
}
