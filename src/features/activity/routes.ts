import { z } from '@hono/zod-openapi';
import { createRouter, defineRoute, ok, programParam } from '../../http.ts';
import { listActivity } from './store.ts';
import { activityKinds } from './table.ts';

const activityOut = z
  .object({
    items: z.array(
      z.object({
        day: z.iso.date().openapi({ description: 'UTC.' }),
        kind: z.enum(activityKinds),
        hours: z.array(
          z.object({
            hour: z.number().int().openapi({ description: 'Of the day, UTC.' }),
            ok: z.number().int(),
            failed: z.number().int(),
            other: z.number().int().openapi({ description: 'Such as cancelled by a person.' }),
          }),
        ),
      }),
    ),
  })
  .openapi('Activity');

export type ActivityOut = z.output<typeof activityOut>;

const activityRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/activity',
    tags: ['Webhooks and deliveries'],
    summary: 'What ended well and what did not, by the hour: files, jobs, events and each channel',
    request: {
      params: programParam,
      query: z.object({ days: z.coerce.number().int().min(1).max(31, 'At most 31.').default(2) }),
    },
    responses: {
      200: ok(
        activityOut,
        'Of the last two minutes at most 50 events and 50 webhooks; hours without any are left out.',
      ),
    },
  },
);

export const activityRoutes = createRouter().openapi(activityRoute, async (c) => {
  const ctx = c.get('ctx');
  const { days } = c.req.valid('query');
  const since = new Date(ctx.now() - (days - 1) * 86_400_000).toISOString().slice(0, 10);
  const rows = await listActivity(ctx, c.get('programId'), since);
  const items = rows.map(({ day, kind, hours }) => ({
    day,
    kind,
    hours: Object.entries(hours)
      .map(([hour, [good, failed, other]]) => ({ hour: Number(hour.slice(1)), ok: good, failed, other }))
      .sort((a, b) => a.hour - b.hour),
  }));
  return c.json({ items }, 200);
});
