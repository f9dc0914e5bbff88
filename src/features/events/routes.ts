import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Ctx } from '../../context.ts';
import {
  type ApiEnv,
  createRouter,
  defineRoute,
  jsonBody,
  linkNext,
  noContent,
  ok,
  pageQuery,
  programParam,
} from '../../http.ts';
import { decodeCursor, encodeCursor } from '../../platform/cursor.ts';
import { AppError } from '../../platform/errors.ts';
import { findProgram } from '../programs/index.ts';
import { deleteEvent } from './delete.ts';
import { programOfEvent } from './events.system.ts';
import { eventJson } from './present.ts';
import { type Published, publishEvents } from './publish.ts';
import { acknowledge, pullEvents } from './pull.ts';
import { readEvents } from './read.ts';
import { replayEvent } from './replay.ts';
import { eventIn, eventOut, maxCallBytes, publishedOut, replayIn } from './schema.ts';
import { type Event, findEvent, listEvents, listNewestEvents } from './store.ts';

export type EventOut = z.output<typeof eventOut>;

const tags = ['Event hub'];
const jsonLines = 'application/x-ndjson';

/** Described, not validated by the router: data must stay the text they were sent as. */
const eventRef = { $ref: '#/components/schemas/EventIn' };
const publishBody = {
  'application/json': { schema: { oneOf: [eventRef, { type: 'array' as const, items: eventRef }] } },
  [jsonLines]: { schema: { type: 'string' as const, description: 'An `EventIn` per line.' } },
};

const publishRoute = defineRoute(
  {
    scope: 'events:publish',
    idempotent: true,
    bodyLimitBytes: maxCallBytes,
    media: ['application/json', jsonLines],
  },
  {
    method: 'post',
    path: '/api/events',
    tags,
    summary: 'Publish one event, an array of them, or JSON Lines: at most 1,000 or 1 MB',
    description:
      'An event whose program, system, type and `PublisherEventId` are known is a duplicate if it is equal, else a conflict. Of several, good ones count whatever the bad ones do.',
    request: { body: { required: true, content: publishBody } },
    responses: {
      200: {
        description:
          'Several: a result per event, in order. One that was known already: no body, the same `Location`.',
        content: { 'application/json': { schema: z.array(publishedOut) } },
      },
      201: {
        description: 'One: no body.',
        headers: { Location: { schema: { type: 'string' }, description: '`/api/events/{eventId}`' } },
      },
    },
  },
);

const time = z.iso.datetime({ offset: true }).optional();

const idParam = z.object({
  id: z.string().openapi({
    param: { name: 'id', in: 'path' },
    description: 'An `eventId` (`evt_…`), or a `programId`, which never looks like one.',
  }),
});

const getRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/events/{id}',
    tags,
    summary:
      'An event by its id; or, by a programId, what that program has published, in the order of the log',
    request: {
      params: idParam,
      query: pageQuery.extend({
        since: time,
        until: time,
        category: z.string().max(200).optional(),
        type: z.string().max(50).optional(),
        order: z.enum(['oldest', 'newest']).default('oldest').openapi({
          description:
            '`newest`: against the order of the log. With a filter a page then looks at 2,000 events: it may hold few or none of them and still have a next.',
        }),
      }),
    },
    responses: {
      200: ok(
        z.union([eventOut, z.array(eventOut)]),
        'The event; or a page, whose `Link` leads to the next.',
      ),
    },
  },
);

const deleteRoute = defineRoute(
  { scope: 'events:publish' },
  {
    method: 'delete',
    path: '/api/events/{id}',
    tags,
    summary: 'Delete an event: its tombstone stays in the log, its data go everywhere',
    request: { params: idParam },
    responses: { 204: noContent },
  },
);

/** It names the publishers with which a puller stands elsewhere than with most. */
const cursorChars = 8_000;

const replayRoute = defineRoute(
  { scope: 'webhooks', idempotent: true },
  {
    method: 'post',
    path: '/api/programs/{programId}/webhooks/{webhookId}/replay',
    tags,
    summary: 'Tell one endpoint of one event once more, whatever it listens to',
    request: {
      params: programParam.extend({
        webhookId: z.string().openapi({ param: { name: 'webhookId', in: 'path' } }),
      }),
      body: jsonBody(replayIn),
    },
    responses: { 202: ok(z.object({ deliveryId: z.string() }).openapi('Replayed'), 'It is due.') },
  },
);

const pullRoute = defineRoute(
  { scope: 'events:pull' },
  {
    method: 'get',
    path: '/api/programs/{programId}/events',
    tags,
    summary: 'Pull the events of the publishers that the program subscribes to, in the order of the log',
    description:
      'Without `cursor` it begins behind what was acknowledged. Large events come a few at a time; go on until `nextCursor` is null. Deleted events come as tombstones.',
    request: {
      params: programParam,
      query: pageQuery.extend({
        cursor: z.string().max(cursorChars).optional(),
        publisher: z.string().max(25).optional(),
      }),
    },
    responses: {
      200: ok(
        z
          .object({
            items: z.array(eventOut),
            cursor: z.string().openapi({ description: 'For `ack`, and for the next pull.' }),
            nextCursor: z.string().nullable(),
          })
          .openapi('PulledEvents'),
        'A page, and the cursor behind it.',
      ),
    },
  },
);

