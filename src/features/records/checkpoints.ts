import { and, eq, isNull, type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { jobCheckpoints } from './table.ts';

export type Checkpoint = typeof jobCheckpoints.$inferSelect;

/** A job's lease ends by itself; every checkpoint renews it. */
export const leaseMs = 15_000;

/** Proof that this consumer still holds the job, at the step it read. */
export interface Fence {
  jobId: string;
  token: string;
  step: number;
}

/** True inside a transaction while the fence holds; every write of a chunk carries it. */
export function fenceHolds(fence: Fence): SQL {
  return sql`EXISTS (SELECT 1 FROM job_checkpoints WHERE job_id = ${fence.jobId}
    AND lease_token = ${fence.token} AND step = ${fence.step})`;
}

export async function findCheckpoint(ctx: Ctx, programId: string, jobId: string): Promise<Checkpoint | null> {
  const [row] = await ctx
    .recordsDatabase(programId)
    .select()
    .from(jobCheckpoints)
    .where(eq(jobCheckpoints.jobId, jobId))
    .limit(1);
  return row ?? null;
}

/** The statement that begins a job's checkpoints; nothing where they have begun. */
export function beginCheckpoint(
  ctx: Ctx,
  programId: string,
  jobId: string,
  datasetId: number,
  state: string,
): Statement {
  return ctx
    .recordsDatabase(programId)
    .insert(jobCheckpoints)
    .values({ jobId, datasetId, leaseToken: null, leaseUntil: null, step: 0, claimedStep: -1, state })
    .onConflictDoNothing();
}

/** Takes the lease if nobody else has since the row was read. */
export function claimCheckpoint(ctx: Ctx, programId: string, row: Checkpoint, token: string): Statement {
  const unchanged =
    row.leaseToken === null
      ? isNull(jobCheckpoints.leaseToken)
      : eq(jobCheckpoints.leaseToken, row.leaseToken);
  return ctx
    .recordsDatabase(programId)
    .update(jobCheckpoints)
    .set({ leaseToken: token, leaseUntil: ctx.now() + leaseMs, claimedStep: row.step })
    .where(and(eq(jobCheckpoints.jobId, row.jobId), eq(jobCheckpoints.step, row.step), unchanged));
}

/** The last statement of a step: where to go on, and the lease renewed. Changes nothing when fenced off. */
export function advance(ctx: Ctx, programId: string, fence: Fence, state: string): Statement {
  return ctx
    .recordsDatabase(programId)
    .update(jobCheckpoints)
    .set({ step: fence.step + 1, state, leaseUntil: ctx.now() + leaseMs })
    .where(
      and(
        eq(jobCheckpoints.jobId, fence.jobId),
        eq(jobCheckpoints.leaseToken, fence.token),
        eq(jobCheckpoints.step, fence.step),
      ),
    );
}

/** Moves a job on from outside, whoever has its lease: their next write finds the fence broken. */
export function takeOver(ctx: Ctx, programId: string, row: Checkpoint, state: string): Statement {
  return ctx
    .recordsDatabase(programId)
    .update(jobCheckpoints)
    .set({ step: row.step + 1, state, leaseToken: null, leaseUntil: null })
    .where(and(eq(jobCheckpoints.jobId, row.jobId), eq(jobCheckpoints.step, row.step)));
}

/** Keeps the lease through a step that takes longer than it lasts. */
export async function renewLease(ctx: Ctx, programId: string, fence: Fence): Promise<void> {
  await ctx
    .recordsDatabase(programId)
    .update(jobCheckpoints)
    .set({ leaseUntil: ctx.now() + leaseMs })
    .where(and(eq(jobCheckpoints.jobId, fence.jobId), eq(jobCheckpoints.leaseToken, fence.token)));
}

/** Gives the lease back, so that the next message need not wait for its end. */
export function releaseCheckpoint(ctx: Ctx, programId: string, jobId: string, token: string): Statement {
  return ctx
    .recordsDatabase(programId)
    .update(jobCheckpoints)
    .set({ leaseToken: null, leaseUntil: null })
    .where(and(eq(jobCheckpoints.jobId, jobId), eq(jobCheckpoints.leaseToken, token)));
}

export function removeCheckpoint(ctx: Ctx, programId: string, jobId: string): Statement {
  return ctx.recordsDatabase(programId).delete(jobCheckpoints).where(eq(jobCheckpoints.jobId, jobId));
}
