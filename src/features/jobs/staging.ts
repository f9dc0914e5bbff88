import { fingerprintLength, hashLanes } from '../../platform/hash.ts';
import { RowShape } from './shape.ts';

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

/** Text that is encoded at a time: strings that live long cost the collector more than bytes. */
const pieceCharacters = 32_768;

/** Beyond these a text takes two bytes a character in memory, and makes all that it is joined with do so. */
const wide = /[\u0100-\uffff]/;

const encoder = new TextEncoder();

/** Gathers rows by slot, and gives out the object and its index; after that it is as new, with its buffers. */
export class SlotWriter {
  readonly #shape: RowShape;
  readonly #narrow = new TextPiece();
  readonly #wide = new TextPiece();
  #metas = new Uint32Array(metaWords * 1_024);
  /** Rows whose bytes are made, where each of them ends, and which of the rows in order it is. */
  #bytes = new Uint8Array(pieceCharacters);
  #source = new Uint8Array(4 * pieceCharacters);
  #ends = new Uint32Array(1_024);
  #order = new Uint32Array(1_024);
  #packed = 0;
  #staged = new Uint8Array(0);
  rows = 0;

  constructor(names: readonly string[] = []) {
    this.#shape = new RowShape(names);
  }

  add({ bucket, keyJson, fingerprint, line, dataJson }: StagedRow): void {
    const half = fingerprintLength / 2;
    if (fingerprint.length !== fingerprintLength) {
      this.addRow(bucket, keyJson, [fingerprint.charCodeAt(0), 0], line, dataJson);
      return;
    }
    const halves: [number, number] = [Number(fingerprint.slice(0, half)), Number(fingerprint.slice(half))];
    this.addRow(bucket, keyJson, halves, line, dataJson);
  }

  addRow(bucket: number, keyJson: string, halves: [number, number], line: number, dataJson: string): void {
    const at = this.rows * metaWords;
    if (at === this.#metas.length) this.#metas = grown(this.#metas, Uint32Array, at * 2);
    const metas = this.#metas;
    metas[at] = bucket;
    metas[at + metaOf.line] = line;
    metas[at + metaOf.keyCheck] = hashLanes(keyJson)[1];
    metas[at + metaOf.firstHalf] = halves[0];
    metas[at + metaOf.secondHalf] = halves[1];
    const piece = wide.test(dataJson) ? this.#wide : this.#narrow;
    piece.text += `${keyJson.slice(1, -1)}\t${dataJson}\n`;
    piece.rows.push(this.rows++);
    if (piece.text.length >= pieceCharacters) this.#pack(piece);
  }

  /** Makes bytes of the text in hand. */
  #pack(piece: TextPiece): void {
    if (piece.text.length * 3 > this.#source.length) this.#source = new Uint8Array(piece.text.length * 3);
    const source = this.#source;
    const { written } = encoder.encodeInto(piece.text, source);
    let at = this.#packed === 0 ? 0 : (this.#ends[this.#packed - 1] as number);
    if (at + written > this.#bytes.length) {
      this.#bytes = grown(this.#bytes, Uint8Array, 2 * (at + written));
    }
    if (this.rows > this.#ends.length) {
      this.#ends = grown(this.#ends, Uint32Array, 2 * this.rows);
      this.#order = grown(this.#order, Uint32Array, 2 * this.rows);
    }
    const target = this.#bytes;
    let from = 0;
    for (const row of piece.rows) {
      const data = source.indexOf(0x09, from) + 1;
      const end = source.indexOf(0x0a, data);
      for (let i = from; i < data; i++) target[at++] = source[i] as number;
      const behind = this.#shape.pack(source, data, end, target, at);
      if (behind >= 0) at = behind;
      else for (let i = data; i < end; i++) target[at++] = source[i] as number;
      target[at++] = 0x0a;
      this.#ends[this.#packed] = at;
      this.#order[this.#packed++] = row;
      from = end + 1;
    }
    piece.text = '';
    piece.rows = [];
  }

  /** The bytes are good until the next object is finished. */
  finish(): { bytes: Uint8Array; index: SlotIndex } {
    this.#pack(this.#narrow);
    this.#pack(this.#wide);
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
      bytes.set(this.#bytes.subarray(from, end), at[slot]);
      at[slot] = (at[slot] as number) + end - from;
      const meta = (row[slot] as number) * metaWords;
      const source = (this.#order[i] as number) * metaWords;
      for (let word = 0; word < metaWords; word++) {
        metas[meta + word] = this.#metas[source + word] as number;
      }
      row[slot] = (row[slot] as number) + 1;
      from = end;
    }
    this.rows = 0;
    this.#packed = 0;
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
      const at = (this.#order[i] as number) * metaWords;
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

/** Rows that are still text. */
class TextPiece {
  text = '';
  /** Which rows they are. */
  rows: number[] = [];
}

function grown<T extends Uint8Array | Uint32Array>(
  old: T,
  Kind: new (length: number) => T,
  length: number,
): T {
  const larger = new Kind(length);
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
