import { z } from '@hono/zod-openapi';
import { isoTime } from '../../http.ts';

const dropKeyOut = z
  .object({
    accessKeyId: z.string(),
    secretAccessKey: z.string().optional().openapi({ description: 'With `secrets=true` alone.' }),
    createdAt: isoTime,
    ageDays: z.number().int(),
    lastUsedAt: isoTime.nullable(),
    endsAt: isoTime.nullable().openapi({ description: 'Null for the current pair.' }),
  })
  .openapi('DropKey');

export const dropOut = z
  .object({
    endpoint: z.string(),
    region: z.string().openapi({ description: 'Any other is taken as well.' }),
    bucket: z.string(),
    prefix: z.string().openapi({ description: 'A key is this, a folder, a slash and a file name.' }),
    maxRequestBytes: z.number().int().openapi({ description: 'A larger file goes in parts.' }),
    keys: z.array(dropKeyOut),
    nextRotationAt: isoTime,
  })
  .openapi('Drop');

export type DropOut = z.output<typeof dropOut>;

export const overlapIn = z
  .strictObject({ overlapHours: z.number().min(0).max(720, 'At most thirty days.').default(240) })
  .openapi('DropOverlap');
