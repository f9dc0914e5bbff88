import type { Actor, Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { newId } from '../../platform/ids.ts';
import { auditLog } from './table.ts';

/** The statement that records an act; it joins the transaction of the act itself. */
export function recordAudit(
  ctx: Ctx,
  act: { programId: string; action: string; target: string; detail?: Record<string, unknown> },
): Statement {
  const at = ctx.now();
  return ctx.db.insert(auditLog).values({
    auditId: newId('aud', at),
    programId: act.programId,
    at,
    actor: actorName(ctx.actor),
    action: act.action,
    target: act.target,
    requestId: ctx.requestId,
    detail: act.detail ?? {},
  });
}

/** Who acts, as logs and histories name it: a key id, or `hub:` and the door. */
export function actorName(actor: Actor): string {
  if (actor.kind === 'hub') return `hub:${actor.door}`;
  if (actor.kind === 'anonymous') return 'anonymous';
  if (actor.kind === 'drop') return actor.keyId;
  const { keyId, session } = actor;
  // Whom Cloudflare Access signed in has an address for a key id.
  return session === undefined || keyId.endsWith(`:${session.name}`) ? keyId : `${keyId} (${session.name})`;
}
