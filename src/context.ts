import type { SQL } from 'drizzle-orm';
import type { Config } from './env.ts';
import type { Database, Statement } from './platform/d1.ts';
import type { Logger } from './platform/log.ts';
import type { ObjectStore, S3Presigner } from './platform/objects/index.ts';
import type { OutboundPolicy } from './platform/outbound.ts';
import type { QueueSender } from './platform/queue.ts';
import type { Sealer } from './platform/seal.ts';

/** Every scope a program's own key can have. */
export const scopes = [
  'read',
  'files',
  'jobs',
  'events:publish',
  'events:pull',
  'templates',
  'exports',
  'flows',
  'webhooks',
  'manage',
] as const;
export type Scope = (typeof scopes)[number];

/** Who acts. A system key may act in every program; a program's key in its own, within its scopes. */
export type Actor =
  | { kind: 'anonymous' }
  | { kind: 'system'; keyId: string; session?: ActorSession }
  | {
      kind: 'program';
      keyId: string;
      programId: string;
      scopes: Scope[];
      expiresAtMs: number | null;
      session?: ActorSession;
    }
  /** The bearer of a drop key, at the S3 door: its own program's bucket, and nothing else. */
  | { kind: 'drop'; keyId: string; programId: string }
  | { kind: 'hub'; door: 'queue' | 'cron' | 'dev' };

/** Set where a person acts through the dashboard: the audit log names them. */
export interface ActorSession {
  sessionId: string;
  /** The key's name, or whom the link was made for. */
  name: string;
}

/** The messages of each queue: ids and numbers only, versioned by `type`. */
export type IngestMessage = { type: 'job'; jobId: string } | { type: 'sync'; syncId: string };
export interface DeliveryMessage {
  type: 'delivery';
  deliveryId: string;
}
/** One that goes to no endpoint, or an endpoint that something is due to. */
export type DeliverMessage = DeliveryMessage | { type: 'endpoint'; endpointId: string };
/** A night to be written, or a delivery that takes minutes. */
export type ExportMessage = { type: 'run'; runId: string } | DeliveryMessage;

/** The SFTP relay, whatever stands between: `send` is a fetch of one of its paths. */
export interface Relay {
  /** Signs each request. */
  token: string;
  send(path: string, init: RequestInit): Promise<Response>;
}

/** An e-mail as the `send_email` binding takes it. */
export interface Email {
  from: string;
  to: string;
  subject: string;
  text: string;
  headers?: Record<string, string>;
}

/**
 * What a verb may use, whichever door it came through. `now()` moves with the test clock and decides all
 * that waits; `wallNow()` is the machine's own, for signatures.
 */
export interface Ctx {
  actor: Actor;
  requestId: string;
  config: Config;
  db: Database;
  /** Where a program's records and their job checkpoints live; not always the control database. */
  recordsDatabase(programId: string): Database;
  objects: ObjectStore;
  /** Present where uploads can go straight to the object store. */
  presigner: S3Presigner | null;
  queues: {
    ingest: QueueSender<IngestMessage>;
    deliver: QueueSender<DeliverMessage>;
    export: QueueSender<ExportMessage>;
  };
  /** Null where the hub has none. */
  relay: Relay | null;
  sendEmail(email: Email): Promise<{ messageId: string }>;
  sealer: Sealer;
  outbound: OutboundPolicy;
  registry: Registry;
  log: Logger;
  now(): number;
  wallNow(): number;
  /** Work that goes on after the answer; what it throws is logged. */
  after(work: Promise<unknown>): void;
}

/** What a slice does when a program comes and goes. */
export interface Lifecycle {
  slice: string;
  /** Statements that join the transaction that creates the program. */
  created?(ctx: Ctx, programId: string): Promise<Statement[]> | Statement[];
  /** Erases a bounded part of what the slice holds of a program; true when nothing is left. */
  deleted?(ctx: Ctx, programId: string): Promise<boolean>;
  /** Which of these file versions something unfinished still needs. */
  pins?(ctx: Ctx, programId: string, versionIds: string[]): Promise<string[]>;
  /** The sequence after which something still needs the events that this program publishes; null: none. */
  needsEventsAfter?(ctx: Ctx, programId: string): Promise<number | null>;
  /** Statements that empty whatever the slice holds of an event; they join the one that deletes it. */
  eraseEvent?(
    ctx: Ctx,
    event: { programId: string; eventId: string; sequence: number },
  ): Promise<Statement[]>;
  /** Removes what retention has ended, a bounded part; the number of things removed. */
  prune?(ctx: Ctx, programId: string, retention: Record<string, number>): Promise<number>;
}

