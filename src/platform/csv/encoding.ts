import type { CsvEncoding } from './dialect.ts';
import { utf8SizeAt } from './unicode.ts';

/** A value, how sure it is (0 to 1), and why, in plain words. */
export interface Decision<T> {
  value: T;
  confidence: number;
  evidence: string;
}

export interface EncodingFindings {
  encoding: Decision<CsvEncoding>;
  /** Bytes of the byte-order mark. */
  markBytes: number;
  /** Offset of the first byte that is no UTF-8; null if all seen is, or UTF-16 was found. */
  firstInvalid: number | null;
  /** The file ends inside a character. */
  endsInCharacter: boolean;
}

/** Bytes that start a character of two, and end no word in Windows-1252: À to Þ. */
const isCapital = (byte: number) => byte < 0xdf;

const marks: [bytes: number[], encoding: CsvEncoding, name: string][] = [
  [[0xef, 0xbb, 0xbf], 'utf-8', 'UTF-8'],
  [[0xff, 0xfe], 'utf-16le', 'UTF-16, little-endian'],
  [[0xfe, 0xff], 'utf-16be', 'UTF-16, big-endian'],
];

/** Valid characters outside ASCII per invalid byte, from which the invalid bytes are damage. */
const damageRatio = 10;

/** Decides the encoding from the first and the last bytes of a file. */
export function detectEncoding(head: Uint8Array, tail: Uint8Array, sizeBytes: number): EncodingFindings {
  const mark = marks.find(([bytes]) => bytes.every((byte, i) => head[i] === byte));
  const utf16 = mark === undefined ? guessUtf16(head) : null;
  const wide = mark?.[1] ?? utf16?.value;
  if (wide === 'utf-16le' || wide === 'utf-16be') {
    const evidence = mark === undefined ? (utf16?.evidence ?? '') : markEvidence(mark);
    return {
      encoding: { value: wide, confidence: utf16?.confidence ?? 1, evidence },
      markBytes: mark?.[0].length ?? 0,
      firstInvalid: null,
      endsInCharacter: sizeBytes % 2 === 1,
    };
  }
  const seen = checkUtf8(head, tail, sizeBytes);
  return {
    encoding:
      mark === undefined
        ? decideByBytes(seen)
        : { value: 'utf-8', confidence: 1, evidence: markEvidence(mark) },
    markBytes: mark?.[0].length ?? 0,
    firstInvalid: seen.firstInvalid,
    endsInCharacter: seen.endsInCharacter,
  };
}

function markEvidence([bytes, , name]: (typeof marks)[number]): string {
  const hex = bytes.map((byte) => byte.toString(16).toUpperCase()).join(' ');
  return `The file starts with the byte-order mark of ${name} (${hex}).`;
}

/** ASCII in UTF-16 has a zero in every other byte. */
function guessUtf16(head: Uint8Array): Decision<CsvEncoding> | null {
  const length = Math.min(head.length, 65_536) & ~1;
  if (length < 4) return null;
  const zeros = [0, 0];
  for (let i = 0; i < length; i++) if (head[i] === 0) zeros[i & 1] = (zeros[i & 1] ?? 0) + 1;
  const [even, odd] = zeros.map((count) => count / (length / 2)) as [number, number];
  const share = Math.max(even, odd);
  if (share < 0.3 || Math.min(even, odd) > 0.05) return null;
  return {
    value: odd > even ? 'utf-16le' : 'utf-16be',
    confidence: 0.5 + share / 2,
    evidence: `There is no byte-order mark, but ${Math.round(share * 100)} % of the ${odd > even ? 'odd' : 'even'} bytes are zero, as in UTF-16 text.`,
  };
}

interface Utf8Check {
  wideCount: number;
  invalidCount: number;
  firstInvalid: number | null;
  endsInCharacter: boolean;
  /** What the file ends in is hardly a letter of Windows-1252. */
  isCutForSure: boolean;
}

function checkUtf8(head: Uint8Array, tail: Uint8Array, sizeBytes: number): Utf8Check {
  const check: Utf8Check = {
    wideCount: 0,
    invalidCount: 0,
    firstInvalid: null,
    endsInCharacter: false,
    isCutForSure: false,
  };
  countUtf8(head, 0, 0, head.length >= sizeBytes, check);
  if (head.length < sizeBytes) {
    const tailAt = sizeBytes - tail.length;
    // What the head has shown already, and the end of a character that starts before the tail.
    let from = Math.max(0, head.length - tailAt);
    while (from < Math.min(3, tail.length) && ((tail[from] ?? 0) & 0xc0) === 0x80) from += 1;
    countUtf8(tail, from, tailAt, true, check);
  }
  return check;
}

function countUtf8(bytes: Uint8Array, from: number, offset: number, isEnd: boolean, check: Utf8Check): void {
  const cut = cutCharacter(bytes);
  const end = bytes.length - cut;
  for (let at = from; at < end; ) {
    if ((bytes[at] as number) < 0x80) {
      at += 1;
      continue;
    }
    const size = utf8SizeAt(bytes, at, end);
    if (size === 0) {
      check.invalidCount += 1;
      check.firstInvalid ??= offset + at;
    } else check.wideCount += 1;
    at += size || 1;
  }
  if (!isEnd || cut === 0) return;
  check.firstInvalid ??= offset + end;
  check.endsInCharacter = true;
  check.isCutForSure = cut > 1 || isCapital(bytes[end] as number);
}

/** How many bytes at the end are the first part of a character. */
function cutCharacter(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc2 && byte <= 0xf4) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0;
  }
  return 0;
}

function decideByBytes(seen: Utf8Check): Decision<CsvEncoding> {
  const { wideCount, invalidCount, firstInvalid, endsInCharacter, isCutForSure } = seen;
  if (invalidCount === 0 && endsInCharacter && wideCount === 0) {
    if (isCutForSure) {
      const evidence = `All is ASCII up to offset ${firstInvalid}, where the file ends inside a character of UTF-8.`;
      return { value: 'utf-8', confidence: 0.7, evidence };
    }
    return {
      value: 'windows-1252',
      confidence: 0.6,
      evidence: `All is ASCII but for the byte at offset ${firstInvalid}, the last, which is no whole UTF-8 character.`,
    };
  }
  if (invalidCount === 0) {
    return wideCount === 0
      ? { value: 'utf-8', confidence: 0.9, evidence: 'All bytes seen are ASCII, which is the same in UTF-8.' }
      : {
          value: 'utf-8',
          confidence: 1,
          evidence: `All ${wideCount} characters outside ASCII are valid UTF-8.`,
        };
  }
  const numbers = `${wideCount} characters outside ASCII are valid UTF-8 and ${invalidCount} bytes are not, the first at offset ${firstInvalid}`;
  if (wideCount >= invalidCount * damageRatio) {
    return {
      value: 'utf-8',
      confidence: 0.8,
      evidence: `${numbers}: taken for damage, their rows are reported.`,
    };
  }
  return {
    value: 'windows-1252',
    confidence: 0.7,
    evidence: `${numbers}: such a file is most likely Windows-1252 (Western European).`,
  };
}
