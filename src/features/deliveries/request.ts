import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { signWebhook } from '../../platform/standard-webhooks.ts';
import { recordAudit } from '../audit/index.ts';
import { findEndpoint, signersOf } from '../webhooks/index.ts';
import { bodyOf, findDelivery } from './store.ts';

/** A call as a receiver gets it. The values of an endpoint's own headers are secrets: their names alone. */
export interface ShownRequest {
  method: 'POST' | 'GET';
  url: string;
  headers: Record<string, string>;
  /** Names of further headers, whose values are not shown. */
  hiddenHeaders: string[];
  body: string;
  signedAtMs: number;
}

/**
 * What a delivery over HTTP sends: its body byte for byte, and its headers as signed at `signedAtMs`, by the
 * secrets that sign now. The body holds what it tells of, so that the showing is on record.
 */
export async function showRequest(
  ctx: Ctx,
  programId: string,
  deliveryId: string,
  signedAtMs: number,
): Promise<ShownRequest> {
  const row = await findDelivery(ctx, programId, deliveryId);
  if (!row) throw new AppError('not_found', 'There is no such delivery.');
  if (row.channel !== 'webhook')
    throw new AppError('conflict', `This delivery goes out by ${row.channel}: it is no signed call.`);
  const body = await bodyOf(ctx, row);
  const endpoint = row.endpointId === '' ? null : await findEndpoint(ctx, programId, row.endpointId);
  const signature = await signWebhook(await signersOf(ctx, programId, row.secretPurpose), {
    id: row.messageId,
    timestampSeconds: Math.floor(signedAtMs / 1_000),
    body,
  });
  await commit(ctx.db, [recordAudit(ctx, { programId, action: 'delivery.shown', target: deliveryId })]);
  return {
    method: 'POST',
    url: row.target,
    headers: { 'content-type': 'application/json', 'user-agent': 'Crosswalk-Webhooks/1', ...signature },
    hiddenHeaders: endpoint?.headerNames ?? [],
    body,
    signedAtMs,
  };
}
