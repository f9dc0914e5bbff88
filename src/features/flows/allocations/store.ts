import { and, asc, eq, gt, type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../../context.ts';
import type { Statement } from '../../../platform/d1.ts';
import type { Participant } from '../participants/store.ts';
import type { Source } from '../sources/store.ts';
import { allocations, externalSources, flowParticipants } from '../table.ts';

export interface AllocatableRow {
  id: number;
  allocated: 0 | 1;
}

/**
 * Of the ids given, those of participants of the flow, and whether the source has them already. CROSS JOIN:
 * the list is read once, whatever SQLite thinks of the participants.
 */
export function selectAllocatable(ctx: Ctx, source: Source, participantIds: number[]): Statement {
  return ctx.db.run(sql`SELECT p.participant_id AS id, a.participant_id IS NOT NULL AS allocated
    FROM json_each(${JSON.stringify(participantIds)}) AS given
    CROSS JOIN flow_participants p
    LEFT JOIN allocations a ON a.source_id = ${source.sourceId} AND a.participant_id = p.participant_id
    WHERE p.participant_id = given.value AND p.program_id = ${source.programId} AND p.flow_id = ${source.flowId}`);
}

/** Adds those that are participants of the source's flow; those it has already change nothing. */
export function insertAllocations(ctx: Ctx, source: Source, participantIds: number[]): Statement {
  return ctx.db.run(sql`INSERT INTO ${allocations} (source_id, participant_id, program_id, allocated_at)
    SELECT ${source.sourceId}, p.participant_id, ${source.programId}, ${ctx.now()}
    FROM json_each(${JSON.stringify(participantIds)}) AS given
    CROSS JOIN flow_participants p
    WHERE p.participant_id = given.value AND p.program_id = ${source.programId} AND p.flow_id = ${source.flowId} ON CONFLICT DO NOTHING`);
}

/** True inside a transaction while the source has the participant. */
export function isAllocated(source: Source, participantId: number): SQL {
  return sql`EXISTS (SELECT 1 FROM allocations WHERE source_id = ${source.sourceId}
    AND participant_id = ${participantId} AND program_id = ${source.programId})`;
}

export function removeAllocation(ctx: Ctx, source: Source, participantId: number): Statement {
  return ctx.db
    .delete(allocations)
    .where(
      and(
        eq(allocations.programId, source.programId),
        eq(allocations.sourceId, source.sourceId),
        eq(allocations.participantId, participantId),
      ),
    );
}

export function removeAllocationsOf(ctx: Ctx, programId: string, sourceId: number): Statement {
  return ctx.db
    .delete(allocations)
    .where(and(eq(allocations.programId, programId), eq(allocations.sourceId, sourceId)));
}

export function removeAllocationsOfParticipant(
  ctx: Ctx,
  programId: string,
  participantId: number,
): Statement {
  return ctx.db
    .delete(allocations)
    .where(and(eq(allocations.programId, programId), eq(allocations.participantId, participantId)));
}

/**
 * Counts those of the ids given that `insertAllocations` is about to add, before it in the same transaction: what
 * a call costs goes by what it brings, not by what the source has.
 */
export function countNew(ctx: Ctx, source: Source, participantIds: number[]): Statement {
  const { programId, flowId, sourceId } = source;
  return ctx.db.run(sql`UPDATE external_sources SET allocated = allocated + (SELECT count(DISTINCT p.participant_id)
      FROM json_each(${JSON.stringify(participantIds)}) AS given CROSS JOIN flow_participants AS p
      WHERE p.participant_id = given.value AND p.program_id = ${programId} AND p.flow_id = ${flowId}
        AND NOT EXISTS (SELECT 1 FROM allocations AS a
          WHERE a.source_id = ${sourceId} AND a.participant_id = p.participant_id))
    WHERE source_id = ${sourceId} AND program_id = ${programId}`);
}

/** Before `removeAllocation`, in the same transaction: one less, if the source has the participant. */
export function countOneLess(ctx: Ctx, source: Source, participantId: number): Statement {
  return ctx.db.run(sql`UPDATE external_sources SET allocated = allocated - 1
    WHERE source_id = ${source.sourceId} AND program_id = ${source.programId}
      AND ${isAllocated(source, participantId)}`);
}

/** With `removeAllocationsOf`, in the same transaction. */
export function countNone(ctx: Ctx, { programId, sourceId }: Source): Statement {
  return ctx.db.run(sql`UPDATE external_sources SET allocated = 0
    WHERE source_id = ${sourceId} AND program_id = ${programId}`);
}

/** Of each source that has the participant; it comes before the removal. */
export function countWithout(ctx: Ctx, programId: string, participantId: number): Statement {
  return ctx.db.run(sql`UPDATE external_sources SET allocated = allocated - 1
    WHERE program_id = ${programId} AND source_id IN (SELECT a.source_id FROM allocations AS a
      WHERE a.participant_id = ${participantId} AND a.program_id = ${programId})`);
}

/** The participants of a source, in the order of their ids. */
export async function listAllocated(
  ctx: Ctx,
  source: Source,
  after: number,
  limit: number,
): Promise<Participant[]> {
  const rows = await ctx.db
    .select({ participant: flowParticipants })
    .from(allocations)
    .innerJoin(flowParticipants, eq(flowParticipants.participantId, allocations.participantId))
    .where(
      and(
        eq(allocations.sourceId, source.sourceId),
        eq(allocations.programId, source.programId),
        gt(allocations.participantId, after),
      ),
    )
    .orderBy(asc(allocations.participantId))
    .limit(limit);
  return rows.map((row) => row.participant);
}

/** The sources a participant is allocated to, in the order of their ids. */
export async function listSourcesOfParticipant(
  ctx: Ctx,
  programId: string,
  flowId: number,
  participantId: number,
  after: number,
  limit: number,
): Promise<Source[]> {
  const rows = await ctx.db
    .select({ source: externalSources })
    .from(allocations)
    .innerJoin(externalSources, eq(externalSources.sourceId, allocations.sourceId))
    .where(
      and(
        eq(allocations.participantId, participantId),
        eq(externalSources.programId, programId),
        eq(externalSources.flowId, flowId),
        gt(externalSources.sourceId, after),
      ),
    )
    .orderBy(asc(externalSources.sourceId))
    .limit(limit);
  return rows.map((row) => row.source);
}
