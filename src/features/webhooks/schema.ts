import { z } from '@hono/zod-openapi';
import { isoTime } from '../../http.ts';

/** Every type of message an endpoint can get, and what it tells. */
export const messageTypes = {
  'job.succeeded': 'A job ended well.',
  'job.failed': 'A job ended failed, rejected or cancelled.',
  'job.held': 'A job waits for a person.',
  'event.published': 'An event came, of the program itself or of one it subscribes to.',
  'event.deleted': 'An event was deleted by its publisher.',
  'subscription.synced': 'A subscription was brought up to date.',
  'subscription.failed': 'A synchronisation failed.',
  'export.delivered': 'A night arrived at its destination.',
  'export.exhausted': 'A night could not be delivered.',
  'flow.external_source.sync_requested': 'A manager asks an external source for an update.',
  'monitor.missed': 'What a monitor watches was silent for too long.',
  'webhook.disabled': 'The hub disabled an endpoint.',
  'webhook.test': 'Sent by hand, to the one endpoint that is tested.',
  'delivery.exhausted': 'A delivery used up its attempts.',
  'drop.keys_rotated': 'New drop keys are there.',
} as const;

export type MessageType = keyof typeof messageTypes;
export const messageTypeNames = Object.keys(messageTypes) as MessageType[];

export const endpointStates = ['active', 'paused', 'disabled'] as const;
export type EndpointState = (typeof endpointStates)[number];

/** A pattern means whole types only, or all below a dot: `*`, `job.*`, `event.published`. */
export function matchesPattern(pattern: string, type: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : pattern === type;
}

const eventPattern = z
  .string()
  .max(100)
  .regex(/^(\*|[a-z_]+(\.[a-z_]+)*(\.\*)?)$/, 'A type such as "job.succeeded", "job.*", or "*" for all.')
  .refine((pattern) => messageTypeNames.some((type) => matchesPattern(pattern, type)), {
    error: `No message has such a type. The types are: ${messageTypeNames.join(', ')}.`,
  });

const settings = {
  url: z.string().max(2_048).openapi({ example: 'https://school.example/hooks' }),
  events: z
    .array(eventPattern)
    .min(1, 'At least one pattern; "*" means all.')
    .max(50)
    .openapi({ example: ['job.*', 'event.published'] }),
  categories: z
    .array(z.string().min(1).max(200))
    .min(1, 'At least one category, or null for all.')
    .max(200)
    .nullable()
    .openapi({ description: 'Of the messages about events only these categories; null for all.' }),
  description: z.string().max(500),
  active: z.boolean().openapi({ description: 'False: paused. What becomes due waits, on record.' }),
  headers: z.record(z.string(), z.string()).openapi({
    description: 'Sent with every call; stored sealed, and shown by their names alone.',
    example: { authorization: 'Bearer …' },
  }),
  rateLimitPerSecond: z.number().int().min(1, 'At least 1 a second.').max(1_000).nullable(),
};

export const endpointIn = z
  .strictObject({
    url: settings.url,
    events: settings.events,
    categories: settings.categories.default(null),
    description: settings.description.default(''),
    active: settings.active.default(true),
    headers: settings.headers.default({}),
    rateLimitPerSecond: settings.rateLimitPerSecond.default(null),
  })
  .openapi('WebhookIn');

export const endpointPatch = z.strictObject(settings).partial().openapi('WebhookPatch');

export const endpointOut = z
  .object({
    webhookId: z.string(),
    programId: z.string(),
    url: z.string(),
    events: z.array(z.string()),
    categories: z.array(z.string()).nullable(),
    description: z.string(),
    active: z.boolean(),
    state: z.enum(endpointStates),
    stateReason: z.string().nullable(),
    stateSince: isoTime,
    headerNames: z.array(z.string()),
    rateLimitPerSecond: z.number().int().nullable(),
    createdAt: isoTime,
    updatedAt: isoTime,
  })
  .openapi('Webhook');

export const endpointCreated = endpointOut
  .extend({
    secret: z.string().openapi({ example: 'whsec_…' }),
    sameAs: z.array(z.string()).openapi({
      description: 'Other endpoints with this URL and these patterns: each gets every message too.',
    }),
  })
  .openapi('WebhookCreated');

export type EndpointIn = z.output<typeof endpointIn>;
export type EndpointPatch = z.output<typeof endpointPatch>;
