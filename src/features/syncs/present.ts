import type { SyncWithCalls } from './run.ts';
import type { Quarantined, Sync } from './store.ts';

const toIso = (atMs: number) => new Date(atMs).toISOString();
const toIsoOrNull = (atMs: number | null) => (atMs === null ? null : toIso(atMs));

export function presentSync(sync: Sync) {
  const { syncId, publisherId, state, selected, rendered, ignored, quarantined, traceId } = sync;
  const unmapped = Object.entries(sync.unmapped).map(([category, events]) => ({
    category: category === '' ? null : category,
    events,
  }));
  const times = { openedAt: toIso(sync.openedAt), endedAt: toIsoOrNull(sync.endedAt) };
  return {
    syncId,
    publisherId,
    state,
    ...times,
    selected,
    rendered,
    ignored,
    quarantined,
    unmapped,
    traceId,
  };
}

export function withBatches({ sync, calls }: SyncWithCalls) {
  const batches = calls.map(({ processId, name, queueBatchId, rows, state, uncertain, deliveryId }) => ({
    importProcessId: processId,
    name,
    queueBatchId,
    rows,
    state,
    uncertain,
    deliveryId,
  }));
  return { ...presentSync(sync), batches };
}

export function presentQuarantined(row: Quarantined) {
  const { eventId, sequence, category, code, message, line, column, syncId } = row;
  const since = toIso(row.since);
  return { eventId, sequence, category, code, message, line, column, since, syncId, retrying: row.retry };
}
