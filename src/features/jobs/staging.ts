import { fingerprintLength, hashLanes } from '../../platform/hash.ts';
import { JsonBytes } from '../../platform/json/bytes.ts';
import type { Json, RowValues } from '../../platform/tableschema/index.ts';
import { fingerprintOf, RowShape } from './shape.ts';

/**
 * Staged rows stand in slots, 1,024 equal stretches of the key's hash, so that a stretch of the file and
 * the same stretch of `records` can be compared without holding either whole. An object holds first the
 * rows, one a line,
 *
 *   key as JSON, without its quotes TAB values between tabs (`shape.ts`), or data as JSON
 *
 * (JSON text holds neither tab nor line end), and behind the last the numbers of each row, `metaWords` words
 * of 32 bits, in the same order. Data is never parsed again: it goes from here into SQL.
 */
export const slotCount = 1_024;

export function slotOf(bucket: number): number {
  return Math.floor(bucket / 2 ** 22);
}

/** First and last bucket of the slots from `from` up to, not including, `to`. */
export function bucketsOf(from: number, to: number): [number, number] {
  return [from * 2 ** 22, to * 2 ** 22 - 1];
}

export const rejectedMark = 'x';

/** Says that the good row of this key and line clashes with another's; its data is the error. */
export const clashMark = 'c';

/** Says that the key is to go: an undo takes back what was inserted. */
export const deletedMark = 'd';

/** A value of a unique key, staged as rows are; its data is the key of the row it stands in. */
export const uniqueMark = 'u';

export interface StagedRow {
  bucket: number;
  keyJson: string;
  /** Or one of the marks. */
  fingerprint: string;
  line: number;
  dataJson: string;
}

/** A row's numbers, in this order. Of a marked row the first half is its mark's character. */
export const metaOf = { bucket: 0, line: 1, keyCheck: 2, firstHalf: 3, secondHalf: 4 };
export const metaWords = 5;
export const metaBytes = metaWords * 4;

/** Where the numbers begin behind so many bytes of rows: at a whole word. */
export function metasAt(rowBytes: number): number {
  return (rowBytes + 3) & ~3;
}

/** First halves of fingerprints are far above every character. */
export function isMarked(firstHalf: number): boolean {
  return firstHalf < 128;
}

/** What is known of a staged object without reading it, slot by slot. */
export interface SlotIndex {
  /** Where each slot's rows begin, and the end. */
  offsets: number[];
  /** How many rows stand before each slot, and all. */
  starts: number[];
  /** Good rows, and what their buckets and the two halves of their fingerprints add up to. */
  sums: SlotSum[];
  /** Of the rows that are not staged whole. */
  names: readonly string[];
}

/** Two sets of rows whose sums are equal are equal, but for a chance as small as a fingerprint's. */
export type SlotSum = [rows: number, buckets: number, firstHalves: number, secondHalves: number];

/** A slot with marked rows is like no other. */
const marked = -1;

/** Gathers rows by slot, and gives out the object and its index; after that it is as new, with its buffers. */
export class SlotWriter {
  readonly #shape: RowShape;
  readonly #rows = new JsonBytes();
  readonly #scratch = new JsonBytes();
  #metas = new Uint32Array(metaWords * 1_024);
  /** Where each row's bytes end. */
  #ends = new Uint32Array(1_024);
  #staged = new Uint8Array(0);
  rows = 0;

  constructor(names: readonly string[] = []) {
    this.#shape = new RowShape(names);
  }

  /** A row that is JSON text already, or marked. */
  add({ bucket, keyJson, fingerprint, line, dataJson }: StagedRow): void {
    const check = hashLanes(JSON.parse(keyJson))[1];
    this.#rows.writeRaw(`${keyJson.slice(1, -1)}\t${dataJson}`);
    const half = fingerprintLength / 2;
    if (fingerprint.length !== fingerprintLength) {
      this.#endRow(bucket, check, fingerprint.charCodeAt(0), 0, line);
    } else {
      const [first, second] = [fingerprint.slice(0, half), fingerprint.slice(half)];
      this.#endRow(bucket, check, Number(first), Number(second), line);
    }
  }

