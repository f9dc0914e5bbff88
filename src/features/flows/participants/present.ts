import type { Participant } from './store.ts';

/** A participant as the API shows it; what was removed is stored as an empty text, and shown as null. */
export function presentParticipant(row: Participant) {
  return {
    participantId: row.participantId,
    externalId: row.externalId,
    email: row.email || null,
    name: row.name || null,
    data: JSON.parse(row.data ?? 'null') as Record<string, unknown> | null,
    createdAt: new Date(row.createdAt).toISOString(),
    updatedAt: new Date(row.updatedAt).toISOString(),
  };
}
