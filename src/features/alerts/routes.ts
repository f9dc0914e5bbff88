import { z } from '@hono/zod-openapi';
import { createRouter, defineRoute, ok } from '../../http.ts';
import { notificationPurpose, signingSecretsOf } from '../webhooks/index.ts';
import { ensureHubSecret, hubProgramId } from './send.ts';

const getSecret = defineRoute(
  { scope: 'system', answersSecret: true },
  {
    method: 'get',
    path: '/api/staff/notification-secret',
    tags: ['Programs and keys'],
    summary: 'The secret that signs webhooks to the staff',
    responses: { 200: ok(z.object({ secret: z.string() }).openapi('StaffSecret'), 'The secret.') },
  },
);

export const alertRoutes = createRouter().openapi(getSecret, async (c) => {
  await ensureHubSecret(c.get('ctx'));
  const [current] = await signingSecretsOf(c.get('ctx'), hubProgramId, notificationPurpose);
  return c.json({ secret: current?.secret ?? '' }, 200);
});
