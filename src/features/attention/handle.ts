import { and, eq, isNull, sql } from 'drizzle-orm';
import type { Ctx, RemedyPlan } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { actorName, recordAudit } from '../audit/index.ts';
import { type OpenAttention, openProblem } from './store.ts';
import { attention, type ProblemState } from './table.ts';

/** What people do to a problem short of closing it, and the state it is then in. */
const handlings = {
  acknowledge: 'acknowledged',
  ignore: 'ignored',
  reopen: 'open',
} as const satisfies Record<string, ProblemState>;
export type Handling = keyof typeof handlings;

async function requireProblem(ctx: Ctx, programId: string, attentionId: string): Promise<OpenAttention> {
  const [row] = await openProblem(ctx, programId, attentionId);
  if (!row) throw new AppError('not_found', 'There is no such open problem.');
  return row;
}

/**
 * Says who has an open problem in hand, or that it is not to be seen until it is mended; nobody is told of it
 * again either way. Repeated by the same or another person: the latest counts. Throws `not_found`.
 */
export async function handleProblem(
  ctx: Ctx,
  programId: string,
  attentionId: string,
  handling: Handling,
): Promise<OpenAttention> {
  const row = await requireProblem(ctx, programId, attentionId);
  const at = ctx.now();
  const state = handlings[handling];
  const change =
    state === 'open'
      ? { state, stateBy: null, stateAt: null }
      : { state, stateBy: actorName(ctx.actor), stateAt: at };
  await commit(ctx.db, [
    ctx.db
      .update(attention)
      // Whoever handles it knows of it: an alert that has not gone out yet has no news for anyone.
      .set({ ...change, alertedAt: sql`coalesce(${attention.alertedAt}, ${at})` })
      .where(and(eq(attention.attentionId, attentionId), isNull(attention.endedAt))),
    recordAudit(ctx, {
      programId,
      action: state === 'open' ? 'problem.reopened' : `problem.${state}`,
      target: attentionId,
      detail: { kind: row.kind, subject: row.subject, from: row.state },
    }),
  ]);
  return { ...row, ...change };
}

/** Ends a problem because a person says so, on record. Throws `not_found` for one that is not open, or not theirs. */
export async function resolveProblem(ctx: Ctx, programId: string, attentionId: string): Promise<void> {
  const row = await requireProblem(ctx, programId, attentionId);
  await commit(ctx.db, [
    ctx.db
      .update(attention)
      .set({ endedAt: ctx.now() })
      .where(and(eq(attention.attentionId, attentionId), isNull(attention.endedAt))),
    recordAudit(ctx, {
      programId,
      action: 'problem.resolved',
      target: attentionId,
      detail: { kind: row.kind, subject: row.subject },
    }),
  ]);
}

/**
 * What doing it again would do for this problem and those like it. Throws `not_found`; `conflict` where nothing
 * can be done again at once; `forbidden` where the key may not do it one by one either.
 */
export async function planRetry(ctx: Ctx, programId: string, attentionId: string): Promise<RemedyPlan> {
  const { kind, subject } = await requireProblem(ctx, programId, attentionId);
  const remedy = ctx.registry.remedies[kind];
  if (!remedy)
    throw new AppError('conflict', 'Nothing can be done again about this: its next step says what helps.');
  if (ctx.actor.kind === 'program' && !ctx.actor.scopes.includes(remedy.scope))
    throw new AppError('forbidden', `This key lacks the scope "${remedy.scope}".`);
  return remedy.plan(ctx, { programId, kind, subject });
}
