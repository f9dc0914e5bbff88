import { z } from '@hono/zod-openapi';
import {
  createRouter,
  defineRoute,
  isoTime,
  jsonBody,
  ok,
  programParam,
  toIso,
  toIsoOrNull,
} from '../../http.ts';
import { notificationPurpose, rotateSigningSecret, signingSecretsOf } from './secrets.ts';

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

export const overlapIn = z
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
  });
