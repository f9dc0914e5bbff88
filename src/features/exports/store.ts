import { and, asc, desc, eq, gt, isNull, lt, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { exportFiles, exportRuns, exports } from './table.ts';

export type Export = typeof exports.$inferSelect;
export type Run = typeof exportRuns.$inferSelect;
export type ExportFile = typeof exportFiles.$inferSelect;

export const objectKeys = {
  ofExport: (programId: string, exportId: string) => `exports/${programId}/${exportId}/`,
  ofRun: (run: Run) => `exports/${run.programId}/${run.exportId}/${run.localDate}/`,
  file: (run: Run, name: string) => `${objectKeys.ofRun(run)}files/${name}`,
  staged: (run: Run) => `${objectKeys.ofRun(run)}stage/`,
  test: (programId: string, exportId: string, name: string) =>
    `exports/${programId}/${exportId}/test/${name}`,
};

export async function findExport(ctx: Ctx, programId: string, exportId: string): Promise<Export | null> {
  const [row] = await ctx.db
    .select()
    .from(exports)
    .where(and(eq(exports.programId, programId), eq(exports.exportId, exportId), isNull(exports.deletedAt)))
    .limit(1);
  return row ?? null;
}

export function listExports(ctx: Ctx, programId: string, after: string, limit: number): Promise<Export[]> {
  return ctx.db
    .select()
    .from(exports)
    .where(and(eq(exports.programId, programId), isNull(exports.deletedAt), gt(exports.exportId, after)))
    .orderBy(asc(exports.exportId))
    .limit(limit);
}

export function insertExport(ctx: Ctx, row: Export): Statement {
  return ctx.db.insert(exports).values(row);
}

/** @param was where its last change must still be this one: else the whole transaction fails (NOT NULL) */
export function updateExport(
  ctx: Ctx,
  programId: string,
  exportId: string,
  change: Partial<Export>,
  was: number | null = null,
): Statement {
  const isStill = sql<number>`CASE WHEN updated_at = ${was} THEN ${change.updatedAt ?? was} END`;
  return ctx.db
    .update(exports)
    .set(was === null ? change : { ...change, updatedAt: isStill })
    .where(and(eq(exports.programId, programId), eq(exports.exportId, exportId)));
}

/** Begins a night once, whoever decides it: the export moves on with it, in one transaction. */
export function beginRun(ctx: Ctx, from: Export, run: Run, next: Partial<Export>): Statement[] {
  return [
    ctx.db.insert(exportRuns).values(run).onConflictDoNothing(),
    ctx.db
      .update(exports)
      .set({ ...next, lastLocalDate: run.localDate, bound: run.lastSequence })
      .where(and(eq(exports.exportId, from.exportId), eq(exports.lastLocalDate, from.lastLocalDate))),
  ];
}

export async function findRun(
  ctx: Ctx,
  programId: string,
  exportId: string,
  localDate: string,
): Promise<Run | null> {
  const [row] = await ctx.db
    .select()
    .from(exportRuns)
    .where(
      and(
        eq(exportRuns.programId, programId),
        eq(exportRuns.exportId, exportId),
        eq(exportRuns.localDate, localDate),
      ),
    )
    .limit(1);
  return row ?? null;
}

/** Newest first, before a date. */
export function listRuns(
  ctx: Ctx,
  programId: string,
  exportId: string,
  before: string | null,
  limit: number,
): Promise<Run[]> {
  return ctx.db
    .select()
    .from(exportRuns)
    .where(
      and(
        eq(exportRuns.programId, programId),
        eq(exportRuns.exportId, exportId),
        before === null ? undefined : lt(exportRuns.localDate, before),
      ),
    )
    .orderBy(desc(exportRuns.localDate))
    .limit(limit);
}

/** True while a night of the export is still being written: the next one waits for it. */
export async function isWriting(ctx: Ctx, programId: string, exportId: string): Promise<boolean> {
  const rows = await ctx.db
    .select({ runId: exportRuns.runId })
    .from(exportRuns)
    .where(
      and(
        eq(exportRuns.programId, programId),
        eq(exportRuns.exportId, exportId),
        sql`${exportRuns.status} IN ('due', 'writing', 'written')`,
      ),
    )
    .limit(1);
  return rows.length > 0;
}

/** Takes the lease if nobody has it. */
export function claimRun(ctx: Ctx, run: Run, token: string, untilMs: number): Statement {
  return ctx.db
    .update(exportRuns)
    .set({ leaseToken: token, leaseUntil: untilMs, status: run.status === 'due' ? 'writing' : run.status })
    .where(
      and(
        eq(exportRuns.runId, run.runId),
        sql`(lease_token IS NULL OR lease_until <= ${ctx.now()})`,
        sql`${exportRuns.status} IN ('due', 'writing', 'written')`,
      ),
    );
}

/** Changes a run that we hold; no change when the lease went to another. */
export function updateHeld(ctx: Ctx, runId: string, token: string, change: Partial<Run>): Statement {
  return ctx.db
    .update(exportRuns)
    .set(change)
    .where(and(eq(exportRuns.runId, runId), eq(exportRuns.leaseToken, token)));
}

export function updateRun(ctx: Ctx, runId: string, change: Partial<Run>, was?: Run['status']): Statement {
  return ctx.db
    .update(exportRuns)
    .set(change)
    .where(and(eq(exportRuns.runId, runId), was === undefined ? undefined : eq(exportRuns.status, was)));
}

export function saveFile(ctx: Ctx, file: ExportFile): Statement {
  return ctx.db
    .insert(exportFiles)
    .values(file)
    .onConflictDoUpdate({ target: [exportFiles.runId, exportFiles.name], set: file });
}

export function listFiles(ctx: Ctx, programId: string, runId: string): Promise<ExportFile[]> {
  return ctx.db
    .select()
    .from(exportFiles)
    .where(and(eq(exportFiles.programId, programId), eq(exportFiles.runId, runId)))
    .orderBy(asc(exportFiles.name));
}

/** Says that a file goes out with this delivery; a manifest has none before its file has arrived. */
export function sendFile(ctx: Ctx, runId: string, name: string, deliveryId: string | null): Statement {
  return ctx.db
    .update(exportFiles)
    .set({ deliveryId, status: 'waiting', reason: null, evidence: null, endedAt: null })
    .where(and(eq(exportFiles.runId, runId), eq(exportFiles.name, name)));
}

/** The same for a manifest, once for each send: a file that is delivered again by hand leaves it as it is. */
export function sendManifest(ctx: Ctx, runId: string, name: string, deliveryId: string): Statement {
  return ctx.db
    .update(exportFiles)
    .set({ deliveryId, status: 'waiting', reason: null, endedAt: null })
    .where(and(eq(exportFiles.runId, runId), eq(exportFiles.name, name), isNull(exportFiles.deliveryId)));
}

/** Says how a delivery of a file stands; one that a later send replaced says nothing any more. */
export function markFile(
  ctx: Ctx,
  deliveryId: string,
  runId: string,
  change: Partial<ExportFile>,
): Statement {
  return ctx.db
    .update(exportFiles)
    .set(change)
    .where(and(eq(exportFiles.runId, runId), eq(exportFiles.deliveryId, deliveryId)));
}

/** A manifest whose file does not arrive does not either. */
export function dropManifest(ctx: Ctx, runId: string, name: string, reason: string): Statement {
  return ctx.db
    .update(exportFiles)
    .set({ status: 'exhausted', reason, endedAt: ctx.now() })
    .where(and(eq(exportFiles.runId, runId), eq(exportFiles.name, name)));
}
