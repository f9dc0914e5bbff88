import { z } from '@hono/zod-openapi';
import {
  createRouter,
  defineRoute,
  isoTime,
  linkNext,
  ok,
  pageQuery,
  programParam,
  toIso,
  toIsoOrNull,
} from '../../http.ts';
import { decodeCursor, encodeCursor } from '../../platform/cursor.ts';
import { type Event, listEvents } from './store.ts';

const eventOut = z
  .object({
    EventId: z.string(),
    PublisherProgramId: z.string(),
    PublisherSystemId: z.string().nullable(),
    PublisherEventId: z.string(),
    PublisherParticipantId: z.string().nullable(),
    EventType: z.string(),
    PublisherEventCategory: z.object({ value: z.string(), label: z.string().nullable() }).nullable(),
    PublisherEventData: z.unknown(),
    EventStartUtc: isoTime,
    EventEndUtc: isoTime.nullable(),
    ReceivedUtc: isoTime,
    Sequence: z.number().int(),
    Change: z
      .string()
      .nullable()
      .openapi({ description: 'Where a job made the event: what became of the key.' }),
    RecordKey: z.string().nullable(),
    DeletedUtc: isoTime.nullable(),
  })
  .openapi('Event');

const time = z.iso.datetime({ offset: true }).optional();

const listRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/events/{programId}',
    tags: ['Event hub'],
    summary: "The publisher's own events, in the order of the log",
    request: {
      params: programParam,
      query: pageQuery.extend({
        since: time,
        until: time,
        category: z.string().max(200).optional(),
        type: z.string().max(50).optional(),
      }),
    },
    responses: { 200: ok(z.array(eventOut), 'A page; `Link` leads to the next.') },
  },
);

export const eventRoutes = createRouter().openapi(listRoute, async (c) => {
  const { limit, cursor, since, until, category, type } = c.req.valid('query');
  const rows = await listEvents(
    c.get('ctx'),
    c.get('programId'),
    {
      sinceMs: since === undefined ? null : Date.parse(since),
      untilMs: until === undefined ? null : Date.parse(until),
      category: category ?? null,
      type: type ?? null,
      after: cursor === undefined ? 0 : decodeCursor(cursor, 'number')[0],
    },
    limit + 1,
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  if (rows.length > limit && last) linkNext(c, encodeCursor([last.sequence]));
  return c.json(page.map(present), 200);
});

function present(row: Event) {
  return {
    EventId: row.eventId,
    PublisherProgramId: row.programId,
    PublisherSystemId: row.systemId === '' ? null : row.systemId,
    PublisherEventId: row.publisherEventId,
    PublisherParticipantId: row.participantId,
    EventType: row.eventType,
    PublisherEventCategory: row.category,
    PublisherEventData: JSON.parse(row.data),
    EventStartUtc: toIso(row.startAt),
    EventEndUtc: toIsoOrNull(row.endAt),
    ReceivedUtc: toIso(row.receivedAt),
    Sequence: row.sequence,
    Change: row.change,
    RecordKey: row.recordKey,
    DeletedUtc: toIsoOrNull(row.deletedAt),
  };
}
