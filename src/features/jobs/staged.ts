import type { Ctx } from '../../context.ts';
import { ReadMemory } from '../../platform/objects/index.ts';
import { RowShape } from './shape.ts';
import {
  isMarked,
  metaBytes,
  metaOf,
  metasAt,
  metaWords,
  type SlotIndex,
  type StagedRow,
  slotCount,
} from './staging.ts';

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
export function chooseSlots(
  indexes: SlotIndex[],
  from: number,
  recordCount: number,
  bytesAtOnce = stagedBytesAtOnce,
): number {
  const storedPerSlot = recordCount / slotCount;
  let bytes = 0;
  let to = from;
  while (to < slotCount) {
    for (const { offsets } of indexes) bytes += (offsets[to + 1] ?? 0) - (offsets[to] ?? 0);
    if (to > from && (bytes > bytesAtOnce || storedPerSlot * (to + 1 - from) > storedKeysAtOnce)) break;
    to++;
  }
  return to;
}

/** A stretch of one staged object. */
export interface StagedSlice {
  part: number;
  /** Of the rows, in bytes. */
  offset: number;
  length: number;
  /** Of their numbers, in bytes, and how many rows these are. */
  metaOffset: number;
  rows: number;
}

/** Where the slots from `from` up to `to` stand in each part that has rows of them. */
export function slicesOf(indexes: SlotIndex[], from: number, to: number): StagedSlice[] {
  return indexes.flatMap(({ offsets, starts }, part) => {
    const [offset = 0, end = 0, firstRow = 0, behind = 0] = [
      offsets[from],
      offsets[to],
      starts[from],
      starts[to],
    ];
    if (behind === firstRow) return [];
    const metaOffset = metasAt(offsets[slotCount] ?? 0) + firstRow * metaBytes;
    return [{ part, offset, length: end - offset, metaOffset, rows: behind - firstRow }];
  });
}

/** The bytes of the rows of each slice. */
export function loadBytes(
  ctx: Pick<Ctx, 'objects'>,
  slices: StagedSlice[],
  keyOf: (part: number) => string,
  memory: ReadMemory,
): Promise<Uint8Array[]> {
  return inLanes(slices, ({ part, offset, length }) => loadRange(ctx, keyOf(part), offset, length, memory));
}

/** The numbers of the rows of each slice. */
export function loadMetas(
  ctx: Pick<Ctx, 'objects'>,
  slices: StagedSlice[],
  keyOf: (part: number) => string,
  memory: ReadMemory,
): Promise<Uint32Array[]> {
  return inLanes(slices, async ({ part, metaOffset, rows }) => {
    const bytes = await loadRange(ctx, keyOf(part), metaOffset, rows * metaBytes, memory);
    return new Uint32Array(bytes.buffer, bytes.byteOffset, rows * metaWords);
  });
}

async function loadRange(
  ctx: Pick<Ctx, 'objects'>,
  key: string,
  offset: number,
  length: number,
  memory: ReadMemory,
): Promise<Uint8Array> {
  const saved = await ctx.objects.get(key, { range: { offset, length } });
  if (!saved) throw new Error('a staged part is gone');
  return memory.read(saved);
}

/** The rows of the slots from `from` up to, not including, `to`. */
export async function loadRows(
  ctx: Ctx,
  indexes: SlotIndex[],
  from: number,
  to: number,
  keyOf: (part: number) => string,
): Promise<StagedRow[]> {
  const slices = slicesOf(indexes, from, to);
  const memory = new ReadMemory();
  const bytes = await loadBytes(ctx, slices, keyOf, memory);
  const metas = await loadMetas(ctx, slices, keyOf, memory);
  const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
  return slices.flatMap(({ part }, i) => {
    const shape = new RowShape(indexes[part]?.names ?? []);
    return parseRows(decoder.decode(bytes[i]), metas[i] ?? new Uint32Array(), shape);
  });
}

/** The rows that stand in `text`, one a line, with their numbers. Pure. */
export function parseRows(text: string, metas: Uint32Array, shape: RowShape): StagedRow[] {
  return text.split('\n').flatMap((line, i) => {
    if (line === '') return [];
    const at = i * metaWords;
    const behindKey = line.indexOf('\t');
    const firstHalf = metas[at + metaOf.firstHalf] ?? 0;
    const data = line.slice(behindKey + 1);
    const isWhole = isMarked(firstHalf) || data.startsWith('{');
    return {
      bucket: metas[at + metaOf.bucket] ?? 0,
      keyJson: `"${line.slice(0, behindKey)}"`,
      fingerprint: isMarked(firstHalf)
        ? String.fromCharCode(firstHalf)
        : `${firstHalf}${metas[at + metaOf.secondHalf]}`,
      line: metas[at + metaOf.line] ?? 0,
      dataJson: isWhole ? data : shape.unpackText(data),
    };
  });
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