  /** A row as it was read; answers how many characters its JSON has at most. */
  addRow(key: string, values: RowValues, line: number): number {
    const rows = this.#rows;
    const start = this.#beginRow(key);
    if (this.#shape.pack(values, rows)) return this.#endPacked(key, start, line);
    rows.length = start;
    rows.writeRaw(JSON.stringify(values));
    const [bucket, check] = hashLanes(key);
    const [first, second] = fingerprintOf(values, this.#scratch);
    this.#endRow(bucket >>> 0, check, first, second, line);
    return rows.length - start + this.#shape.overhead;
  }

  /** The same of values by the names; -1, and nothing is added, where the row has to be staged whole. */
  addValues(key: string, values: readonly Json[], line: number): number {
    const start = this.#beginRow(key);
    if (this.#shape.packValues(values, this.#rows)) return this.#endPacked(key, start, line);
    this.#rows.length = this.#end;
    return -1;
  }

  #beginRow(key: string): number {
    this.#rows.writeText(key);
    this.#rows.writeByte(0x09);
    return this.#rows.length;
  }

  #endPacked(key: string, start: number, line: number): number {
    const rows = this.#rows;
    const [bucket, check] = hashLanes(key);
    const [first, second] = this.#shape.fingerprintOf(rows.view, start, rows.length);
    this.#endRow(bucket >>> 0, check, first, second, line);
    return rows.length - start + this.#shape.overhead;
  }

  /** Where the bytes of the last row end. */
  get #end(): number {
    return this.rows === 0 ? 0 : (this.#ends[this.rows - 1] as number);
  }

  removeLast(): void {
    this.rows--;
    this.#rows.length = this.#end;
  }

  #endRow(bucket: number, check: number, firstHalf: number, secondHalf: number, line: number): void {
    this.#rows.writeByte(0x0a);
    if (this.rows === this.#ends.length) {
      this.#ends = grown(this.#ends, 2 * this.rows);
      this.#metas = grown(this.#metas, 2 * this.rows * metaWords);
    }
    const metas = this.#metas;
    const at = this.rows * metaWords;
    metas[at] = bucket;
    metas[at + metaOf.line] = line;
    metas[at + metaOf.keyCheck] = check;
    metas[at + metaOf.firstHalf] = firstHalf;
    metas[at + metaOf.secondHalf] = secondHalf;
    this.#ends[this.rows++] = this.#rows.length;
  }

  /** The bytes are good until the next object is finished. */
  finish(): { bytes: Uint8Array; index: SlotIndex } {
    const { index, places } = this.#place();
    const total = index.offsets[slotCount] as number;
    const length = metasAt(total) + this.rows * metaBytes;
    if (this.#staged.length < length) this.#staged = new Uint8Array(Math.ceil(length * 1.25));
    const bytes = this.#staged.subarray(0, length);
    bytes.fill(0, total, metasAt(total));
    const metas = new Uint32Array(bytes.buffer, metasAt(total), this.rows * metaWords);
    const at = Uint32Array.from(index.offsets);
    const row = Uint32Array.from(index.starts);
    let from = 0;
    for (let i = 0; i < this.rows; i++) {
      const slot = places[i] as number;
      const end = this.#ends[i] as number;
      bytes.set(this.#rows.bytes.subarray(from, end), at[slot]);
      at[slot] = (at[slot] as number) + end - from;
      const meta = (row[slot] as number) * metaWords;
      const source = i * metaWords;
      for (let word = 0; word < metaWords; word++) {
        metas[meta + word] = this.#metas[source + word] as number;
      }
      row[slot] = (row[slot] as number) + 1;
      from = end;
    }
    this.rows = 0;
    this.#rows.length = 0;
    return { bytes, index };
  }

  /** The slot of each row, and where the slots begin. */
  #place(): { index: SlotIndex; places: Uint16Array } {
    const places = new Uint16Array(this.rows);
    const sizes = new Uint32Array(slotCount);
    const counts = new Uint32Array(slotCount);
    const sums: SlotSum[] = Array.from({ length: slotCount }, () => [0, 0, 0, 0]);
    let from = 0;
    for (let i = 0; i < this.rows; i++) {
      const at = i * metaWords;
      const bucket = this.#metas[at] as number;
      const slot = slotOf(bucket);
      places[i] = slot;
      const end = this.#ends[i] as number;
      sizes[slot] = (sizes[slot] as number) + end - from;
      counts[slot] = (counts[slot] as number) + 1;
      from = end;
      const sum = sums[slot] as SlotSum;
      const firstHalf = this.#metas[at + metaOf.firstHalf] as number;
      if (isMarked(firstHalf)) sum[0] = marked;
      if (sum[0] === marked) continue;
      sum[0]++;
      sum[1] += bucket;
      sum[2] += firstHalf;
      sum[3] += this.#metas[at + metaOf.secondHalf] as number;
    }
    const offsets = [0];
    const starts = [0];
    for (let slot = 0; slot < slotCount; slot++) {
      offsets.push((offsets[slot] as number) + (sizes[slot] as number));
      starts.push((starts[slot] as number) + (counts[slot] as number));
    }
    return { index: { offsets, starts, sums, names: this.#shape.names }, places };
  }
}

function grown(old: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(length);
  larger.set(old);
  return larger;
}

/** True where a part has marked rows in this slot. */
export function hasMarks(indexes: SlotIndex[], slot: number): boolean {
  return indexes.some(({ sums }) => sums[slot]?.[0] === marked);
}

/** What the good rows of a slot add up to over all parts; null where a marked row is among them. */
export function sumOf(indexes: SlotIndex[], slot: number): SlotSum | null {
  const total: SlotSum = [0, 0, 0, 0];
  for (const { sums } of indexes) {
    const sum = sums[slot];
    if (sum === undefined || sum[0] === marked) return null;
    for (const place of [0, 1, 2, 3] as const) total[place] += sum[place];
  }
  return total;
}
