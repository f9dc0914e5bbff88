import { z } from '@hono/zod-openapi';
import { isoTime } from '../../http.ts';

const template = z.union([z.record(z.string(), z.unknown()), z.string().max(262_144)]).openapi({
  description:
    'Category → `{action: "import" | "ignore", label, importProcessId, batchRowTemplate, mode: "json" | "html" | "none"}`, as an object or as the JSON text of one; `*` and `_default` both mean every other category.',
  example: {
    COURSE: {
      action: 'import',
      label: 'Courses',
      importProcessId: 42,
      batchRowTemplate: '{"ExternalId": {{@event.PublisherEventId}}, "Course": {{title}}}',
    },
    _default: { action: 'ignore', label: 'Nothing else matters' },
  },
});

/** What a template says of a category. */
export const mappingSchema = z.strictObject({
  action: z.enum(['import', 'ignore']).default('import'),
  label: z.string().max(500).nullish(),
  importProcessId: z
    .union([
      z.number().int().nonnegative(),
      z.string().regex(/^[A-Za-z0-9_-]{1,50}$/, 'Up to 50 of A-Z, a-z, 0-9, "_" and "-".'),
    ])
    .nullish(),
  batchRowTemplate: z.string().max(65_536, 'At most 65,536 characters.').nullish(),
  mode: z.enum(['json', 'html', 'none']).default('json'),
});

export const subscriptionIn = z
  .strictObject({
    PublisherProgramId: z.string().min(1).max(25),
    SyncEnabled: z.boolean().optional(),
    SynEnabled: z.boolean().optional(),
    LbApiPayloadTemplate: template,
  })
  .openapi('SubscriptionIn');

export const subscriptionPatch = z
  .strictObject({
    LastSyncUtc: z.iso.datetime({ offset: true, local: true }).nullable(),
    SyncEnabled: z.boolean(),
    SynEnabled: z.boolean(),
    LbApiPayloadTemplate: template,
  })
  .partial()
  .openapi('SubscriptionPatch');

export const subscriptionOut = z
  .object({
    ProgramId: z.string(),
    PublisherProgramId: z.string(),
    CreatedUtc: isoTime,
    LastSyncUtc: isoTime.nullable(),
    SynEnabled: z.boolean(),
    SyncEnabled: z.boolean(),
    LbApiPayloadTemplate: template,
  })
  .openapi('Subscription');

export const subscriberOut = z
  .object({
    ProgramId: z.string(),
    CreatedUtc: isoTime,
    LastSyncUtc: isoTime.nullable(),
    SuspendedUtc: isoTime.nullable(),
  })
  .openapi('Subscriber');

export type SubscriptionIn = z.output<typeof subscriptionIn>;
export type SubscriptionPatch = z.output<typeof subscriptionPatch>;
export type SubscriptionOut = z.output<typeof subscriptionOut>;
