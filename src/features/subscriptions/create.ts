import type { Ctx } from '../../context.ts';
import { commit, isUniqueViolation } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { actorName, recordAudit } from '../audit/index.ts';
import { findProgram } from '../programs/index.ts';
import type { SubscriptionIn } from './schema.ts';
import { insertSubscription, type Subscription } from './store.ts';
import { compilePayloadTemplate, routingOf } from './template.ts';
import { keepVersion } from './versions.ts';

/** Throws `invalid_input` for an unknown publisher or a template that cannot be right, `conflict` if it exists. */
export async function createSubscription(
  ctx: Ctx,
  programId: string,
  input: SubscriptionIn,
): Promise<Subscription> {
  const publisher = await findProgram(ctx, input.PublisherProgramId);
  if (!publisher) {
    const message = 'There is no such program.';
    throw new AppError('invalid_input', `PublisherProgramId: ${message}`, {
      issues: [{ path: 'PublisherProgramId', code: 'unknown_program', message }],
    });
  }
  const at = ctx.now();
  const row: Subscription = {
    programId,
    publisherId: publisher.programId,
    createdAt: at,
    updatedAt: at,
    syncEnabled: readEnabled(input) ?? false,
    ...checkedTemplate(input.LbApiPayloadTemplate),
    templateVersion: 1,
    syncCursor: 0,
    syncedAt: null,
    pullCursor: 0,
    pulledAt: null,
    cursorVersion: 1,
    suspendedAt: null,
  };
  const target = publisher.programId;
  try {
    await commit(ctx.db, [
      insertSubscription(ctx, row),
      ...keepVersion(ctx, row, { author: actorName(ctx.actor), savedAt: at }),
      recordAudit(ctx, { programId, action: 'subscription.created', target }),
      recordAudit(ctx, { programId: target, action: 'subscriber.added', target: programId }),
    ]);
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new AppError('conflict', `${programId} subscribes to ${target} already: PATCH that subscription.`);
  }
  return row;
}

/** Both spellings count; throws `invalid_input` where they contradict each other. */
export function readEnabled(input: {
  SyncEnabled?: boolean | undefined;
  SynEnabled?: boolean | undefined;
}): boolean | undefined {
  const { SyncEnabled, SynEnabled } = input;
  if (SyncEnabled !== undefined && SynEnabled !== undefined && SyncEnabled !== SynEnabled) {
    throw new AppError('invalid_input', 'SyncEnabled and SynEnabled are the same setting: send one of them.');
  }
  return SyncEnabled ?? SynEnabled;
}

/** The columns to store. Throws `invalid_input` with an issue for each thing wrong, by line and column. */
export function checkedTemplate(given: unknown): Pick<Subscription, 'template' | 'routing'> {
  const compiled = compilePayloadTemplate(given);
  if (compiled.ok) return { template: JSON.stringify(given), routing: routingOf(compiled) };
  const first = compiled.issues[0];
  throw new AppError('invalid_input', `The template cannot be right. ${first?.path}: ${first?.message}`, {
    issues: compiled.issues,
  });
}
