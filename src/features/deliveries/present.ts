import { parkedAt } from './announced.ts';
import type { ListedDelivery } from './ledger.ts';
import type { Attempt } from './table.ts';

const iso = (atMs: number) => new Date(atMs).toISOString();
const isoOrNull = (atMs: number | null) => (atMs === null ? null : iso(atMs));

/** As the API prints a row of the ledger. */
export function presentDelivery(row: ListedDelivery) {
  return {
    deliveryId: row.deliveryId,
    programId: row.programId,
    webhookId: row.endpointId === '' ? null : row.endpointId,
    channel: row.channel,
    type: row.type,
    messageId: row.messageId,
    target: row.target,
    traceId: row.traceId,
    about: row.about,
    status: row.status,
    reason: row.reason,
    uncertain: row.uncertain,
    attemptCount: row.attemptsTotal,
    nextAttemptAt: row.nextAttemptAt === parkedAt ? null : isoOrNull(row.nextAttemptAt),
    createdAt: iso(row.createdAt),
    endedAt: isoOrNull(row.endedAt),
  };
}

export function presentAttempt(row: Attempt) {
  return {
    startedAt: iso(row.startedAt),
    durationMs: row.durationMs,
    status: row.status,
    failure: row.failure,
    detail: row.detail,
    excerpt: row.excerpt,
  };
}