/** A sealed column, so that one command can seal everything under a new key. */
export interface SealedColumn {
  /** `table.column`. */
  name: string;
  /** Rows not sealed under `keyId`, at most `limit`. */
  list(
    ctx: Ctx,
    keyId: string,
    limit: number,
  ): Promise<{ sealed: string; identity: string; write: Replace }[]>;
}
export type Replace = (sealed: string) => Statement;

/** What a channel is given to send: a leased row of the ledger. */
export interface DueDelivery {
  deliveryId: string;
  programId: string;
  type: string;
  messageId: string;
  target: string;
  secretPurpose: string;
  subject: string;
  body: string;
  traceId: string;
  /** As it was before this attempt: `sending` where the attempt before was cut off on our side. */
  status: string;
  /** By the wall's clock, as the attempt began: a signature names this moment, and so can be shown again. */
  signedAtMs: number;
  /** An earlier attempt may have been taken. */
  uncertain: boolean;
}

/** How one attempt ended. `failure` absent: the receiver took it. */
export interface AttemptResult {
  status?: number;
  failure?: 'connect' | 'timeout' | 'status' | 'body';
  /** A sentence for people; never a URL, a secret or a row's content. */
  detail: string;
  /** The first 1 KB of the answer. */
  excerpt: string;
  /** The receiver's `Retry-After`, as it stands. */
  retryAfter: string | null;
  /** It may have been taken though no answer says so. */
  uncertain: boolean;
  /** No further attempt can help: the receiver is gone, or the hub itself refuses. */
  final?: 'gone' | 'refused';
  /** It is tried again all the same, but only a person can mend it. */
  needsPerson?: boolean;
}

/** What an attempt's end sets off beside the ledger: statements of its own commit, and what follows it. */
export interface OutcomeEffects {
  statements: Statement[];
  committed?(): Promise<void>;
}

/** A way out of the hub. Never throws for what the receiver does. */
export interface Channel {
  send(ctx: Ctx, delivery: DueDelivery): Promise<AttemptResult>;
  /** Where an attempt takes minutes: how long it has the delivery, and that it waits for no quick one. */
  slow?: { leaseMs: number };
  /** Told of each attempt before its end is committed. */
  onOutcome?(
    ctx: Ctx,
    delivery: DueDelivery,
    result: AttemptResult,
    status: 'delivered' | 'waiting' | 'exhausted' | 'cancelled',
    nextAttemptAt: number | null,
  ): OutcomeEffects | Promise<OutcomeEffects>;
}

/** A dropped file, as far as what it starts needs to know it. */
export interface StoredFile {
  programId: string;
  folder: string;
  filename: string;
  versionId: string;
  objectKey: string;
  sizeBytes: number;
  etag: string;
  traceId: string;
}

/** What a dropped file starts: statements that join the transaction that stores it, and what follows it. */
export type OnFileStored = (
  ctx: Ctx,
  file: StoredFile,
) => Promise<{ statements: Statement[]; committed(): void }>;

/** Does again all that has one kind of problem; asked of the problem that a person points at. */
export interface Remedy {
  /** What the key must be allowed beside. */
  scope: Scope;
  /** Nothing is changed by planning; `run` does what stands then, and may do less. */
  plan(ctx: Ctx, problem: { programId: string; kind: string; subject: string }): Promise<RemedyPlan>;
}
export interface RemedyPlan {
  count: number;
  /** There are more than one call does. */
  more: boolean;
  /** What the count counts, such as `deliveries to https://…`; with its article-free plural. */
  of: string;
  /** `found`: what there was to do nothing about, each in a sentence. */
  run(): Promise<{ started: number; refused: number; found?: string[] }>;
}

/** What higher slices register for lower ones at the doors. */
export interface Registry {
  onFileStored: OnFileStored;
  /** By a problem's kind. */
  remedies: Record<string, Remedy>;
  /** By what a monitor may watch: whether there is such a thing, as a condition on `monitors`. */
  watched: Record<string, SQL>;
  channels: Record<string, Channel>;
  lifecycles: Lifecycle[];
  sealedColumns: SealedColumn[];
}
