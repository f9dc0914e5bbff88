import type { Ctx } from '../../context.ts';
import type { Announced } from '../deliveries/index.ts';
import { announceEvents } from './announce.ts';
import { readRelations } from './relations.ts';
import { type ChangeEvent, type ChangesOf, insertChangeEvents } from './store.ts';

/**
 * What publishes a chunk of a job's changes, and tells endpoints of it; what was published before adds
 * nothing. Its JSON stays below 1 MB, which is the caller's to see to.
 */
export async function publishChanges(ctx: Ctx, of: ChangesOf, changes: ChangeEvent[]): Promise<Announced> {
  const { programId, eventType, category, atMs, traceId } = of;
  const announced = await announceEvents(
    ctx,
    changes.map(({ eventId, publisherEventId, data, change, recordKey }) => ({
      eventId,
      programId,
      systemId: '',
      eventType,
      publisherEventId,
      participantId: null,
      category,
      data,
      startAt: atMs,
      endAt: null,
      receivedAt: atMs,
      traceId,
      change,
      recordKey,
    })),
    await readRelations(ctx, [programId.toLowerCase()]),
  );
  return { ...announced, statements: [insertChangeEvents(ctx, of, changes), ...announced.statements] };
}
