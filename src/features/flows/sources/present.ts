import { stateLabels } from '../states.ts';
import type { Source } from './store.ts';

const isoOrNull = (atMs: number | null) => (atMs === null ? null : new Date(atMs).toISOString());

/** A source as the API shows it. */
export function presentSource(source: Source) {
  return {
    id: source.sourceId,
    reference: source.reference,
    description: source.description,
    state: source.state,
    label: stateLabels[source.state],
    message: source.message,
    lastRequestedSync: isoOrNull(source.lastRequestedAt),
    lastSync: isoOrNull(source.lastSyncAt),
    allocated: source.allocated,
    requestId: source.requestId,
    deadline: isoOrNull(source.deadlineAt),
    createdAt: new Date(source.createdAt).toISOString(),
    updatedAt: new Date(source.updatedAt).toISOString(),
  };
}
