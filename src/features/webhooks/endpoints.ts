import { and, eq, isNotNull, sql } from 'drizzle-orm';
import type { Ctx, SealedColumn } from '../../context.ts';
import { commit, isNullViolation, type Statement } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { versionTag } from '../../platform/etag.ts';
import { newId } from '../../platform/ids.ts';
import { checkCallable } from '../../platform/outbound.ts';
import { endAttention } from '../attention/index.ts';
import { changesBetween, recordAudit } from '../audit/index.ts';
import { forgetCall } from './calls.ts';
import { checkHeaders } from './headers.ts';
import type { EndpointIn, EndpointPatch } from './schema.ts';
import { createSigningSecret, endSigningSecrets, rotateSigningSecret } from './secrets.ts';
import {
  type Endpoint,
  findEndpoint,
  insertEndpoint,
  markDeleted,
  recordChange,
  updateEndpoint,
  wasRefused,
} from './store.ts';
import { headersIdentity, webhookEndpoints } from './table.ts';

/** Of one program; deleted ones do not count. */
const endpointLimit = 200;

/** Throws `url_not_allowed`, `header_invalid`, or `conflict` where the program has its full number. */
export async function createEndpoint(
  ctx: Ctx,
  programId: string,
  input: EndpointIn,
): Promise<{ endpoint: Endpoint; secret: string }> {
  const at = ctx.now();
  const endpointId = newId('whk', at);
  await requireCallable(ctx, input.url);
  const row: Omit<Endpoint, 'slot'> = {
    endpointId,
    programId,
    url: input.url,
    events: input.events,
    categories: input.categories,
    description: input.description,
    state: input.active ? 'active' : 'paused',
    stateReason: null,
    stateAt: at,
    ...(await toHeaderColumns(ctx, endpointId, input.headers)),
    rateLimitPerSecond: input.rateLimitPerSecond,
    createdAt: at,
    updatedAt: at,
    deletedAt: null,
  };
  const secret = await createSigningSecret(ctx, programId, endpointId);
  const [inserted] = await commit(ctx.db, [
    insertEndpoint(ctx, row, endpointLimit),
    recordChange(ctx, endpointId),
    secret.statement,
    recordAudit(ctx, { programId, action: 'webhook.created', target: endpointId }),
  ]);
  const endpoint = await findEndpoint(ctx, programId, endpointId);
  if (inserted?.changes !== 1 || !endpoint) {
    await commit(ctx.db, [endSigningSecrets(ctx, programId, endpointId)]);
    throw new AppError(
      'conflict',
      `A program has at most ${endpointLimit} endpoints, and 32,767 in its life: delete one that is not needed.`,
    );
  }
  return { endpoint, secret: secret.secret };
}

/**
 * Throws `not_found`, `url_not_allowed`, `header_invalid`, `precondition_failed` where it is not as `ifMatch`, its
 * `ETag`, says any more, or `conflict` where another changed it just now.
 */
export async function changeEndpoint(
  ctx: Ctx,
  programId: string,
  endpointId: string,
  patch: EndpointPatch,
  ifMatch?: string,
): Promise<Endpoint> {
  const was = await requireUnchanged(ctx, programId, endpointId, ifMatch);
  if (patch.url !== undefined) await requireCallable(ctx, patch.url);
  const { active, headers, url, events, categories, description, rateLimitPerSecond } = patch;
  const wanted = active === undefined ? was.state : active ? 'active' : 'paused';
  const change: Partial<Endpoint> = {
    ...(url === undefined ? {} : { url }),
    ...(events === undefined ? {} : { events }),
    ...(categories === undefined ? {} : { categories }),
    ...(description === undefined ? {} : { description }),
    ...(rateLimitPerSecond === undefined ? {} : { rateLimitPerSecond }),
    ...(headers === undefined ? {} : await toHeaderColumns(ctx, endpointId, headers)),
    // A pause of what is disabled changes nothing; only being made active ends that.
    ...(wanted === was.state || (wanted === 'paused' && was.state === 'disabled')
      ? {}
      : { state: wanted, stateReason: null, stateAt: ctx.now() }),
  };
  const ended =
    wanted === 'active' && was.state === 'disabled'
      ? [endAttention(ctx, programId, 'webhook_disabled', endpointId)]
      : [];
  const changed = await writeChange(ctx, was, change, 'webhook.changed', Object.keys(patch), ended);
  if (wanted !== was.state) ctx.after(ctx.queues.deliver.send([{ type: 'endpoint', endpointId }]));
  return changed;
}

async function requireUnchanged(
  ctx: Ctx,
  programId: string,
  endpointId: string,
  ifMatch: string | undefined,
): Promise<Endpoint> {
  const was = await requireEndpoint(ctx, programId, endpointId);
  if (ifMatch !== undefined && ifMatch !== versionTag(was.updatedAt))
    throw new AppError('precondition_failed', 'Somebody has changed this endpoint since: read it again.');
  return was;
}

/**
 * A new secret; the present one signs too for `overlapHours`. Of two at once one gets it: a second would end the
 * one that the receiver knows. Throws as `changeEndpoint`.
 */
