import { sql } from 'drizzle-orm';
import type { Ctx } from '../../../context.ts';
import { AppError } from '../../../platform/errors.ts';
import { raiseAttention } from '../../attention/index.ts';
import { decideReport, type Report } from '../policy.ts';
import { commitIf, flowIsOpen, requireOpenFlow, untilSettled } from '../store.ts';
import { endMendedFailures, endParts, failureKind } from './requests.ts';
import { findSourceByReference, isAsRead, type Source, updateSource } from './store.ts';

/**
 * The integration's report about a source: done or failed. Repeated it changes nothing; about an old request
 * or none it throws `conflict` and changes nothing.
 */
export async function reportSync(
  ctx: Ctx,
  programId: string,
  flowId: number,
  reference: string,
  report: Report & { message: string | null },
): Promise<Source> {
  return untilSettled(async () => {
    const flow = await requireOpenFlow(ctx, programId, flowId);
    const source = await findSourceByReference(ctx, programId, flowId, reference);
    if (!source) throw new AppError('not_found', 'The flow has no external source of this reference.');
    const verdict = decideReport(source, report);
    if (verdict.kind === 'repeated') return source;
    if (verdict.kind === 'refused') {
      throw new AppError('conflict', verdict.message, {
        issues: [{ path: 'requestId', code: verdict.reason, message: verdict.message }],
      });
    }
    const { requestId } = verdict;
    const { outcome, message } = report;
    const at = ctx.now();
    const change: Partial<Source> = {
      state: outcome,
      timedOut: false,
      deadlineAt: null,
      message,
      ...(outcome === 'SUCCESS' ? { lastSyncAt: at } : {}),
    };
    const problem =
      outcome === 'SUCCESS'
        ? endMendedFailures(ctx, source, [requestId])
        : [
            raiseAttention(ctx, {
              programId,
              kind: failureKind,
              subject: requestId,
              audience: 'program',
              message: `The integration reported that the sync of "${reference}" of the flow ${flow.code} failed.`,
              nextStep: `See what it said: GET /api/flows/${flowId}/external-sources/${source.sourceId}. Then request the sync again.`,
              traceId: source.traceId,
            }),
          ];
    const holds = sql`${flowIsOpen(programId, flowId)} AND ${isAsRead(source)}`;
    const done = await commitIf(ctx, holds, [
      updateSource(ctx, source, change),
      endParts(ctx, programId, requestId, [source], { outcome, message }),
      ...problem,
    ]);
    return done && { ...source, ...change, updatedAt: at };
  });
}
