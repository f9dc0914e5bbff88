import { z } from '@hono/zod-openapi';
import {
  createRouter,
  defineRoute,
  isoTime,
  ok,
  pageQuery,
  programParam,
  toIso,
  toIsoOrNull,
} from '../../http.ts';
import { AppError } from '../../platform/errors.ts';
import { deliveryOut, presentDelivery } from '../deliveries/index.ts';
import { findProgram } from '../programs/index.ts';
import { findAnything, foundKinds } from './find.ts';
import { followKind, followTrace, stepKinds } from './follow.ts';
import { whyCodes, whyNot } from './why.ts';

const tags = ['Webhooks and deliveries'];

const traceOut = z
  .object({
    traceId: z.string(),
    programId: z.string(),
    steps: z.array(
      z.object({
        kind: z.enum(stepKinds),
        id: z.string(),
        at: isoTime,
        startedAt: isoTime.nullable().openapi({ description: 'When the work on it began, where it waited.' }),
        endedAt: isoTime.nullable(),
        status: z.string().nullable(),
        name: z.string(),
      }),
    ),
    nextCursors: z.partialRecord(z.enum(stepKinds), z.string()).openapi({
      description: 'Of each kind that goes on, the cursor of its next page: `?kind=event&cursor=…`.',
    }),
  })
  .openapi('Trace');

export type TraceOut = z.output<typeof traceOut>;

const traceRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/traces/{traceId}',
    tags,
    summary: 'Everything that one file, event or request became',
    request: {
      params: z.object({ traceId: z.string().openapi({ param: { name: 'traceId', in: 'path' } }) }),
      query: z.object({
        program: z.string().max(25).optional().openapi({ description: 'For a system key: whose trace.' }),
        kind: z.enum(stepKinds).optional().openapi({ description: 'Of this kind alone, page by page.' }),
        limit: pageQuery.shape.limit.default(200).openapi({ description: 'At most so many of each kind.' }),
        cursor: z
          .string()
          .max(2_000)
          .optional()
          .openapi({ description: 'From `nextCursors`, with the `kind` that it is of.' }),
      }),
    },
    responses: {
      200: ok(
        traceOut,
        'In the order of time; of each kind the first, and `nextCursors` where more follow. A page of ' +
          'deliveries may be short, or empty, and go on: they are found through what they tell of.',
      ),
    },
  },
);

const foundOut = z
  .object({
    kind: z.enum(foundKinds),
    id: z.string().openapi({
      description: 'Of a night its export’s, of a recovery its endpoint’s, of a file its folder.',
    }),
    part: z.string().nullable().openapi({ description: 'A night’s date, a recovery’s id, a file’s name.' }),
  })
  .openapi('Found');

export type FoundOut = z.output<typeof foundOut>;

const findRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/find',
    tags,
    summary: 'What an id of any kind, a message’s id or a name stands for',
    request: { params: programParam, query: z.object({ q: z.string().trim().min(1).max(300) }) },
    responses: { 200: ok(foundOut, 'The first that has this id or name.') },
  },
);

const whyRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/webhooks/{webhookId}/why',
    tags,
    summary: 'Why an event or a job reached this endpoint, or did not',
    request: {
      params: programParam.extend({
        webhookId: z.string().openapi({ param: { name: 'webhookId', in: 'path' } }),
      }),
      query: z.object({
        event: z
          .string()
          .max(100)
          .optional()
          .openapi({ description: 'Which one: the id of an event (`evt_…`) or of a job (`job_…`).' }),
      }),
    },
    responses: {
      200: ok(
        z
          .object({ code: z.enum(whyCodes), reason: z.string(), deliveries: z.array(deliveryOut) })
          .openapi('Why'),
        'The answer, with the deliveries where it was due.',
      ),
    },
  },
);

const nothing = 'There is nothing of such a trace, or it is not yours.';

export const traceRoutes = createRouter()
  .openapi(traceRoute, async (c) => {
    const ctx = c.get('ctx');
    const { traceId } = c.req.valid('param');
    const { program: named, kind, limit, cursor } = c.req.valid('query');
    if (cursor !== undefined && kind === undefined)
      throw new AppError('cursor_invalid', 'Say with ?kind= of which kind this cursor is.');
    let programId = ctx.actor.kind === 'program' ? ctx.actor.programId : undefined;
    if (programId === undefined) {
      if (named === undefined)
        throw new AppError(
          'program_required',
          'A system key names the program: /api/traces/{traceId}?program=….',
        );
      programId = (await findProgram(ctx, named))?.programId;
    }
    if (programId === undefined) throw new AppError('not_found', nothing);
    const { steps, nextCursors } =
      kind === undefined
        ? await followTrace(ctx, programId, traceId, limit)
        : await followKind(ctx, programId, traceId, { kind, cursor, limit });
    // Of one kind there may be none, or none on this page, of a trace that is there.
    const isThere = steps.length > 0 || kind === undefined ? null : followTrace(ctx, programId, traceId, 1);
    if (steps.length === 0 && !((await isThere)?.steps.length ?? 0)) throw new AppError('not_found', nothing);
    const shown = steps.map(({ kind: ofKind, id, atMs, startedMs, endedMs, status, name }) => ({
      kind: ofKind,
      id,
      at: toIso(atMs),
      startedAt: toIsoOrNull(startedMs),
      endedAt: toIsoOrNull(endedMs),
      status,
      name,
    }));
    return c.json({ traceId, programId, steps: shown, nextCursors }, 200);
  })
  .openapi(findRoute, async (c) => {
    const found = await findAnything(c.get('ctx'), c.get('programId'), c.req.valid('query').q);
    if (!found) throw new AppError('not_found', 'Nothing of this program has such an id or name.');
    return c.json({ kind: found.kind as FoundOut['kind'], id: String(found.id), part: found.part }, 200);
  })
  .openapi(whyRoute, async (c) => {
    const { webhookId } = c.req.valid('param');
    const { event } = c.req.valid('query');
    const { code, reason, deliveries } = await whyNot(
      c.get('ctx'),
      c.get('programId'),
      webhookId,
      event ?? null,
    );
    return c.json({ code, reason, deliveries: deliveries.map(presentDelivery) }, 200);
  });
