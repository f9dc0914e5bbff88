import type { Ctx } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { recordAudit } from '../audit/index.ts';
import { fileDeliveryRow } from './due.ts';
import { manifestName } from './join.ts';
import { wakeAfterMessageMs } from './nights.ts';
import { requireRun } from './runs.ts';
import { type Export, type ExportFile, listFiles, type Run, sendFile, updateRun } from './store.ts';

/** Makes every file of a night due; a manifest becomes due when its file has arrived. */
export function sendFiles(
  ctx: Ctx,
  row: Export,
  run: Run,
  files: ExportFile[],
  send: number,
): { statements: Statement[]; start(): Promise<void> } {
  const byName = new Map(files.map((file) => [file.name, file]));
  const deliveryIds: string[] = [];
  const statements = files.flatMap((file) => {
    if (file.rows === null) return [];
    const deliveryId = newId('dlv', ctx.now());
    deliveryIds.push(deliveryId);
    const manifest = byName.get(manifestName(file.name));
    const { name, objectKey, sizeBytes, sha256 } = file;
    return [
      fileDeliveryRow(ctx, row, {
        ...{ deliveryId, type: 'export.file', traceId: run.traceId, about: run.runId },
        body: {
          ...{ exportId: row.exportId, runId: run.runId, localDate: run.localDate, send },
          ...{ name, objectKey, sizeBytes, sha256 },
          manifest: manifest ? { deliveryId: newId('dlv', ctx.now()), ...partOf(manifest) } : null,
        },
      }),
      sendFile(ctx, run.runId, name, deliveryId),
      ...(manifest ? [sendFile(ctx, run.runId, manifest.name, null)] : []),
    ];
  });
  return {
    statements,
    start: () => ctx.queues.export.send(deliveryIds.map((deliveryId) => ({ type: 'delivery', deliveryId }))),
  };
}

function partOf({ name, objectKey, sizeBytes, sha256 }: ExportFile) {
  return { name, objectKey, sizeBytes, sha256 };
}

/** Sends a night again: the same bytes under the same names, wherever the export points now. */
export async function resendRun(ctx: Ctx, row: Export, localDate: string): Promise<Run> {
  const run = await requireRun(ctx, row, localDate);
  if (!['delivered', 'exhausted'].includes(run.status)) {
    throw new AppError(
      'conflict',
      `The night of ${localDate} is ${run.status} now: it goes out by itself. A delivery that waits is hurried by POST /api/deliveries/{deliveryId}/retry.`,
    );
  }
  const files = await listFiles(ctx, row.programId, run.runId);
  if (files.length === 0)
    throw new AppError('conflict', `The night of ${localDate} has no file: nothing happened on that day.`);
  const sends = run.sends + 1;
  const sent = sendFiles(ctx, row, run, files, sends);
  const change = { status: 'delivering' as const, sends, endedAt: null, message: 'On its way again.' };
  // Of two at once one gets it. Should it die before it has made the deliveries due, the sweeper finds the run
  // and says again what its files say.
  const wakeAt = ctx.now() + wakeAfterMessageMs;
  const [first] = await commit(ctx.db, [updateRun(ctx, run.runId, { ...change, wakeAt }, run.status)]);
  if (first?.changes !== 1) throw new AppError('conflict', 'This night is being sent again at this moment.');
  await commit(ctx.db, [
    ...sent.statements,
    updateRun(ctx, run.runId, { wakeAt: null }),
    recordAudit(ctx, {
      programId: row.programId,
      action: 'export.sent_again',
      target: run.runId,
      detail: { exportId: row.exportId, localDate },
    }),
  ]);
  await sent.start();
  return { ...run, ...change };
}
