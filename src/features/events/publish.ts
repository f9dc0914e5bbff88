import type { Ctx } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import type { InputIssue } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { canonicalJson } from '../../platform/json/raw.ts';
import { startDeliveries } from '../deliveries/index.ts';
import { announceEvents } from './announce.ts';
import type { ReadEvent } from './read.ts';
import { type Relations, withRelations } from './relations.ts';
import type { EnvelopeIn } from './schema.ts';
import { type Event, findKnownEvents, insertEvents, type NewEvent } from './store.ts';

export type Published =
  | { status: 'created' | 'duplicate'; eventId: string }
  | {
      status: 'invalid';
      code: 'invalid_input' | 'not_found' | 'conflict';
      message: string;
      errors?: InputIssue[];
    };

/**
 * Puts events into the log, in their order and in one transaction; good ones count whatever the bad ones
 * do. An event whose publisher's key (program, system, type, id) is known is a duplicate if it is equal.
 */
export async function publishEvents(ctx: Ctx, given: ReadEvent[]): Promise<Published[]> {
  const named = given.flatMap((one) => (one.ok ? [one.envelope.PublisherProgramId] : []));
  if (named.length === 0) return given.map((one) => refuseInput(one.ok ? [] : one.issues));
  const { actor } = ctx;
  return withRelations(ctx, actor.kind === 'program' ? [actor.programId] : named, (relations, guard) =>
    publishAmong(ctx, given, relations, guard),
  );
}

async function publishAmong(
  ctx: Ctx,
  given: ReadEvent[],
  relations: Relations,
  guard: Statement[],
): Promise<Published[]> {
  // Names as they were first written, by their lower case.
  const programs = new Map(relations.programs.map((programId) => [programId.toLowerCase(), programId]));
  const results = given.map((one) =>
    one.ok ? refuseProgram(one.envelope, programs) : refuseInput(one.issues),
  );
  const fresh: { index: number; event: NewEvent }[] = [];
  const byKey = new Map<string, number>();
  const again: { index: number; first: number; event: NewEvent }[] = [];
  for (const [index, one] of given.entries()) {
    if (!one.ok || results[index]) continue;
    const event = toEvent(ctx, one.envelope, one.data, programs);
    const key = JSON.stringify([event.programId, event.systemId, event.eventType, event.publisherEventId]);
    const first = byKey.get(key);
    if (first === undefined) {
      byKey.set(key, fresh.length);
      fresh.push({ index, event });
    } else again.push({ index, first, event });
  }
  const written = await write(
    ctx,
    fresh.map(({ event }) => event),
    relations,
    guard,
  );
  for (const [at, { index }] of fresh.entries()) results[index] = written[at]?.result ?? null;
  for (const { index, first, event } of again) {
    const stands = written[first]?.stands;
    results[index] = stands ? judgeKnown(event, stands) : null;
  }
  return results.map((result) => {
    if (!result) throw new Error('an event without a result');
    return result;
  });
}

type Standing = Pick<Event, 'eventId' | 'participantId' | 'category' | 'data' | 'startAt' | 'endAt'> & {
  deletedAt?: number | null;
};

async function write(
  ctx: Ctx,
  list: NewEvent[],
  relations: Relations,
  guard: Statement[],
): Promise<{ result: Published; stands: Standing }[]> {
  if (list.length === 0) return [];
  const receivedAt = ctx.now();
  const announced = await announceEvents(
    ctx,
    list.map((event) => ({ ...event, receivedAt })),
    relations,
  );
  const inserts = insertEvents(ctx, list, receivedAt);
  const committed = await commit(ctx.db, [...guard, ...inserts, ...announced.statements]);
  const done = committed.slice(guard.length, guard.length + inserts.length);
  startDeliveries(ctx, announced.deliveryIds);
  const written = list.map((event) => ({
    result: { status: 'created', eventId: event.eventId } as Published,
    stands: event as Standing,
  }));
  if (done.reduce((sum, { changes }) => sum + changes, 0) === list.length) return written;
  for (const { at, known } of await findKnownEvents(ctx, list)) {
    const event = list[at];
    if (event) written[at] = { result: judgeKnown(event, known), stands: known };
  }
  return written;
}

function refuseProgram({ PublisherProgramId }: EnvelopeIn, programs: Map<string, string>): Published | null {
  if (programs.has(PublisherProgramId.toLowerCase())) return null;
  return {
    status: 'invalid',
    code: 'not_found',
    message: 'PublisherProgramId: there is no such program, or it is not yours.',
  };
}

function refuseInput(errors: InputIssue[]): Published {
  const first = errors[0];
  const message = first ? `${first.path === '' ? '' : `${first.path}: `}${first.message}` : '';
  return { status: 'invalid', code: 'invalid_input', message: `The event is not valid: ${message}`, errors };
}

function toEvent(ctx: Ctx, given: EnvelopeIn, data: string, programs: Map<string, string>): NewEvent {
  const at = ctx.now();
  return {
    eventId: newId('evt', at),
    programId: programs.get(given.PublisherProgramId.toLowerCase()) ?? given.PublisherProgramId,
    systemId: given.PublisherSystemId,
    eventType: given.EventType,
    publisherEventId: given.PublisherEventId,
    participantId: given.PublisherParticipantId,
    category: given.PublisherEventCategory,
    data,
    startAt: given.EventStartUtc,
    endAt: given.EventEndUtc,
    traceId: newId('tra', at),
  };
}

function judgeKnown(event: NewEvent, known: Standing): Published {
  if (typeof known.deletedAt === 'number') {
    return conflict('An event with this key was deleted. Publish it under another PublisherEventId.');
  }
  if (isEqual(event, known)) return { status: 'duplicate', eventId: known.eventId };
  return conflict(
    `${known.eventId} has the same program, system, type and PublisherEventId, but says something else.`,
  );
}

function conflict(message: string): Published {
  return { status: 'invalid', code: 'conflict', message };
}

function isEqual(a: Standing, b: Standing): boolean {
  return (
    a.participantId === b.participantId &&
    a.startAt === b.startAt &&
    a.endAt === b.endAt &&
    a.category?.value === b.category?.value &&
    a.category?.label === b.category?.label &&
    (a.data === b.data || canonicalJson(a.data) === canonicalJson(b.data))
  );
}
