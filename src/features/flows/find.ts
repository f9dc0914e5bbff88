import type { Ctx } from '../../context.ts';
import { AppError } from '../../platform/errors.ts';
import { programOfAnyFlow } from './flows.system.ts';
import { findFlow } from './store.ts';

/** Whose the flow of a path is. A program's key looks in its own program alone: another's flow is 404. */
export async function programOfFlow(ctx: Ctx, params: Record<string, string>): Promise<string> {
  const text = params.flowId ?? '';
  if (!/^[1-9]\d{0,14}$/.test(text)) {
    throw new AppError(
      'invalid_input',
      'A flowId is a whole number such as 1042. Find it by the code of the flow.',
      {
        issues: [{ path: 'flowId', code: 'invalid_format', message: 'A whole number.' }],
      },
    );
  }
  const flowId = Number(text);
  const { actor } = ctx;
  const programId =
    actor.kind === 'program'
      ? (await findFlow(ctx, actor.programId, flowId))?.programId
      : await programOfAnyFlow(ctx, flowId);
  if (!programId) throw new AppError('not_found', 'There is no such flow, or it is not yours.');
  return programId;
}
