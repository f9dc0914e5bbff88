import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { newId } from '../../platform/ids.ts';
import { announce, startDeliveries } from '../deliveries/index.ts';
import { listEventsAt } from '../events/index.ts';
import { noteSuccess } from '../monitors/index.ts';
import { findSubscription, moveSyncCursor } from '../subscriptions/index.ts';
import { callKey } from './objects.ts';
import { readPart } from './parts.ts';
import { renderRetries, renderStretch, syncLeaseMs, type Work } from './render.ts';
import {
  claimSync,
  fenceSync,
  isDone,
  listCalls,
  mayEnd,
  quarantineRows,
  releaseSync,
  type Sync,
  type SyncCall,
  updateCall,
  updateSync,
} from './store.ts';
import { findAnySync } from './syncs.system.ts';

/** `more`: there is work left; `waiting`: for its calls, or another has it; `done`: nothing more to do. */
export type Advance = 'more' | 'waiting' | 'done';

/** How much of it one invocation does: stretches of some 5,000 events, none begun later than then. */
export interface Budget {
  untilWallMs: number;
  steps: number;
}

/**
 * Does a bounded part of a sync: renders what is left, sends what is due, and ends it when every call was
 * accepted. Whoever comes second finds the lease. A crash costs what was not committed, and is not seen.
 */
export async function advanceSync(ctx: Ctx, syncId: string, budget: Budget): Promise<Advance> {
  const token = newId('lse', ctx.wallNow());
  const [claimed] = await commit(ctx.db, [claimSync(ctx, syncId, token, ctx.now() + syncLeaseMs)]);
  const sync = await findAnySync(ctx, syncId);
  if (sync?.state !== 'open') return 'done';
  if (claimed?.changes !== 1) return 'waiting';
  const subscription = await findSubscription(ctx, sync.programId, sync.publisherId);
  const mayGoOn = subscription !== null && subscription.suspendedAt === null;
  const left = mayGoOn ? await renderAll(ctx, { sync, subscription, token }, budget) : null;
  if (left === null) {
    await commit(ctx.db, [releaseSync(ctx, syncId, token, 'when woken')]);
    return 'waiting';
  }
  if (left.isRendered && (await endSync(ctx, left.work))) return 'done';
  await commit(ctx.db, [releaseSync(ctx, syncId, token, left.isRendered ? 'after its calls' : 'now')]);
  return left.isRendered ? 'waiting' : 'more';
}

async function renderAll(ctx: Ctx, work: Work, budget: Budget): Promise<{ work: Work; isRendered: boolean }> {
  let { sync } = work;
  const { subscription } = work;
  if (sync.templateVersion !== subscription.templateVersion) sync = await adoptTemplate(ctx, work);
  for (let step = 0; step < budget.steps && ctx.wallNow() < budget.untilWallMs; step++) {
    const next = { ...work, sync };
    const isLog = sync.renderedTo < sync.untilSequence;
    const after = isLog ? await renderStretch(ctx, next) : await renderRetries(ctx, next);
    if (after === null) return { work: next, isRendered: true };
    sync = after;
  }
  return { work: { ...work, sync }, isRendered: false };
}

/**
 * The template was mended meanwhile: calls that were refused are taken back, and their events rendered anew.
 * One that may have been taken is repeated as it is, under its name.
 */
async function adoptTemplate(ctx: Ctx, { sync, subscription, token }: Work): Promise<Sync> {
  const { templateVersion } = subscription;
  const refused = (await listCalls(ctx, sync.syncId)).filter(
    (call) => call.state === 'pending' && !call.uncertain,
  );
  for (const call of refused) await takeBack(ctx, sync, call, token);
  const change = { templateVersion };
  await commit(ctx.db, [fenceSync(ctx, sync.syncId, token), updateSync(ctx, sync.syncId, change)]);
  return { ...sync, ...change };
}

async function takeBack(ctx: Ctx, sync: Sync, call: SyncCall, token: string): Promise<void> {
  const object = await ctx.objects.get(callKey(call));
  if (!object) return;
  const { sequences } = readPart(await object.text());
  const fault = {
    code: 'call_refused',
    message: 'Its call was not accepted, and the template has changed since.',
    line: null,
    column: null,
  };
  const rows: Parameters<typeof quarantineRows>[2] = [];
  for (let at = 0; at < sequences.length; at += 1_000) {
    const some = sequences.slice(at, at + 1_000);
    const ids = new Map((await listEventsAt(ctx, sync.publisherId, some)).map((one) => [one.sequence, one]));
    for (const sequence of some) {
      const event = ids.get(sequence);
      rows.push({
        sequence,
        eventId: event?.eventId ?? '',
        category: event?.category?.value ?? null,
        fault,
        retry: true,
      });
    }
  }
  await commit(ctx.db, [
    fenceSync(ctx, sync.syncId, token),
    updateCall(ctx, call.name, { state: 'replaced' }),
    ...quarantineRows(ctx, sync, rows),
  ]);
  await ctx.objects.delete([callKey(call)]);
}

/** Ends a sync whose calls were all accepted: only then its cursor moves. False while any is open. */
async function endSync(ctx: Ctx, { sync, token }: Work): Promise<boolean> {
  const { syncId, programId, publisherId, traceId } = sync;
  const { selected, rendered, ignored, quarantined } = sync;
  const announced = await announce(
    ctx,
    {
      programId,
      type: 'subscription.synced',
      data: {
        programId,
        publisherId,
        syncId,
        selected,
        rendered,
        ignored,
        quarantined,
        lastSyncUtc: new Date(sync.untilAt).toISOString(),
      },
      about: syncId,
      traceId,
      messageId: `msg_${syncId.slice(4)}`,
    },
    isDone(syncId),
  );
  const [ended] = await commit(ctx.db, [
    updateSync(
      ctx,
      syncId,
      { state: 'done', endedAt: ctx.now(), wakeAt: null, leaseToken: '' },
      mayEnd(syncId, token),
    ),
    moveSyncCursor(ctx, sync, { sequence: sync.untilSequence, atMs: sync.untilAt }, isDone(syncId)),
    noteSuccess(ctx, programId, 'subscription', publisherId),
    ...announced.statements,
  ]);
  if (ended?.changes !== 1) return false;
  startDeliveries(ctx, announced.deliveryIds);
  ctx.log.line('sync.done', {
    syncId,
    programId,
    publisherId,
    traceId,
    selected,
    rendered,
    ignored,
    quarantined,
  });
  return true;
}
