import { and, eq, isNotNull, isNull, lt, sql } from 'drizzle-orm';
import type { Ctx, Lifecycle, SealedColumn } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { credentialsIdentity } from './credentials.ts';
import { listDeletedExports } from './exports.system.ts';
import { objectKeys, type Run } from './store.ts';
import { exportFiles, exportRuns, exports } from './table.ts';

const dayMs = 86_400_000;
const runsAtOnce = 50;

/** Erases a bounded part of what deleted exports have left; the cron calls it until nothing is. */
export async function eraseExports(ctx: Ctx): Promise<number> {
  const deleted = await listDeletedExports(ctx, 5);
  for (const { programId, exportId } of deleted) {
    if (!(await eraseObjects(ctx, objectKeys.ofExport(programId, exportId)))) continue;
    if (!(await eraseRuns(ctx, eq(exportRuns.exportId, exportId)))) continue;
    await ctx.db.delete(exports).where(eq(exports.exportId, exportId));
  }
  return deleted.length;
}

async function eraseObjects(ctx: Ctx, prefix: string): Promise<boolean> {
  const page = await ctx.objects.list(prefix, { limit: 1_000 });
  await ctx.objects.delete(page.objects.map(({ key }) => key));
  return page.cursor === null;
}

/** True when none is left. */
async function eraseRuns(ctx: Ctx, condition: ReturnType<typeof and>): Promise<boolean> {
  const rows = await ctx.db.select({ runId: exportRuns.runId }).from(exportRuns).where(condition).limit(200);
  const ids = sql`(SELECT value FROM json_each(${JSON.stringify(rows.map(({ runId }) => runId))}))`;
  await commit(ctx.db, [
    ctx.db.delete(exportFiles).where(sql`${exportFiles.runId} IN ${ids}`),
    ctx.db.delete(exportRuns).where(sql`${exportRuns.runId} IN ${ids}`),
  ]);
  return rows.length < 200;
}

/** Of a monitor's row: there is such an export. */
export const watchedExport = sql`EXISTS (SELECT 1 FROM exports AS x WHERE x.export_id = monitors.watch_ref
  AND x.program_id = monitors.program_id AND x.deleted_at IS NULL)`;

export const exportsLifecycle: Lifecycle = {
  slice: 'exports',
  async deleted(ctx, programId) {
    if (!(await eraseObjects(ctx, `exports/${programId}/`))) return false;
    if (!(await eraseRuns(ctx, eq(exportRuns.programId, programId)))) return false;
    await ctx.db.delete(exports).where(eq(exports.programId, programId));
    return true;
  },
  async prune(ctx, programId, retention) {
    return (
      (await pruneFiles(ctx, programId, ctx.now() - (retention.exports ?? 90) * dayMs)) +
      (await pruneRuns(ctx, programId, ctx.now() - (retention.audit ?? 730) * dayMs)) +
      (await pruneTests(ctx, programId, ctx.now() - (retention.staged ?? 7) * dayMs))
    );
  },
};

/** Files go by their own retention; the night stays on record, and answers that they have gone. */
async function pruneFiles(ctx: Ctx, programId: string, before: number): Promise<number> {
  const rows: Run[] = await ctx.db
    .select()
    .from(exportRuns)
    .where(
      and(
        eq(exportRuns.programId, programId),
        lt(exportRuns.startedAt, before),
        isNull(exportRuns.erasedAt),
        isNotNull(exportRuns.endedAt),
      ),
    )
    .limit(runsAtOnce);
  for (const run of rows) {
    if (!(await eraseObjects(ctx, objectKeys.ofRun(run)))) continue;
    await commit(ctx.db, [
      ctx.db.delete(exportFiles).where(eq(exportFiles.runId, run.runId)),
      ctx.db.update(exportRuns).set({ erasedAt: ctx.now() }).where(eq(exportRuns.runId, run.runId)),
    ]);
  }
  return rows.length;
}

async function pruneRuns(ctx: Ctx, programId: string, before: number): Promise<number> {
  const old = ctx.db
    .select({ runId: exportRuns.runId })
    .from(exportRuns)
    .where(
      and(
        eq(exportRuns.programId, programId),
        lt(exportRuns.startedAt, before),
        isNotNull(exportRuns.erasedAt),
      ),
    )
    .limit(200);
  const done = await ctx.db.delete(exportRuns).where(sql`${exportRuns.runId} IN ${old}`);
  return done.meta.changes;
}

/** A test file is read as long as its delivery is tried: one attempt. The samples in it are nobody's. */
async function pruneTests(ctx: Ctx, programId: string, before: number): Promise<number> {
  const rows = await ctx.db
    .select({ exportId: exports.exportId })
    .from(exports)
    .where(and(eq(exports.programId, programId), isNull(exports.deletedAt)))
    .limit(200);
  let pruned = 0;
  for (const { exportId } of rows) {
    const page = await ctx.objects.list(objectKeys.test(programId, exportId, ''), { limit: 200 });
    const old = page.objects.filter(({ uploadedAtMs }) => uploadedAtMs < before);
    await ctx.objects.delete(old.map(({ key }) => key));
    pruned += old.length;
  }
  return pruned;
}

/** For the re-seal command. */
export const sealedExportColumns: SealedColumn = {
  name: 'exports.credentials',
  async list(ctx, keyId, limit) {
    const rows = await ctx.db
      .select({ exportId: exports.exportId, sealed: exports.credentials })
      .from(exports)
      // Not LIKE: it takes "_" for any character and "K1" for "k1".
      .where(sql`substr(${exports.credentials}, 1, ${keyId.length + 1}) <> ${`${keyId}.`}`)
      .limit(limit);
    return rows.map(({ exportId, sealed }) => ({
      sealed,
      identity: credentialsIdentity(exportId),
      write: (again: string) =>
        ctx.db
          .update(exports)
          .set({ credentials: again })
          // Unless it was changed in between.
          .where(and(eq(exports.exportId, exportId), eq(exports.credentials, sealed))),
    }));
  },
};
