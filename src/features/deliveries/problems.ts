import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { deriveId } from '../../platform/ids.ts';
import { endAttention, raiseAttention } from '../attention/index.ts';
import { announce } from './announce.ts';
import type { Outcome } from './policy.ts';

/** The type of messages that tell of open problems which have no type of their own. */
export const alertType = 'attention.opened';

/** Types that tell of failures: when they fail themselves nobody is told by the same way. */
const tellsOfFailure = new Set<string>([alertType, 'delivery.exhausted', 'webhook.disabled', 'webhook.test']);

export interface Problems {
  statements: Statement[];
  /** To be started after the commit. */
  deliveryIds: string[];
}

interface EndedRow {
  programId: string;
  deliveryId: string;
  endpointId: string;
  channel: string;
  type: string;
  about: string;
  traceId: string;
  /** Before the attempt that ended. */
  attemptsTotal: number;
}

function waitsForNight(ctx: Ctx, row: EndedRow, reason: string): Statement {
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

/** What a delivery's outcome means for people: the open problem it makes or ends, and who hears of it. */
export async function problemsOf(ctx: Ctx, row: EndedRow, outcome: Outcome): Promise<Problems> {
  const { programId, deliveryId, endpointId, channel, type, about, traceId } = row;
  const none: Problems = { statements: [], deliveryIds: [] };
  if (outcome.status === 'waiting') {
    if (outcome.nextAttemptAt !== null) return none;
    return { ...none, statements: [waitsForNight(ctx, row, outcome.reason)] };
  }
  if (outcome.status === 'delivered') {
    if (row.attemptsTotal === 0) return none;
    const ended = ['delivery_exhausted', 'delivery_waits'];
    return { ...none, statements: ended.map((kind) => endAttention(ctx, programId, kind, deliveryId)) };
  }
  // What an endpoint's end cancels is one problem, and the endpoint's.
  if (outcome.status === 'cancelled' && endpointId !== '') return none;
  const silent = tellsOfFailure.has(type) || about.startsWith('prb_');
  const attention = raiseAttention(ctx, {
    programId,
    kind: 'delivery_exhausted',
    subject: deliveryId,
    audience: 'both',
    message: `The ${channel} delivery of ${type} about ${about} did not arrive. ${outcome.reason}`,
    nextStep: `Nothing more by itself: mend the receiver, then POST /api/deliveries/${deliveryId}/retry.`,
    traceId,
    silent,
  });
  if (silent && programId !== '' && about.startsWith('prb_')) {
    // Contacts cannot be reached this way: the staff are told, who can look for another.
    const unreachable = raiseAttention(ctx, {
      programId,
      kind: 'contacts_unreachable',
      subject: channel,
      audience: 'staff',
      message: `An alert to the contacts of ${programId} could not be delivered by ${channel}. ${outcome.reason}`,
      nextStep: 'Ask them for an address that works; it went out by the other channel, where they have one.',
      traceId,
    });
    return { ...none, statements: [attention, unreachable] };
  }
  if (silent || programId === '') return { ...none, statements: [attention] };
  const announced = await announce(ctx, {
    programId,
    type: 'delivery.exhausted',
    data: {
      programId,
      deliveryId,
      webhookId: endpointId || null,
      channel,
      type,
      about,
      reason: outcome.reason,
    },
    about: deliveryId,
    traceId,
    // One for each time: a retry by hand may exhaust it again.
    messageId: await deriveId('msg', deliveryId, `exhausted ${row.attemptsTotal}`),
    exceptEndpointId: endpointId,
  });
  return { statements: [attention, ...announced.statements], deliveryIds: announced.deliveryIds };
}
