import { sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { hashedText } from '../../platform/ids.ts';
import { type Announced, type Announcement, announceAll } from '../deliveries/index.ts';
import { type EventReceiver, isImported } from '../subscriptions/index.ts';
import { announcedJson } from './present.ts';
import type { Relations } from './relations.ts';
import type { NewEvent } from './store.ts';

/** What a message tells of an event. */
export type AnnouncedEvent = NewEvent & {
  change?: string | null;
  recordKey?: string | null;
  receivedAt: number;
};

/**
 * The messages that events set off: to the endpoints of the publisher, and of each subscriber whose template
 * imports the category. They commit with the events, and only what the log then holds is told.
 */
export async function announceEvents(
  ctx: Ctx,
  list: AnnouncedEvent[],
  { receivers, listening }: Pick<Relations, 'receivers' | 'listening'>,
  type: 'event.published' | 'event.deleted' = 'event.published',
): Promise<Announced> {
  if (listening.size === 0) return { statements: [], deliveryIds: [] };
  const messages = list.flatMap((event) => {
    const data = announcedJson(event);
    return programsFor(event, receivers)
      .filter((programId) => listening.has(programId))
      .map(
        (programId): Announcement => ({
          programId,
          type,
          data,
          about: event.eventId,
          traceId: event.traceId,
          category: event.category?.value ?? null,
          messageId: messageIdOf(event, programId, type),
          atMs: ctx.now(),
        }),
      );
  });
  return announceAll(ctx, messages, isInLog);
}

const isInLog = sql`EXISTS (SELECT 1 FROM events WHERE event_id = due.about)`;

function programsFor(event: NewEvent, receivers: EventReceiver[]): string[] {
  const subscribers = receivers
    .filter((one) => one.publisherId === event.programId)
    .filter((one) => isImported(one.routing, event.category?.value ?? null));
  return [...new Set([event.programId, ...subscribers.map((one) => one.programId)])];
}

/** The same for the same event, program and type: 26 characters, as ids have them, with the event's own time. */
export function messageIdOf(event: { eventId: string }, programId: string, type: string): string {
  return `msg_${event.eventId.slice(4, 14)}${hashedText(`${event.eventId} ${programId} ${type}`, 16)}`;
}