export async function rotateEndpointSecret(
  ctx: Ctx,
  programId: string,
  endpointId: string,
  overlapHours: number,
  ifMatch?: string,
): Promise<string> {
  const was = await requireUnchanged(ctx, programId, endpointId, ifMatch);
  const updatedAt = Math.max(ctx.now(), was.updatedAt + 1);
  // A column that must hold something: the transaction fails where another was quicker.
  const isStill = sql<number>`CASE WHEN updated_at = ${was.updatedAt} THEN ${updatedAt} END`;
  const touched = ctx.db
    .update(webhookEndpoints)
    .set({ updatedAt: isStill })
    .where(eq(webhookEndpoints.endpointId, endpointId));
  try {
    return await rotateSigningSecret(ctx, programId, endpointId, overlapHours, [touched]);
  } catch (error) {
    if (!isNullViolation(error, 'webhook_endpoints.updated_at')) throw error;
    throw changedNow();
  }
}

const changedNow = () =>
  new AppError('conflict', 'This endpoint was changed at this very moment. Read it, and try again.');

/**
 * Pauses, resumes or disables, with what else belongs to that; no change where it stands so already. Throws
 * `conflict` where another changed it just now.
 */
export async function setEndpointState(
  ctx: Ctx,
  was: Endpoint,
  state: Endpoint['state'],
  reason: string | null,
  also: Statement[] = [],
): Promise<Endpoint> {
  if (was.state === state) return was;
  const change = { state, stateReason: reason, stateAt: ctx.now() };
  return writeChange(ctx, was, change, `webhook.${state}`, [], also);
}

/** It is called no more; what was due is cancelled by the ledger, and its past can still be asked for. */
export async function deleteEndpoint(ctx: Ctx, programId: string, endpointId: string): Promise<void> {
  await requireEndpoint(ctx, programId, endpointId);
  try {
    await commit(ctx.db, [
      markDeleted(ctx, endpointId),
      recordChange(ctx, endpointId),
      endSigningSecrets(ctx, programId, endpointId),
      endAttention(ctx, programId, 'webhook_disabled', endpointId),
      recordAudit(ctx, { programId, action: 'webhook.deleted', target: endpointId }),
    ]);
  } catch (error) {
    // Another was quicker: it is gone, and that is on record.
    if (!wasRefused(error)) throw error;
  }
  forgetCall(ctx, endpointId);
  ctx.after(ctx.queues.deliver.send([{ type: 'endpoint', endpointId }]));
}

const auditedMembers = ['state', 'events', 'categories', 'description', 'rateLimitPerSecond'] as const;

async function writeChange(
  ctx: Ctx,
  was: Endpoint,
  change: Partial<Endpoint>,
  action: string,
  members: string[],
  also: Statement[] = [],
): Promise<Endpoint> {
  // An address may hold a token, and own headers are secrets: that they were changed is all that is said.
  const detail = {
    members,
    ...changesBetween<Endpoint>(was, { ...was, ...change }, auditedMembers),
  };
  // Two changes within a millisecond are told apart too.
  const updatedAt = Math.max(ctx.now(), was.updatedAt + 1);
  try {
    await commit(ctx.db, [
      updateEndpoint(ctx, was, { ...change, updatedAt }),
      recordChange(ctx, was.endpointId),
      recordAudit(ctx, { programId: was.programId, action, target: was.endpointId, detail }),
      ...also,
    ]);
  } catch (error) {
    if (!wasRefused(error)) throw error;
    throw changedNow();
  } finally {
    forgetCall(ctx, was.endpointId);
  }
  return { ...was, ...change, updatedAt };
}

export async function requireEndpoint(ctx: Ctx, programId: string, endpointId: string): Promise<Endpoint> {
  const endpoint = await findEndpoint(ctx, programId, endpointId);
  if (!endpoint) throw new AppError('not_found', 'There is no such webhook endpoint.');
  return endpoint;
}

async function requireCallable(ctx: Ctx, url: string): Promise<void> {
  const judged = await checkCallable(url, ctx.outbound);
  if (judged.ok) return;
  throw new AppError('url_not_allowed', judged.message, {
    issues: [{ path: 'url', code: judged.code, message: judged.message }],
  });
}

async function toHeaderColumns(ctx: Ctx, endpointId: string, given: Record<string, string>) {
  const headers = checkHeaders(given);
  const headerNames = Object.keys(headers);
  const sealed =
    headerNames.length === 0
      ? null
      : await ctx.sealer.seal(JSON.stringify(headers), headersIdentity(endpointId));
  return { headers: sealed, headerNames };
}

/** For the re-seal command. */
export const sealedEndpointHeaders: SealedColumn = {
  name: 'webhook_endpoints.headers',
  async list(ctx, keyId, limit) {
    const rows = await ctx.db
      .select({ endpointId: webhookEndpoints.endpointId, sealed: webhookEndpoints.headers })
      .from(webhookEndpoints)
      .where(
        and(
          isNotNull(webhookEndpoints.headers),
          // Not LIKE: it takes "_" for any character and "K1" for "k1".
          sql`substr(${webhookEndpoints.headers}, 1, ${keyId.length + 1}) <> ${`${keyId}.`}`,
        ),
      )
      .limit(limit);
    return rows.flatMap(({ endpointId, sealed }) =>
      sealed === null
        ? []
        : [
            {
              sealed,
              identity: headersIdentity(endpointId),
              write: (again: string) =>
                ctx.db
                  .update(webhookEndpoints)
                  .set({ headers: again })
                  // Unless it was changed in between.
                  .where(
                    and(eq(webhookEndpoints.endpointId, endpointId), eq(webhookEndpoints.headers, sealed)),
                  ),
            },
          ],
    );
  },
};
