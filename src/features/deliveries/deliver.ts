import type { AttemptResult, Ctx } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import { newId } from '../../platform/ids.ts';
import { endAttention, raiseAttention } from '../attention/index.ts';
import { findDueDelivery, listDueDeliveries } from './deliveries.system.ts';
import { decideOutcome, leaseMs, type Outcome, queueWaitLimitMs } from './policy.ts';
import { dueOf, isTicket } from './started.ts';
import { claim, type Delivery, insertAttempt, release } from './store.ts';

/** Of one invocation: a seventh connection waiting for headers would queue in the platform. */
const inFlight = 6;
const startedAtOnce = 12;
/** None is begun later than this: what goes on after an answer has 30 s, and an attempt may take 15. */
const startWithinMs = 14_000;

/**
 * Begins first attempts right after the commit that made them due; what is more than one invocation should
 * start is woken through the queue, and at the latest by the sweeper.
 */
export function startDeliveries(ctx: Ctx, given: string[]): void {
  const deliveryIds = given.flatMap((id) =>
    isTicket(id) ? dueOf(ctx, id).map((due) => due.deliveryId) : [id],
  );
  if (deliveryIds.length === 0) return;
  ctx.after(attemptAll(ctx, deliveryIds.slice(0, startedAtOnce)));
  const rest = deliveryIds.slice(startedAtOnce);
  if (rest.length > 0)
    ctx.after(ctx.queues.deliver.send(rest.map((deliveryId) => ({ type: 'delivery', deliveryId }))));
}

/** What the sweeper does each minute: a bounded number of attempts itself, wake-ups for the rest. */
export async function sweepDeliveries(ctx: Ctx): Promise<number> {
  const due = await listDueDeliveries(ctx, 400);
  const quick = due.filter((one) => slowness(ctx, one.channel) === undefined).map((one) => one.deliveryId);
  const slow = due.filter((one) => slowness(ctx, one.channel) !== undefined);
  await ctx.queues.export.send(slow.map(({ deliveryId }) => ({ type: 'delivery', deliveryId })));
  await attemptAll(ctx, quick.slice(0, startedAtOnce));
  await ctx.queues.deliver.send(
    quick.slice(startedAtOnce).map((deliveryId) => ({ type: 'delivery', deliveryId })),
  );
  return due.length;
}

const slowness = (ctx: Ctx, channel: string) => ctx.registry.channels[channel]?.slow;

const leaseOf = (ctx: Ctx, channel: string) => slowness(ctx, channel)?.leaseMs ?? leaseMs;

async function attemptAll(ctx: Ctx, deliveryIds: string[]): Promise<void> {
  const waiting = [...deliveryIds];
  const startedAt = ctx.wallNow();
  const mayStart = () => ctx.wallNow() - startedAt < startWithinMs;
  const lane = async () => {
    while (mayStart()) {
      const id = waiting.shift();
      if (id === undefined) return;
      try {
        await attemptDelivery(ctx, id);
      } catch (error) {
        // The lease ends by itself and the sweeper tries again.
        ctx.log.error('delivery.attempt_failed', error, { deliveryId: id });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, waiting.length) }, lane));
  if (waiting.length > 0)
    await ctx.queues.deliver.send(waiting.map((deliveryId) => ({ type: 'delivery', deliveryId })));
}

/**
 * One leased, logged attempt. Does nothing when the delivery is not due, or another has it. Throws only for
 * faults of ours, such as a database that does not answer.
 */
export async function attemptDelivery(ctx: Ctx, deliveryId: string): Promise<void> {
  const row = await findDueDelivery(ctx, deliveryId);
  if (!row || row.nextAttemptAt === null || row.nextAttemptAt > ctx.now()) return;
  const token = newId('lse', ctx.wallNow());
  const [claimed] = await commit(ctx.db, [
    claim(ctx, row, token, ctx.now() + leaseOf(ctx, row.channel)),
    ...lostAttempt(ctx, row),
  ]);
  if (claimed?.changes !== 1) return;

  const channel = ctx.registry.channels[row.channel];
  const startedAt = ctx.now();
  const startedWall = ctx.wallNow();
  const result = channel ? await channel.send(ctx, row) : noChannel;
  const durationMs = ctx.wallNow() - startedWall;
  const attempts = row.attempts + 1;
  const outcome = decideOutcome(result, {
    channel: row.channel,
    attempts,
    nowMs: ctx.now(),
    random: Math.random(),
  });
  const nextAttemptAt = outcome.status === 'waiting' ? outcome.nextAttemptAt : null;
  const effects = await channel?.onOutcome?.(ctx, row, result, outcome.status, nextAttemptAt);
  await commit(ctx.db, [
    insertAttempt(ctx, {
      attemptId: newId('att', startedAt),
      deliveryId,
      programId: row.programId,
      startedAt,
      durationMs,
      status: result.status ?? null,
      failure: result.failure ?? null,
      detail: result.detail,
      excerpt: result.excerpt,
    }),
    release(ctx, deliveryId, token, toColumns(ctx, row, result, outcome)),
    ...problems(ctx, row, outcome),
    ...(effects?.statements ?? []),
  ]);
  ctx.log.line('delivery.attempted', {
    deliveryId,
    programId: row.programId,
    traceId: row.traceId,
    channel: row.channel,
    type: row.type,
    attempt: attempts,
    httpStatus: result.status,
    failure: result.failure,
    durationMs,
    outcome: outcome.status,
  });
  await effects?.committed?.();
  if (nextAttemptAt !== null) await wakeSoon(ctx, row, nextAttemptAt);
}

