import { type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { commit, isNullViolation, type Statement } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { endAttention } from '../attention/index.ts';
import { actorName, changesBetween, recordAudit } from '../audit/index.ts';
import { sequenceBefore } from '../events/index.ts';
import {
  checkedTemplate,
  findSubscription,
  keepVersion,
  lastSyncAt,
  readEnabled,
  removeSubscription,
  type Subscription,
  type SubscriptionPatch,
  setCursors,
  templateTag,
  updateSubscription,
} from '../subscriptions/index.ts';
import { endSyncs, eraseFolder } from './erase.ts';
import { syncFolder } from './objects.ts';
import { quarantineKind } from './render.ts';

/** Throws `not_found`. */
export async function requireSubscription(
  ctx: Ctx,
  programId: string,
  publisherId: string,
): Promise<Subscription> {
  const row = await findSubscription(ctx, programId, publisherId);
  if (!row) throw new AppError('not_found', 'There is no such subscription.');
  return row;
}

/**
 * Changes a subscription. `LastSyncUtc` is resolved, once, to the sequence before the first event received
 * after it, and sets both cursors; as it is shown already it changes nothing. A program's own key may
 * change the template alone. `ifMatch` is the template's `ETag` that the change was made from, `revertOf` the
 * version whose text is given again. Throws
 * `forbidden`, `not_found`, `invalid_input`, `precondition_failed`.
 */
export async function changeSubscription(
  ctx: Ctx,
  programId: string,
  publisherId: string,
  patch: SubscriptionPatch,
  ifMatch?: string,
  revertOf?: number,
): Promise<void> {
  const row = await requireSubscription(ctx, programId, publisherId);
  const { LastSyncUtc, LbApiPayloadTemplate } = patch;
  const syncEnabled = readEnabled(patch);
  const isSystem = ctx.actor.kind === 'system';
  if (!isSystem && (LastSyncUtc !== undefined || syncEnabled !== undefined)) {
    throw new AppError(
      'forbidden',
      'A program may change LbApiPayloadTemplate; the rest needs a system key.',
    );
  }
  if (ifMatch !== undefined && ifMatch !== templateTag(row)) throw changedSince();
  const change: SubscriptionChange = {};
  if (syncEnabled !== undefined) change.syncEnabled = syncEnabled;
  if (LbApiPayloadTemplate !== undefined) {
    const checked = checkedTemplate(LbApiPayloadTemplate);
    if (checked.template !== row.template) {
      Object.assign(change, checked, { templateVersion: nextVersion(row, ifMatch) });
    }
  }
  const isNew = change.templateVersion !== undefined;
  const author = actorName(ctx.actor);
  await commitMatched(ctx, [
    // A subscription from before versions were kept has none yet: what it held is kept as well.
    ...(isNew ? keepVersion(ctx, row, { author: null, savedAt: row.updatedAt }) : []),
    updateSubscription(ctx, row.programId, row.publisherId, change),
    ...(isNew ? keepVersion(ctx, row, { author, savedAt: ctx.now(), revertOf }) : []),
    ...(LastSyncUtc === undefined ? [] : await moveCursors(ctx, row, LastSyncUtc)),
    recordAudit(ctx, {
      programId: row.programId,
      action: 'subscription.changed',
      target: row.publisherId,
      detail: {
        members: Object.keys(patch),
        ...changesBetween<Subscription>(
          row,
          { ...row, ...(syncEnabled === undefined ? {} : { syncEnabled }) },
          ['syncEnabled'],
        ),
        ...(isNew ? { templateVersionBefore: row.templateVersion } : {}),
        ...(LastSyncUtc === undefined ? {} : { LastSyncUtc }),
        ...(revertOf === undefined ? {} : { revertOf }),
      },
    }),
  ]);
}

type SubscriptionChange = Parameters<typeof updateSubscription>[3];

/** With `If-Match` a version that is no more is none: its column must hold one, and so the commit fails. */
function nextVersion(row: Subscription, ifMatch: string | undefined): SQL<number> {
  const version = sql`template_version`;
  if (ifMatch === undefined) return sql<number>`${version} + 1`;
  return sql<number>`CASE WHEN ${version} = ${row.templateVersion} THEN ${version} + 1 END`;
}

async function commitMatched(ctx: Ctx, statements: Statement[]): Promise<void> {
  try {
    await commit(ctx.db, statements);
  } catch (error) {
    if (isNullViolation(error, 'subscriptions.template_version')) throw changedSince();
    throw error;
  }
}

const changedSince = () =>
  new AppError('precondition_failed', 'Somebody has changed the template since: read it again.');

async function moveCursors(ctx: Ctx, row: Subscription, lastSyncUtc: string | null): Promise<Statement[]> {
  const hasZone = lastSyncUtc === null || /(Z|[+-]\d{2}:?\d{2})$/i.test(lastSyncUtc);
  const atMs = lastSyncUtc === null ? null : Date.parse(hasZone ? lastSyncUtc : `${lastSyncUtc}Z`);
  if (atMs === lastSyncAt(row)) return [];
  const sequence = atMs === null ? 0 : await sequenceBefore(ctx, row.publisherId, atMs);
  return [setCursors(ctx, row, { sequence, atMs })];
}

/** Ends a subscription. Throws `not_found`. */
export async function endSubscription(ctx: Ctx, programId: string, publisherId: string): Promise<void> {
  const row = await requireSubscription(ctx, programId, publisherId);
  const { open, statements } = await endSyncs(ctx, row);
  await commit(ctx.db, [
    ...statements,
    endAttention(ctx, row.programId, quarantineKind, row.publisherId),
    ...removeSubscription(ctx, row.programId, row.publisherId),
    recordAudit(ctx, {
      programId: row.programId,
      action: 'subscription.deleted',
      target: row.publisherId,
    }),
    recordAudit(ctx, {
      programId: row.publisherId,
      action: 'subscriber.removed',
      target: row.programId,
    }),
  ]);
  for (const sync of open) await eraseFolder(ctx, syncFolder(sync));
}
