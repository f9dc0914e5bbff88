import type { Ctx } from '../../context.ts';
import { raiseAttention } from '../attention/index.ts';
import { eraseFlow } from './erase.ts';
import { listDeletedFlows, listOverdueSources, type OverdueSource } from './flows.system.ts';
import { endParts, failureKind } from './sources/requests.ts';
import { areWaiting, updateSources } from './sources/store.ts';
import { commitIf, findFlow } from './store.ts';

/** A request's sources fall due together: so many requests, of at most 200 sources each. */
const requestsAtOnce = 20;
const flowsErasedAtOnce = 3;

/** The minute's part: requests that heard nothing in their time, and flows under erasure. */
export async function sweepFlows(ctx: Ctx): Promise<number> {
  const overdue = new Map<string | null, OverdueSource[]>();
  for (const source of await listOverdueSources(ctx, 1_000)) {
    overdue.set(source.requestId, [...(overdue.get(source.requestId) ?? []), source]);
  }
  const requests = [...overdue].slice(0, requestsAtOnce);
  for (const [requestId, sources] of requests) {
    if (requestId === null) continue;
    try {
      await timeOut(ctx, requestId, sources);
    } catch (error) {
      // What stops one request's end does not keep the next from its own.
      ctx.log.error('flow.time_out_failed', error, { requestId });
    }
  }
  const deleted = await listDeletedFlows(ctx, flowsErasedAtOnce);
  for (const { programId, flowId } of deleted) await eraseFlow(ctx, programId, flowId);
  return requests.length + deleted.length;
}

const referencesNamed = 10;

/** Turns what still waits for the request FAILED. An answer that comes in between wins; the next minute sees to the rest. */
async function timeOut(ctx: Ctx, requestId: string, sources: OverdueSource[]): Promise<void> {
  const [{ programId, flowId } = { programId: '', flowId: 0 }] = sources;
  const flow = await findFlow(ctx, programId, flowId);
  if (!flow) return;
  const message = 'The integration gave no answer within the time limit.';
  const named = sources.slice(0, referencesNamed).map(({ reference }) => `"${reference}"`);
  if (sources.length > named.length) named.push(`${sources.length - named.length} more`);
  await commitIf(ctx, areWaiting(programId, requestId, sources), [
    updateSources(ctx, programId, sources, { state: 'FAILED', timedOut: true, message, deadlineAt: null }),
    endParts(ctx, programId, requestId, sources, { outcome: 'FAILED', message, endedBy: 'hub:cron' }),
    raiseAttention(ctx, {
      programId,
      kind: failureKind,
      subject: requestId,
      audience: 'program',
      message: `The integration gave no answer in time about the flow ${flow.code}: ${named.join(', ')}.`,
      nextStep: `A late answer still counts. Otherwise see that the integration runs, then POST /api/flows/${flowId}/external-sources/sync.`,
      traceId: sources[0]?.traceId ?? null,
    }),
  ]);
}