const noChannel: AttemptResult = {
  failure: 'connect',
  detail: 'This hub has no such channel.',
  excerpt: '',
  retryAfter: null,
  uncertain: false,
  final: 'refused',
};

/** An attempt whose sender died is on record too: nobody knows whether the receiver took it. */
function lostAttempt(ctx: Ctx, row: Delivery): Statement[] {
  if (row.status !== 'sending') return [];
  return [
    insertAttempt(ctx, {
      attemptId: newId('att', ctx.now()),
      deliveryId: row.deliveryId,
      programId: row.programId,
      startedAt: (row.leaseUntil ?? ctx.now()) - leaseOf(ctx, row.channel),
      durationMs: leaseOf(ctx, row.channel),
      status: null,
      failure: 'timeout',
      detail: 'The attempt was cut off on our side; whether the receiver took it is not known.',
      excerpt: '',
    }),
  ];
}

function toColumns(ctx: Ctx, row: Delivery, result: AttemptResult, outcome: Outcome): Partial<Delivery> {
  const uncertain =
    outcome.status !== 'delivered' && (row.uncertain || result.uncertain || row.status === 'sending');
  if (outcome.status === 'waiting') {
    return { status: 'waiting', reason: outcome.reason, nextAttemptAt: outcome.nextAttemptAt, uncertain };
  }
  const reason = outcome.status === 'delivered' ? null : outcome.reason;
  return { status: outcome.status, reason, nextAttemptAt: null, endedAt: ctx.now(), uncertain };
}

function problems(ctx: Ctx, row: Delivery, outcome: Outcome): Statement[] {
  if (outcome.status === 'delivered') {
    return row.attemptsTotal > 0
      ? [
          endAttention(ctx, row.programId, 'delivery_exhausted', row.deliveryId),
          endAttention(ctx, row.programId, 'delivery_waits', row.deliveryId),
        ]
      : [];
  }
  if (outcome.status === 'waiting')
    return outcome.nextAttemptAt === null ? [waitsForNight(ctx, row, outcome)] : [];
  return [
    raiseAttention(ctx, {
      programId: row.programId,
      kind: 'delivery_exhausted',
      subject: row.deliveryId,
      audience: 'both',
      message: `The ${row.channel} delivery of ${row.type} about ${row.about} did not arrive. ${outcome.reason}`,
      nextStep: `Nothing more by itself: mend the receiver, then POST /api/deliveries/${row.deliveryId}/retry.`,
      traceId: row.traceId,
      silent: row.type === alertType || row.about.startsWith('prb_'),
    }),
  ];
}

function waitsForNight(ctx: Ctx, row: Delivery, { reason }: Outcome & { status: 'waiting' }): Statement {
  return raiseAttention(ctx, {
    programId: row.programId,
    kind: 'delivery_waits',
    subject: row.deliveryId,
    audience: 'both',
    message: `The ${row.channel} delivery of ${row.type} about ${row.about} was not taken. ${reason}`,
    nextStep: `It is tried again with the next night; mend the receiver, then POST /api/deliveries/${row.deliveryId}/retry to have it at once.`,
    traceId: row.traceId,
  });
}

/** The type of messages that tell of open problems which have no type of their own. */
export const alertType = 'attention.opened';

async function wakeSoon(ctx: Ctx, { deliveryId, channel }: Delivery, atMs: number): Promise<void> {
  const waitMs = atMs - ctx.now();
  if (waitMs > queueWaitLimitMs) return;
  const queue = slowness(ctx, channel) ? ctx.queues.export : ctx.queues.deliver;
  await queue.send([{ type: 'delivery', deliveryId }], { delaySeconds: Math.ceil(waitMs / 1_000) });
}
