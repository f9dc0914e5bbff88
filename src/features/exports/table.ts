import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

export const runStatuses = ['due', 'writing', 'written', 'delivering', 'delivered', 'exhausted'] as const;
export type RunStatus = (typeof runStatuses)[number];

/** A key's type, whatever it signs with. */
export const keyTypes = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
] as const;

/** A host's key as customers pin it. */
export interface PinnedKey {
  type: (typeof keyTypes)[number];
  /** `SHA256:` and 43 characters, as ssh-keygen prints it. */
  fingerprint: string;
}

/** Which events go where each night. The user name may be a person's: it goes with the export. */
export const exports = sqliteTable(
  'exports',
  {
    exportId: text('export_id').primaryKey(),
    programId: text('program_id').notNull(),
    name: text('name').notNull(),
    /** Values; empty: all. */
    categories: text('categories', { mode: 'json' }).$type<string[]>().notNull(),
    /** Event types; empty: all. */
    types: text('types', { mode: 'json' }).$type<string[]>().notNull(),
    format: text('format', { enum: ['json', 'csv'] }).notNull(),
    host: text('host').notNull(),
    port: integer('port').notNull(),
    username: text('username').notNull(),
    /** Absolute, or relative to the login folder; empty for that folder itself. */
    directory: text('directory').notNull(),
    /** Sealed JSON: `{password?, privateKey?, passphrase?}`. */
    credentials: text('credentials').notNull(),
    hasPassword: integer('has_password', { mode: 'boolean' }).notNull(),
    hasPrivateKey: integer('has_private_key', { mode: 'boolean' }).notNull(),
    hostKeys: text('host_keys', { mode: 'json' }).$type<PinnedKey[]>().notNull(),
    /** `direct` for servers that refuse renames. */
    mode: text('mode', { enum: ['rename', 'direct'] }).notNull(),
    /** `HH:MM`. */
    atLocalTime: text('at_local_time').notNull(),
    /** IANA name; null for the program's, whatever that is at the time. */
    timeZone: text('time_zone'),
    emptyDay: text('empty_day', { enum: ['send', 'skip'] }).notNull(),
    guardFormulas: integer('guard_formulas', { mode: 'boolean' }).notNull(),
    manifest: integer('manifest', { mode: 'boolean' }).notNull(),
    active: integer('active', { mode: 'boolean' }).notNull(),
    /** The date of the last night that was begun; at first the day before the creation. */
    lastLocalDate: text('last_local_date').notNull(),
    /** The sequence of the last event of that night: the next one begins after it. */
    bound: integer('bound').notNull(),
    /** When the next night goes out, in the zone of `dueZone`. */
    nextDueAt: integer('next_due_at').notNull(),
    dueZone: text('due_zone').notNull(),
    /** When the test file was sent by itself: once, with the first pinned key. */
    testedAt: integer('tested_at'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    /** Set while its files and rows are being erased; an export with it answers 404. */
    deletedAt: integer('deleted_at'),
  },
  (table) => [
    index('exports_by_program').on(table.programId, table.exportId),
    index('exports_active').on(table.nextDueAt).where(sql`active = 1 AND deleted_at IS NULL`),
    index('exports_deleting').on(table.deletedAt).where(sql`deleted_at IS NOT NULL`),
  ],
);

/** A night of an export: the events after one sequence up to another. Its files are under `exports/`. */
export const exportRuns = sqliteTable(
  'export_runs',
  {
    runId: text('run_id').primaryKey(),
    exportId: text('export_id').notNull(),
    programId: text('program_id').notNull(),
    /** The night's name. */
    localDate: text('local_date').notNull(),
    /** In which it was decided. */
    timeZone: text('time_zone').notNull(),
    /** The local midnight that ended the day. */
    endsAt: integer('ends_at').notNull(),
    afterSequence: integer('after_sequence').notNull(),
    lastSequence: integer('last_sequence').notNull(),
    status: text('status', { enum: runStatuses }).notNull(),
    /** Events in its files. */
    events: integer('events').notNull().default(0),
    /** JSON: how far the writing has come; null before it and after. */
    state: text('state'),
    step: integer('step').notNull().default(0),
    leaseToken: text('lease_token'),
    leaseUntil: integer('lease_until'),
    /** Attempts at writing that failed on our side, in a row. */
    failures: integer('failures').notNull().default(0),
    /** When something is to be done about it; null while only deliveries are awaited, and after the end. */
    wakeAt: integer('wake_at'),
    /** How often it was sent, by itself and on demand. */
    sends: integer('sends').notNull().default(0),
    traceId: text('trace_id').notNull(),
    /** How it stands, for a person. */
    message: text('message').notNull(),
    /** Stands in the files' names. */
    startedAt: integer('started_at').notNull(),
    writtenAt: integer('written_at'),
    endedAt: integer('ended_at'),
    /** When retention took its files. */
    erasedAt: integer('erased_at'),
  },
  (table) => [
    uniqueIndex('export_runs_once').on(table.exportId, table.localDate),
    index('export_runs_wake').on(table.wakeAt).where(sql`wake_at IS NOT NULL`),
    index('export_runs_by_program').on(table.programId, table.startedAt),
    index('export_runs_by_trace').on(table.traceId),
  ],
);

/** How a relay took the hub's calls, a stretch of like ones a row: the hub has one relay at a time. */
export const relayContacts = sqliteTable('relay_contacts', {
  contactId: integer('contact_id').primaryKey(),
  outcome: text('outcome', { enum: ['answered', 'refused', 'unreachable', 'lost'] }).notNull(),
  /** Why it refused, in its words. */
  detail: text('detail'),
  /** Of the relay, as it says with each answer; null where it gave none. */
  version: text('version'),
  /** What the latest call was about. */
  call: text('call', { enum: ['file', 'probe', 'check'] }).notNull(),
  since: integer('since').notNull(),
  /** Of the latest call, to the minute. */
  until: integer('until').notNull(),
});

/** A file of a night, and what became of its delivery. The object under `objectKey` holds personal data. */
export const exportFiles = sqliteTable(
  'export_files',
  {
    runId: text('run_id').notNull(),
    name: text('name').notNull(),
    programId: text('program_id').notNull(),
    eventType: text('event_type').notNull(),
    /** Null for a manifest, which says the file's own. */
    rows: integer('rows'),
    objectKey: text('object_key').notNull(),
    sizeBytes: integer('size_bytes').notNull(),
    sha256: text('sha256').notNull(),
    /** Of the latest send; null until then, and for a manifest until its file has arrived. */
    deliveryId: text('delivery_id'),
    status: text('status', { enum: ['waiting', 'delivered', 'exhausted'] }).notNull(),
    /** JSON: what the relay said of the arrival. */
    evidence: text('evidence'),
    reason: text('reason'),
    endedAt: integer('ended_at'),
  },
  (table) => [primaryKey({ columns: [table.runId, table.name] })],
);
