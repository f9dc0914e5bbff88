import type { Ctx } from '../../context.ts';
import { AppError } from '../../platform/errors.ts';
import { type EnvelopeIn, type Event, listLatestEvents } from '../events/index.ts';
import { compilePayloadTemplate, openPayloadTemplate } from '../subscriptions/index.ts';
import { requireSubscription } from './change.ts';
import { renderRow } from './rows.ts';

const latest = 10;

export interface PreviewedEvent {
  eventId: string | null;
  publisherEventId: string | null;
  category: string | null;
  /** The mapping that it falls under; null: the template says nothing of it. */
  matched: string | null;
  action: 'import' | 'ignore';
  importProcessId: string | null;
  row: string | null;
  error: { code: string; message: string; line: number | null; column: number | null } | null;
}

/** What a template makes of given events, or of the publisher's latest. Changes nothing. */
export async function previewRows(
  ctx: Ctx,
  programId: string,
  publisherId: string,
  asked: { template?: unknown; events?: Partial<EnvelopeIn>[] | undefined },
): Promise<PreviewedEvent[]> {
  const subscription = await requireSubscription(ctx, programId, publisherId);
  const template =
    asked.template === undefined
      ? openPayloadTemplate(subscription.template)
      : compilePayloadTemplate(asked.template);
  if (!template.ok) {
    const first = template.issues[0];
    throw new AppError('invalid_input', `The template cannot be right. ${first?.path}: ${first?.message}`, {
      issues: template.issues,
    });
  }
  if (asked.events === undefined && subscription.suspendedAt !== null) {
    throw new AppError('forbidden', 'The publisher withholds its events from this program.');
  }
  const events =
    asked.events?.map((given) => imagine(ctx, subscription.publisherId, given)) ??
    (await listLatestEvents(ctx, subscription.publisherId, latest));
  return events.map((event) => {
    const made = renderRow(template, event, ctx.now());
    return {
      eventId: event.eventId === '' ? null : event.eventId,
      publisherEventId: event.publisherEventId === '' ? null : event.publisherEventId,
      category: event.category?.value ?? null,
      matched: made.mapping?.category ?? null,
      action: made.kind === 'ignored' ? 'ignore' : 'import',
      importProcessId: made.kind === 'ignored' ? null : made.mapping.importProcessId,
      row: made.kind === 'row' ? made.line : null,
      error: made.kind === 'fault' ? made.fault : null,
    };
  });
}

/** An event that is in no log. */
function imagine(ctx: Ctx, publisherId: string, given: Partial<EnvelopeIn>): Event {
  const at = ctx.now();
  return {
    sequence: 0,
    eventId: '',
    programId: publisherId,
    systemId: given.PublisherSystemId ?? '',
    eventType: given.EventType ?? '',
    publisherEventId: given.PublisherEventId ?? '',
    participantId: given.PublisherParticipantId ?? null,
    category: given.PublisherEventCategory ?? null,
    data: JSON.stringify(given.PublisherEventData ?? null),
    change: null,
    recordKey: null,
    startAt: given.EventStartUtc ?? at,
    endAt: given.EventEndUtc ?? null,
    receivedAt: at,
    traceId: '',
    deletedAt: null,
  };
}
