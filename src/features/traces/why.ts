import { sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { AppError } from '../../platform/errors.ts';
import { listDeliveriesAbout } from '../deliveries/index.ts';
import {
  findSubscription,
  findVersionAt,
  isImported,
  openPayloadTemplate,
  routingOf,
} from '../subscriptions/index.ts';
import { findEndpointAt, matchesPattern } from '../webhooks/index.ts';

export const whyCodes = [
  'due',
  'not_yet_there',
  'endpoint_deleted',
  'endpoint_disabled',
  'type_not_wanted',
  'category_filtered',
  'not_yet_subscribed',
  'publisher_suspended',
  'template_ignores',
  'not_told',
] as const;

export interface Why {
  code: (typeof whyCodes)[number];
  reason: string;
  deliveries: Awaited<ReturnType<typeof listDeliveriesAbout>>;
}

/** What a message would have been: its type, its category where it has one, and when it was due. */
interface Happening {
  type: string;
  category: string | null | undefined;
  /** Whose event it is; null for a job, which is the program's own. */
  publisherId: string | null;
  atMs: number;
}

/**
 * Why an event or a job reached an endpoint or did not: from the ledger where it was due, else from what the
 * endpoint wanted at that time, also of one that is deleted now. Throws `not_found` for what is not there, or
 * is not the program's to know.
 */
export async function whyNot(
  ctx: Ctx,
  programId: string,
  endpointId: string,
  id: string | null,
): Promise<Why> {
  if (!(await findEndpointAt(ctx, programId, endpointId, Number.MAX_SAFE_INTEGER)))
    throw new AppError('not_found', 'There is no such webhook endpoint.');
  if (id === null || !/^(evt|job)_[0-9a-z]{26}$/.test(id)) {
    throw new AppError(
      'invalid_input',
      'Say which: ?event= and the id of an event (evt_…) or of a job (job_…).',
    );
  }
  const deliveries = await listDeliveriesAbout(ctx, programId, endpointId, id);
  if (deliveries.length > 0) {
    return { code: 'due', reason: 'It was due to this endpoint: see its deliveries.', deliveries };
  }
  const happened = await happeningOf(ctx, programId, id);
  if (!happened)
    throw new AppError('not_found', 'There is no such event or job, or it is not yours to know.');
  const answer = (code: Why['code'], reason: string): Why => ({ code, reason, deliveries });
  const then = await findEndpointAt(ctx, programId, endpointId, happened.atMs);
  const when = new Date(happened.atMs).toISOString();
  if (!then) return answer('not_yet_there', `The endpoint was created after ${when}.`);
  if (then.state === 'deleted') return answer('endpoint_deleted', `The endpoint was deleted before ${when}.`);
  if (then.state === 'disabled') {
    return answer('endpoint_disabled', `The endpoint was disabled at ${when}. ${then.reason ?? ''}`.trim());
  }
  if (!then.events.some((pattern) => matchesPattern(pattern, happened.type))) {
    const wanted = then.events.join(', ');
    return answer('type_not_wanted', `It is ${happened.type}; the endpoint wanted ${wanted} then.`);
  }
  const { category } = happened;
  if (then.categories && category !== undefined && !(category && then.categories.includes(category))) {
    const wanted = then.categories.join(', ');
    return answer(
      'category_filtered',
      `Its category is ${category ?? 'none'}; the endpoint wanted ${wanted} then.`,
    );
  }
  const [code, reason] = await whyNotTold(ctx, programId, happened);
  return answer(code, reason);
}

/** The endpoint wanted it: why its program did not hear of it. */
async function whyNotTold(
  ctx: Ctx,
  programId: string,
  { publisherId, category, atMs }: Happening,
): Promise<[Why['code'], string]> {
  const subscription =
    publisherId === null || publisherId === programId
      ? null
      : await findSubscription(ctx, programId, publisherId);
  if (!subscription) {
    return [
      'not_told',
      'The endpoint wanted it, and it was not told: it had not happened yet, or the deliveries of that time are pruned.',
    ];
  }
  const when = new Date(atMs).toISOString();
  const { createdAt, suspendedAt } = subscription;
  if (createdAt > atMs)
    return ['not_yet_subscribed', `The program subscribed to ${publisherId} after ${when}.`];
  const then = await findVersionAt(ctx, subscription, atMs);
  const routing = then ? routingOf(openPayloadTemplate(then.template)) : subscription.routing;
  if (!isImported(routing, category ?? null)) {
    const version = then ? `version ${then.version} of the template` : 'the template';
    return [
      'template_ignores',
      `At ${when} ${version} for ${publisherId} ignored the category ${category ?? 'none'}.`,
    ];
  }
  if (suspendedAt !== null && suspendedAt <= atMs)
    return ['publisher_suspended', `${publisherId} had suspended the subscription before ${when}.`];
  return [
    'not_told',
    `The endpoint wanted it, but the program was not told: ${publisherId} had suspended the subscription at that time.`,
  ];
}

async function happeningOf(ctx: Ctx, programId: string, id: string): Promise<Happening | null> {
  if (id.startsWith('job_')) {
    const [job] = await ctx.db.all<{ status: string; finishedAt: number | null; queuedAt: number }>(
      sql`SELECT status, finished_at AS finishedAt, queued_at AS queuedAt FROM jobs
        WHERE program_id = ${programId} AND job_id = ${id}`,
    );
    if (!job) return null;
    const type = job.status === 'succeeded' ? 'job.succeeded' : 'job.failed';
    return { type, category: undefined, publisherId: null, atMs: job.finishedAt ?? job.queuedAt };
  }
  // Another program's event is known to those that subscribe to it.
  const [event] = await ctx.db.all<{ category: string | null; receivedAt: number; publisherId: string }>(
    sql`SELECT category ->> '$.value' AS category, received_at AS receivedAt, program_id AS publisherId
      FROM events AS e
      WHERE event_id = ${id} AND (program_id = ${programId} OR EXISTS (SELECT 1 FROM subscriptions AS s
        WHERE s.program_id = ${programId} AND s.publisher_id = e.program_id))`,
  );
  if (!event) return null;
  const { category, publisherId, receivedAt } = event;
  return { type: 'event.published', category, publisherId, atMs: receivedAt };
}
