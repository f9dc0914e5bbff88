import { and, asc, desc, eq, isNull, lte, ne, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { isNullViolation, type Statement } from '../../platform/d1.ts';
import { webhookEndpointChanges, webhookEndpoints } from './table.ts';

export type Endpoint = typeof webhookEndpoints.$inferSelect;
export type EndpointChange = typeof webhookEndpointChanges.$inferSelect;

/** An endpoint that is not deleted. */
export async function findEndpoint(
  ctx: Ctx,
  programId: string,
  endpointId: string,
): Promise<Endpoint | null> {
  const [row] = await ctx.db
    .select()
    .from(webhookEndpoints)
    .where(
      and(
        eq(webhookEndpoints.programId, programId),
        eq(webhookEndpoints.endpointId, endpointId),
        isNull(webhookEndpoints.deletedAt),
      ),
    )
    .limit(1);
  return row ?? null;
}

export function listEndpoints(
  ctx: Ctx,
  programId: string,
  after: string | null,
  limit: number,
): Promise<Endpoint[]> {
  return ctx.db
    .select()
    .from(webhookEndpoints)
    .where(
      and(
        eq(webhookEndpoints.programId, programId),
        isNull(webhookEndpoints.deletedAt),
        after === null ? undefined : sql`${webhookEndpoints.endpointId} > ${after}`,
      ),
    )
    .orderBy(asc(webhookEndpoints.endpointId))
    .limit(limit);
}

/** Others of the program that are called at the same address about the same. */
export async function listTwins(ctx: Ctx, endpoint: Endpoint): Promise<string[]> {
  const rows = await ctx.db
    .select({ id: webhookEndpoints.endpointId })
    .from(webhookEndpoints)
    .where(
      and(
        eq(webhookEndpoints.programId, endpoint.programId),
        isNull(webhookEndpoints.deletedAt),
        ne(webhookEndpoints.endpointId, endpoint.endpointId),
        eq(webhookEndpoints.url, endpoint.url),
        sql`${webhookEndpoints.events} = ${JSON.stringify(endpoint.events)}`,
        sql`${webhookEndpoints.categories} IS ${endpoint.categories === null ? null : JSON.stringify(endpoint.categories)}`,
      ),
    )
    .limit(50);
  return rows.map((row) => row.id);
}

/** Deliveries write a slot in three characters of base 32; beyond it two endpoints would share their ids. */
const slotLimit = 32_767;

/** Inserts it under the program's next slot, while the program has room; no change where it has none. */
export function insertEndpoint(ctx: Ctx, row: Omit<Endpoint, 'slot'>, limit: number): Statement {
  const json = (value: unknown) => (value === null ? null : JSON.stringify(value));
  return ctx.db.run(sql`INSERT INTO webhook_endpoints (endpoint_id, program_id, slot, url, events, categories,
      description, state, state_reason, state_at, headers, header_names, rate_limit_per_second, created_at, updated_at)
    SELECT ${row.endpointId}, ${row.programId},
      (SELECT coalesce(max(slot), 0) + 1 FROM webhook_endpoints WHERE program_id = ${row.programId}),
      ${row.url}, ${json(row.events)}, ${json(row.categories)}, ${row.description}, ${row.state}, ${row.stateReason},
      ${row.stateAt}, ${row.headers}, ${json(row.headerNames)}, ${row.rateLimitPerSecond}, ${row.createdAt}, ${row.updatedAt}
    WHERE (SELECT count(*) FROM webhook_endpoints WHERE program_id = ${row.programId} AND deleted_at IS NULL) < ${limit}
      AND NOT EXISTS (SELECT 1 FROM webhook_endpoints WHERE program_id = ${row.programId} AND slot >= ${slotLimit})`);
}

/** Changes an endpoint that is as it was read; `recordChange` after it refuses the transaction otherwise. */
export function updateEndpoint(ctx: Ctx, was: Endpoint, change: Partial<Endpoint>): Statement {
  return ctx.db
    .update(webhookEndpoints)
    .set(change)
    .where(
      and(
        eq(webhookEndpoints.endpointId, was.endpointId),
        eq(webhookEndpoints.updatedAt, was.updatedAt),
        eq(webhookEndpoints.state, was.state),
        isNull(webhookEndpoints.deletedAt),
      ),
    );
}

/** Deletes an endpoint, whatever else is changed of it at this moment. */
export function markDeleted(ctx: Ctx, endpointId: string): Statement {
  return ctx.db
    .update(webhookEndpoints)
    .set({ deletedAt: ctx.now(), headers: null, headerNames: [] })
    .where(and(eq(webhookEndpoints.endpointId, endpointId), isNull(webhookEndpoints.deletedAt)));
}

/**
 * Keeps what the endpoint now wants, taken from its row within the same transaction. It follows the statement
 * that changed it: where that changed nothing the whole transaction is refused, see `wasRefused`.
 */
export function recordChange(ctx: Ctx, endpointId: string): Statement {
  return ctx.db.run(sql`INSERT INTO webhook_endpoint_changes
      (endpoint_id, version, program_id, at, events, categories, state, reason)
    SELECT e.endpoint_id,
      (SELECT coalesce(max(version), 0) + 1 FROM webhook_endpoint_changes WHERE endpoint_id = e.endpoint_id),
      e.program_id, ${ctx.now()}, e.events, e.categories,
      CASE WHEN changes() = 0 THEN NULL WHEN e.deleted_at IS NULL THEN e.state ELSE 'deleted' END, e.state_reason
    FROM webhook_endpoints AS e WHERE e.endpoint_id = ${endpointId}`);
}

/** True of a transaction that was to change an endpoint which was no longer as it was read. */
export const wasRefused = (error: unknown) => isNullViolation(error, 'webhook_endpoint_changes.state');

/** What an endpoint wanted at a time; null where it was not there yet. */
export async function findEndpointAt(
  ctx: Ctx,
  programId: string,
  endpointId: string,
  atMs: number,
): Promise<EndpointChange | null> {
  const [row] = await ctx.db
    .select()
    .from(webhookEndpointChanges)
    .where(
      and(
        eq(webhookEndpointChanges.endpointId, endpointId),
        eq(webhookEndpointChanges.programId, programId),
        lte(webhookEndpointChanges.at, atMs),
      ),
    )
    .orderBy(desc(webhookEndpointChanges.version))
    .limit(1);
  return row ?? null;
}
