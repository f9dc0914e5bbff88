import { z } from '@hono/zod-openapi';
import { isoTime } from '../../http.ts';
import type { Contacts, Retention } from './table.ts';

export type { Contacts };

/** DESIGN 6: days per kind. */
export const defaultRetention: Retention = {
  files: 30,
  staged: 7,
  beforeImages: 30,
  events: 400,
  deliveries: 90,
  jobs: 90,
  exports: 90,
  audit: 730,
};

const days = z.number().int().min(1).max(3_650).optional();

const retentionSchema = z
  .strictObject({
    files: days,
    staged: days,
    beforeImages: days,
    events: days,
    deliveries: days,
    jobs: days,
    exports: days,
    audit: days,
  })
  .openapi('Retention', { description: 'Days each kind of thing is kept.' });

/** One mailbox, no display name, no control characters. */
export const emailAddress = z
  .email({ error: 'Not an e-mail address such as data@school.example.' })
  .max(254, 'An e-mail address has at most 254 characters.');

export const contactsSchema = z
  .strictObject({
    emails: z.array(emailAddress).max(10, 'At most 10 addresses.').default([]),
    webhook: z.string().max(2_048).nullable().default(null),
  })
  .openapi('Contacts');

export const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, { error: 'Not an IANA time zone such as "America/New_York".' });

function isTimeZone(name: string): boolean {
  // Intl also takes offsets such as "+05:00", which have no daylight saving and are no zone's name.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export const localTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'A local time such as "02:00".');

export const programIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,25}$/, 'A programId has 1 to 25 characters of A-Z, a-z, 0-9, "_" and "-".')
  .refine((id) => !/^[a-z]{2,5}_/.test(id), {
    error: 'A programId may not look like one of the hub\'s own ids ("job_…"): begin it otherwise.',
  });

const settings = {
  name: z.string().trim().min(1).max(200),
  timeZone,
  contacts: contactsSchema,
  staff: contactsSchema.nullable(),
  retention: retentionSchema,
  nightlySync: z.strictObject({ enabled: z.boolean(), atLocalTime: localTime }),
  learningBuilder: z
    .strictObject({ baseUrl: z.string().max(2_048), apiKey: z.string().min(1).max(2_000).optional() })
    .nullable(),
};

export const programIn = z
  .strictObject({
    programId: programIdSchema,
    name: settings.name,
    timeZone: settings.timeZone.default('UTC'),
    contacts: settings.contacts.optional(),
    staff: settings.staff.optional(),
    retention: settings.retention.optional(),
    nightlySync: settings.nightlySync.optional(),
    learningBuilder: settings.learningBuilder.optional(),
  })
  .openapi('ProgramIn');

export const programPatch = z.strictObject(settings).partial().openapi('ProgramPatch');

export const programOut = z
  .object({
    programId: z.string(),
    name: z.string(),
    timeZone: z.string(),
    contacts: z.object({ emails: z.array(z.string()), webhook: z.string().nullable() }),
    staff: z.object({ emails: z.array(z.string()), webhook: z.string().nullable() }).nullable(),
    retention: z.record(z.string(), z.number()),
    nightlySync: z.object({ enabled: z.boolean(), atLocalTime: z.string() }),
    learningBuilder: z.object({ baseUrl: z.string(), hasApiKey: z.boolean() }).nullable(),
    bucket: z.string(),
    createdAt: isoTime,
    updatedAt: isoTime,
  })
  .openapi('Program');

export type ProgramIn = z.output<typeof programIn>;
export type ProgramPatch = z.output<typeof programPatch>;
export type ProgramOut = z.output<typeof programOut>;
