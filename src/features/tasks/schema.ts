import { z } from '@hono/zod-openapi';
import { isoTime } from '../../http.ts';
import { tableSchema } from '../../platform/tableschema/index.ts';
import { folderName } from '../files/index.ts';
import { emailAddress } from '../programs/index.ts';

/** `warehouse`, `warehouse-degrees`: what callers post to. */
export const jobName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/,
    'A job has 1 to 63 characters of A-Z, a-z, 0-9, "_", "." and "-".',
  );

const percent = z.number().min(0).max(100);

const guards = z.strictObject({
  maxRejectedPercent: percent.default(5),
  maxRowDropPercent: percent.default(30),
  maxDeletePercent: percent.default(15),
  onTrip: z.enum(['hold', 'fail', 'withholdDeletes']).default('hold'),
});

const dialectCharacter = z
  .string()
  .regex(/^(?:auto|[\t\x20-\x7e])$/, 'One printable ASCII character or a tab, or "auto".')
  .default('auto');

const dialect = z
  .strictObject({
    delimiter: dialectCharacter,
    encoding: z.enum(['auto', 'utf-8', 'utf-16le', 'utf-16be', 'windows-1252']).default('auto'),
    quote: dialectCharacter,
  })
  .refine(
    ({ delimiter, quote }) =>
      quote === 'auto' || !(delimiter === 'auto' ? ',;\t|' : delimiter).includes(quote),
    {
      message: 'The quote must differ from the delimiter, and from those that "auto" looks for.',
    },
  );

const startOnDrop = z
  .strictObject({
    filename: z
      .string()
      .min(1)
      .max(255)
      .regex(/^[^/\\]*$/, 'A bare file name, in which "*" stands for any characters.')
      .default('*'),
    emails: z.array(emailAddress).max(10, 'At most 10 addresses.').default([]),
    webhook: z.string().max(2_048).nullable().default(null),
  })
  .openapi({
    description:
      'The job starts by itself when a file of this name is dropped into the folder, once per drop; these are told how it ended',
  });

export const taskDefinition = z
  .strictObject({
    folder: folderName,
    dataset: z
      .string()
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/,
        'A dataset has 1 to 63 characters of A-Z, a-z, 0-9, "_" and "-".',
      ),
    mode: z.enum(['full', 'upsert']),
    format: z.enum(['csv', 'jsonl', 'json', 'auto']).default('auto'),
    dialect: dialect.prefault({}),
    schema: tableSchema,
    aliases: z.record(z.string().max(200), z.array(z.string().max(200)).max(50)).default({}),
    unknownColumns: z.enum(['keep', 'ignore', 'reject']).optional().openapi({
      description: 'As in the schema, which goes before it; default `ignore`, or what its fieldsMatch says',
    }),
    guards: guards.prefault({}),
    startOnDrop: startOnDrop.optional(),
    publish: z
      .strictObject({
        eventType: z
          .string()
          .regex(/^[A-Za-z0-9_.:-]{1,50}$/, 'Up to 50 of A-Z, a-z, 0-9, "_", ".", ":" and "-".'),
        category: z
          .union([
            z.string().min(1).max(200),
            z.strictObject({ value: z.string().min(1).max(200), label: z.string().max(200).optional() }),
          ])
          .optional(),
      })
      .optional(),
  })
  .openapi('Task');

export type TaskDefinition = z.output<typeof taskDefinition>;

export const taskOut = taskDefinition
  .extend({ job: z.string(), createdAt: isoTime, updatedAt: isoTime })
  .openapi('SavedTask');
