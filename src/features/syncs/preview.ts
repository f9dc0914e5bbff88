import type { Ctx } from '../../context.ts';
import { AppError } from '../../platform/errors.ts';
import { type EnvelopeIn, type Event, listLatestEvents } from '../events/index.ts';
import { compilePayloadTemplate, openPayloadTemplate } from '../subscriptions/index.ts';
import { requireSubscription } from './change.ts';
import { compareTemplates, previewEvent } from './compare.ts';
import type { Preview } from './schema.ts';

const shownEvents = 10;
const comparedEvents = 100;

export interface PreviewAsked {
  /** The subscription's own unless told. */
  template?: unknown;
  /** The publisher's latest unless told. */
  events?: Partial<EnvelopeIn>[] | undefined;
  compare?: boolean | undefined;
}

/** What a template makes of given events, or of the publisher's latest. Changes nothing. */
export async function previewTemplate(
  ctx: Ctx,
  programId: string,
  publisherId: string,
  asked: PreviewAsked,
): Promise<Preview> {
  const subscription = await requireSubscription(ctx, programId, publisherId);
  const saved = openPayloadTemplate(subscription.template);
  const template = asked.template === undefined ? saved : compilePayloadTemplate(asked.template);
  if (!template.ok) {
    const first = template.issues[0];
    throw new AppError('invalid_input', `The template cannot be right. ${first?.path}: ${first?.message}`, {
      issues: template.issues,
    });
  }
  const wantsLatest = asked.events === undefined || asked.compare === true;
  if (wantsLatest && subscription.suspendedAt !== null) {
    throw new AppError('forbidden', 'The publisher withholds its events from this program.');
  }
  const latest = wantsLatest
    ? await listLatestEvents(
        ctx,
        subscription.publisherId,
        asked.compare === true ? comparedEvents : shownEvents,
      )
    : [];
  const events =
    asked.events?.map((given) => imagine(ctx, subscription.publisherId, given)) ?? latest.slice(-shownEvents);
  return {
    events: events.map((event) => previewEvent(template, event, ctx.now())),
    difference: asked.compare === true ? compareTemplates(saved, template, latest, ctx.now()) : null,
  };
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
