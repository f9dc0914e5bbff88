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

/** Those of the named programs that there are, in whatever letter case they are named. */
export async function findProgramIds(ctx: Ctx, programIds: string[]): Promise<string[]> {
  const folded = JSON.stringify(programIds.map((id) => id.toLowerCase()));
  const rows = await ctx.db
    .select({ programId: programs.programId })
    .from(programs)
    .where(
      and(sql`${programs.foldedId} IN (SELECT value FROM json_each(${folded}))`, isNull(programs.deletedAt)),
    );
  return rows.map((row) => row.programId);
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
