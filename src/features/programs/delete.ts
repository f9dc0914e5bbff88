import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { recordAudit } from '../audit/index.ts';
import { deletingPrograms } from './programs.system.ts';
import { removeProgram, updateProgram } from './store.ts';

/** From here on the program answers 404; what it holds is erased in bounded parts, begun at once. */
export async function deleteProgram(ctx: Ctx, programId: string): Promise<void> {
  await commit(ctx.db, [
    updateProgram(ctx, programId, { deletedAt: ctx.now() }),
    recordAudit(ctx, { programId, action: 'program.deleted', target: programId }),
  ]);
  ctx.after(eraseDeletedPrograms(ctx));
}

/** Erases a bounded part of what deleted programs hold; the cron calls it until nothing is left. */
export async function eraseDeletedPrograms(ctx: Ctx): Promise<number> {
  const programs = await deletingPrograms(ctx, 5);
  for (const { programId } of programs) {
    try {
      ctx.log.line('program.erased', { programId, empty: await eraseProgram(ctx, programId) });
    } catch (error) {
      // What stops one program's erasure does not keep the next from its own.
      ctx.log.error('program.erasure_failed', error, { programId });
    }
  }
  return programs.length;
}

async function eraseProgram(ctx: Ctx, programId: string): Promise<boolean> {
  let empty = true;
  // Highest slice first: a job must be gone before the files and deliveries it points at.
  for (const slice of [...ctx.registry.lifecycles].reverse()) {
    if (slice.deleted && !(await slice.deleted(ctx, programId))) empty = false;
  }
  if (empty) await removeProgram(ctx, programId);
  return empty;
}
