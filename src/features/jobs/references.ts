import type { Ctx } from '../../context.ts';
import type { ReadMemory } from '../../platform/objects/index.ts';
import { memberBytes, writeMemberHead } from '../records/index.ts';
import { type Narrowed, Narrower } from './narrow.ts';
import { RowShape } from './shape.ts';
import { loadBytes, loadMetas, type StagedSlice } from './staged.ts';
import { metaBytes, metaOf, metaWords } from './staging.ts';

/**
 * A chunk of the change log that is whole slices of staged rows, each an insert: named instead of copied.
 * Only a dataset's first load has them, and its rows are kept as long as the log.
 */
export interface Reference {
  rows: number;
  slices: StagedSlice[];
}

/** The bytes that the references of one part of a log name, each part's stretch fetched once. */
export class ReferredRows {
  readonly #shape: RowShape;
  readonly #stretches: Map<number, Stretch>;
  readonly #narrower = new Narrower();
  #narrows: boolean;
  #target = new Uint8Array(0);

  constructor(shape: RowShape, stretches: Map<number, Stretch>) {
    this.#shape = shape;
    this.#narrows = shape.canNarrow;
    this.#stretches = stretches;
  }

  /** The object that `writeChunk` takes, of the chunk's rows. */
  upsertsOf(reference: Reference): string {
    this.#narrower.begin(false);
    return this.#unpack(reference);
  }

  /** The same with signs for foreign characters, where it has but a few kinds of them. */
  narrowedOf(reference: Reference): Narrowed {
    this.#narrower.begin(this.#narrows);
    const upserts = this.#unpack(reference);
    if (!this.#narrower.hasFailed) return { upserts, foreign: this.#narrower.foreign };
    this.#narrows = false;
    return { upserts: this.upsertsOf(reference), foreign: [] };
  }

  #unpack({ rows, slices }: Reference): string {
    const packed = slices.reduce((sum, { length }) => sum + length, 0);
    const most = 2 + packed + rows * (memberBytes + this.#shape.overhead);
    if (this.#target.length < most) this.#target = new Uint8Array(most);
    const target = this.#target;
    let at = 0;
    target[at++] = 0x7b;
    for (const slice of slices) at = this.#unpackSlice(slice, target, at);
    // The last row's comma.
    target[at - 1] = 0x7d;
    return new TextDecoder('utf-8', { fatal: false, ignoreBOM: true }).decode(target.subarray(0, at));
  }

  #unpackSlice(slice: StagedSlice, target: Uint8Array, start: number): number {
    const stretch = this.#stretches.get(slice.part);
    if (!stretch) throw new Error('a stretch of staged rows was not fetched');
    const { bytes: source, metas } = stretch;
    let at = start;
    let from = slice.offset - stretch.slice.offset;
    let meta = ((slice.metaOffset - stretch.slice.metaOffset) / metaBytes) * metaWords;
    for (let row = 0; row < slice.rows; row++, meta += metaWords) {
      at = writeMemberHead(
        metas[meta + metaOf.bucket] as number,
        metas[meta + metaOf.firstHalf] as number,
        metas[meta + metaOf.secondHalf] as number,
        target,
        at,
      );
      for (let byte = source[from++] as number; byte !== 0x09; byte = source[from++] as number) {
        if (byte < 0xc2) target[at++] = byte;
        else {
          const read = this.#narrower.copy(source, from - 1, target, at);
          from += read - 1;
          at += read === 1 ? 1 : 2;
        }
      }
      target[at++] = 0x22;
      target[at++] = 0x3a;
      at = this.#shape.unpack(source, from, target, at, this.#narrower);
      target[at++] = 0x2c;
      from = this.#shape.readTo;
    }
    return at;
  }
}

interface Stretch {
  slice: StagedSlice;
  bytes: Uint8Array;
  metas: Uint32Array;
}

export async function loadReferred(
  ctx: Pick<Ctx, 'objects'>,
  references: Reference[],
  names: readonly string[],
  keyOf: (part: number) => string,
  memory: ReadMemory,
): Promise<ReferredRows> {
  const whole = stretchesOf(references.flatMap(({ slices }) => slices));
  const bytes = await loadBytes(ctx, whole, keyOf, memory);
  const metas = await loadMetas(ctx, whole, keyOf, memory);
  const stretches = new Map(
    whole.map((slice, i) => [
      slice.part,
      { slice, bytes: bytes[i] ?? new Uint8Array(), metas: metas[i] ?? new Uint32Array() },
    ]),
  );
  return new ReferredRows(new RowShape(names), stretches);
}

/** For each part, the one stretch that holds all slices of it. */
function stretchesOf(slices: StagedSlice[]): StagedSlice[] {
  const byPart = new Map<number, StagedSlice>();
  for (const slice of slices) {
    const known = byPart.get(slice.part);
    if (!known) {
      byPart.set(slice.part, { ...slice });
      continue;
    }
    const end = Math.max(known.offset + known.length, slice.offset + slice.length);
    const metaEnd = Math.max(
      known.metaOffset + known.rows * metaBytes,
      slice.metaOffset + slice.rows * metaBytes,
    );
    known.offset = Math.min(known.offset, slice.offset);
    known.length = end - known.offset;
    known.metaOffset = Math.min(known.metaOffset, slice.metaOffset);
    known.rows = (metaEnd - known.metaOffset) / metaBytes;
  }
  return [...byPart.values()];
}
