import { sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { commit, isUniqueViolation, rowsOf, type Statement } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { changesBetween, recordAudit } from '../audit/index.ts';
import { eraseFlow } from './erase.ts';
import type { FlowIn, FlowPatch } from './schema.ts';
import { cancelOpenParts, endFailures, failedRequestsOf, noOtherFailures } from './sources/requests.ts';
import {
  commitIf,
  type Flow,
  type FlowRow,
  flowIsOpen,
  insertFlow,
  requireFlow,
  requireOpenFlow,
  untilSettled,
  updateFlow,
} from './store.ts';

/** Throws `conflict` when the program has a flow of this code already. */
export async function createFlow(ctx: Ctx, programId: string, input: FlowIn): Promise<Flow> {
  const at = ctx.now();
  const row: Omit<FlowRow, 'flowId'> = {
    programId,
    code: input.code,
    title: input.title,
    data: input.data ?? null,
    syncTimeLimitMinutes: input.syncTimeLimitMinutes,
    archivedAt: null,
    deletedAt: null,
    createdAt: at,
    updatedAt: at,
  };
  const insert = insertFlow(ctx, row);
  try {
    await commit(ctx.db, [
      insert,
      recordAudit(ctx, { programId, action: 'flow.created', target: input.code }),
    ]);
    const [given] = rowsOf(insert) as { flow_id: number }[];
    return { ...row, flowId: given?.flow_id ?? 0, states: [], allocations: 0 };
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new AppError(
      'conflict',
      `There is a flow "${input.code}" already: GET /api/programs/${programId}/flows?code=… finds it.`,
      { issues: [{ path: 'code', code: 'code_taken', message: 'The code of another flow.' }] },
    );
  }
}

/** Its `data` are the integration's own, and may be about people. */
const auditedMembers = ['title', 'syncTimeLimitMinutes'] as const;

/** Throws `forbidden` for an archived flow, unless this opens it again. */
export async function changeFlow(
  ctx: Ctx,
  programId: string,
  flowId: number,
  patch: FlowPatch,
): Promise<Flow> {
  await untilSettled(async () => {
    const flow = await requireFlow(ctx, programId, flowId);
    const members = Object.keys(patch);
    const asks = patch.archived;
    if (flow.archivedAt !== null && asks === true && members.length === 1) return true;
    if (flow.archivedAt !== null && asks !== false) return requireOpenFlow(ctx, programId, flowId);
    const change = columnsOf(patch, ctx.now());
    if (asks === true) return closeFlow(ctx, flow, { ...change, archivedAt: ctx.now() }, archivedMessage);
    const holds = asks === false ? sql`true` : flowIsOpen(programId, flowId);
    return commitIf(ctx, holds, [
      updateFlow(ctx, programId, flowId, change),
      recordAudit(ctx, {
        programId,
        action: 'flow.changed',
        target: String(flowId),
        detail: { members, ...changesBetween<FlowRow>(flow, { ...flow, ...change }, auditedMembers) },
      }),
    ]);
  });
  return requireFlow(ctx, programId, flowId);
}

const archivedMessage = 'The flow was archived before the integration answered.';

function columnsOf(patch: FlowPatch, atMs: number): Partial<FlowRow> {
  const change: Partial<FlowRow> = { updatedAt: atMs };
  if (patch.title !== undefined) change.title = patch.title;
  if (patch.data !== undefined) change.data = patch.data;
  if (patch.syncTimeLimitMinutes !== undefined) change.syncTimeLimitMinutes = patch.syncTimeLimitMinutes;
  if (patch.archived === false) change.archivedAt = null;
  return change;
}

/** From here on the flow answers 404; what it holds is erased in bounded parts, begun at once. */
export async function deleteFlow(ctx: Ctx, programId: string, flowId: number): Promise<void> {
  await untilSettled(async () => {
    const flow = await requireFlow(ctx, programId, flowId);
    return closeFlow(ctx, flow, { deletedAt: ctx.now() }, 'The flow was deleted.');
  });
  ctx.after(eraseFlow(ctx, programId, flowId));
}

/** What was pending ends here: nobody will take the answer any more. Null where somebody came between. */
async function closeFlow(
  ctx: Ctx,
  flow: Flow,
  change: Partial<FlowRow>,
  message: string,
): Promise<true | null> {
  const { programId, flowId } = flow;
  const failed = await failedRequestsOf(ctx, programId, flowId);
  const statements: Statement[] = [
    updateFlow(ctx, programId, flowId, change),
    ...cancelOpenParts(ctx, programId, flowId, message),
    ...endFailures(ctx, programId, failed),
    recordAudit(ctx, {
      programId,
      action: change.deletedAt === undefined ? 'flow.archived' : 'flow.deleted',
      target: String(flowId),
      detail: { code: flow.code },
    }),
  ];
  return (await commitIf(ctx, noOtherFailures(programId, flowId, failed), statements)) && true;
}
