import { and, asc, eq, gt, isNotNull, isNull, type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { type Committed, commit, isNullViolation, type Statement } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import type { SourceState } from './states.ts';
import { flowRequests, flows } from './table.ts';

export type FlowRow = typeof flows.$inferSelect;
/** A flow with the different states of its sources, and how many allocations they have. */
export type Flow = FlowRow & { states: SourceState[]; allocations: number };

const states = sql<SourceState[]>`(SELECT json_group_array(DISTINCT s.state) FROM external_sources s
  WHERE s.flow_id = flows.flow_id)`.mapWith((text: string) => JSON.parse(text));

const allocations = sql<number>`(SELECT coalesce(sum(s.allocated), 0) FROM external_sources s
  WHERE s.flow_id = flows.flow_id)`;

const isLive = (programId: string) => and(eq(flows.programId, programId), isNull(flows.deletedAt));

/** Null where there is none, it is another program's, or it is being deleted. */
export async function findFlow(ctx: Ctx, programId: string, flowId: number): Promise<Flow | null> {
  const [row] = await ctx.db
    .select({ flow: flows, states, allocations })
    .from(flows)
    .where(and(isLive(programId), eq(flows.flowId, flowId)))
    .limit(1);
  return row ? { ...row.flow, states: row.states, allocations: row.allocations } : null;
}

export interface FlowFilter {
  code?: string | undefined;
  archived?: boolean | undefined;
}

export async function listFlows(
  ctx: Ctx,
  programId: string,
  filter: FlowFilter,
  after: number,
  limit: number,
): Promise<Flow[]> {
  const rows = await ctx.db
    .select({ flow: flows, states, allocations })
    .from(flows)
    .where(
      and(
        isLive(programId),
        gt(flows.flowId, after),
        filter.code === undefined ? undefined : eq(flows.code, filter.code),
        filter.archived === undefined
          ? undefined
          : filter.archived
            ? isNotNull(flows.archivedAt)
            : isNull(flows.archivedAt),
      ),
    )
    .orderBy(asc(flows.flowId))
    .limit(limit);
  return rows.map((row) => ({ ...row.flow, states: row.states, allocations: row.allocations }));
}

export function insertFlow(ctx: Ctx, row: Omit<FlowRow, 'flowId'>): Statement {
  return ctx.db.insert(flows).values(row).returning({ flowId: flows.flowId });
}

export function updateFlow(ctx: Ctx, programId: string, flowId: number, change: Partial<FlowRow>): Statement {
  return ctx.db
    .update(flows)
    .set(change)
    .where(and(eq(flows.programId, programId), eq(flows.flowId, flowId)));
}

/** True inside a transaction while the flow is there and takes changes. */
export function flowIsOpen(programId: string, flowId: number): SQL {
  return sql`EXISTS (SELECT 1 FROM flows WHERE flow_id = ${flowId} AND program_id = ${programId}
    AND deleted_at IS NULL AND archived_at IS NULL)`;
}

/** The flow, ready for a change. Throws `not_found`, and `forbidden` where it is archived. */
export async function requireOpenFlow(ctx: Ctx, programId: string, flowId: number): Promise<Flow> {
  const flow = await requireFlow(ctx, programId, flowId);
  if (flow.archivedAt === null) return flow;
  throw new AppError(
    'forbidden',
    `The flow ${flow.code} is archived and takes no changes. PATCH /api/flows/${flowId} {"archived": false} opens it again.`,
  );
}

export async function requireFlow(ctx: Ctx, programId: string, flowId: number): Promise<Flow> {
  const flow = await findFlow(ctx, programId, flowId);
  if (!flow) throw new AppError('not_found', 'There is no such flow.');
  return flow;
}

/**
 * Commits the statements if the condition holds inside their transaction; null where it does not, and then
 * nothing is written. D1 has no way to stop a batch but a failing statement: a row without its key is one.
 */
export async function commitIf(ctx: Ctx, holds: SQL, statements: Statement[]): Promise<Committed | null> {
  const insist = ctx.db.run(sql`INSERT INTO ${flowRequests} (request_id) SELECT NULL WHERE NOT (${holds})`);
  try {
    const [, ...done] = await commit(ctx.db, [insist, ...statements]);
    return done;
  } catch (error) {
    if (isNullViolation(error, 'flow_requests.request_id')) return null;
    throw error;
  }
}

const tries = 20;

/** Reads, decides and writes anew until nobody came between: `attempt` answers null where somebody did. */
export async function untilSettled<T>(attempt: () => Promise<T | null>): Promise<T> {
  for (let i = 0; i < tries; i++) {
    const done = await attempt();
    if (done !== null) return done;
  }
  throw new AppError('unavailable', 'Too many change this flow at once. Try again in a moment.', {
    headers: { 'retry-after': '1' },
  });
}
