import { sql } from 'drizzle-orm';
import type { Actor, Ctx, Relay } from './context.ts';
import { type Config, type Env, readConfig } from './env.ts';
import { type Database, openDatabase } from './platform/d1.ts';
import { dnsOverHttps } from './platform/dns.ts';
import { newId } from './platform/ids.ts';
import { createLogger } from './platform/log.ts';
import {
  type ObjectStore,
  R2ObjectStore,
  S3ObjectStore,
  S3Presigner,
  withKeyPrefix,
} from './platform/objects/index.ts';
import { createSender, type QueueFault } from './platform/queue.ts';
import { rememberReads } from './platform/remember.ts';
import { createSealer, type Sealer } from './platform/seal.ts';
import { watchable } from './platform/statements.ts';
import { registry } from './registry.ts';

interface Opening {
  actor: Actor;
  /** Another way to the same database: a page's, which asks nothing twice. */
  db?: Database;
  requestId?: string;
  waitUntil: (work: Promise<unknown>) => void;
}

/** What every door hands to the verbs. Throws `ConfigError` when the settings cannot be right. */
export async function openContext(env: Env, opening: Opening): Promise<Ctx> {
  const config = readConfig(env);
  const shared = sharedOf(env, config);
  const db = opening.db ?? shared.db;
  const switches = await readSwitches(config, db);
  const wallNow = () => Date.now();
  const now = () => wallNow() + switches.clockOffsetMs;
  const requestId = opening.requestId ?? newId('req', wallNow());
  const log = createLogger({ requestId });
  const { queueFault: fault } = switches;
  return {
    actor: opening.actor,
    requestId,
    config,
    db,
    recordsDatabase: () => db,
    objects: shared.objects,
    presigner: shared.presigner,
    queues: {
      ingest: createSender(env.INGEST, log, { fault }),
      deliver: createSender(env.DELIVER, log, { fault }),
      export: createSender(env.EXPORT, log, { fault }),
    },
    relay: shared.relay,
    sendEmail: async ({ headers = {}, ...mail }) => env.EMAIL.send({ ...mail, headers }),
    sealer: shared.sealer,
    outbound: {
      allowLoopback: config.ALLOW_LOOPBACK === 'on',
      ownHosts: [new URL(config.PUBLIC_URL).hostname],
      resolve: config.DNS_RESOLVER === 'off' ? null : dnsOverHttps(config.DNS_RESOLVER),
      now,
    },
    registry,
    log,
    now,
    wallNow,
    after(work) {
      opening.waitUntil(work.catch((error: unknown) => log.error('after.failed', error)));
    },
  };
}

/** The database for all reads of one page: none is made twice. */
export function openReader(env: Env): Database {
  return openDatabase(rememberReads(sharedOf(env, readConfig(env)).db.$client));
}

interface Shared {
  db: Database;
  objects: ObjectStore;
  presigner: S3Presigner | null;
  sealer: Sealer;
  relay: Relay | null;
}

const sharedByEnv = new WeakMap<object, Shared>();

/** What depends on the settings alone is made once per isolate. */
function sharedOf(env: Env, config: Config): Shared {
  const known = sharedByEnv.get(env);
  if (known) return known;
  const s3 = s3Config(config);
  const bucket = config.OBJECT_STORE === 's3' && s3 ? new S3ObjectStore(s3) : new R2ObjectStore(env.OBJECTS);
  // A QA deployment may share production's bucket: its objects have a stretch of keys to themselves.
  const keyPrefix = config.DROP_ENVIRONMENT === 'qa' ? 'qa/' : '';
  const objects = keyPrefix === '' ? bucket : withKeyPrefix(bucket, keyPrefix);
  const shared: Shared = {
    // A test asks what a page costs.
    db: openDatabase(config.TEST_CLOCK === 'on' ? watchable(env.DB) : env.DB),
    objects,
    presigner: s3 ? new S3Presigner({ ...s3, bucketUrl: prefixed(s3.bucketUrl, keyPrefix) }) : null,
    sealer: createSealer(config.SEAL_KEYS),
    relay: relayOf(env, config),
  };
  sharedByEnv.set(env, shared);
  return shared;
}

/** At its own address where it has one, else the container beside the Worker. */
function relayOf(env: Env, config: Config): Relay | null {
  const { RELAY_TOKEN: token, RELAY_URL: url } = config;
  if (token === undefined) return null;
  return {
    token,
    send: (path, init) =>
      url === undefined
        ? env.RELAY.get(env.RELAY.idFromName('relay')).fetch(`http://relay${path}`, init)
        : fetch(`${url}${path}`, { ...init, redirect: 'manual' }),
  };
}

function prefixed(bucketUrl: string, keyPrefix: string): string {
  return keyPrefix === '' ? bucketUrl : `${bucketUrl}/${keyPrefix.slice(0, -1)}`;
}

function s3Config(config: Config) {
  const { S3_ENDPOINT: endpoint, S3_BUCKET: bucket, S3_ACCESS_KEY_ID: accessKeyId } = config;
  const secretAccessKey = config.S3_SECRET_ACCESS_KEY;
  if (!endpoint || !bucket || !accessKeyId || !secretAccessKey) return null;
  const bucketUrl = `${endpoint.replace(/\/+$/, '')}/${bucket}`;
  return { bucketUrl, region: config.S3_REGION, accessKeyId, secretAccessKey };
}

/** The test clock and the faults switched on; production never asks. */
async function readSwitches(
  config: Config,
  db: Database,
): Promise<{ clockOffsetMs: number; queueFault: QueueFault }> {
  if (config.TEST_CLOCK === 'off') return { clockOffsetMs: 0, queueFault: null };
  const rows = await db.all<{ offset: number; fault: number }>(
    sql`SELECT clock_offset_ms AS offset, lose_queue_messages AS fault FROM dev_switches WHERE id = 1`,
  );
  const faults: QueueFault[] = [null, 'lose', 'repeat'];
  return { clockOffsetMs: rows[0]?.offset ?? 0, queueFault: faults[rows[0]?.fault ?? 0] ?? null };
}
