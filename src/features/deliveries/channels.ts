import type { Channel } from '../../context.ts';
import { sendGuarded } from '../../platform/outbound.ts';
import { signWebhook } from '../../platform/standard-webhooks.ts';
import { signingSecretsOf } from '../webhooks/index.ts';
import { attemptTimeoutMs } from './policy.ts';
import { countEmail } from './store.ts';

/** A signed POST (Standard Webhooks). */
export const webhookChannel: Channel = {
  async send(ctx, delivery) {
    const secrets = await signingSecretsOf(ctx, delivery.programId, delivery.secretPurpose);
    const signature = await signWebhook(
      secrets.map((one) => one.secret),
      {
        id: delivery.messageId,
        timestampSeconds: Math.floor(ctx.wallNow() / 1_000),
        body: delivery.body,
      },
    );
    const answer = await sendGuarded(
      {
        url: delivery.target,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'Crosswalk-Webhooks/1', ...signature },
        body: delivery.body,
        timeoutMs: attemptTimeoutMs,
      },
      ctx.outbound,
    );
    return answer.status === 410 ? { ...answer, final: 'gone' } : answer;
  },
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
