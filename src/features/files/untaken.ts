import { sql } from 'drizzle-orm';
import type { Ctx, Remedy } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import { endAttentionOf, raiseAttention } from '../attention/index.ts';
import { recordAudit } from '../audit/index.ts';
import { findProgram } from '../programs/index.ts';
import { takeUpObject } from './notified.ts';
import { qaKeyPrefix } from './store.ts';

const kind = 'drop_not_taken';

/** Objects that one retry takes up; each is a few statements. */
const takenAtOnce = 50;

/**
 * A notification of the object store that failed every time is all that tells of some objects: it becomes a
 * problem of the object's program, from which the object is taken up again. Nothing for keys of no program.
 */
export async function raiseUntaken(ctx: Ctx, storeKeys: string[]): Promise<Statement[]> {
  const raised: Statement[] = [];
  for (const key of new Set(storeKeys)) {
    const own = key.startsWith(qaKeyPrefix) ? key.slice(qaKeyPrefix.length) : key;
    const [, programId = ''] = /^files\/([^/]+)\//.exec(own) ?? [];
    const program = programId === '' ? null : await findProgram(ctx, programId);
    if (program?.programId !== programId) continue;
    raised.push(
      raiseAttention(ctx, {
        programId,
        kind,
        subject: key,
        audience: 'both',
        message: 'A file came to the object store, and taking it up failed each time. It is kept there.',
        nextStep: `Once the cause is mended, which the log tells ("queue.message_failed"), POST /api/programs/${programId}/attention/{attentionId}/retry.`,
      }),
    );
  }
  return raised;
}

/** All objects of the program that were not taken up, the oldest problem first. Repeated, it does nothing more. */
export const untakenRemedy: Remedy = {
  scope: 'files',
  async plan(ctx, { programId }) {
    const rows = await ctx.db.all<{ key: string }>(sql`SELECT subject AS key FROM attention
      WHERE program_id = ${programId} AND kind = ${kind} AND ended_at IS NULL
      ORDER BY since LIMIT ${takenAtOnce + 1}`);
    const keys = rows.slice(0, takenAtOnce).map(({ key }) => key);
    return {
      count: keys.length,
      more: rows.length > takenAtOnce,
      of: 'files in the object store',
      run: () => takeUpAll(ctx, programId, keys),
    };
  },
};

async function takeUpAll(ctx: Ctx, programId: string, keys: string[]) {
  const taken: string[] = [];
  for (const key of keys) {
    try {
      await takeUpObject(ctx, key);
      taken.push(key);
    } catch (error) {
      ctx.log.error('drop.not_taken', error, { programId });
    }
  }
  if (taken.length > 0) {
    await commit(ctx.db, [
      endAttentionOf(ctx, programId, kind, taken),
      recordAudit(ctx, {
        programId,
        action: 'drop.taken_up_again',
        target: taken[0] ?? '',
        detail: { count: taken.length },
      }),
    ]);
  }
  return { started: taken.length, refused: keys.length - taken.length };
}
