import { and, asc, eq, gt, type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../../context.ts';
import type { Statement } from '../../../platform/d1.ts';
import { flowParticipants } from '../table.ts';

export type Participant = typeof flowParticipants.$inferSelect;

export interface ParticipantFilter {
  participantId?: number | undefined;
  externalId?: string | undefined;
}

export function listParticipants(
  ctx: Ctx,
  programId: string,
  flowId: number,
  filter: ParticipantFilter,
  after: number,
  limit: number,
): Promise<Participant[]> {
  const { participantId, externalId } = filter;
  return ctx.db
    .select()
    .from(flowParticipants)
    .where(
      and(
        eq(flowParticipants.programId, programId),
        eq(flowParticipants.flowId, flowId),
        gt(flowParticipants.participantId, after),
        participantId === undefined ? undefined : eq(flowParticipants.participantId, participantId),
        externalId === undefined ? undefined : eq(flowParticipants.externalId, externalId),
      ),
    )
    .orderBy(asc(flowParticipants.participantId))
    .limit(limit);
}

/** JSON text: an array of `[externalId, email, name, data]`, absent as null, removed as "" and as JSON null. */
export type ParticipantRows = string;

const given = (rows: ParticipantRows) => sql`(SELECT value ->> 0 AS external_id, value ->> 1 AS email,
  value ->> 2 AS name, value ->> 3 AS data FROM json_each(${rows}))`;

export interface SavedRow {
  externalId: string;
  id: number;
}
export interface KnownRow extends SavedRow {
  changed: 0 | 1;
}

/**
 * Of the rows given, those the flow has, and whether they would change anything there. CROSS JOIN keeps
 * SQLite to the order that is written: by itself it reads the JSON anew for each participant.
 */
export function selectKnown(ctx: Ctx, programId: string, flowId: number, rows: ParticipantRows): Statement {
  return ctx.db.run(sql`SELECT p.external_id AS externalId, p.participant_id AS id,
      coalesce(g.email, p.email) IS NOT p.email OR coalesce(g.name, p.name) IS NOT p.name
        OR coalesce(g.data, p.data) IS NOT p.data AS changed
    FROM ${given(rows)} AS g CROSS JOIN flow_participants p
    WHERE p.flow_id = ${flowId} AND p.external_id = g.external_id AND p.program_id = ${programId}`);
}

/** Adds or changes participants; gives back the id of each row it wrote. */
export function saveParticipants(
  ctx: Ctx,
  programId: string,
  flowId: number,
  rows: ParticipantRows,
): Statement {
  const at = ctx.now();
  return ctx.db.run(sql`INSERT INTO ${flowParticipants} (program_id, flow_id, external_id, email, name, data,
      created_at, updated_at)
    SELECT ${programId}, ${flowId}, g.external_id, g.email, g.name, g.data, ${at}, ${at}
    FROM ${given(rows)} AS g WHERE true
    ON CONFLICT (flow_id, external_id) DO UPDATE SET email = coalesce(excluded.email, email),
      name = coalesce(excluded.name, name), data = coalesce(excluded.data, data), updated_at = ${at}
    WHERE coalesce(excluded.email, email) IS NOT email OR coalesce(excluded.name, name) IS NOT name
      OR coalesce(excluded.data, data) IS NOT data
    RETURNING external_id AS externalId, participant_id AS id`);
}

/** True inside a transaction while the flow has the participant. */
export function isParticipant(programId: string, flowId: number, participantId: number): SQL {
  return sql`EXISTS (SELECT 1 FROM flow_participants WHERE participant_id = ${participantId}
    AND flow_id = ${flowId} AND program_id = ${programId})`;
}

export function removeParticipant(
  ctx: Ctx,
  programId: string,
  flowId: number,
  participantId: number,
): Statement {
  return ctx.db
    .delete(flowParticipants)
    .where(
      and(
        eq(flowParticipants.programId, programId),
        eq(flowParticipants.flowId, flowId),
        eq(flowParticipants.participantId, participantId),
      ),
    );
}
