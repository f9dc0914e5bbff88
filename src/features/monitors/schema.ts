import { z } from '@hono/zod-openapi';
import { isoTime } from '../../http.ts';

export const monitorNameIn = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,100}$/, 'A name has 1 to 100 characters of A-Z, a-z, 0-9, "_", "." and "-".');

const ref = z.string().min(1).max(200);

export const monitorIn = z
  .strictObject({
    watches: z
      .union([
        z.strictObject({ task: ref }),
        z.strictObject({ export: ref }),
        z.strictObject({ subscription: ref }),
      ])
      .openapi({
        description: 'A task by its name, an export by its id, or a subscription by its publisher.',
      }),
    everyHours: z.number().int().min(1).max(8_760).optional(),
    byLocalTime: z
      .string()
      .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'A local time such as "06:00".')
      .optional(),
    graceMinutes: z.number().int().min(0).max(1_440).default(0),
    pingUrl: z.string().max(2_048).nullable().default(null),
  })
  .refine(({ everyHours, byLocalTime }) => (everyHours === undefined) !== (byLocalTime === undefined), {
    error: 'Say either everyHours or byLocalTime.',
    path: ['everyHours'],
  })
  .openapi('MonitorIn');

export const monitorOut = z
  .object({
    name: z.string(),
    watches: z.record(z.string(), z.string()),
    exists: z.boolean().openapi({
      description: 'False where there is no such task, export or subscription: it can only become silent.',
    }),
    everyHours: z.number().int().nullable(),
    byLocalTime: z.string().nullable(),
    graceMinutes: z.number().int(),
    pingUrl: z.string().nullable(),
    state: z.enum(['waiting', 'silent']),
    lastSuccessAt: isoTime.nullable(),
    dueAt: isoTime.openapi({ description: 'Silent without a success until then.' }),
    silentSince: isoTime.nullable(),
    snoozed: z
      .object({ until: isoTime, reason: z.string(), by: z.string() })
      .nullable()
      .openapi({ description: 'Silence is told to nobody until then.' }),
    missed: z
      .array(z.object({ dueAt: isoTime, endedAt: isoTime.nullable(), snoozed: z.boolean() }))
      .openapi({ description: 'Times that passed without a success, the newest first: the latest 30.' }),
    createdAt: isoTime,
    updatedAt: isoTime,
  })
  .openapi('Monitor');

export type MonitorIn = z.output<typeof monitorIn>;

export const snoozeIn = z
  .strictObject({
    hours: z.number().int().min(1).max(720, 'At most thirty days.').optional(),
    reason: z.string().trim().min(1, 'Say why.').max(300).optional(),
  })
  .openapi('SnoozeIn');
