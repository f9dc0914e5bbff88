import type { Ctx } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { recordAudit } from '../audit/index.ts';
import { insertDelivery, startDeliveries } from '../deliveries/index.ts';
import { findMonitor, type Monitor } from './store.ts';

/** A ping that is due now, once for `occasion`; its statement joins the commit of what it tells of. */
export function pingOf(
  ctx: Ctx,
  { programId, name }: Monitor,
  pingUrl: string,
  occasion: string,
): { deliveryId: string; statement: Statement } {
  const deliveryId = newId('dlv', ctx.now());
  const statement = insertDelivery(ctx, {
    deliveryId,
    programId,
    channel: 'ping',
    type: 'monitor.ping',
    messageId: newId('msg', ctx.now()),
    dedupeKey: `ping:${programId}:${name}:${occasion}`,
    target: pingUrl,
    secretPurpose: '',
    subject: '',
    body: '',
    traceId: '',
    about: name,
  });
  return { deliveryId, statement };
}

/** Asks a monitor's URL once, on record: its id in the ledger. Throws `not_found`, or `conflict` without a URL. */
export async function pingByHand(ctx: Ctx, programId: string, name: string): Promise<string> {
  const monitor = await findMonitor(ctx, programId, name);
  if (!monitor) throw new AppError('not_found', 'There is no such monitor.');
  if (monitor.pingUrl === null)
    throw new AppError('conflict', 'This monitor has no URL to ping: save it with a pingUrl first.');
  const ping = pingOf(ctx, monitor, monitor.pingUrl, newId('msg', ctx.now()));
  await commit(ctx.db, [
    ping.statement,
    recordAudit(ctx, { programId, action: 'monitor.pinged', target: name }),
  ]);
  startDeliveries(ctx, [ping.deliveryId]);
  return ping.deliveryId;
}
