import { z } from '@hono/zod-openapi';
import { isoTime } from '../../http.ts';
import { jobPhases, jobStatuses } from './statuses.ts';

export interface JobCounts {
  /** Data rows of the file. */
  read: number;
  rejected: number;
  inserted: number;
  updated: number;
  /** Rows that change nothing, equal repeats of a key among them. */
  unchanged: number;
  deleted: number;
}

export const noCounts: JobCounts = {
  read: 0,
  rejected: 0,
  inserted: 0,
  updated: 0,
  unchanged: 0,
  deleted: 0,
};

/** One thing wrong with a row, without its values. */
export interface JobError {
  /** Null where the file as a whole is meant. */
  line: number | null;
  column: string | null;
  code: string;
  message: string;
}

/** What the hub took the file to be, and why. */
export interface JobDecisions {
  format: string;
  encoding: string;
  /** Null for JSON. */
  delimiter: string | null;
  quote: string | null;
  evidence: string[];
  /** What is odd about the file, though it can be read. */
  notices: JobNotice[];
}

export interface JobNotice {
  code: string;
  message: string;
}

const countsOut = z
  .object({
    read: z.number().int(),
    rejected: z.number().int(),
    inserted: z.number().int(),
    updated: z.number().int(),
    unchanged: z.number().int(),
    deleted: z.number().int(),
  })
  .openapi('JobCounts');

const errorOut = z
  .object({
    line: z.number().int().nullable(),
    column: z.string().nullable(),
    code: z.string(),
    message: z.string(),
  })
  .openapi('JobRowError');

const addresses = z.union([z.string(), z.array(z.string())]);

/** Lenient on purpose: what callers of the original system also send is no error. */
export const jobCallIn = z
  .looseObject({
    apiKey: z
      .string()
      .optional()
      .openapi({ description: 'The key, in any letter case, where no header carries it.' }),
    filename: z.unknown().optional().openapi({ type: 'string', example: 'warehouse.csv' }),
    notifyEmail: addresses.nullish().openapi({ description: 'One address, a comma list, or an array.' }),
    notifyWebhook: z.string().nullish(),
    notificationSettings: z
      .looseObject({ emails: addresses.nullish(), webhook: z.string().nullish() })
      .nullish(),
    dryRun: z.boolean().optional(),
  })
  .openapi('JobCall');

export type JobCallIn = z.output<typeof jobCallIn>;

export const jobCallOut = z
  .object({
    success: z.literal(true),
    jobId: z.string(),
    job: z.string(),
    filename: z.string(),
    size: z.number().int(),
    etag: z.string(),
    status: z.enum(jobStatuses),
    statusUrl: z.string(),
    duplicate: z.literal(true).optional(),
  })
  .openapi('JobAccepted');

const record = z.record(z.string(), z.unknown()).nullable();

export const changeOut = z
  .object({
    key: z.string(),
    kind: z.enum(['inserted', 'updated', 'deleted']),
    before: record,
    after: record,
  })
  .openapi('Change');

export const jobOut = z
  .object({
    jobId: z.string(),
    programId: z.string(),
    job: z.string(),
    dataset: z.string(),
    folder: z.string(),
    filename: z.string(),
    size: z.number().int(),
    etag: z.string(),
    versionId: z.string(),
    dryRun: z.boolean(),
    status: z.enum(jobStatuses),
    phase: z.enum(jobPhases).nullable(),
    waitingFor: z.string().nullable(),
    retryOf: z.string().nullable(),
    undoOf: z.string().nullable(),
    attempt: z.number().int(),
    progress: z.object({
      percent: z.number(),
      bytesRead: z.number().int(),
      bytes: z.number().int(),
      rowsRead: z.number().int(),
    }),
    rows: countsOut,
    decisions: z
      .object({
        format: z.string(),
        encoding: z.string(),
        delimiter: z.string().nullable(),
        quote: z.string().nullable(),
        evidence: z.array(z.string()),
        notices: z.array(z.object({ code: z.string(), message: z.string() })),
      })
      .nullable(),
    errors: z.array(errorOut),
    message: z.string(),
    traceId: z.string(),
    queuedAt: isoTime,
    startedAt: isoTime.nullable(),
    finishedAt: isoTime.nullable(),
    notification: z.object({ messageId: z.string(), recipients: z.number().int() }),
  })
  .openapi('Job');

export const jobPage = z
  .object({
    items: z.array(jobOut),
    nextCursor: z.string().nullable(),
    lookedBackTo: isoTime.nullable().openapi({
      description:
        'Set where the look for a status ended before the list did, after 2,000 jobs or, with a cursor, 20,000: `nextCursor` looks further back.',
    }),
  })
  .openapi('JobPage');
