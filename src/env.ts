import { z } from 'zod';
import { createSealer, SealError } from './platform/seal.ts';

/** What the platform binds, as `wrangler.toml` declares it. Only the doors see it. */
export interface Env {
  DB: D1Database;
  OBJECTS: R2Bucket;
  INGEST: Queue;
  DELIVER: Queue;
  EXPORT: Queue;
  /** The object store's notifications come through it; the hub itself sends none. */
  DROPS: Queue;
  EMAIL: SendEmail;
  API_RATE: RateLimit;
  RELAY: DurableObjectNamespace;
  [name: string]: unknown;
}

/**
 * The deployed version as Cloudflare binds it; nulls where the hub runs from its sources, for which the local
 * runtime makes one up with every start.
 */
export function readVersion(env: Env): { id: string | null; deployedAt: string | null } {
  const isLocal = readConfig(env).ENVIRONMENT === 'development';
  const deployed = isLocal ? undefined : (env.VERSION as { id?: string; timestamp?: string } | undefined);
  return { id: deployed?.id || null, deployedAt: deployed?.timestamp || null };
}

/** The system key of `.dev.vars.example`. Anyone can read it there, so production refuses it. */
export const exampleSystemKey = 'cwk_example_system_key_for_local_development_only';

/** The relay's token of `.dev.vars.example`, which production refuses alike. */
export const exampleRelayToken = 'example_relay_token_for_local_development_only';

const onOff = z.enum(['on', 'off']).default('off');
const optionalText = z
  .string()
  .trim()
  .transform((text) => (text === '' ? undefined : text))
  .optional();
const addressList = z
  .string()
  .default('')
  .transform((text) => text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()])));

const accessRule = z
  .strictObject({
    /** An address, `*@` and a domain, or `group:` and a group's name. */
    who: z.string().regex(/^(group:.+|\*@[^@\s*]+\.[^@\s*]+|[^@\s*]+@[^@\s*]+)$/),
    role: z.enum(['operator', 'engineer', 'consultant', 'manager', 'viewer']),
    /** The operator's role has none; every other has one. */
    program: z.string().min(1).max(25).optional(),
  })
  .refine(({ role, program }) => (role === 'operator') === (program === undefined));

export type AccessRule = z.output<typeof accessRule>;

const accessRules = z
  .string()
  .default('[]')
  .transform((text, check) => {
    try {
      return z.array(accessRule).max(500).parse(JSON.parse(text));
    } catch {
      check.addIssue({
        code: 'custom',
        message:
          'ACCESS_PEOPLE is a JSON list of {"who": address, "*@domain" or "group:name", "role", "program"}; operators have no program, every other role has one',
      });
      return z.NEVER;
    }
  });

