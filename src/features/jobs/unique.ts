import type { Ctx } from '../../context.ts';
import { bucketHash } from '../../platform/hash.ts';
import { compileTask } from '../tasks/index.ts';
import { lineList } from './merge.ts';
import { chooseSlots, loadIndexes, loadRows } from './staged.ts';
import { clashMark, type SlotIndex, SlotWriter, type StagedRow, slotCount, uniqueMark } from './staging.ts';
import { type JobState, objectKeys } from './state.ts';
import type { Job } from './store.ts';

export interface ComparingMemory {
  uniqueIndexes?: SlotIndex[];
}

/**
 * A staged unique value: which unique key, its text, and the row it stands in. Staged as rows are, by the
 * hash of the value, so that equal ones meet in one slot whatever their rows' keys are.
 */
export function stageUnique(
  writer: SlotWriter,
  which: number,
  text: string,
  keyJson: string,
  line: number,
): void {
  const value = `${which}:${text}`;
  const bucket = bucketHash(value);
  writer.add({ bucket, keyJson: JSON.stringify(value), fingerprint: uniqueMark, line, dataJson: keyJson });
}

/** Finds values that stand in more rows than one, and stages a clash for each of these rows. */
export async function compareUniques(
  ctx: Ctx,
  job: Job,
  state: JobState,
  memory: ComparingMemory,
): Promise<JobState> {
  const { programId, jobId } = job;
  memory.uniqueIndexes ??= await loadIndexes(ctx, state.uniqueParts, (part) =>
    objectKeys.uniqueIndex(programId, jobId, part),
  );
  const to = chooseSlots(memory.uniqueIndexes, state.slot, 0);
  const values = await loadRows(ctx, memory.uniqueIndexes, state.slot, to, (part) =>
    objectKeys.uniques(programId, jobId, part),
  );
  const writer = new SlotWriter();
  const names = uniqueNames(job);
  for (const group of groupsOfSeveral(values)) {
    const which = Number(JSON.parse(group[0]?.keyJson ?? '"0"').split(':', 1)[0]);
    const column = names[which] ?? '';
    const message = `The same value stands in several rows (lines ${lineList(group)}), and it must be unique.`;
    for (const { line, dataJson: keyJson } of group) {
      const error = JSON.stringify({ line, column, code: 'not_unique', message });
      const bucket = bucketHash(JSON.parse(keyJson));
      writer.add({ bucket, keyJson, fingerprint: clashMark, line, dataJson: error });
    }
  }
  let { parts } = state;
  if (writer.rows > 0) {
    const { bytes, index } = writer.finish();
    await ctx.objects.put(objectKeys.rowsOf(job, state)(parts), bytes);
    await ctx.objects.put(objectKeys.index(programId, jobId, parts), JSON.stringify(index));
    parts++;
  }
  const isLast = to === slotCount;
  return { ...state, parts, slot: isLast ? 0 : to, phase: isLast ? 'checking' : 'comparing' };
}

/** Rows that share a value; repeats of one row under one key, equal or not, are the key's own affair. */
function groupsOfSeveral(values: StagedRow[]): StagedRow[][] {
  const groups = new Map<string, StagedRow[]>();
  for (const value of values) {
    const group = groups.get(value.keyJson);
    if (group) group.push(value);
    else groups.set(value.keyJson, [value]);
  }
  return [...groups.values()].filter((group) => new Set(group.map((row) => row.dataJson)).size > 1);
}

/** The fields of each unique key, for a message. */
function uniqueNames(job: Job): string[] {
  const schema = compileTask(job.task);
  return schema.uniqueKeys.map((indexes) =>
    indexes.map((index) => schema.fields[index]?.name ?? '').join(', '),
  );
}
