import { type SQL, sql } from 'drizzle-orm';
import type { Actor, Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { newId } from '../../platform/ids.ts';
import { auditLog } from './table.ts';

/**
 * The statement that records an act; it joins the transaction of the act itself. With `onlyIf` it stands before
 * the act, and records nothing where the act will find that it has been done.
 */
export function recordAudit(
  ctx: Ctx,
  act: { programId: string; action: string; target: string; detail?: Record<string, unknown> },
  onlyIf?: SQL,
): Statement {
  const at = ctx.now();
  const line = {
    auditId: newId('aud', at),
    programId: act.programId,
    at,
    actor: actorName(ctx.actor),
    action: act.action,
    target: act.target,
    requestId: ctx.requestId,
    detail: act.detail ?? {},
  };
  if (onlyIf === undefined) return ctx.db.insert(auditLog).values(line);
  return ctx.db.run(sql`INSERT INTO audit_log (audit_id, program_id, at, actor, action, target, request_id, detail)
    SELECT ${line.auditId}, ${line.programId}, ${at}, ${line.actor}, ${line.action}, ${line.target},
      ${line.requestId}, ${JSON.stringify(line.detail)} WHERE ${onlyIf}`);
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
