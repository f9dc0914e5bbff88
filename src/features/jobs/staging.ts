import { utf8 } from '../../platform/encoding.ts';

/**
 * Staged rows stand in slots, 1,024 equal stretches of the key's hash, so that a stretch of the file and
 * the same stretch of `records` can be compared without holding either whole. A line is
 *
 *   bucket TAB key as JSON TAB fingerprint, or a mark (below) TAB line TAB data as JSON
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

export interface StagedRow {
  bucket: number;
  keyJson: string;
  /** `x` where the row is rejected and only its key counts. */
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

/** Gathers rows by slot, and gives out the object and its index: where each slot begins, and the end. */
export class SlotWriter {
  readonly #slots: string[][] = Array.from({ length: slotCount }, () => []);
  rows = 0;

  add(row: StagedRow): void {
    this.#slots[slotOf(row.bucket)]?.push(stagedLine(row));
    this.rows++;
  }

  finish(): { bytes: Uint8Array; index: number[] } {
    const pieces: Uint8Array[] = [];
    const index = [0];
    let at = 0;
    for (const lines of this.#slots) {
      if (lines.length > 0) {
        const piece = utf8(`${lines.join('\n')}\n`);
        pieces.push(piece);
        at += piece.byteLength;
      }
      index.push(at);
    }
    const bytes = new Uint8Array(at);
    let offset = 0;
    for (const piece of pieces) {
      bytes.set(piece, offset);
      offset += piece.byteLength;
    }
    return { bytes, index };
  }
}

/** What is to be done to one key. */
export interface Operation {
  bucket: number;
  keyJson: string;
  kind: 'i' | 'u' | 'd';
  fingerprint: string;
  dataJson: string;
}

export function operationLine(operation: Operation): string {
  return `${operation.bucket}\t${operation.keyJson}\t${operation.kind}\t${operation.fingerprint}\t${operation.dataJson}`;
}

export function parseOperationLine(text: string): Operation {
  const a = text.indexOf('\t');
  const b = text.indexOf('\t', a + 1);
  const c = text.indexOf('\t', b + 1);
  const d = text.indexOf('\t', c + 1);
  return {
    bucket: Number(text.slice(0, a)),
    keyJson: text.slice(a + 1, b),
    kind: text.slice(b + 1, c) as Operation['kind'],
    fingerprint: text.slice(c + 1, d),
    dataJson: text.slice(d + 1),
  };
}
