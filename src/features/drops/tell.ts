import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { sha256Hex } from '../../platform/encoding.ts';
import { newId } from '../../platform/ids.ts';
import { announce, insertDelivery } from '../deliveries/index.ts';
import type { Program } from '../programs/index.ts';
import { notificationPurpose } from '../webhooks/index.ts';

/** What contacts hear of a rotation: that a new pair is there, later that the old one has ended. Never a secret. */
export type RotationNews =
  | { phase: 'started'; accessKeyId: string; oldEndsAt: number }
  | { phase: 'ended'; accessKeyId: string; lastUsedAt: number | null };

const type = 'drop.keys_rotated';

/** Mails and webhooks to the program's contacts, and the message for its endpoints; once per pair and phase. */
export async function tellContacts(
  ctx: Ctx,
  program: Pick<Program, 'programId' | 'contacts' | 'bucket' | 'timeZone'>,
  news: RotationNews,
): Promise<{ statements: Statement[]; deliveryIds: string[] }> {
  const at = ctx.now();
  const { programId, contacts } = program;
  // Of the pair and the phase, so that two crons at once tell the same.
  const messageId = `msg_${(await sha256Hex(`${news.phase} ${news.accessKeyId}`)).slice(0, 26)}`;
  const traceId = newId('tra', at);
  const data = { programId, bucket: program.bucket, ...dataOf(news) };
  const announced = await announce(ctx, {
    programId,
    type,
    data,
    about: news.accessKeyId,
    traceId,
    messageId,
  });
  const webhookBody = JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
  const targets = [
    ...contacts.emails.map((target) => ({ channel: 'email' as const, target })),
    ...(contacts.webhook === null ? [] : [{ channel: 'webhook' as const, target: contacts.webhook }]),
  ];
  const direct = targets.map(({ channel, target }) => {
    const deliveryId = newId('dlv', at);
    const statement = insertDelivery(ctx, {
      deliveryId,
      programId,
      channel,
      type,
      messageId,
      dedupeKey: `drop:${news.phase}:${news.accessKeyId}:${channel}:${target}`,
      target,
      secretPurpose: notificationPurpose,
      subject: `Crosswalk ${programId}: ${news.phase === 'started' ? 'new drop keys' : 'old drop keys have ended'}`,
      body: channel === 'email' ? mailText(ctx, program, news) : webhookBody,
      traceId,
      about: news.accessKeyId,
    });
    return { statement, deliveryId };
  });
  return {
    statements: [...announced.statements, ...direct.map(({ statement }) => statement)],
    deliveryIds: [...announced.deliveryIds, ...direct.map(({ deliveryId }) => deliveryId)],
  };
}

function dataOf(news: RotationNews): Record<string, unknown> {
  if (news.phase === 'started') {
    const oldEndsAt = new Date(news.oldEndsAt).toISOString();
    return { phase: news.phase, accessKeyId: news.accessKeyId, oldEndsAt };
  }
  const lastUsedAt = news.lastUsedAt === null ? null : new Date(news.lastUsedAt).toISOString();
  return { phase: news.phase, accessKeyId: news.accessKeyId, lastUsedAt };
}

function mailText(
  ctx: Ctx,
  { programId, bucket, timeZone }: Pick<Program, 'programId' | 'bucket' | 'timeZone'>,
  news: RotationNews,
): string {
  const local = (atMs: number) =>
    new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'long', timeStyle: 'short' }).format(atMs);
  const where = `${ctx.config.PUBLIC_URL}/api/programs/${programId}/drop?secrets=true (with a key that has the scope "manage")`;
  const lines =
    news.phase === 'started'
      ? [
          `The bucket "${bucket}" has a new pair of access keys: ${news.accessKeyId}.`,
          '',
          `Put it into your S3 client before ${local(news.oldEndsAt)} (${timeZone}), when the old pair ends. Until then both work.`,
          `Its secret: ${where}`,
        ]
      : [
          `The access key ${news.accessKeyId} of the bucket "${bucket}" has ended, as was told when it was replaced.`,
          '',
          news.lastUsedAt === null
            ? 'It was never used.'
            : `It was last used on ${local(news.lastUsedAt)} (${timeZone}). If an upload now fails with InvalidAccessKeyId, it still has this key.`,
          `The pair that works: ${where}`,
        ];
  return [...lines, ''].join('\n');
}
