import { sql } from 'drizzle-orm';
import type { AttemptResult, Ctx } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import { newId } from '../../platform/ids.ts';
import { activityKinds, countActivity } from '../activity/index.ts';
import { findDirectDelivery } from './deliveries.system.ts';
import { decideOutcome, leaseMs, type Outcome, queueWaitLimitMs } from './policy.ts';
import { problemsOf } from './problems.ts';
import { bodyOf, claim, type Delivery, release } from './store.ts';
import type { Attempt } from './table.ts';

/** A channel whose attempts take minutes has leases and a queue of its own. */
export const slowness = (ctx: Ctx, channel: string) => ctx.registry.channels[channel]?.slow;

const leaseOf = (ctx: Ctx, channel: string) => slowness(ctx, channel)?.leaseMs ?? leaseMs;

/**
 * One leased, logged attempt of what goes to no endpoint. Does nothing when the delivery is not due, or
 * another has it. Gives what its end made due to others. Throws only for faults of ours, such as a database
 * that does not answer.
 */
export async function attemptDirect(ctx: Ctx, deliveryId: string): Promise<string[]> {
  const row = await findDirectDelivery(ctx, deliveryId);
  if (!row || row.nextAttemptAt === null || row.nextAttemptAt > ctx.now()) return [];
  const token = newId('lse', ctx.wallNow());
  const [claimed] = await commit(ctx.db, [claim(ctx, row, token, ctx.now() + leaseOf(ctx, row.channel))]);
  if (claimed?.changes !== 1) return [];

  const channel = ctx.registry.channels[row.channel];
  const startedAt = ctx.now();
  const startedWall = ctx.wallNow();
  const due = { ...row, body: await bodyOf(ctx, row), signedAtMs: startedWall };
  const result = channel ? await channel.send(ctx, due) : noChannel;
  const durationMs = ctx.wallNow() - startedWall;
  const attempts = row.attempts + 1;
  const outcome = decideOutcome(result, {
    channel: row.channel,
    attempts,
    nowMs: ctx.now(),
    random: Math.random(),
  });
  const nextAttemptAt = outcome.status === 'waiting' ? outcome.nextAttemptAt : null;
  const effects = await channel?.onOutcome?.(ctx, due, result, outcome.status, nextAttemptAt);
  const problems = await problemsOf(ctx, row, outcome);
  const attempt: Attempt = {
    startedAt,
    durationMs,
    status: result.status ?? null,
    failure: result.failure ?? null,
    detail: result.detail,
    excerpt: result.excerpt,
  };
  await commit(ctx.db, [
    ...countEnd(ctx, row, token, outcome.status),
    release(ctx, row, token, toColumns(ctx, row, result, outcome), [...lostAttempt(ctx, row), attempt]),
    ...problems.statements,
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
  return problems.deliveryIds;
}

const endings = { delivered: 'ok', exhausted: 'failed', cancelled: 'other' } as const;

/** Rolls up an end, if the row is still ours to end. */
function countEnd(ctx: Ctx, row: Delivery, token: string, status: Outcome['status']): Statement[] {
  const kind = activityKinds.find((one) => one === row.channel);
  if (status === 'waiting' || kind === undefined) return [];
  const isOurs = sql`EXISTS (SELECT 1 FROM deliveries WHERE program_id = ${row.programId}
    AND delivery_id = ${row.deliveryId} AND lease_token = ${token})`;
  return [countActivity(ctx, row.programId, kind, endings[status], 1, isOurs)];
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
function lostAttempt(ctx: Ctx, row: Delivery): Attempt[] {
  if (row.status !== 'sending') return [];
  const durationMs = leaseOf(ctx, row.channel);
  return [
    {
      startedAt: (row.leaseUntil ?? ctx.now()) - durationMs,
      durationMs,
      status: null,
      failure: 'timeout',
      detail: 'The attempt was cut off on our side; whether the receiver took it is not known.',
      excerpt: '',
    },
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

async function wakeSoon(ctx: Ctx, { deliveryId, channel }: Delivery, atMs: number): Promise<void> {
  const waitMs = atMs - ctx.now();
  if (waitMs > queueWaitLimitMs) return;
  const queue = slowness(ctx, channel) ? ctx.queues.export : ctx.queues.deliver;
  await queue.send([{ type: 'delivery', deliveryId }], { delaySeconds: Math.ceil(waitMs / 1_000) });
}
