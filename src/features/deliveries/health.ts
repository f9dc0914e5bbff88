import type { AttemptResult, Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { deriveId } from '../../platform/ids.ts';
import { raiseAttention } from '../attention/index.ts';
import { type Endpoint, findEndpoint, setEndpointState } from '../webhooks/index.ts';
import { announce } from './announce.ts';
import { readHealth, writeHealth } from './health-store.ts';
import { cancelDue } from './lanes.ts';
import { goodHealth, type Health, judgeHealth, mustDisable } from './policy.ts';

const tries = 5;
const disableTries = 20;

export interface Noted {
  /** What it made due to others. */
  announced: string[];
  /** When the endpoint is to be probed, where that was decided now. */
  probeAt: number | null;
}

/**
 * Counts an endpoint's failures over its health as it was read, and draws the consequences: degraded after time-outs, disabled at once by a
 * 410 or after long enough.
 */
export async function noteFailures(
  ctx: Ctx,
  programId: string,
  endpointId: string,
  ended: { result: AttemptResult; startedAt: number }[],
  health: Health | null,
): Promise<Noted> {
  const disable = async (reason: string): Promise<Noted> => ({
    announced: await disableEndpoint(ctx, programId, endpointId, reason),
    probeAt: null,
  });
  if (ended.some(({ result }) => result.final === 'gone')) return disable('It answered 410: gone.');
  let was = health;
  for (let i = 0; i < tries; i++) {
    const next = ended.reduce(
      (health, { result, startedAt }) =>
        judgeHealth(health, { failure: result.failure, startedAt }, ctx.now()),
      was ?? goodHealth,
    );
    const now = readHealth(ctx, programId, endpointId);
    const [written] = await commit(ctx.db, [
      writeHealth(ctx, programId, endpointId, was, next),
      now.statement,
    ]);
    if (written?.changes !== 1) {
      // Another was faster.
      was = now.health();
      continue;
    }
    if (next.degradedSince !== null && (was?.degradedSince ?? null) === null)
      ctx.log.line('endpoint.degraded', { programId, endpointId });
    const probeAt = next.probeAt === (was?.probeAt ?? null) ? null : next.probeAt;
    if (!mustDisable(next, 0, ctx.now())) return { announced: [], probeAt };
    const endpoint = await findEndpoint(ctx, programId, endpointId);
    if (!endpoint || !mustDisable(next, endpoint.stateAt, ctx.now())) return { announced: [], probeAt };
    return disable(`It took nothing for five days; ${next.failures} attempts failed.`);
  }
  return { announced: [], probeAt: null };
}

/** As soon as nobody else changes the endpoint at the same moment. */
async function disableEndpoint(
  ctx: Ctx,
  programId: string,
  endpointId: string,
  reason: string,
): Promise<string[]> {
  for (let left = disableTries; ; left--) {
    try {
      return await tryToDisable(ctx, programId, endpointId, reason);
    } catch (error) {
      if (left === 0 || !(error instanceof AppError) || error.code !== 'conflict') throw error;
    }
  }
}

/** Its owner is told, what was due is cancelled, on record, and can be recovered. */
async function tryToDisable(
  ctx: Ctx,
  programId: string,
  endpointId: string,
  reason: string,
): Promise<string[]> {
  const endpoint = await findEndpoint(ctx, programId, endpointId);
  if (!endpoint || endpoint.state === 'disabled') return [];
  const announced = await announce(ctx, {
    programId,
    type: 'webhook.disabled',
    data: { programId, webhookId: endpointId, description: endpoint.description, reason },
    about: endpointId,
    traceId: '',
    messageId: await deriveId('msg', endpointId, `disabled ${endpoint.updatedAt}`),
    exceptEndpointId: endpointId,
  });
  await setEndpointState(ctx, endpoint, 'disabled', reason, [
    ...announced.statements,
    cancelDue(ctx, endpointId, cancelReason(reason)),
    raiseAttention(ctx, {
      programId,
      kind: 'webhook_disabled',
      subject: endpointId,
      audience: 'program',
      message: `The webhook endpoint ${nameOf(endpoint)} is disabled. ${reason}`,
      nextStep: `Mend it, then POST /api/programs/${programId}/webhooks/${endpointId}/resume and /recover for what it missed.`,
    }),
  ]);
  ctx.log.line('endpoint.disabled', { programId, endpointId });
  return announced.deliveryIds;
}

export const cancelReason = (reason: string | null) => `The endpoint is disabled. ${reason ?? ''}`.trim();

function nameOf({ endpointId, description }: Endpoint): string {
  return description === '' ? endpointId : `"${description}" (${endpointId})`;
}
