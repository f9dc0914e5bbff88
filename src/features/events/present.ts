import type { AnnouncedEvent } from './announce.ts';
import type { Event } from './store.ts';

/** An event as the API shows it: JSON text, for its data go out as they came in. */
export function eventJson(row: Event): string {
  const envelope = JSON.stringify({
    ...envelopeOf(row),
    Sequence: row.sequence,
    DeletedUtc: row.deletedAt === null ? null : iso(row.deletedAt),
  });
  return `${envelope.slice(0, -1)},"PublisherEventData":${row.data}}`;
}

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