const ackIn = z.strictObject({ cursor: z.string().max(cursorChars) }).openapi('AckIn');

const ackRoute = defineRoute(
  { scope: 'events:pull' },
  {
    method: 'post',
    path: '/api/programs/{programId}/events/ack',
    tags,
    summary: 'Store how far the program has pulled; moves `LastSyncUtc`, never back',
    request: { params: programParam, body: jsonBody(ackIn) },
    responses: { 204: noContent },
  },
);

export const eventRoutes = createRouter()
  .openapi(publishRoute, async (c) => {
    const isJsonLines = c.req.header('content-type') === jsonLines;
    const read = readEvents(await c.req.arrayBuffer(), isJsonLines);
    if ('several' in read) return c.json(await publishEvents(c.get('ctx'), read.several), 200);
    const [result] = await publishEvents(c.get('ctx'), [read.one]);
    return answerOne(c, result) as never;
  })
  .openapi(getRoute, async (c) => {
    const { id } = c.req.valid('param');
    const ctx = c.get('ctx');
    if (isEventId(id)) {
      const event = await findEvent(ctx, await programOf(ctx, id), id);
      if (!event) throw noSuchEvent();
      return rawJson(c, eventJson(event)) as never;
    }
    const { limit, cursor, since, until, category, type, order } = c.req.valid('query');
    const programId = await enterProgram(ctx, id);
    const filter = {
      sinceMs: since === undefined ? null : Date.parse(since),
      untilMs: until === undefined ? null : Date.parse(until),
      category: category ?? null,
      type: type ?? null,
    };
    const place = cursor === undefined ? null : decodeCursor(cursor, 'number')[0];
    if (order === 'newest') {
      const { rows, lookedTo } = await listNewestEvents(
        ctx,
        programId,
        { ...filter, before: place },
        limit + 1,
      );
      return pageOfEvents(c, rows, limit, lookedTo) as never;
    }
    const rows = await listEvents(ctx, programId, { ...filter, after: place ?? 0 }, limit + 1);
    return pageOfEvents(c, rows, limit) as never;
  })
  .openapi(deleteRoute, async (c) => {
    const { id } = c.req.valid('param');
    const ctx = c.get('ctx');
    if (!isEventId(id)) throw noSuchEvent();
    await deleteEvent(ctx, await programOf(ctx, id), id);
    return c.body(null, 204);
  })
  .openapi(pullRoute, async (c) => {
    const { limit, cursor = null, publisher = null } = c.req.valid('query');
    const asked = { publisherId: publisher, cursor, limit };
    const pulled = await pullEvents(c.get('ctx'), c.get('programId'), asked);
    const nextCursor = pulled.events.length > 0 ? pulled.cursor : null;
    linkNext(c, nextCursor);
    const tail = JSON.stringify({ cursor: pulled.cursor, nextCursor }).slice(1);
    return rawJson(c, `{"items":[${pulled.events.map(eventJson).join(',')}],${tail}`) as never;
  })
  .openapi(replayRoute, async (c) => {
    const { webhookId } = c.req.valid('param');
    const { eventId } = c.req.valid('json');
    const { deliveryId } = await replayEvent(c.get('ctx'), c.get('programId'), webhookId, eventId);
    return c.json({ deliveryId }, 202);
  })
  .openapi(ackRoute, async (c) => {
    await acknowledge(c.get('ctx'), c.get('programId'), c.req.valid('json').cursor);
    return c.body(null, 204);
  });

eventRoutes.openAPIRegistry.register('EventIn', eventIn);

function isEventId(id: string): boolean {
  return id.startsWith('evt_');
}

function answerOne(c: Context<ApiEnv>, result: Published | undefined): Response {
  if (!result) throw new Error('an event without a result');
  if (result.status === 'invalid') {
    throw new AppError(result.code, result.message, result.errors ? { issues: result.errors } : {});
  }
  c.header('location', `/api/events/${result.eventId}`);
  return c.body(null, result.status === 'created' ? 201 : 200);
}

/** A page of the log; the rows are one more than `limit` where it goes on, or it was looked at to a place. */
function pageOfEvents(
  c: Context<ApiEnv>,
  rows: Event[],
  limit: number,
  lookedTo: number | null = null,
): Response {
  const page = rows.slice(0, limit);
  const next = rows.length > limit ? page.at(-1)?.sequence : lookedTo;
  if (next !== null && next !== undefined) linkNext(c, encodeCursor([next]));
  return rawJson(c, `[${page.map(eventJson).join(',')}]`);
}

function rawJson(c: Context<ApiEnv>, text: string): Response {
  return c.body(text, 200, { 'content-type': 'application/json' });
}

async function enterProgram(ctx: Ctx, programId: string): Promise<string> {
  const program = await findProgram(ctx, programId);
  const { actor } = ctx;
  const isOwn =
    program &&
    (actor.kind === 'system' || (actor.kind === 'program' && actor.programId === program.programId));
  if (!program || !isOwn) throw new AppError('not_found', 'There is no such program, or it is not yours.');
  return program.programId;
}

async function programOf(ctx: Ctx, eventId: string): Promise<string> {
  if (ctx.actor.kind === 'program') return ctx.actor.programId;
  const programId = await programOfEvent(ctx, eventId);
  if (programId === null) throw noSuchEvent();
  return programId;
}

function noSuchEvent(): AppError {
  return new AppError('not_found', 'There is no such event.');
}
