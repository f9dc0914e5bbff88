import type { Ctx } from '../../context.ts';
import { decodeCursor, encodeCursor } from '../../platform/cursor.ts';
import { commit } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import {
  findSubscription,
  listSubscriptions,
  movePullCursors,
  type Subscription,
} from '../subscriptions/index.ts';
import type { Event } from './store.ts';
import { findAtSequence, listEventsOf } from './stretch.ts';

/**
 * Where a puller stands with each publisher: at `base`, but for the exceptions, and at the beginning with
 * those subscribed to since `baseAt`. So a new subscription's past is given out, a publisher that was
 * suspended goes on where it stood, and no event comes twice.
 */
interface PullCursor {
  /** The one publisher that it is about; empty for all of them. */
  publisher: string;
  base: number;
  baseAt: number;
  exceptions: Map<string, number>;
}

/** More publishers than this are pulled one by one, with `publisher`. */
const publishersAtOnce = 500;

/** The next events of the publishers that the program subscribes to, and the cursor behind the last one. */
export async function pullEvents(
  ctx: Ctx,
  programId: string,
  asked: { publisherId: string | null; cursor: string | null; limit: number },
): Promise<{ events: Event[]; cursor: string }> {
  const publisher = asked.publisherId?.toLowerCase() ?? '';
  const from = asked.cursor === null ? beginning(publisher) : readCursor(asked.cursor);
  if (from.publisher !== publisher) {
    throw new AppError(
      'cursor_invalid',
      'This cursor is of another publisher. Begin again without a cursor.',
    );
  }
  const subscriptions = await subscriptionsFor(ctx, programId, asked.publisherId);
  const stands = new Map(subscriptions.map((one) => [one.publisherId, positionOf(from, one)]));
  const active = subscriptions.filter((one) => one.suspendedAt === null).map((one) => one.publisherId);
  const events = await listEventsOf(
    ctx,
    active.map((id) => [id, stands.get(id) ?? 0]),
    asked.limit,
  );
  // Nothing more of any: what comes later has a higher sequence than all that was given out.
  const end = events.at(-1)?.sequence ?? Math.max(0, ...active.map((id) => stands.get(id) ?? 0));
  for (const id of active) stands.set(id, Math.max(end, stands.get(id) ?? 0));
  const baseAt = Math.max(0, ...subscriptions.map((one) => one.createdAt + 1));
  return { events, cursor: writeCursor(publisher, stands, end, baseAt) };
}

function positionOf({ base, baseAt, exceptions }: PullCursor, one: Subscription): number {
  const known = exceptions.get(one.publisherId) ?? (one.createdAt < baseAt ? base : 0);
  return Math.max(known, one.pullCursor);
}

/** Stores how far the program has pulled, and moves `LastSyncUtc`; never back. */
export async function acknowledge(ctx: Ctx, programId: string, cursor: string): Promise<void> {
  const at = readCursor(cursor);
  const subscriptions = await subscriptionsFor(ctx, programId, at.publisher || null);
  const byPosition = new Map<number, string[]>();
  for (const one of subscriptions) {
    const sequence = positionOf(at, one);
    if (sequence > one.pullCursor)
      byPosition.set(sequence, [...(byPosition.get(sequence) ?? []), one.publisherId]);
  }
  const moves = await Promise.all(
    [...byPosition].map(async ([sequence, publisherIds]) => {
      const last = await findAtSequence(ctx, sequence);
      const atMs = last?.receivedAt ?? ctx.now();
      return [movePullCursors(ctx, programId, { sequence, atMs }, publisherIds)];
    }),
  );
  await commit(ctx.db, moves.flat());
}

function beginning(publisher: string): PullCursor {
  return { publisher, base: 0, baseAt: 0, exceptions: new Map() };
}

/** The base is where most stand. */
function writeCursor(publisher: string, stands: Map<string, number>, end: number, baseAt: number): string {
  const counts = new Map<number, number>();
  for (const position of stands.values()) counts.set(position, (counts.get(position) ?? 0) + 1);
  const [base = end] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [];
  const exceptions = [...stands].filter(([, position]) => position !== base);
  return encodeCursor([publisher, base, baseAt, JSON.stringify(exceptions)]);
}

function readCursor(text: string): PullCursor {
  const [publisher, base, baseAt, exceptions] = decodeCursor(text, 'string', 'number', 'number', 'string');
  return { publisher, base, baseAt, exceptions: new Map(readExceptions(exceptions)) };
}

function readExceptions(text: string): [string, number][] {
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.every(isException)) return list;
  } catch {
    // As below.
  }
  throw new AppError('cursor_invalid', 'This cursor is not one of this list. Begin again without a cursor.');
}

function isException(one: unknown): one is [string, number] {
  return Array.isArray(one) && typeof one[0] === 'string' && Number.isSafeInteger(one[1]);
}

async function subscriptionsFor(
  ctx: Ctx,
  programId: string,
  publisherId: string | null,
): Promise<Subscription[]> {
  if (publisherId === null) return listSubscriptions(ctx, programId, '', publishersAtOnce);
  const one = await findSubscription(ctx, programId, publisherId);
  if (!one) throw new AppError('not_found', `${programId} does not subscribe to this publisher.`);
  if (one.suspendedAt !== null) {
    throw new AppError('forbidden', 'The publisher withholds its events from this program.');
  }
  return [one];
}
