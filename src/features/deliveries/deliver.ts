import type { Ctx } from '../../context.ts';
import { callsOf } from '../webhooks/index.ts';
import { flightFull } from './announced.ts';
import { listDueDirect, listDueEndpoints } from './deliveries.system.ts';
import { attemptDirect, slowness } from './direct.ts';
import { Dispatch } from './dispatch.ts';
import { laneCount, startedAtOnce } from './policy.ts';
import type { Pool } from './pool.ts';
import { dueOf, isTicket, type Started } from './started.ts';

/** None is begun later than this: what goes on after an answer has 30 s, and an attempt may take 15. */
const startWithinMs = 14_000;

/** From so many on, more than this invocation sends for an endpoint. */
const shareFrom = 30;

const dispatch = (ctx: Ctx) =>
  new Dispatch(ctx, startWithinMs, (deliveryIds) => startDeliveries(ctx, deliveryIds));

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
  ctx.after(sendToEndpoint(ctx, endpointId));
}

function sendToEndpoint(ctx: Ctx, endpointId: string): Promise<void> {
  const work = dispatch(ctx);
  work.drain(endpointId);
  return work.settled();
}

async function startAll(ctx: Ctx, direct: string[], announced: Started[]): Promise<void> {
  const work = dispatch(ctx);
  const pending = new Map<string, number>();
  // Those that cannot be read now are asked for with each attempt, and fail there.
  await callsOf(
    ctx,
    announced.filter(({ status }) => status === 'sending'),
  ).catch(() => undefined);
  for (const row of announced) {
    if (row.status === 'sending') work.sendBorn(row);
    else if (row.status === 'pending' && isOurs(row))
      pending.set(row.endpointId, (pending.get(row.endpointId) ?? 0) + 1);
  }
  for (const endpointId of pending.keys()) work.drain(endpointId);
  // More hands for what is much: other invocations, a lane each.
  const shared = [...pending].filter(([, count]) => count > shareFrom);
  const woken = shared.flatMap(([endpointId]) =>
    Array.from({ length: laneCount }, () => ({ type: 'endpoint' as const, endpointId })),
  );
  await Promise.all([ctx.queues.deliver.send(woken), attemptAll(ctx, direct, work.pool)]);
  await work.settled();
}

/** Not where those on their way see to it, or somebody sends for its lane and comes to it. */
function isOurs({ reason, attended }: Started): boolean {
  return attended === 0 && reason !== flightFull;
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
      guarded(ctx, deliveryId, async () => {
        const begun = await pool.run(deliveryId, async () => {
          if (!pool.mayStart()) return null;
          await attemptDelivery(ctx, deliveryId);
          return true;
        });
        if (begun === null) later.push(deliveryId);
      }),
    ),
  );
  if (later.length > 0)
    await ctx.queues.deliver.send(later.map((deliveryId) => ({ type: 'delivery', deliveryId })));
}

/** What the sweeper does each minute: a bounded number of attempts itself, wake-ups for the rest. */
export async function sweepDeliveries(ctx: Ctx): Promise<number> {
  const work = dispatch(ctx);
  const due = await listDueDirect(ctx, 400);
  const slow = due.filter((one) => slowness(ctx, one.channel) !== undefined);
  const quick = due.filter((one) => slowness(ctx, one.channel) === undefined).map((one) => one.deliveryId);
  await ctx.queues.export.send(slow.map(({ deliveryId }) => ({ type: 'delivery', deliveryId })));
  const endpoints = await listDueEndpoints(ctx, 100);
  for (const endpointId of endpoints.slice(0, startedAtOnce)) work.drain(endpointId);
  await ctx.queues.deliver.send(
    endpoints.slice(startedAtOnce).map((endpointId) => ({ type: 'endpoint', endpointId })),
  );
  await attemptAll(ctx, quick, work.pool);
  await work.settled();
  return due.length + endpoints.length;
}

/** So long a message keeps its consumer: what a slow receiver takes longer goes on beside the next ones. */
const consumerWaitMs = 100;

/** For the queue: what one message woke. Throws what fails while it waits. */
export async function deliverWoken(
  ctx: Ctx,
  message: { type: 'delivery'; deliveryId: string } | { type: 'endpoint'; endpointId: string },
): Promise<void> {
  const work =
    message.type === 'delivery'
      ? attemptDelivery(ctx, message.deliveryId)
      : sendToEndpoint(ctx, message.endpointId);
  const isOver = await new Promise<boolean>((resolve, reject) => {
    const timer = setTimeout(resolve, consumerWaitMs, false);
    work.then(() => resolve(true), reject).finally(() => clearTimeout(timer));
  });
  if (!isOver) ctx.after(work);
}
