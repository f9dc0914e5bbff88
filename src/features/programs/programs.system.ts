import { and, asc, eq, gt, isNotNull, isNull, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import type { Program } from './store.ts';
import { programs } from './table.ts';

/** Across tenants, for system keys and the cron: programs in the order of their ids, after `after`. */
export function livePrograms(ctx: Ctx, after: string, limit: number): Promise<Program[]> {
  return ctx.db
    .select()
    .from(programs)
    .where(and(isNull(programs.deletedAt), gt(programs.programId, after)))
    .orderBy(asc(programs.programId))
    .limit(limit);
}

/** Across tenants, for the nightly cron: every program's retention is to be looked after. */
export function markPruneDue(ctx: Ctx): Statement {
  return ctx.db.update(programs).set({ pruneDueAt: ctx.now() }).where(isNull(programs.deletedAt));
}

/** Across tenants, for the cron: programs whose retention is to be looked after, and what says it is done. */
export async function duePrograms(ctx: Ctx, limit: number): Promise<{ program: Program; done: Statement }[]> {
  const rows = await ctx.db
    .select()
    .from(programs)
    .where(and(isNotNull(programs.pruneDueAt), isNull(programs.deletedAt)))
    .limit(limit);
  return rows.map((program) => ({
    program,
    done: ctx.db.update(programs).set({ pruneDueAt: null }).where(eq(programs.programId, program.programId)),
  }));
}

/** Across tenants, for the cron: programs whose erasure is under way. */
export function deletingPrograms(ctx: Ctx, limit: number): Promise<Program[]> {
  // In no order, so that erasures that keep failing do not hold up the others.
  return ctx.db
    .select()
    .from(programs)
    .where(isNotNull(programs.deletedAt))
    .orderBy(sql`random()`)
    .limit(limit);
}

export interface NightlyProgram {
  programId: string;
  timeZone: string;
  atLocalTime: string;
  createdAt: number;
}

/** Across tenants, for the minute's step: programs whose subscriptions are synchronised nightly. */
export async function listNightlyPrograms(ctx: Ctx): Promise<NightlyProgram[]> {
  const rows = await ctx.db
    .select({
      programId: programs.programId,
      timeZone: programs.timeZone,
      atLocalTime: sql<string>`${programs.nightlySync} ->> 'atLocalTime'`,
      createdAt: programs.createdAt,
    })
    .from(programs)
    .where(and(isNull(programs.deletedAt), sql`${programs.nightlySync} ->> 'enabled' = 1`));
  return rows;
}
