import { sql } from 'drizzle-orm';
import type { Ctx, Remedy } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import { endAttentionOf, raiseAttention } from '../attention/index.ts';
import { recordAudit } from '../audit/index.ts';
import { findProgram } from '../programs/index.ts';
import { type Found, takeUpObject } from './notified.ts';
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
      raise(
        ctx,
        programId,
        key,
        'A file came to the object store, and taking it up failed each time. It is kept there.',
        `Once the cause is mended, which the log tells ("queue.message_failed"), POST /api/programs/${programId}/attention/{attentionId}/retry.`,
      ),
    );
  }
  return raised;
}

function raise(ctx: Ctx, programId: string, key: string, message: string, nextStep: string): Statement {
  return raiseAttention(ctx, { programId, kind, subject: key, audience: 'both', message, nextStep });
}

/**
 * All objects of the program that were not taken up, the oldest problem first. Repeated, it does nothing more.
 * What is there no more ends its problem, on record; what is not as announced stays one, and says so.
 */
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

/** What is said of objects that were no file after all. */
const sentences: Record<Exclude<Found, 'file'>, string> = {
  gone: 'is in the object store no more; the problem has ended',
  unknown: 'belongs to no upload that is open, and is no file; the problem has ended',
  unlike: 'is not what its upload announced; the problem stays',
};

async function takeUpAll(ctx: Ctx, programId: string, keys: string[]) {
  const found: { key: string; is: Found }[] = [];
  for (const key of keys) {
    try {
      found.push({ key, is: await takeUpObject(ctx, key) });
    } catch (error) {
      ctx.log.error('drop.not_taken', error, { programId });
    }
  }
  const taken = found.filter(({ is }) => is === 'file').map(({ key }) => key);
  const none = found.flatMap(({ key, is }) => (is === 'file' ? [] : [{ key, is }]));
  const [stay, end] = [none.filter(({ is }) => is === 'unlike'), none.filter(({ is }) => is !== 'unlike')];
  if (found.length > 0) {
    const audit = (action: string, target: string, detail: Record<string, unknown>) =>
      recordAudit(ctx, { programId, action, target, detail });
    await commit(ctx.db, [
      endAttentionOf(ctx, programId, kind, [...taken, ...end.map(({ key }) => key)]),
      ...stay.map(({ key }) => raiseUnlike(ctx, programId, key)),
      ...none.map(({ key, is }) => audit('drop.not_taken_up', key, { found: is })),
      ...taken.slice(0, 1).map((first) => audit('drop.taken_up_again', first, { count: taken.length })),
    ]);
  }
  return {
    started: taken.length,
    refused: keys.length - taken.length,
    found: none.map(({ key, is }) => `${key} ${sentences[is]}.`),
  };
}

function raiseUnlike(ctx: Ctx, programId: string, key: string): Statement {
  return raise(
    ctx,
    programId,
    key,
    'A file came to the object store, and is not as long as its upload announced: it is not taken up.',
    `Its sender begins a new upload. Then POST /api/programs/${programId}/attention/{attentionId}/resolve.`,
  );
}
