import type { Ctx } from '../../context.ts';
import { parseStagedLine, type StagedRow, slotCount } from './staging.ts';

/** Staged bytes, and stored keys, that one step compares. */
const stagedBytesAtOnce = 2 * 1_024 * 1_024;
const storedKeysAtOnce = 20_000;

/** Where each slot begins in each of `parts` staged objects. */
export async function loadIndexes(
  ctx: Ctx,
  parts: number,
  keyOf: (part: number) => string,
): Promise<number[][]> {
  return inLanes(
    Array.from({ length: parts }, (_, part) => part),
    async (part) => {
      const saved = await ctx.objects.get(keyOf(part));
      if (!saved) throw new Error('a staged index is gone');
      return JSON.parse(await saved.text()) as number[];
    },
  );
}

/** As many slots as one step can compare, at least one. */
export function chooseSlots(indexes: number[][], from: number, recordCount: number): number {
  const storedPerSlot = recordCount / slotCount;
  let bytes = 0;
  let to = from;
  while (to < slotCount) {
    for (const index of indexes) bytes += (index[to + 1] ?? 0) - (index[to] ?? 0);
    if (to > from && (bytes > stagedBytesAtOnce || storedPerSlot * (to + 1 - from) > storedKeysAtOnce)) break;
    to++;
  }
  return to;
}

/** The rows of the slots from `from` up to, not including, `to`. */
export async function loadRows(
  ctx: Ctx,
  indexes: number[][],
  from: number,
  to: number,
  keyOf: (part: number) => string,
): Promise<StagedRow[]> {
  const wanted = indexes.flatMap((index, part) => {
    const offset = index[from] ?? 0;
    const length = (index[to] ?? 0) - offset;
    return length === 0 ? [] : [{ part, offset, length }];
  });
  const texts = await inLanes(wanted, async ({ part, offset, length }) => {
    const saved = await ctx.objects.get(keyOf(part), { range: { offset, length } });
    if (!saved) throw new Error('a staged part is gone');
    return saved.text();
  });
  return texts.flatMap((text) =>
    text.split('\n').flatMap((line) => (line === '' ? [] : [parseStagedLine(line)])),
  );
}

/** Runs at most six at a time, the platform's limit of connections, and keeps the order. */
async function inLanes<In, Out>(items: In[], work: (item: In) => Promise<Out>): Promise<Out[]> {
  const results = new Array<Out>(items.length);
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at] as In);
    }
  };
  await Promise.all(Array.from({ length: Math.min(6, items.length) }, lane));
  return results;
}
