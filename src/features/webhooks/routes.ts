import { z } from '@hono/zod-openapi';
import {
  createRouter,
  defineRoute,
  ifMatchHeader,
  isoTime,
  jsonBody,
  linkNext,
  noContent,
  ok,
  pageOf,
  pageQuery,
  programParam,
  toIso,
  toIsoOrNull,
} from '../../http.ts';
import { decodeCursor, toPage } from '../../platform/cursor.ts';
import { versionTag } from '../../platform/etag.ts';
import {
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  requireEndpoint,
  rotateEndpointSecret,
} from './endpoints.ts';
import { presentEndpoint } from './present.ts';
import { endpointCreated, endpointIn, endpointOut, endpointPatch } from './schema.ts';
import { notificationPurpose, rotateSigningSecret, signingSecretsOf } from './secrets.ts';
import { listEndpoints, listTwins } from './store.ts';

export type EndpointOut = z.output<typeof endpointOut>;
export type EndpointPage = { items: EndpointOut[]; nextCursor: string | null };
export type EndpointCreated = z.output<typeof endpointCreated>;

const tags = ['Webhooks and deliveries'];

const secretsOut = z
  .object({
    secret: z.string().openapi({ example: 'whsec_…' }),
    secrets: z.array(z.object({ secret: z.string(), createdAt: isoTime, endsAt: isoTime.nullable() })),
  })
  .openapi('SigningSecrets');

const getSecret = defineRoute(
  { scope: 'webhooks', answersSecret: true },
  {
    method: 'get',
    path: '/api/programs/{programId}/webhooks/notification-secret',
    tags,
    summary: 'The secret that signs job notifications and alerts',
    request: { params: programParam },
    responses: { 200: ok(secretsOut, 'The current secret, and every one that signs now.') },
  },
);

const overlapIn = z
  .strictObject({ overlapHours: z.number().min(0).max(168, 'At most a week.').default(24) })
  .openapi('Overlap');

const rotate = defineRoute(
  { scope: 'webhooks', answersSecret: true },
  {
    method: 'post',
    path: '/api/programs/{programId}/webhooks/notification-secret/rotate-secret',
    tags,
    summary: 'A new notification secret; both sign during the overlap',
    request: { params: programParam, body: { ...jsonBody(overlapIn), required: false } },
    responses: { 200: ok(z.object({ secret: z.string() }), 'The new secret.') },
  },
);

const webhookParam = programParam.extend({
  webhookId: z.string().openapi({ param: { name: 'webhookId', in: 'path' } }),
});

const createRoute = defineRoute(
  { scope: 'webhooks', answersSecret: true },
  {
    method: 'post',
    path: '/api/programs/{programId}/webhooks',
    tags,
    summary: 'Be called about messages of these types',
    request: { params: programParam, body: jsonBody(endpointIn) },
    responses: { 201: ok(endpointCreated, 'The endpoint, with the secret that signs its calls.') },
  },
);

const listRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/webhooks',
    tags,
    summary: "The program's endpoints, oldest first",
    request: { params: programParam, query: pageQuery },
    responses: { 200: ok(pageOf(endpointOut, 'WebhookPage'), 'A page of endpoints.') },
  },
);

const getRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/webhooks/{webhookId}',
    tags,
    summary: 'An endpoint',
    request: { params: webhookParam },
    responses: { 200: ok(endpointOut, 'The endpoint.') },
  },
);

const patchRoute = defineRoute(
  { scope: 'webhooks' },
  {
    method: 'patch',
    path: '/api/programs/{programId}/webhooks/{webhookId}',
    tags,
    summary: 'Change an endpoint; it holds for what becomes due from then on',
    request: { params: webhookParam, headers: ifMatchHeader, body: jsonBody(endpointPatch) },
    responses: { 200: ok(endpointOut, 'The endpoint as it is now.') },
  },
);

const deleteRoute = defineRoute(
  { scope: 'webhooks' },
  {
    method: 'delete',
    path: '/api/programs/{programId}/webhooks/{webhookId}',
    tags,
    summary: 'Never call it again; what was due is cancelled, on record',
    request: { params: webhookParam },
    responses: { 204: noContent },
  },
);

const rotateEndpointRoute = defineRoute(
  { scope: 'webhooks', answersSecret: true },
  {
    method: 'post',
    path: '/api/programs/{programId}/webhooks/{webhookId}/rotate-secret',
    tags,
    summary: "A new secret for an endpoint's calls; both sign during the overlap",
    request: {
      params: webhookParam,
      headers: ifMatchHeader,
      body: { ...jsonBody(overlapIn), required: false },
    },
    responses: { 200: ok(z.object({ secret: z.string() }), 'The new secret.') },
  },
);

export const webhookRoutes = createRouter()
  .openapi(getSecret, async (c) => {
    const secrets = await signingSecretsOf(c.get('ctx'), c.get('programId'), notificationPurpose);
    return c.json(
      {
        secret: secrets[0]?.secret ?? '',
        secrets: secrets.map((one) => ({
          secret: one.secret,
          createdAt: toIso(one.createdAt),
          endsAt: toIsoOrNull(one.endsAt),
        })),
      },
      200,
    );
  })
  .openapi(rotate, async (c) => {
    const { overlapHours = 24 } = c.req.valid('json');
    const secret = await rotateSigningSecret(
      c.get('ctx'),
      c.get('programId'),
      notificationPurpose,
      overlapHours,
    );
    return c.json({ secret }, 200);
  })
  .openapi(createRoute, async (c) => {
    const ctx = c.get('ctx');
    const { endpoint, secret } = await createEndpoint(ctx, c.get('programId'), c.req.valid('json'));
    const sameAs = await listTwins(ctx, endpoint);
    return c.json({ ...presentEndpoint(endpoint), secret, sameAs }, 201);
  })
  .openapi(listRoute, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const after = cursor === undefined ? null : decodeCursor(cursor, 'string')[0];
    const rows = await listEndpoints(c.get('ctx'), c.get('programId'), after, limit + 1);
    const page = toPage(rows, limit, presentEndpoint, (row) => [row.endpointId]);
    linkNext(c, page.nextCursor);
    return c.json(page, 200);
  })
  .openapi(getRoute, async (c) => {
    const { webhookId } = c.req.valid('param');
    const endpoint = await requireEndpoint(c.get('ctx'), c.get('programId'), webhookId);
    c.header('etag', versionTag(endpoint.updatedAt));
    return c.json(presentEndpoint(endpoint), 200);
  })
  .openapi(patchRoute, async (c) => {
    const { webhookId } = c.req.valid('param');
    const [ctx, programId, ifMatch] = [c.get('ctx'), c.get('programId'), c.req.valid('header')['if-match']];
    const endpoint = await changeEndpoint(ctx, programId, webhookId, c.req.valid('json'), ifMatch);
    c.header('etag', versionTag(endpoint.updatedAt));
    return c.json(presentEndpoint(endpoint), 200);
  })
  .openapi(deleteRoute, async (c) => {
    await deleteEndpoint(c.get('ctx'), c.get('programId'), c.req.valid('param').webhookId);
    return c.body(null, 204);
  })
  .openapi(rotateEndpointRoute, async (c) => {
    const [ctx, programId] = [c.get('ctx'), c.get('programId')];
    const { overlapHours = 24 } = c.req.valid('json');
    const { webhookId } = c.req.valid('param');
    const ifMatch = c.req.valid('header')['if-match'];
    const secret = await rotateEndpointSecret(ctx, programId, webhookId, overlapHours, ifMatch);
    return c.json({ secret }, 200);
  });
