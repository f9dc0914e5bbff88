import type { Ctx } from '../../context.ts';
import { AppError } from '../../platform/errors.ts';
import { localDateAt } from '../../platform/zones.ts';
import { type Export, type ExportFile, findRun, listFiles, type Run } from './store.ts';

/** Throws `expired` for a night whose files have passed their retention, `not_found` for one that never was. */
export async function requireRun(ctx: Ctx, row: Export, localDate: string): Promise<Run> {
  const run = await findKnownRun(ctx, row, localDate);
  if (run.erasedAt === null) return run;
  throw new AppError('expired', `The files of ${localDate} have passed their retention.`);
}

/** The same, also where its files have gone. */
export async function findKnownRun(ctx: Ctx, row: Export, localDate: string): Promise<Run> {
  const run = await findRun(ctx, row.programId, row.exportId, localDate);
  if (run) return run;
  if (localDate <= row.lastLocalDate && localDate >= localDateAt(row.dueZone, row.createdAt))
    throw new AppError('expired', `What is known of the night of ${localDate} has passed its retention.`);
  throw new AppError(
    'not_found',
    `There is no night of ${localDate}: the last that went out is that of ${row.lastLocalDate}.`,
  );
}

export async function requireRunFile(
  ctx: Ctx,
  row: Export,
  localDate: string,
  name: string,
): Promise<ExportFile> {
  const run = await requireRun(ctx, row, localDate);
  const file = (await listFiles(ctx, row.programId, run.runId)).find((one) => one.name === name);
  if (!file) throw new AppError('not_found', 'The night has no such file.');
  return file;
}
