import { sql } from 'drizzle-orm';
import type { Ctx } from '../../../context.ts';
import { rowsOf } from '../../../platform/d1.ts';
import { AppError } from '../../../platform/errors.ts';
import { newId } from '../../../platform/ids.ts';
import { actorName, recordAudit } from '../../audit/index.ts';
import { announce, startDeliveries } from '../../deliveries/index.ts';
import { latestRequest, planRequest } from '../policy.ts';
import { commitIf, type Flow, flowIsOpen, requireOpenFlow, untilSettled } from '../store.ts';
import { endMendedFailures, insertRequest } from './requests.ts';
import type { SyncRequestedData } from './schema.ts';
import { areAskable, listSources, maxSources, type Source, updateSources } from './store.ts';

/** What tells the integration of a request; everybody who hears of it sees this id. */
export const messageOfRequest = (requestId: string) => `msg_${requestId.slice(4)}`;

export interface Requested {
  requestId: string;
  requests: { reference: string; requestId: string }[];
  /** Every source was pending already. */
  duplicate: boolean;
  deliveryIds: string[];
}

/**
 * A manager's press, for one source or (`reference` null) for all. The sources' new state, the request and
 * its webhook are one transaction, which is undone as a whole where another press came first: it is then
 * found pending, and its request is the answer.
 */
export async function requestSync(
  ctx: Ctx,
  programId: string,
  flowId: number,
  reference: string | null,
): Promise<Requested> {
  return untilSettled(async () => {
    const flow = await requireOpenFlow(ctx, programId, flowId);
    const filter = reference === null ? {} : { reference };
    const sources = await listSources(ctx, programId, flowId, filter, 0, maxSources);
    if (sources.length === 0) throw nothingToAsk(flow, reference);
    const { asked, kept } = planRequest(sources);
    const earlier = asked.length === 0 ? latestRequest(kept) : null;
    if (earlier !== null) {
      return { requestId: earlier, requests: listed(kept), duplicate: true, deliveryIds: [] };
    }
    const made = await ask(ctx, flow, asked);
    if (!made) return null;
    const { requestId, deliveryIds } = made;
    const requests = listed(sources.map((one) => (asked.includes(one) ? { ...one, requestId } : one)));
    return { requestId, requests, duplicate: false, deliveryIds };
  });
}

function nothingToAsk(flow: Flow, reference: string | null): AppError {
  if (reference !== null)
    return new AppError('not_found', 'The flow has no external source of this reference.');
  return new AppError(
    'conflict',
    `The flow ${flow.code} has no external source to ask: POST /api/flows/${flow.flowId}/external-sources adds one.`,
  );
}

const listed = (sources: Source[]) =>
  sources.flatMap(({ reference, requestId }) => (requestId === null ? [] : { reference, requestId }));

async function ask(
  ctx: Ctx,
  flow: Flow,
  asked: Source[],
): Promise<{ requestId: string; deliveryIds: string[] } | null> {
  const { programId, flowId } = flow;
  const at = ctx.now();
  const requestId = newId('srq', at);
  const traceId = newId('tra', at);
  const deadlineAt = at + flow.syncTimeLimitMinutes * 60_000;
  const data: SyncRequestedData = {
    requestId,
    flowId,
    flowCode: flow.code,
    references: asked.map(({ reference }) => reference),
    sources: asked.map(({ sourceId, reference }) => ({ id: sourceId, reference })),
    deadline: new Date(deadlineAt).toISOString(),
  };
  const announced = await announce(ctx, {
    programId,
    type: 'flow.external_source.sync_requested',
    data: { ...data },
    about: requestId,
    traceId,
    messageId: messageOfRequest(requestId),
  });
  const request = {
    requestId,
    programId,
    flowId,
    traceId,
    requestedBy: actorName(ctx.actor),
    requestedAt: at,
  };
  const holds = sql`${flowIsOpen(programId, flowId)} AND ${areAskable(programId, asked)}`;
  const done = await commitIf(ctx, holds, [
    updateSources(ctx, programId, asked, {
      state: 'PENDING',
      requestId,
      traceId,
      deadlineAt,
      timedOut: false,
      message: null,
      lastRequestedAt: at,
    }),
    ...insertRequest(ctx, request, asked),
    ...endMendedFailures(ctx, flow, asked.flatMap(failedRequest)),
    recordAudit(ctx, {
      programId,
      action: 'sync.requested',
      target: requestId,
      detail: { flowId, sources: asked.length },
    }),
    ...announced.statements,
  ]);
  if (!done) return null;
  const due = announced.statements.flatMap(rowsOf) as { deliveryId: string }[];
  startDeliveries(ctx, announced.deliveryIds);
  return { requestId, deliveryIds: due.map(({ deliveryId }) => deliveryId) };
}

const failedRequest = ({ state, requestId }: Source) =>
  state === 'FAILED' && requestId !== null ? [requestId] : [];
