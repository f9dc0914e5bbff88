import type { Ctx } from '../../context.ts';
import { imagesOf } from '../records/index.ts';
import { changeLog } from './apply.ts';
import { type Operation, parseOperationLine } from './staging.ts';
import { type JobState, objectKeys } from './state.ts';
import type { Job } from './store.ts';

/** How many changes of each kind a dry run shows. */
const shownOfEachKind = 100;

/** Writes what a dry run would change, the first hundred of each kind, where `changes` finds it. */
export async function writeDryRunDiff(ctx: Ctx, job: Job, datasetId: number, state: JobState): Promise<void> {
  const shown = await firstOfEachKind(ctx, job, state);
  const pairs = (of: Operation[]) => of.map(({ bucket, keyJson }) => `[${bucket},${keyJson}]`);
  const known = `[${pairs([...shown.u, ...shown.d]).join(',')}]`;
  const images = await imagesOf(ctx, job.programId, datasetId, known);
  const log = changeLog(0, images, pairs(shown.i), [...shown.i, ...shown.u]);
  await ctx.objects.put(objectKeys.changes(job.programId, job.jobId, 0), log);
}

async function firstOfEachKind(
  ctx: Ctx,
  job: Job,
  state: JobState,
): Promise<Record<Operation['kind'], Operation[]>> {
  const shown: Record<Operation['kind'], Operation[]> = { i: [], u: [], d: [] };
  const { inserted, updated, deleted } = state.counts;
  const wanted = { i: inserted, u: updated, d: deleted };
  const isFull = (kind: Operation['kind']) => shown[kind].length >= Math.min(shownOfEachKind, wanted[kind]);
  for (let plan = 0; plan < state.plans && !(isFull('i') && isFull('u') && isFull('d')); plan++) {
    const saved = await ctx.objects.get(objectKeys.plan(job.programId, job.jobId, plan));
    if (!saved) throw new Error('a plan is gone');
    for (const line of (await saved.text()).split('\n')) {
      const operation = parseOperationLine(line);
      if (!isFull(operation.kind)) shown[operation.kind].push(operation);
    }
  }
  return shown;
}
