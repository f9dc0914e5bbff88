import { sql } from 'drizzle-orm';
import type { Ctx } from '../../../context.ts';
import { type SourceState, stateLabels } from '../states.ts';

/** Each costs one look into an index: of a program with more flows the latest are looked at. */
export const flowsLookedAt = 1_000;
const flowsAtMost = 50;

interface Row {
  flowId: number;
  code: string;
  title: string;
  archivedAt: number | null;
  participantId: number;
  sources: string;
}

/** The flows that have a participant of this external id, the latest first, each with its sources. */
export async function findAllocations(
  ctx: Ctx,
  programId: string,
  externalId: string,
  flowId: number | null,
) {
  const rows =
    await ctx.db.all<Row>(sql`SELECT f.flow_id AS flowId, f.code, f.title, f.archived_at AS archivedAt,
      p.participant_id AS participantId,
      (SELECT json_group_array(json_object('id', s.source_id, 'reference', s.reference, 'description', s.description,
          'state', s.state))
        FROM allocations AS a CROSS JOIN external_sources AS s ON s.source_id = a.source_id
        WHERE a.participant_id = p.participant_id AND s.program_id = f.program_id AND s.flow_id = f.flow_id) AS sources
    FROM (SELECT flow_id, program_id, code, title, archived_at FROM flows
        WHERE program_id = ${programId} AND deleted_at IS NULL AND (${flowId} IS NULL OR flow_id = ${flowId})
        ORDER BY flow_id DESC LIMIT ${flowsLookedAt}) AS f
      CROSS JOIN flow_participants AS p ON p.flow_id = f.flow_id AND p.external_id = ${externalId}
    WHERE p.program_id = ${programId} ORDER BY f.flow_id DESC LIMIT ${flowsAtMost}`);
  return rows.map(({ archivedAt, sources, ...row }) => ({
    ...row,
    archived: archivedAt !== null,
    sources: (JSON.parse(sources) as FoundSource[])
      .sort((a, b) => a.id - b.id)
      .map((one) => ({ ...one, label: stateLabels[one.state] })),
  }));
}

interface FoundSource {
  id: number;
  reference: string;
  description: string;
  state: SourceState;
}
