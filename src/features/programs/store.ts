import { and, eq, isNull, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { programs } from './table.ts';

export type Program = typeof programs.$inferSelect;

/** The program a caller names, in whatever letter case; null when there is none, or it is being deleted. */
export async function findProgram(ctx: Ctx, programId: string): Promise<Program | null> {
  const [row] = await ctx.db
    .select()
    .from(programs)
    .where(and(eq(programs.foldedId, programId.toLowerCase()), isNull(programs.deletedAt)))
    .limit(1);
  return row ?? null;
}

/** What every page of a program begins with. */
export interface Entrance {
  programId: string;
  name: string;
  timeZone: string;
}

/** The program of an id as a value among others of a SELECT; null where there is none. */
export function entranceTo(programId: string) {
  return sql<string>`(SELECT json_object('programId', program_id, 'name', name, 'timeZone', time_zone)
    FROM programs WHERE folded_id = ${programId.toLowerCase()} AND deleted_at IS NULL)`.mapWith(
    (value: string): Entrance => JSON.parse(value),
  );
}

export function insertProgram(ctx: Ctx, row: Program) {
  return ctx.db.insert(programs).values(row);
}

export function updateProgram(ctx: Ctx, programId: string, change: Partial<Program>) {
  return ctx.db.update(programs).set(change).where(eq(programs.programId, programId));
}

export function removeProgram(ctx: Ctx, programId: string) {
  return ctx.db.delete(programs).where(eq(programs.programId, programId));
}
