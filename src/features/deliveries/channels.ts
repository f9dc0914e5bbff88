import type { AttemptResult, Channel, Ctx } from '../../context.ts';
import { sendGuarded } from '../../platform/outbound.ts';
import { signWebhook } from '../../platform/standard-webhooks.ts';
import { signersOf } from '../webhooks/index.ts';
import { attemptTimeoutMs } from './policy.ts';
import { countEmail } from './store.ts';

const noSecret: AttemptResult = {
  failure: 'connect',
  detail: 'There is no secret to sign with any more: the endpoint was deleted.',
  excerpt: '',
  retryAfter: null,
  uncertain: false,
  final: 'refused',
};

/** A signed POST (Standard Webhooks); never throws for what the receiver does. */
export async function postSigned(
  ctx: Ctx,
  call: { url: string; headers: Record<string, string>; secrets: string[] },
  message: { messageId: string; body: string; signedAtMs: number },
): Promise<AttemptResult> {
  // Deleted by another isolate, it may still be remembered here: nothing goes out unsigned.
  if (call.secrets.length === 0) return noSecret;
  const signature = await signWebhook(call.secrets, {
    id: message.messageId,
    timestampSeconds: Math.floor(message.signedAtMs / 1_000),
    body: message.body,
  });
  const answer = await sendGuarded(
    {
      url: call.url,
      method: 'POST',
      headers: {
        ...call.headers,
        'content-type': 'application/json',
        'user-agent': 'Crosswalk-Webhooks/1',
        ...signature,
      },
      body: message.body,
      timeoutMs: attemptTimeoutMs,
    },
    ctx.outbound,
  );
  return answer.status === 410 ? { ...answer, final: 'gone' } : answer;
}

/** To an address that is no endpoint: the program's notification secret signs. */
export const webhookChannel: Channel = {
  async send(ctx, delivery) {
    const secrets = await signersOf(ctx, delivery.programId, delivery.secretPurpose);
    return postSigned(ctx, { url: delivery.target, headers: {}, secrets }, delivery);
  },
};

/** A GET of a dead man's switch elsewhere, which counts any. */
export const pingChannel: Channel = {
  send: (ctx, delivery) =>
    sendGuarded(
      {
        url: delivery.target,
        method: 'GET',
        headers: { 'user-agent': 'Crosswalk-Webhooks/1' },
        timeoutMs: attemptTimeoutMs,
      },
      ctx.outbound,
    ),
};

/** A plain-text mail through the platform's binding. */
export const emailChannel: Channel = {
  async send(ctx, delivery) {
    const failed = { excerpt: '', retryAfter: null, uncertain: false, failure: 'connect' as const };
    if (!(await countEmail(ctx, delivery.programId, ctx.config.MAX_EMAILS_PER_DAY))) {
      return {
        ...failed,
        detail: `The program has sent its ${ctx.config.MAX_EMAILS_PER_DAY} mails of today.`,
      };
    }
    try {
      const { messageId } = await ctx.sendEmail({
        from: ctx.config.MAIL_FROM,
        to: delivery.target,
        subject: delivery.subject,
        text: delivery.body,
        headers: { 'X-Crosswalk-Message-Id': delivery.messageId },
      });
      return {
        excerpt: messageId.slice(0, 200),
        retryAfter: null,
        uncertain: false,
        detail: 'Handed to the mail service.',
      };
    } catch (error) {
      ctx.log.error('email.failed', error, { deliveryId: delivery.deliveryId });
      return { ...failed, detail: 'The mail service did not take the mail.' };
    }
  },
};
