import type { Event } from './store.ts';

/** An event as the API shows it: JSON text, for its data go out as they came in. */
export function eventJson(row: Event): string {
  const envelope = JSON.stringify({
    EventId: row.eventId,
    PublisherProgramId: row.programId,
    PublisherSystemId: row.systemId === '' ? null : row.systemId,
    PublisherEventId: row.publisherEventId,
    PublisherParticipantId: row.participantId,
    EventType: row.eventType,
    PublisherEventCategory: row.category,
    EventStartUtc: iso(row.startAt),
    EventEndUtc: row.endAt === null ? null : iso(row.endAt),
    ReceivedUtc: iso(row.receivedAt),
    Sequence: row.sequence,
    Change: row.change,
    RecordKey: row.recordKey,
    DeletedUtc: row.deletedAt === null ? null : iso(row.deletedAt),
    TraceId: row.traceId,
  });
  return `${envelope.slice(0, -1)},"PublisherEventData":${row.data}}`;
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
