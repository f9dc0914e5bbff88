import { z } from '@hono/zod-openapi';
import { createRouter, defineRoute, jsonBody, ok, programParam } from '../../http.ts';
import { describeDrop } from './describe.ts';
import { rotateNow } from './rotate.ts';
import { dropOut, overlapIn } from './schema.ts';

export type { DropOut } from './schema.ts';

const tags = ['Files'];

const getRoute = defineRoute(
  { scope: 'read', answersSecret: true },
  {
    method: 'get',
    path: '/api/programs/{programId}/drop',
    tags,
    summary: 'How to drop files with an S3 client: endpoint, bucket, keys with their ages, next rotation',
    request: {
      params: programParam,
      query: z.object({
        secrets: z
          .enum(['true', 'false'])
          .default('false')
          .openapi({ description: 'The secrets too; takes the scope `manage`, and is on record.' }),
      }),
    },
    responses: { 200: ok(dropOut, 'The drop.') },
  },
);

const rotateRoute = defineRoute(
  { scope: 'manage', idempotent: true },
  {
    method: 'post',
    path: '/api/programs/{programId}/drop/rotate',
    tags,
    summary: 'A new pair of drop keys now; the pairs there are end after the overlap',
    request: { params: programParam, body: { ...jsonBody(overlapIn), required: false } },
    responses: { 201: ok(dropOut, 'The drop, without secrets.') },
  },
);

export const dropRoutes = createRouter()
  .openapi(getRoute, async (c) => {
    const withSecrets = c.req.valid('query').secrets === 'true';
    return c.json(await describeDrop(c.get('ctx'), c.get('programId'), withSecrets), 200);
  })
  .openapi(rotateRoute, async (c) => {
    const { overlapHours = 240 } = c.req.valid('json');
    await rotateNow(c.get('ctx'), c.get('programId'), overlapHours);
    return c.json(await describeDrop(c.get('ctx'), c.get('programId'), false), 201);
  });
