import type { Ctx } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import { newId } from '../../platform/ids.ts';
import { takeUntold, type UntoldProblems } from '../attention/index.ts';
import { alertType, insertDelivery, startDeliveries } from '../deliveries/index.ts';
import { type Contacts, findProgram } from '../programs/index.ts';
import { createSigningSecret, notificationPurpose, signingSecretsOf } from '../webhooks/index.ts';

/** Problems that the contract gives a type of their own. */
const types: Record<string, string> = {
  delivery_exhausted: 'delivery.exhausted',
  job_held: 'job.held',
  monitor_missed: 'monitor.missed',
  webhook_disabled: 'webhook.disabled',
};

/** Messages of one run, and the problems that one of them names. */
const limits = { groups: 20, problems: 10 };

/** Tells contacts and staff of every problem nobody was told of, many of a kind in one message; a bounded part.
 * Taking them up and making the messages due is one transaction, so each is told once. */
export async function sendAlerts(ctx: Ctx): Promise<number> {
  const due = await takeUntold(ctx, limits);
  for (const untold of due) {
    const messages = await messagesFor(ctx, untold);
    await commit(ctx.db, [untold.taken, ...messages.map((message) => message.statement)]);
    startDeliveries(
      ctx,
      messages.map((message) => message.deliveryId),
    );
  }
  return due.length;
}

interface AlertMessage {
  deliveryId: string;
  statement: Statement;
}

async function messagesFor(ctx: Ctx, untold: UntoldProblems): Promise<AlertMessage[]> {
  const [problem] = untold.problems;
  const program = problem.programId === '' ? null : await findProgram(ctx, problem.programId);
  const hubStaff: Contacts = { emails: ctx.config.STAFF_EMAILS, webhook: ctx.config.STAFF_WEBHOOK ?? null };
  const messages: AlertMessage[] = [];
  if (program && problem.audience !== 'staff')
    messages.push(...toContacts(ctx, untold, program.contacts, 'contacts'));
  if (problem.audience !== 'program') {
    const staff = program?.staff ?? hubStaff;
    if (staff.webhook !== null) await ensureHubSecret(ctx);
    messages.push(...toContacts(ctx, untold, staff, 'staff'));
  }
  return messages;
}

function toContacts(
  ctx: Ctx,
  untold: UntoldProblems,
  to: Contacts,
  who: 'contacts' | 'staff',
): AlertMessage[] {
  const at = ctx.now();
  const { problems, count } = untold;
  const [problem] = problems;
  const type = types[problem.kind] ?? alertType;
  const messageId = `msg_${problem.attentionId.slice(4)}`;
  const about = { programId: problem.programId, traceId: problem.traceId ?? '', about: problem.attentionId };
  const webhookBody = JSON.stringify({
    type,
    timestamp: new Date(at).toISOString(),
    data: {
      programId: problem.programId,
      kind: problem.kind,
      subject: problem.subject,
      count,
      subjects: problems.map(({ subject }) => subject),
      message: problem.message,
      nextStep: problem.nextStep,
      since: new Date(problem.since).toISOString(),
      traceId: problem.traceId,
    },
  });
  const targets = [
    ...to.emails.map((target) => ({ channel: 'email' as const, target })),
    ...(to.webhook === null ? [] : [{ channel: 'webhook' as const, target: to.webhook }]),
  ];
  const whose = problem.programId === '' ? '' : ` ${problem.programId}`;
  const what = `${count === 1 ? '' : `${count} × `}${problem.kind.replaceAll('_', ' ')}`;
  return targets.map(({ channel, target }) => {
    const deliveryId = newId('dlv', at);
    const statement = insertDelivery(ctx, {
      ...about,
      deliveryId,
      // Staff are the hub's own: no program's ledger shows their addresses, and the hub's secret signs.
      programId: who === 'staff' ? hubProgramId : problem.programId,
      channel,
      type,
      messageId,
      dedupeKey: `alert:${problem.attentionId}:${channel}:${target}`,
      target,
      secretPurpose: notificationPurpose,
      subject: `Crosswalk${whose}: ${what}`,
      body: channel === 'email' ? mailText(ctx, untold) : webhookBody,
    });
    return { deliveryId, statement };
  });
}

function mailText(ctx: Ctx, { problems, count }: UntoldProblems): string {
  const [{ programId }] = problems;
  const more = count - problems.length;
  return [
    ...problems.flatMap(({ message, nextStep, since }) => [
      message,
      '',
      `What happens next: ${nextStep}`,
      `Since: ${new Date(since).toISOString()}`,
      '',
    ]),
    ...(more > 0 ? [`And ${more} more of the same kind.`, ''] : []),
    ...(programId === ''
      ? []
      : [`All open problems (with a key): ${ctx.config.PUBLIC_URL}/api/programs/${programId}/attention`, '']),
  ].join('\n');
}

/** The hub as a whole, where something belongs to no program. */
export const hubProgramId = '';

/** The hub's secret is made when the first staff webhook needs it. */
export async function ensureHubSecret(ctx: Ctx): Promise<void> {
  const known = await signingSecretsOf(ctx, hubProgramId, notificationPurpose);
  if (known.length > 0) return;
  const { statement } = await createSigningSecret(ctx, hubProgramId, notificationPurpose);
  await commit(ctx.db, [statement]);
}
