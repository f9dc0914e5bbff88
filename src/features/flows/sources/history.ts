import type { Ctx } from '../../../context.ts';
import { listDeliveriesOfMessages } from '../../deliveries/index.ts';
import { messageOfRequest } from './request.ts';
import { type HistoryFilter, listHistory } from './requests.ts';

const isoOrNull = (atMs: number | null) => (atMs === null ? null : new Date(atMs).toISOString());

/** Requests at each of their sources, with what told the integration; `next` is where the list goes on. */
export async function readHistory(
  ctx: Ctx,
  programId: string,
  flowId: number,
  filter: HistoryFilter,
  before: number | null,
  limit: number,
) {
  const rows = await listHistory(ctx, programId, flowId, filter, before, limit + 1);
  const kept = rows.slice(0, limit);
  const messageIds = [...new Set(kept.map(({ part }) => messageOfRequest(part.requestId)))];
  const deliveries = await listDeliveriesOfMessages(ctx, programId, messageIds);
  const items = kept.map(({ part, request }) => ({
    requestId: part.requestId,
    sourceId: part.sourceId,
    reference: part.reference,
    state: part.outcome,
    requestedBy: request.requestedBy,
    requestedAt: new Date(request.requestedAt).toISOString(),
    endedBy: part.endedBy,
    endedAt: isoOrNull(part.endedAt),
    durationMs: part.endedAt === null ? null : part.endedAt - request.requestedAt,
    message: part.message,
    traceId: request.traceId,
    deliveries: deliveries
      .filter(({ messageId }) => messageId === messageOfRequest(part.requestId))
      .map(({ deliveryId, status, attemptsTotal, endedAt }) => ({
        deliveryId,
        status,
        attemptCount: attemptsTotal,
        endedAt: isoOrNull(endedAt),
      })),
  }));
  const last = kept.at(-1);
  return { items, next: rows.length > limit && last ? last.part.sequence : null };
}
