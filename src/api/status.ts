import { z } from '@hono/zod-openapi';
import type { Ctx } from '../context.ts';
import { type Config, readVersion } from '../env.ts';
import { countedTo, countProblems, readBacklog } from '../features/activity/backlog.system.ts';
import { createRouter, defineRoute, isoTime, ok, toIso, toIsoOrNull } from '../http.ts';

const statusOut = z
  .object({
    version: z.object({
      id: z.string().nullable().openapi({ description: 'The deployed version, as Cloudflare names it.' }),
      deployedAt: z.string().nullable(),
    }),
    storage: z.object({ bytes: z.number().int(), limitBytes: z.number().int() }),
    sealing: z.object({
      keyId: z.string().openapi({ description: 'The key that seals now.' }),
      remaining: z.boolean().openapi({ description: 'Something is sealed under another one still.' }),
    }),
    backlog: z.array(
      z.object({
        name: z.string(),
        open: z
          .number()
          .int()
          .openapi({ description: `Counted to ${countedTo}.` }),
        oldestDueAt: isoTime.nullable().openapi({ description: 'Null where nothing is due now.' }),
      }),
    ),
    crons: z.array(
      z.object({
        cron: z.string(),
        startedAt: isoTime,
        durationMs: z.number().int(),
        steps: z.record(z.string(), z.number()).openapi({ description: 'What each did; -1: it failed.' }),
      }),
    ),
    programs: z
      .array(z.object({ programId: z.string(), problems: z.number().int(), since: isoTime }))
      .openapi({ description: 'Those with open problems, the worst first; "" is the hub itself.' }),
    settings: z.record(z.string(), z.string()).openapi({ description: 'Without any secret.' }),
  })
  .openapi('SystemStatus');

export type SystemStatus = z.output<typeof statusOut>;

const statusRoute = defineRoute(
  { scope: 'system' },
  {
    method: 'get',
    path: '/api/system/status',
    tags: ['Operating'],
    summary: 'How the hub itself is: backlog, crons, storage, sealing, settings',
    responses: { 200: ok(statusOut, 'Bounded, whatever the hub holds.') },
  },
);

export const statusRoutes = createRouter().openapi(statusRoute, async (c) => {
  const ctx = c.get('ctx');
  const [{ backlog, crons }, programs, { bytes, remaining }] = await Promise.all([
    readBacklog(ctx),
    countProblems(ctx),
    readStorage(ctx),
  ]);
  return c.json(
    {
      version: readVersion(c.env),
      storage: { bytes, limitBytes: ctx.config.MAX_DATABASE_BYTES },
      sealing: { keyId: ctx.sealer.currentKeyId, remaining },
      backlog: backlog.map((one) => ({ ...one, oldestDueAt: toIsoOrNull(one.oldestDueAt) })),
      crons: crons.map((one) => ({ ...one, startedAt: toIso(one.startedAt) })),
      programs: programs.map((one) => ({ ...one, since: toIso(one.since) })),
      settings: shownSettings(ctx.config),
    },
    200,
  );
});

/** Whether anything is sealed under another key, and the size that the database says with every answer. */
async function readStorage(ctx: Ctx): Promise<{ bytes: number; remaining: boolean }> {
  const begin = `${ctx.sealer.currentKeyId}.`;
  const looks = ctx.registry.sealedColumns.map(({ name }) => {
    const [table = '', column = ''] = name.split('.');
    return `EXISTS (SELECT 1 FROM ${table} WHERE ${column} IS NOT NULL AND substr(${column}, 1, ?2) <> ?1)`;
  });
  const { results, meta } = await ctx.db.$client
    .prepare(`SELECT ${looks.join(' OR ')} AS remaining`)
    .bind(begin, begin.length)
    .run<{ remaining: number }>();
  return { bytes: meta.size_after ?? 0, remaining: results[0]?.remaining === 1 };
}

/** What may be read; a secret says only whether it is set. A setting that is in neither list is not shown. */
const plain = [
  ...([
    'ENVIRONMENT',
    'PUBLIC_URL',
    'MAIL_FROM',
    'OBJECT_STORE',
    'DNS_RESOLVER',
    'DROP_ENVIRONMENT',
  ] as const),
  ...(['MAX_UPLOAD_BYTES', 'MAX_DATABASE_BYTES', 'MAX_EMAILS_PER_DAY', 'RATE_LIMIT'] as const),
  ...(['ALLOW_LOOPBACK', 'TEST_CLOCK'] as const),
] satisfies (keyof Config)[];
const secret = [
  ...(['SYSTEM_KEY', 'SEAL_KEYS', 'STAFF_WEBHOOK', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const),
  ...(['RELAY_TOKEN', 'RELAY_URL'] as const),
] satisfies (keyof Config)[];

function shownSettings(config: Config): Record<string, string> {
  return {
    ...Object.fromEntries(plain.map((name) => [name, String(config[name])])),
    STAFF_EMAILS: `${config.STAFF_EMAILS.length} set`,
    ...Object.fromEntries(secret.map((name) => [name, config[name] === undefined ? 'not set' : 'set'])),
  };
}
