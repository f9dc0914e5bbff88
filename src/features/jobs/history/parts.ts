import type { Ctx } from '../../../context.ts';
import { objectKeys } from '../state.ts';

/** The objects of a job's change log, in the order of their parts; none where retention has ended them. */
export async function readObjectNames(
  ctx: Pick<Ctx, 'objects'>,
  { programId, jobId }: { programId: string; jobId: string },
): Promise<string[]> {
  const prefix = objectKeys.changesPrefix(programId, jobId);
  const numbers: number[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await ctx.objects.list(prefix, cursor === undefined ? {} : { cursor });
    for (const { key } of page.objects) {
      const name = key.slice(prefix.length);
      // Staged rows of a first load stand beside the parts.
      if (/^\d+$/.test(name)) numbers.push(Number(name));
    }
    cursor = page.cursor;
  }
  return numbers.sort((a, b) => a - b).map((part) => objectKeys.changes(programId, jobId, part));
}
