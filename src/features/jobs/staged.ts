import type { Ctx } from '../../context.ts';
import { parseStagedLine, type SlotIndex, type StagedRow, slotCount } from './staging.ts';

/** Staged bytes, and stored keys, that one step compares. */
const stagedBytesAtOnce = 4 * 1_024 * 1_024;
const storedKeysAtOnce = 30_000;

/** The indexes of `parts` staged objects. */
export async function loadIndexes(
  ctx: Ctx,
  parts: number,
  keyOf: (part: number) => string,
): Promise<SlotIndex[]> {
  return inLanes(
    Array.from({ length: parts }, (_, part) => part),
    async (part) => {
      const saved = await ctx.objects.get(keyOf(part));
      if (!saved) throw new Error('a staged index is gone');
      return JSON.parse(await saved.text()) as SlotIndex;
    },
  );
}

/** As many slots as one step can compare, at least one. */
export function chooseSlots(indexes: SlotIndex[], from: number, recordCount: number): number {
  const storedPerSlot = recordCount / slotCount;
  let bytes = 0;
  let to = from;
  while (to < slotCount) {
    for (const { offsets } of indexes) bytes += (offsets[to + 1] ?? 0) - (offsets[to] ?? 0);
    if (to > from && (bytes > stagedBytesAtOnce || storedPerSlot * (to + 1 - from) > storedKeysAtOnce)) break;
    to++;
  }
  return to;
}

/** The rows of the slots from `from` up to, not including, `to`. */
export async function loadRows(
  ctx: Ctx,
  indexes: SlotIndex[],
  from: number,
  to: number,
  keyOf: (part: number) => string,
): Promise<StagedRow[]> {
  const wanted = indexes.flatMap(({ offsets }, part) => {
    const offset = offsets[from] ?? 0;
    const length = (offsets[to] ?? 0) - offset;
    return length === 0 ? [] : [{ part, offset, length }];
  });
  const texts = await inLanes(wanted, async ({ part, offset, length }) => {
    const saved = await ctx.objects.get(keyOf(part), { range: { offset, length } });
    if (!saved) throw new Error('a staged part is gone');
    return saved.text();
  });
  const rows: StagedRow[] = [];
  for (const text of texts) {
    for (const line of text.split('\n')) if (line !== '') rows.push(parseStagedLine(line));
  }
  return rows;
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