const configSchema = z
  .object({
    ENVIRONMENT: z.enum(['production', 'qa', 'development']).default('production'),
    /** Where callers reach the hub; it stands in links and status URLs. */
    PUBLIC_URL: z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, '')),
    SYSTEM_KEY: z
      .string()
      .min(32, 'SYSTEM_KEY needs at least 32 characters')
      .max(200, 'SYSTEM_KEY has at most 200 characters: no longer key is looked at'),
    /** `id:base64 of 32 bytes`, comma-separated; the first seals, the others still open. */
    SEAL_KEYS: z.string().min(1),
    MAIL_FROM: z.email(),
    STAFF_EMAILS: addressList,
    STAFF_WEBHOOK: optionalText,
    OBJECT_STORE: z.enum(['r2', 's3']).default('r2'),
    S3_ENDPOINT: optionalText,
    S3_BUCKET: optionalText,
    S3_REGION: z.string().default('auto'),
    S3_ACCESS_KEY_ID: optionalText,
    S3_SECRET_ACCESS_KEY: optionalText,
    /** DNS over HTTPS for the outbound guard, or `off` (development only). */
    DNS_RESOLVER: z.string().default('https://cloudflare-dns.com/dns-query'),
    MAX_UPLOAD_BYTES: z.coerce.number().int().positive().default(100_000_000),
    /** Where a D1 database ends; 10 GB, which Cloudflare does not raise. */
    MAX_DATABASE_BYTES: z.coerce.number().int().positive().default(10_000_000_000),
    /** A day's ceiling of notification e-mails per program. */
    MAX_EMAILS_PER_DAY: z.coerce.number().int().positive().default(1_000),
    /** Shared with the SFTP relay; without it there are no transfers. */
    RELAY_TOKEN: optionalText,
    /** Where the relay runs; the container beside the Worker unless told. */
    RELAY_URL: optionalText,
    /** Whose drops this deployment consumes; `qa` for a deployment beside production on the same store. */
    DROP_ENVIRONMENT: z.enum(['production', 'qa']).default('production'),
    /** Cloudflare Access in front of the pages: the team's address, the application's audience tags, who is who. */
    ACCESS_TEAM: optionalText,
    ACCESS_AUD: addressList,
    ACCESS_PEOPLE: accessRules,
    RATE_LIMIT: z.enum(['on', 'off']).default('on'),
    ALLOW_LOOPBACK: onOff,
    TEST_CLOCK: onOff,
  })
  .superRefine((raw, check) => {
    const refuse = (name: string, why: string) =>
      check.addIssue({ code: 'custom', path: [name], message: why });
    if (raw.OBJECT_STORE === 's3') {
      for (const name of ['S3_ENDPOINT', 'S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const) {
        if (raw[name] === undefined) refuse(name, `${name} is needed when OBJECT_STORE is s3`);
      }
    }
    if (raw.RELAY_TOKEN !== undefined && raw.RELAY_TOKEN.length < 32)
      refuse('RELAY_TOKEN', 'RELAY_TOKEN needs at least 32 characters');
    if (raw.RELAY_URL !== undefined && !isRelayUrl(raw.RELAY_URL))
      refuse('RELAY_URL', 'RELAY_URL is https://host, without a path; http is for loopback');
    if (raw.ACCESS_TEAM !== undefined) {
      const isLocal =
        raw.ENVIRONMENT === 'development' && /^http:\/\/127\.0\.0\.1:\d+$/.test(raw.ACCESS_TEAM);
      if (!isLocal && !/^https:\/\/[a-z0-9.-]+$/.test(raw.ACCESS_TEAM))
        refuse('ACCESS_TEAM', 'ACCESS_TEAM is https://<team>.cloudflareaccess.com, without a path');
      if (raw.ACCESS_AUD.length === 0)
        refuse(
          'ACCESS_AUD',
          'ACCESS_AUD is needed with ACCESS_TEAM: without it any application’s token would do',
        );
    }
    try {
      createSealer(raw.SEAL_KEYS);
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      refuse('SEAL_KEYS', error.message);
    }
    if (raw.ENVIRONMENT === 'development') return;
    if (raw.SYSTEM_KEY === exampleSystemKey)
      refuse('SYSTEM_KEY', 'the example system key is for development');
    if (raw.RELAY_TOKEN === exampleRelayToken)
      refuse('RELAY_TOKEN', 'the example relay token is for development');
    for (const name of ['ALLOW_LOOPBACK', 'TEST_CLOCK'] as const) {
      if (raw[name] === 'on') refuse(name, `${name} is for development`);
    }
    if (raw.DNS_RESOLVER === 'off') refuse('DNS_RESOLVER', 'DNS_RESOLVER may be off in development only');
    if (raw.RATE_LIMIT === 'off') refuse('RATE_LIMIT', 'RATE_LIMIT may be off in development only');
  });

function isRelayUrl(text: string): boolean {
  return /^(https:\/\/[A-Za-z0-9.-]+|http:\/\/(127\.0\.0\.1|\[::1\]|localhost))(:\d{1,5})?$/.test(text);
}

export type Config = Readonly<z.output<typeof configSchema>>;

/** A setting is missing or refused. The message names settings, never their values. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

const parsed = new WeakMap<object, Config>();

/** Parses the vars and secrets of `env`, once per isolate. Throws `ConfigError`. */
export function readConfig(env: object): Config {
  const known = parsed.get(env);
  if (known) return known;
  const result = configSchema.safeParse(env);
  if (!result.success) {
    const lines = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new ConfigError(`The hub's settings cannot be right. ${lines.join('; ')}`);
  }
  parsed.set(env, result.data);
  return result.data;
}
