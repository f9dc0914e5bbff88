import type { InputIssue } from '../../../platform/errors.ts';
import { type ParticipantIn, participantIn } from './schema.ts';
import type { ParticipantRows } from './store.ts';

export type Judged = { participant: ParticipantIn } | { externalId: string | null; errors: InputIssue[] };

/** Each item by itself; of those with the same externalId the first counts. Pure. */
export function judgeParticipants(items: unknown[]): Judged[] {
  const seen = new Set<string>();
  return items.map((item) => {
    const parsed = participantIn.safeParse(item);
    if (!parsed.success) {
      const errors = parsed.error.issues.map(({ path, code, message }) => ({
        path: path.join('.'),
        code,
        message,
      }));
      return { externalId: externalIdOf(item), errors };
    }
    const { externalId } = parsed.data;
    if (seen.has(externalId)) {
      const message = 'This externalId stood earlier in the list, and that item counts.';
      return { externalId, errors: [{ path: 'externalId', code: 'repeated', message }] };
    }
    seen.add(externalId);
    return { participant: parsed.data };
  });
}

function externalIdOf(item: unknown): string | null {
  const isObject = typeof item === 'object' && item !== null && 'externalId' in item;
  return isObject && typeof item.externalId === 'string' ? item.externalId.slice(0, 200) : null;
}

/** A D1 value ends at 2 MB, of which UTF-8 may need three bytes per character. */
const chunkChars = 500_000;

/** The rows as JSON texts that each fit one bound value. */
export function toRowChunks(participants: ParticipantIn[]): ParticipantRows[] {
  const chunks: ParticipantRows[] = [];
  let rows: string[] = [];
  let size = 0;
  for (const participant of participants) {
    const row = toRow(participant);
    if (size + row.length > chunkChars && rows.length > 0) {
      chunks.push(`[${rows.join(',')}]`);
      rows = [];
      size = 0;
    }
    rows.push(row);
    size += row.length + 1;
  }
  if (rows.length > 0) chunks.push(`[${rows.join(',')}]`);
  return chunks;
}

function toRow({ externalId, email, name, data }: ParticipantIn): string {
  const text = (value: string | null | undefined) => (value === null ? '' : (value ?? null));
  return JSON.stringify([
    externalId,
    text(email),
    text(name),
    data === undefined ? null : JSON.stringify(data),
  ]);
}
