import { and, eq, isNull } from 'drizzle-orm';
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

export function insertProgram(ctx: Ctx, row: Program) {
  return ctx.db.insert(programs).values(row);
}

export function updateProgram(ctx: Ctx, programId: string, change: Partial<Program>) {
  return ctx.db.update(programs).set(change).where(eq(programs.programId, programId));
}

export function removeProgram(ctx: Ctx, programId: string) {
  return ctx.db.delete(programs).where(eq(programs.programId, programId));
}
