import { utf8 } from '../../platform/encoding.ts';
import { fingerprintLength } from '../../platform/hash.ts';

/**
 * Staged rows stand in slots, 1,024 equal stretches of the key's hash, so that a stretch of the file and
 * the same stretch of `records` can be compared without holding either whole. A line is
 *
 *   bucket TAB key as JSON TAB fingerprint or a mark (below) TAB line TAB data as JSON
 *
 * and JSON text holds neither tab nor line end. Data is never parsed again: it goes from here into SQL.
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

export interface StagedRow {
  bucket: number;
  keyJson: string;
  /** Or one of the marks. */
  fingerprint: string;
  line: number;
  dataJson: string;
}

export function stagedLine(row: StagedRow): string {
  return `${row.bucket}\t${row.keyJson}\t${row.fingerprint}\t${row.line}\t${row.dataJson}`;
}

export function parseStagedLine(text: string): StagedRow {
  const a = text.indexOf('\t');
  const b = text.indexOf('\t', a + 1);
  const c = text.indexOf('\t', b + 1);
  const d = text.indexOf('\t', c + 1);
  return {
    bucket: Number(text.slice(0, a)),
    keyJson: text.slice(a + 1, b),
    fingerprint: text.slice(b + 1, c),
    line: Number(text.slice(c + 1, d)),
    dataJson: text.slice(d + 1),
  };
}

/** What is known of a staged object without reading it, slot by slot. */
export interface SlotIndex {
  /** Where each slot begins, and the end. */
  offsets: number[];
  /** Good rows, and what their buckets and the two halves of their fingerprints add up to. */
  sums: SlotSum[];
}

/** Two sets of rows whose sums are equal are equal, but for a chance as small as a fingerprint's. */
export type SlotSum = [rows: number, buckets: number, firstHalves: number, secondHalves: number];

/** A slot with marked rows is like no other. */
const marked = -1;

/** Gathers rows by slot, and gives out the object and its index. */
export class SlotWriter {
  readonly #slots: string[][] = Array.from({ length: slotCount }, () => []);
  readonly #sums: SlotSum[] = Array.from({ length: slotCount }, () => [0, 0, 0, 0]);
  rows = 0;

  add(row: StagedRow): void {
    const slot = slotOf(row.bucket);
    this.#slots[slot]?.push(stagedLine(row));
    this.rows++;
    const sum = this.#sums[slot] as SlotSum;
    if (row.fingerprint.length !== fingerprintLength) sum[0] = marked;
    if (sum[0] === marked) return;
    sum[0]++;
    sum[1] += row.bucket;
    sum[2] += Number(row.fingerprint.slice(0, fingerprintLength / 2));
    sum[3] += Number(row.fingerprint.slice(fingerprintLength / 2));
  }

  finish(): { bytes: Uint8Array; index: SlotIndex } {
    const pieces: Uint8Array[] = [];
    const offsets = [0];
    let at = 0;
    for (const lines of this.#slots) {
      if (lines.length > 0) {
        lines.push('');
        const piece = utf8(lines.join('\n'));
        pieces.push(piece);
        at += piece.byteLength;
      }
      offsets.push(at);
    }
    const bytes = new Uint8Array(at);
    let offset = 0;
    for (const piece of pieces) {
      bytes.set(piece, offset);
      offset += piece.byteLength;
    }
    return { bytes, index: { offsets, sums: this.#sums } };
  }
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
