import type { AttemptResult, Channel, Ctx, DueDelivery } from '../../context.ts';
import { deriveId } from '../../platform/ids.ts';
import { sendGuarded } from '../../platform/outbound.ts';
import { announce, startDeliveries } from '../deliveries/index.ts';
import { listDeletedAmong } from '../events/index.ts';
import { findProgram, openLearningBuilder } from '../programs/index.ts';
import { findSubscription } from '../subscriptions/index.ts';
import { callKey } from './objects.ts';
import { readPart } from './parts.ts';
import { findCall, type SyncCall, settleCall, wakeSync } from './store.ts';

/** An attempt that has not ended by then is over; the lease outlives it. */
const callTimeoutMs = 120_000;
const callLeaseMs = 180_000;

/**
 * A call of LearningBuilder's CreateBatch: JSON Lines, under a name that is the same for every attempt. An
 * accepted call is never repeated, whoever asks for it.
 */
export const batchChannel: Channel = {
  slow: { leaseMs: callLeaseMs },
  async send(ctx, delivery) {
    const call = await findCall(ctx, delivery.programId, delivery.deliveryId);
    if (!call || call.state === 'replaced') {
      return {
        ...refused,
        detail: 'The call is no more: its subscription ended, or it was rendered anew.',
        final: 'refused',
      };
    }
    if (call.state === 'accepted')
      return { ...taken, detail: 'It was accepted before, and is not repeated.' };
    const subscription = await findSubscription(ctx, call.programId, call.publisherId);
    if (subscription?.suspendedAt !== null) {
      return { ...refused, detail: 'The publisher withholds its events from this program.' };
    }
    const body = await bodyOf(ctx, call);
    if (body === '') return { ...taken, detail: 'All its events were deleted: nothing was sent.' };
    return callCreateBatch(ctx, call, body);
  },
  async onOutcome(ctx, delivery, result, status, nextAttemptAt) {
    const isAccepted = status === 'delivered';
    const uncertain = delivery.uncertain || delivery.status === 'sending' || result.uncertain;
    const statements = [
      settleCall(ctx, delivery.deliveryId, {
        accepted: isAccepted,
        queueBatchId: isAccepted ? queueBatchIdIn(result.excerpt) : null,
        uncertain,
      }),
    ];
    if (isAccepted) {
      statements.push(wakeSync(ctx, delivery.programId, delivery.deliveryId));
      return { statements, committed: () => afterAccepted(ctx, delivery) };
    }
    if (nextAttemptAt !== null) return { statements };
    const announced = await announceFailure(ctx, delivery, result);
    return {
      statements: [...statements, ...announced.statements],
      committed: async () => startDeliveries(ctx, announced.deliveryIds),
    };
  },
};

const refused: AttemptResult = {
  failure: 'connect',
  detail: '',
  excerpt: '',
  retryAfter: null,
  uncertain: false,
};
const taken: AttemptResult = { detail: '', excerpt: '', retryAfter: null, uncertain: false };

/** The rows, but for those whose events were deleted since. */
async function bodyOf(ctx: Ctx, call: SyncCall): Promise<string> {
  const object = await ctx.objects.get(callKey(call));
  if (!object) throw new Error('the rows of a call are gone');
  const { sequences, lines } = readPart(await object.text());
  const deleted = await listDeletedAmong(ctx, sequences);
  const left = deleted.size === 0 ? lines : lines.filter((_, at) => !deleted.has(sequences[at] ?? 0));
  return left.length === 0 ? '' : `${left.join('\n')}\n`;
}

async function callCreateBatch(ctx: Ctx, call: SyncCall, body: string): Promise<AttemptResult> {
  const program = await findProgram(ctx, call.programId);
  const target = program && (await openLearningBuilder(ctx, program));
  if (!target) return { ...refused, detail: 'The program has no learningBuilder address and key.' };
  const query = new URLSearchParams({
    fileName: call.name,
    importProcessId: call.processId,
    creationPath: 'LH',
  });
  const answer = await sendGuarded(
    {
      url: `${target.baseUrl.replace(/\/+$/, '')}/API/WorkflowImportQueue/CreateBatch?${query}`,
      method: 'POST',
      headers: {
        'content-type': 'application/x-ndjson',
        'user-agent': 'Crosswalk-Sync/1',
        authorization: `apikey ${target.apiKey}`,
      },
      body,
      timeoutMs: callTimeoutMs,
    },
    ctx.outbound,
  );
  if (answer.failure !== undefined || queueBatchIdIn(answer.excerpt) !== null) return answer;
  return {
    ...answer,
    failure: 'body',
    detail: `Answered ${answer.status}, but with no queueBatchId: that is not CreateBatch's answer.`,
    uncertain: true,
  };
}

/** The batch's id in the answer, of which the first 1 KB is known. */
function queueBatchIdIn(excerpt: string): string | null {
  const [, quoted] = /^\s*\{.*?"queueBatchId"\s*:\s*("(?:[^"\\]|\\.){1,200}"|\d{1,20})/s.exec(excerpt) ?? [];
  return quoted === undefined ? null : String(JSON.parse(quoted));
}

const drivers = new WeakSet<Ctx>();

/** Says that this invocation looks after the sync itself: it needs no wake-up for the calls that it sends. */
export function driveSync(ctx: Ctx): void {
  drivers.add(ctx);
}

/** Accepted rows are the receiver's: what they hold of people is not kept here. */
async function afterAccepted(ctx: Ctx, delivery: DueDelivery): Promise<void> {
  const call = await findCall(ctx, delivery.programId, delivery.deliveryId);
  if (!call) return;
  await ctx.objects.delete([callKey(call)]);
  if (!drivers.has(ctx)) await ctx.queues.ingest.send([{ type: 'sync', syncId: call.syncId }]);
}

async function announceFailure(ctx: Ctx, delivery: DueDelivery, result: AttemptResult) {
  const { programId, traceId, deliveryId, subject } = delivery;
  return announce(ctx, {
    programId,
    type: 'subscription.failed',
    data: { programId, deliveryId, fileName: subject, message: result.detail },
    about: deliveryId,
    traceId,
    // Once for each call and time that the attempts of a night are used up.
    messageId: await deriveId('msg', deliveryId, `failed ${ctx.now()}`),
  });
}
