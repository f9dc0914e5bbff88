import type { Ctx } from '../../context.ts';
import type { AnnouncedRow } from './announced.ts';
import { listDueDirect, listDueEndpoints } from './deliveries.system.ts';
import { attemptDirect, slowness } from './direct.ts';
import { drainEndpoint, sendBorn, wakeEndpoint } from './drain.ts';
import { OutcomeRecorder } from './outcomes.ts';
import { laneCount, startedAtOnce } from './policy.ts';
import { Pool } from './pool.ts';
import { dueOf, isTicket } from './started.ts';

/** None is begun later than this: what goes on after an answer has 30 s, and an attempt may take 15. */
const startWithinMs = 14_000;

/** What one invocation of each kind may begin. D1 allows it 1,000 statements. */
const limits = {
  afterAnswer: { withinMs: startWithinMs, starts: 100 },
  message: { withinMs: 20_000, starts: 150 },
  sweep: { withinMs: startWithinMs, starts: 150 },
};

/** From so many on, more than this invocation sends for an endpoint. */
const shareFrom = 30;

/**
 * Begins first attempts right after the commit that made them due; what is more than one invocation should
 * start is woken through the queue, and at the latest by the sweeper. Takes the ids of deliveries to no
 * endpoint, and what `announce` gave.
 */
export function startDeliveries(ctx: Ctx, given: string[]): void {
  const announced = given.filter(isTicket).flatMap((ticket) => dueOf(ctx, ticket));
  const direct = given.filter((id) => !isTicket(id));
  if (announced.length + direct.length === 0) return;
  ctx.after(startAll(ctx, direct, announced));
}

/** Sends what is due to an endpoint, after the answer. */
export function startEndpoint(ctx: Ctx, endpointId: string): void {
  ctx.after(drain(ctx, endpointId, new Pool(ctx, limits.afterAnswer)));
}

async function startAll(ctx: Ctx, direct: string[], announced: AnnouncedRow[]): Promise<void> {
  const pool = new Pool(ctx, limits.afterAnswer);
  const recorder = new OutcomeRecorder(ctx);
  const born = announced.filter(({ status }) => status === 'sending');
  const pending = new Map<string, number>();
  for (const { status, endpointId } of announced) {
    if (status === 'pending') pending.set(endpointId, (pending.get(endpointId) ?? 0) + 1);
  }
  // More hands for what is much: other invocations, a lane each.
  const shared = [...pending].filter(([, count]) => count > shareFrom);
  const woken = shared.flatMap(([endpointId]) =>
    Array.from({ length: laneCount }, () => ({ type: 'endpoint' as const, endpointId })),
  );
  await ctx.queues.deliver.send(woken);
  await Promise.all([
    attemptAll(ctx, direct, pool),
    ...born.map((row) => guarded(ctx, row.deliveryId, () => pool.run(() => sendBorn(ctx, recorder, row)))),
    ...[...pending.keys()].map((endpointId) => drain(ctx, endpointId, pool)),
  ]);
  await follow(ctx, recorder, pool, new Set(pending.keys()));
}

/** Does what outcomes ask for: those that had to wait for room go on, retries are woken, others are told. */
async function follow(
  ctx: Ctx,
  recorder: OutcomeRecorder,
  pool: Pool,
  drained: Set<string> = new Set(),
): Promise<void> {
  for (const [endpointId, atMs] of recorder.retryAt) await wakeEndpoint(ctx, endpointId, atMs);
  startDeliveries(ctx, recorder.announced);
  const hungry = [...recorder.hungry].filter((endpointId) => !drained.has(endpointId));
  await Promise.all(hungry.map((endpointId) => drain(ctx, endpointId, pool)));
}

async function drain(ctx: Ctx, endpointId: string, pool: Pool): Promise<void> {
  await guarded(ctx, endpointId, async () => {
    const recorder = await drainEndpoint(ctx, endpointId, pool);
    await follow(ctx, recorder, pool, new Set([endpointId]));
  });
}

/** What fails is ours: a lease ends by itself, and the sweeper tries again. */
async function guarded(ctx: Ctx, id: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    ctx.log.error('delivery.attempt_failed', error, { id });
  }
}

/** One attempt at what goes to no endpoint, if it is due; see `attemptDirect`. */
export async function attemptDelivery(ctx: Ctx, deliveryId: string): Promise<void> {
  startDeliveries(ctx, await attemptDirect(ctx, deliveryId));
}

async function attemptAll(ctx: Ctx, deliveryIds: string[], pool: Pool): Promise<void> {
  const now = deliveryIds.slice(0, startedAtOnce);
  const later = deliveryIds.slice(startedAtOnce);
  await Promise.all(
    now.map((deliveryId) =>
      guarded(ctx, deliveryId, () =>
        pool.run(async () => {
          if (pool.mayStart()) await attemptDelivery(ctx, deliveryId);
          else later.push(deliveryId);
        }),
      ),
    ),
  );
  if (later.length > 0)
    await ctx.queues.deliver.send(later.map((deliveryId) => ({ type: 'delivery', deliveryId })));
}

/** What the sweeper does each minute: a bounded number of attempts itself, wake-ups for the rest. */
export async function sweepDeliveries(ctx: Ctx): Promise<number> {
  const pool = new Pool(ctx, limits.sweep);
  const due = await listDueDirect(ctx, 400);
  const slow = due.filter((one) => slowness(ctx, one.channel) !== undefined);
  const quick = due.filter((one) => slowness(ctx, one.channel) === undefined).map((one) => one.deliveryId);
  await ctx.queues.export.send(slow.map(({ deliveryId }) => ({ type: 'delivery', deliveryId })));
  const endpoints = await listDueEndpoints(ctx, 100);
  const now = endpoints.slice(0, startedAtOnce);
  await ctx.queues.deliver.send(
    endpoints.slice(startedAtOnce).map((endpointId) => ({ type: 'endpoint', endpointId })),
  );
  await Promise.all([attemptAll(ctx, quick, pool), ...now.map((endpointId) => drain(ctx, endpointId, pool))]);
  return due.length + endpoints.length;
}

/** For the queue: everything one batch woke shares the connections of its invocation. */
export async function deliverWoken(
  ctx: Ctx,
  message: { type: 'delivery'; deliveryId: string } | { type: 'endpoint'; endpointId: string },
): Promise<void> {
  if (message.type === 'delivery') await attemptDelivery(ctx, message.deliveryId);
  else {
    const pool = new Pool(ctx, limits.message);
    const recorder = await drainEndpoint(ctx, message.endpointId, pool);
    await follow(ctx, recorder, pool, new Set([message.endpointId]));
  }
}
