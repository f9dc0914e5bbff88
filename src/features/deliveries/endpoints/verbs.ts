import type { Ctx } from '../../../context.ts';
import { commit } from '../../../platform/d1.ts';
import { AppError } from '../../../platform/errors.ts';
import { newId } from '../../../platform/ids.ts';
import { endAttention } from '../../attention/index.ts';
import { recordAudit } from '../../audit/index.ts';
import { type Endpoint, requireEndpoint, setEndpointState } from '../../webhooks/index.ts';
import { announce } from '../announce.ts';
import { startDeliveries, startEndpoint } from '../deliver.ts';
import { resetHealth } from '../health-store.ts';
import { type ListedDelivery, listOfMessage } from '../ledger.ts';

/** What is due and becomes due waits, on record. Throws `conflict` for a disabled one. */
export async function pauseEndpoint(ctx: Ctx, programId: string, endpointId: string): Promise<Endpoint> {
  const endpoint = await requireEndpoint(ctx, programId, endpointId);
  if (endpoint.state === 'disabled')
    throw new AppError('conflict', 'This endpoint is disabled: nothing is sent to it anyway.');
  const paused = await setEndpointState(ctx, endpoint, 'paused', 'Paused by hand.');
  startEndpoint(ctx, endpointId);
  return paused;
}

/** Active again, with a fresh start; what waited goes out one after another. */
export async function resumeEndpoint(ctx: Ctx, programId: string, endpointId: string): Promise<Endpoint> {
  const endpoint = await requireEndpoint(ctx, programId, endpointId);
  const resumed = await setEndpointState(ctx, endpoint, 'active', null, [
    resetHealth(ctx, endpointId),
    endAttention(ctx, programId, 'webhook_disabled', endpointId),
  ]);
  startEndpoint(ctx, endpointId);
  return resumed;
}

/** Sends a test message to this endpoint alone, whatever it listens to; its delivery tells how that went. */
export async function testEndpoint(ctx: Ctx, programId: string, endpointId: string): Promise<ListedDelivery> {
  const endpoint = await requireEndpoint(ctx, programId, endpointId);
  if (endpoint.state === 'disabled')
    throw new AppError('conflict', 'This endpoint is disabled: POST …/resume first.');
  const at = ctx.now();
  const messageId = newId('msg', at);
  const announced = await announce(ctx, {
    programId,
    type: 'webhook.test',
    data: { programId, webhookId: endpointId, message: 'A test, sent by hand. Nothing happened.' },
    about: endpointId,
    traceId: newId('tra', at),
    messageId,
    onlyEndpointId: endpointId,
  });
  await commit(ctx.db, [
    ...announced.statements,
    recordAudit(ctx, { programId, action: 'webhook.tested', target: endpointId }),
  ]);
  startDeliveries(ctx, announced.deliveryIds);
  const [delivery] = await listOfMessage(ctx, programId, messageId);
  if (!delivery) throw new AppError('conflict', 'This endpoint was changed at this very moment. Try again.');
  return delivery;
}
