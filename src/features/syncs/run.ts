import type { Ctx } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { recordAudit } from '../audit/index.ts';
import { attemptDelivery, rearmDelivery } from '../deliveries/index.ts';
import { lastSequence } from '../events/index.ts';
import { findProgram } from '../programs/index.ts';
import { listSubscriptions, type Subscription } from '../subscriptions/index.ts';
import { advanceSync } from './advance.ts';
import { driveSync } from './batch.ts';
import { requireSubscription } from './change.ts';
import {
  findOpenSync,
  findSync,
  insertSync,
  listCalls,
  listOpenCalls,
  markRetry,
  type Sync,
  type SyncCall,
  updateSync,
} from './store.ts';

/** Of a call that waits for the answer: nothing is begun later than this, and the answer comes within 20 s. */
const answerWithinMs = 15_000;

/** The most that one message or one call does before it hands on: D1 takes 1,000 statements of each. */
const turnsAtOnce = 8;

export interface SyncWithCalls {
  sync: Sync;
  calls: SyncCall[];
}

/** Synchronises one subscription now, whatever its `SyncEnabled` says. Throws `not_found`, `conflict`, `forbidden`. */
export async function syncNow(ctx: Ctx, programId: string, publisherId: string): Promise<SyncWithCalls> {
  const subscription = await requireSubscription(ctx, programId, publisherId);
  await requireReceiver(ctx, programId);
  if (subscription.suspendedAt !== null) {
    throw new AppError('forbidden', 'The publisher withholds its events from this program.');
  }
  const syncId = await openSync(ctx, subscription, [
    recordAudit(ctx, { programId, action: 'subscription.synchronised', target: subscription.publisherId }),
  ]);
  return runSync(ctx, programId, syncId, ctx.wallNow() + answerWithinMs);
}

/** Renders the quarantine of a subscription again, and synchronises it. */
export async function retryQuarantine(
  ctx: Ctx,
  programId: string,
  publisherId: string,
): Promise<SyncWithCalls> {
  const subscription = await requireSubscription(ctx, programId, publisherId);
  await requireReceiver(ctx, programId);
  await commit(ctx.db, [markRetry(ctx, subscription)]);
  return syncNow(ctx, programId, publisherId);
}

/** Subscriptions that one call opens a sync of. */
const subscriptionsAtOnce = 100;

/**
 * Synchronises the subscriptions of a program that have `SyncEnabled`, one after another: the hundred that
 * have waited longest. What has no time before the answer goes on after it.
 */
export async function processEvents(ctx: Ctx, programId: string): Promise<SyncWithCalls[]> {
  await requireReceiver(ctx, programId);
  const untilWallMs = ctx.wallNow() + answerWithinMs;
  const done: SyncWithCalls[] = [];
  const all = (await listSubscriptions(ctx, programId, '', 500)).filter(mayRunNightly);
  const longest = all.sort((a, b) => (a.syncedAt ?? 0) - (b.syncedAt ?? 0)).slice(0, subscriptionsAtOnce);
  for (const subscription of longest) {
    const syncId = await openSync(ctx, subscription, []);
    done.push(await runSync(ctx, programId, syncId, untilWallMs));
  }
  return done;
}

export function mayRunNightly({ syncEnabled, suspendedAt }: Subscription): boolean {
  return syncEnabled && suspendedAt === null;
}

export async function requireReceiver(ctx: Ctx, programId: string): Promise<void> {
  const program = await findProgram(ctx, programId);
  if (program?.learningBuilderUrl && program.learningBuilderKey) return;
  throw new AppError(
    'conflict',
    `There is nowhere to send rows: PATCH /api/programs/${programId} with learningBuilder {baseUrl, apiKey} first.`,
  );
}

const rearmedAtOnce = 50;

/**
 * Opens a sync, its upper bound first; where one is open, that one goes on, and its calls that wait for the
 * next night are due at once. Answers its id.
 */
export async function openSync(ctx: Ctx, subscription: Subscription, also: Statement[]): Promise<string> {
  const open = await findOpenSync(ctx, subscription);
  if (open) {
    const calls = (await listCalls(ctx, open.syncId)).filter((call) => call.state === 'pending');
    await commit(ctx.db, [...also, updateSync(ctx, open.syncId, { wakeAt: ctx.now() })]);
    for (let at = 0; at < calls.length; at += rearmedAtOnce) {
      const some = calls.slice(at, at + rearmedAtOnce);
      await commit(
        ctx.db,
        some.map((call) => rearmDelivery(ctx, call.programId, call.deliveryId)),
      );
    }
    return open.syncId;
  }
  const untilSequence = Math.max(await lastSequence(ctx, subscription.publisherId), subscription.syncCursor);
  const at = ctx.now();
  const row = {
    syncId: newId('syn', at),
    programId: subscription.programId,
    publisherId: subscription.publisherId,
    traceId: newId('tra', at),
    state: 'open' as const,
    openedAt: at,
    fromSequence: subscription.syncCursor,
    untilSequence,
    untilAt: at,
    renderedTo: subscription.syncCursor,
    templateVersion: subscription.templateVersion,
    cursorVersion: subscription.cursorVersion,
    parts: {},
    unmapped: {},
    wakeAt: at,
  };
  const [opened] = await commit(ctx.db, [insertSync(ctx, row), ...also]);
  if (opened?.changes === 1) return row.syncId;
  const other = await findOpenSync(ctx, subscription);
  if (other) return other.syncId;
  return openSync(ctx, subscription, []);
}

async function runSync(
  ctx: Ctx,
  programId: string,
  syncId: string,
  untilWallMs: number,
): Promise<SyncWithCalls> {
  await workOnSync(ctx, syncId, untilWallMs);
  const sync = await findSync(ctx, programId, syncId);
  if (!sync) throw new AppError('not_found', 'The subscription was deleted meanwhile.');
  return { sync, calls: await listCalls(ctx, syncId) };
}

/** Stretches rendered before what they gave is sent. */
const stepsPerTurn = 3;

/**
 * Renders and sends, in turns, up to a time; what is left is woken through the queue. Calls go one after
 * another, so that rows come in the order of the log; one that is refused does not hold up the others.
 */
export async function workOnSync(ctx: Ctx, syncId: string, untilWallMs: number): Promise<void> {
  driveSync(ctx);
  const tried = new Set<string>();
  for (let turn = 0; turn < turnsAtOnce && ctx.wallNow() < untilWallMs; turn++) {
    const before = await advanceSync(ctx, syncId, { untilWallMs, steps: stepsPerTurn });
    if (before === 'done') return;
    const sent = await sendDue(ctx, syncId, tried, untilWallMs);
    if (before === 'waiting' && !sent) return;
  }
  await ctx.queues.ingest.send([{ type: 'sync', syncId }]);
}

/** Attempts what is due, in the order of the log, each call once; whether there was any to try. */
async function sendDue(ctx: Ctx, syncId: string, tried: Set<string>, untilWallMs: number): Promise<boolean> {
  const open = (await listOpenCalls(ctx, syncId)).filter(({ deliveryId }) => !tried.has(deliveryId));
  for (const { deliveryId } of open) {
    if (ctx.wallNow() >= untilWallMs) break;
    tried.add(deliveryId);
    await attemptDelivery(ctx, deliveryId);
  }
  return open.length > 0;
}
