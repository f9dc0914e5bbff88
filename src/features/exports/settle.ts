import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { announce, startDeliveries } from '../deliveries/index.ts';
import { noteSuccess } from '../monitors/index.ts';
import { type ExportFile, findExport, findRun, listFiles, type Run, updateRun } from './store.ts';

/** A night has arrived when each of its files has; it is exhausted once none is on its way and one did not. */
export async function settleRun(
  ctx: Ctx,
  programId: string,
  exportId: string,
  localDate: string,
): Promise<void> {
  const run = await findRun(ctx, programId, exportId, localDate);
  if (!run || !['delivering', 'delivered', 'exhausted'].includes(run.status)) return;
  const files = await listFiles(ctx, programId, run.runId);
  const row = await findExport(ctx, programId, exportId);
  const status = statusOf(files);
  const isNews = status !== 'delivering' && row !== null && (status !== run.status || run.endedAt === null);
  const change = {
    status,
    wakeAt: null,
    endedAt: status === 'delivering' ? null : (run.endedAt ?? ctx.now()),
    message: messageOf(files, status),
  };
  if (!isNews) {
    await commit(ctx.db, [updateRun(ctx, run.runId, change, run.status)]);
    return;
  }
  const announced = await announce(ctx, {
    programId,
    type: status === 'delivered' ? 'export.delivered' : 'export.exhausted',
    data: {
      exportId,
      name: row.name,
      localDate,
      status,
      events: run.events,
      sends: run.sends,
      files: files.map(toData),
    },
    about: run.runId,
    traceId: run.traceId,
    // Once for each send and outcome: two that settle at once say the same.
    messageId: `msg_${run.runId.slice(4)}_${run.sends}_${status}`,
  });
  await commit(ctx.db, [
    updateRun(ctx, run.runId, { ...change, endedAt: ctx.now() }, run.status),
    ...(status === 'delivered' ? [noteSuccess(ctx, programId, 'export', exportId)] : []),
    ...announced.statements,
  ]);
  startDeliveries(ctx, announced.deliveryIds);
  ctx.log.line(`export.${status}`, { programId, runId: run.runId, traceId: run.traceId });
}

function statusOf(files: ExportFile[]): 'delivering' | 'delivered' | 'exhausted' {
  if (files.some((file) => file.status === 'waiting')) return 'delivering';
  return files.some((file) => file.status === 'exhausted') ? 'exhausted' : 'delivered';
}

function messageOf(files: ExportFile[], status: Run['status']): string {
  if (status === 'delivering') return 'On its way.';
  const arrived = files.filter((file) => file.status === 'delivered').length;
  return status === 'delivered'
    ? `Arrived: ${files.length} ${files.length === 1 ? 'file' : 'files'}.`
    : `${arrived} of ${files.length} files arrived. POST …/send sends the night again.`;
}

function toData(file: ExportFile) {
  const { name, eventType: event, rows, sizeBytes, sha256, status, reason, deliveryId } = file;
  const evidence: unknown = file.evidence === null ? null : JSON.parse(file.evidence);
  return { name, event, rows, sizeBytes, sha256, status, reason, deliveryId, evidence };
}
