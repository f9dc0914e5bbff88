import type { AnnouncedEvent } from './announce.ts';
import type { Event } from './store.ts';

/** An event as the API shows it: JSON text, for its data go out as they came in. */
export function eventJson(row: Event): string {
  const deletedUtc = row.deletedAt === null ? null : iso(row.deletedAt);
  return withData({ ...envelopeOf(row), Sequence: row.sequence, DeletedUtc: deletedUtc }, row.data);
}

/** The same as messages tell it. */
export function announcedJson(row: AnnouncedEvent): string {
  return withData(envelopeOf(row), row.data);
}

// Not read and written anew: that would reorder members such as "10" and "9", and lose those that stand twice.
const withData = (envelope: object, data: string) =>
  `${JSON.stringify(envelope).slice(0, -1)},"PublisherEventData":${data}}`;

/** All that is known of an event but its data. */
export function envelopeOf(row: AnnouncedEvent) {
  return {
    EventId: row.eventId,
    PublisherProgramId: row.programId,
    PublisherSystemId: row.systemId === '' ? null : row.systemId,
    PublisherEventId: row.publisherEventId,
    PublisherParticipantId: row.participantId,
    EventType: row.eventType,
    PublisherEventCategory: row.category,
    EventStartUtc: iso(row.startAt),
    EventEndUtc: row.endAt === null ? null : iso(row.endAt),
    CreatedUtc: iso(row.receivedAt),
    ReceivedUtc: iso(row.receivedAt),
    Change: row.change ?? null,
    RecordKey: row.recordKey ?? null,
    TraceId: row.traceId,
  };
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
