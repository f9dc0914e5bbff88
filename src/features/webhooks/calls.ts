import { getTableColumns, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { ShortCache } from '../../platform/short-cache.ts';
import type { Endpoint } from './store.ts';
import { headersIdentity, secretIdentity, webhookEndpoints } from './table.ts';

/** What it takes to call an endpoint. */
export interface EndpointCall {
  endpoint: Endpoint;
  headers: Record<string, string>;
  secrets: SigningSecret[];
}

/** `endsAt` in milliseconds; null for the current one. */
interface SigningSecret {
  secret: string;
  endsAt: number | null;
}

const calls = new ShortCache<EndpointCall>();

/**
 * Of endpoints that are not deleted, by id, what it takes to call them: remembered for five seconds, and all
 * that is not is read with one statement. Throws what the database throws.
 */
export function callsOf(
  ctx: Ctx,
  endpoints: { programId: string; endpointId: string }[],
): Promise<Map<string, EndpointCall>> {
  const byId = new Map(endpoints.map((one) => [one.endpointId, one.programId]));
  return calls.getAll(ctx.db, [...byId.keys()], ctx.wallNow(), async (missing) => {
    const wanted = JSON.stringify(missing.map((endpointId) => [byId.get(endpointId), endpointId]));
    const rows = await ctx.db
      .select({
        endpoint: getTableColumns(webhookEndpoints),
        secrets: sql<string>`(SELECT json_group_array(json_array(s.secret_id, s.sealed, s.ends_at)) FROM
          (SELECT secret_id, sealed, ends_at FROM signing_secrets WHERE program_id = ${webhookEndpoints.programId}
            AND purpose = ${webhookEndpoints.endpointId} ORDER BY secret_id DESC) AS s)`,
      })
      .from(webhookEndpoints)
      .where(
        sql`${webhookEndpoints.deletedAt} IS NULL AND (${webhookEndpoints.programId}, ${webhookEndpoints.endpointId})
          IN (SELECT value ->> 0, value ->> 1 FROM json_each(${wanted}))`,
      );
    const opened = await Promise.all(rows.map(({ endpoint, secrets }) => open(ctx, endpoint, secrets)));
    return new Map(opened.map((call) => [call.endpoint.endpointId, call]));
  });
}

async function open(ctx: Ctx, endpoint: Endpoint, sealedSecrets: string): Promise<EndpointCall> {
  const { endpointId, headers } = endpoint;
  const sealed: [secretId: string, sealed: string, endsAt: number | null][] = JSON.parse(sealedSecrets);
  const [openedHeaders, secrets] = await Promise.all([
    headers === null ? '{}' : ctx.sealer.open(headers, headersIdentity(endpointId)),
    Promise.all(
      sealed.map(async ([secretId, text, endsAt]) => ({
        secret: await ctx.sealer.open(text, secretIdentity(secretId)),
        endsAt,
      })),
    ),
  ]);
  return { endpoint, headers: JSON.parse(openedHeaders), secrets };
}

/** The same of one; null where it is gone. */
export async function callOf(ctx: Ctx, programId: string, endpointId: string): Promise<EndpointCall | null> {
  return (await callsOf(ctx, [{ programId, endpointId }])).get(endpointId) ?? null;
}

/** The secrets of these that sign now, in their order. */
export function signingNow(ctx: Ctx, secrets: SigningSecret[]): string[] {
  const now = ctx.now();
  return secrets.flatMap(({ secret, endsAt }) => (endsAt === null || endsAt > now ? [secret] : []));
}

/** After a change made here; one made elsewhere is seen when the five seconds are over. */
export function forgetCall(ctx: Ctx, endpointId: string): void {
  calls.forget(ctx.db, endpointId);
}
