import { z } from '@hono/zod-openapi';
import { isoTime } from '../../http.ts';
import { localTime, timeZone } from '../programs/index.ts';
import { keyTypes, runStatuses } from './table.ts';

export const pinnedKey = z
  .strictObject({
    type: z.enum(keyTypes),
    fingerprint: z
      .string()
      .regex(
        /^SHA256:[A-Za-z0-9+/]{43}$/,
        'A fingerprint is "SHA256:" and 43 characters of base 64, as ssh-keygen -l prints it.',
      ),
  })
  .openapi('HostKey', {
    example: { type: 'ssh-ed25519', fingerprint: 'SHA256:uNiVztksCsDhcc0u9e8BrHJvqd5l3c1b0Yc0VvWZ0dM' },
  });

const eventType = z
  .string()
  .regex(/^[A-Za-z0-9_.:-]{1,50}$/, 'An event type has 1 to 50 characters of A-Z, a-z, 0-9 and "_.:-".');

const settings = {
  name: z.string().trim().min(1).max(200),
  events: z
    .strictObject({
      categories: z.array(z.string().min(1).max(200)).max(100).default([]),
      types: z.array(eventType).max(100).default([]),
    })
    .openapi({ description: 'Which events; an empty list means all of the program’s.' }),
  format: z.enum(['json', 'csv']),
  destination: z.string().max(8_192).openapi({
    description:
      'sftp://username:password@host:22/path, special characters percent-encoded. A path of "/~/in" is relative to the login folder.',
    example: 'sftp://username:password@host:22/path',
  }),
  privateKey: z
    .string()
    .min(1)
    .max(20_000)
    .nullable()
    .openapi({ description: 'OpenSSH, PEM or PPK; tried before the password. Write-only.' }),
  passphrase: z
    .string()
    .min(1)
    .max(1_000)
    .nullable()
    .openapi({ description: 'Of the private key. Write-only.' }),
  hostKeys: z.array(pinnedKey).max(20).openapi({ description: 'The keys that the host may have.' }),
  mode: z.enum(['rename', 'direct']).openapi({
    description:
      '"rename": under a temporary name first, so that the final name never holds a part. "direct" for servers that refuse renames.',
  }),
  atLocalTime: localTime,
  timeZone: timeZone.nullable().openapi({ description: 'IANA name; null for the program’s.' }),
  emptyDay: z.enum(['send', 'skip']).openapi({
    description: '"send": a file without events for each type that `events.types` lists.',
  }),
  guardFormulas: z.boolean().openapi({
    description: 'CSV: puts an apostrophe before what a spreadsheet would run. It changes the data.',
  }),
  manifest: z.boolean().openapi({
    description: 'After each file, {name}.manifest.json with its rows, size and SHA-256.',
  }),
  active: z.boolean(),
};

export const exportIn = z
  .strictObject({
    name: settings.name,
    events: settings.events.default({ categories: [], types: [] }),
    format: settings.format,
    destination: settings.destination,
    privateKey: settings.privateKey.default(null),
    passphrase: settings.passphrase.default(null),
    hostKeys: settings.hostKeys.default([]),
    mode: settings.mode.default('rename'),
    atLocalTime: settings.atLocalTime.default('02:00'),
    timeZone: settings.timeZone.default(null),
    emptyDay: settings.emptyDay.default('skip'),
    guardFormulas: settings.guardFormulas.default(false),
    manifest: settings.manifest.default(false),
    active: settings.active.optional(),
  })
  .openapi('ExportIn');

export const exportPatch = z.strictObject(settings).partial().openapi('ExportPatch');

export type ExportIn = z.output<typeof exportIn>;
export type ExportPatch = z.output<typeof exportPatch>;

export const exportOut = z
  .object({
    exportId: z.string(),
    programId: z.string(),
    name: z.string(),
    events: z.object({ categories: z.array(z.string()), types: z.array(z.string()) }),
    format: z.enum(['json', 'csv']),
    destination: z.string().openapi({ example: 'sftp://username@host:22/path' }),
    hasPassword: z.boolean(),
    hasPrivateKey: z.boolean(),
    hostKeys: z.array(pinnedKey),
    mode: z.enum(['rename', 'direct']),
    atLocalTime: z.string(),
    timeZone: z.string().nullable(),
    emptyDay: z.enum(['send', 'skip']),
    guardFormulas: z.boolean(),
    manifest: z.boolean(),
    active: z.boolean(),
    lastLocalDate: z.string().nullable().openapi({ description: 'Of the last night that was begun.' }),
    nextDueAt: isoTime.nullable(),
    createdAt: isoTime,
    updatedAt: isoTime,
  })
  .openapi('Export');

export const localDate = z.iso.date('A local date such as "2026-05-14".');

const evidence = z.record(z.string(), z.unknown()).openapi({
  description: 'Of the arrival: remote path, bytes, SHA-256, milliseconds, and the host key it was given to.',
});

export const runFileOut = z
  .object({
    name: z.string(),
    event: z.string(),
    rows: z.number().int().nullable(),
    sizeBytes: z.number().int(),
    sha256: z.string(),
    status: z.enum(['waiting', 'delivered', 'exhausted']),
    reason: z.string().nullable(),
    deliveryId: z.string().nullable(),
    endedAt: isoTime.nullable(),
    evidence: evidence.nullable(),
  })
  .openapi('ExportFile');

export const runOut = z
  .object({
    runId: z.string(),
    exportId: z.string(),
    localDate: z.string(),
    status: z.enum(runStatuses),
    message: z.string(),
    timeZone: z.string(),
    endsAt: isoTime.openapi({ description: 'The local midnight that ended the day.' }),
    events: z.number().int(),
    sends: z.number().int(),
    startedAt: isoTime,
    writtenAt: isoTime.nullable(),
    endedAt: isoTime.nullable(),
    expired: z.boolean().openapi({ description: 'Its files have passed their retention.' }),
    traceId: z.string(),
  })
  .openapi('ExportRun');

export const runWithFiles = runOut.extend({ files: z.array(runFileOut) }).openapi('ExportRunWithFiles');

export const probeOut = z
  .object({
    host: z.string(),
    port: z.number().int(),
    address: z.string().nullable(),
    software: z.string().nullable(),
    hostKeys: z.array(z.object({ type: z.string(), fingerprint: z.string(), pinned: z.boolean() })),
    durationMs: z.number(),
  })
  .openapi('HostProbe', {
    description: 'Compare the fingerprints with what the server’s operator says, then PATCH `hostKeys`.',
  });

export const testOut = z
  .object({
    deliveryId: z.string(),
    name: z.string(),
    sizeBytes: z.number().int(),
    sha256: z.string(),
    statusUrl: z.string(),
  })
  .openapi('ExportTest');

/** What a delivery over SFTP carries, as its body in the ledger; no credential is in it. */
export const fileDelivery = z.object({
  exportId: z.string(),
  /** Null for a test file. */
  runId: z.string().nullable(),
  localDate: z.string().nullable(),
  send: z.number(),
  name: z.string(),
  objectKey: z.string(),
  sizeBytes: z.number(),
  sha256: z.string(),
  /** Goes out once the file has arrived. */
  manifest: z
    .object({
      deliveryId: z.string(),
      name: z.string(),
      objectKey: z.string(),
      sizeBytes: z.number(),
      sha256: z.string(),
    })
    .nullable(),
});
export type FileDelivery = z.output<typeof fileDelivery>;
