import { detectDelimiter } from './delimiter.ts';
import type { CsvDialect, CsvEncoding, CsvPosition } from './dialect.ts';
import { type Decision, detectEncoding, type EncodingFindings } from './encoding.ts';
import { detectForeign, type FileRefusal } from './foreign.ts';

export type { Decision } from './encoding.ts';
export type { FileRefusal, FileRefusalCode } from './foreign.ts';

export type LineEnd = 'lf' | 'crlf' | 'cr' | 'mixed' | 'none';
export type FileNoticeCode =
  | 'header_only'
  | 'one_line'
  | 'mixed_line_ends'
  | 'ends_in_character'
  | 'invalid_bytes'
  | 'no_last_line_end';

/** Something about a file that can be read all the same. */
export interface FileNotice {
  code: FileNoticeCode;
  /** Byte offset, where there is one. */
  at: number | null;
  message: string;
}

interface TextFindings {
  encoding: Decision<CsvEncoding>;
  notices: FileNotice[];
}

export interface CsvFindings extends TextFindings {
  kind: 'csv';
  dialect: CsvDialect;
  delimiter: Decision<string>;
  quote: Decision<string | null>;
  lineEnd: Decision<LineEnd>;
  header: Decision<boolean>;
  /** Where the first record starts: behind a byte-order mark and an Excel `sep=` line. */
  start: CsvPosition;
  /** The first record: the header, if there is one. */
  firstRecord: string[];
}

export interface JsonFindings extends TextFindings {
  kind: 'jsonl' | 'json';
}

/** Inflate it, and look again at what comes out. */
export interface GzipFindings {
  kind: 'gzip';
  evidence: string;
}

export type FileFindings = CsvFindings | JsonFindings | GzipFindings | FileRefusal;

/** Bytes of the head whose records are looked at. */
const sampleBytes = 262_144;

/** Tells what a file is from its first and last bytes; a MiB of each is plenty. */
export function detectFile(head: Uint8Array, tail: Uint8Array, sizeBytes: number): FileFindings {
  if (head[0] === 0x1f && head[1] === 0x8b) {
    return { kind: 'gzip', evidence: 'The file starts with the two bytes of gzip (1F 8B).' };
  }
  const seen = detectEncoding(head, tail, sizeBytes);
  const text = decodeStart(head, seen);
  const refusal = detectForeign(head, tail, sizeBytes, text, seen.encoding.value);
  if (refusal !== null) return refusal;
  const notices = encodingNotices(seen, sizeBytes);
  const json = detectJson(text);
  if (json !== null) return { kind: json, encoding: seen.encoding, notices };
  return detectCsv(head, tail, sizeBytes, seen, notices);
}

/** Text of the first 64 KiB, without a byte-order mark. */
function decodeStart(head: Uint8Array, seen: EncodingFindings): string {
  const even = seen.markBytes + Math.min(head.length - seen.markBytes, 65_536);
  return new TextDecoder(seen.encoding.value).decode(head.subarray(seen.markBytes, even));
}

function detectJson(text: string): 'json' | 'jsonl' | null {
  if (/^\s*\[\s*(?:[{\]]|$)/.test(text)) return 'json';
  return /^\s*\{\s*(?:["}]|$)/.test(text) ? 'jsonl' : null;
}

function encodingNotices(seen: EncodingFindings, sizeBytes: number): FileNotice[] {
  const notices: FileNotice[] = [];
  if (seen.endsInCharacter) {
    const message = 'The file ends inside a character, as if it was cut off: send it again.';
    notices.push({ code: 'ends_in_character', at: seen.firstInvalid ?? sizeBytes - 1, message });
  } else if (seen.firstInvalid !== null && seen.encoding.value === 'utf-8') {
    const message = 'Some bytes are no UTF-8; their rows will be reported. Save the file as UTF-8.';
    notices.push({ code: 'invalid_bytes', at: seen.firstInvalid, message });
  }
  return notices;
}

function detectCsv(
  head: Uint8Array,
  tail: Uint8Array,
  sizeBytes: number,
  seen: EncodingFindings,
  notices: FileNotice[],
): CsvFindings {
  const isWhole = head.length >= sizeBytes;
  const encoding = seen.encoding.value;
  const isSampleWhole = isWhole && head.length <= sampleBytes;
  const sample = detectDelimiter(head.subarray(0, sampleBytes), encoding, isSampleWhole);
  const lineEnd = detectLineEnd(head, tail, sizeBytes, encoding);
  const header = detectHeader(sample.records);
  const unitBytes = encoding.startsWith('utf-16') ? 2 : 1;
  const hasSep = sample.sepLineChars > 0;
  // A sep= line is ASCII, and its length has the mark, one character, in it.
  const sepBytes = (sample.sepLineChars - (seen.markBytes > 0 ? 1 : 0)) * unitBytes;
  if (isWhole && sample.records.length === 1 && header.value) {
    const message = 'The file has a header and no rows.';
    notices.push({ code: 'header_only', at: null, message });
  } else if (lineEnd.value === 'none' && !isWhole) {
    const message = 'No line end was found in the first and the last bytes: check how the file is exported.';
    notices.push({ code: 'one_line', at: null, message });
  }
  if (lineEnd.value === 'mixed') {
    const message =
      'Lines end in different ways, and each way is taken for a line end: check that no row was split.';
    notices.push({ code: 'mixed_line_ends', at: null, message });
  }
  const last = tail.at(encoding === 'utf-16le' ? -2 : -1);
  if (lineEnd.value !== 'none' && last !== 0x0a && last !== 0x0d) {
    const message = 'The last line has no line end; if rows are missing, the file was cut off.';
    notices.push({ code: 'no_last_line_end', at: null, message });
  }
  return {
    kind: 'csv',
    encoding: seen.encoding,
    dialect: { encoding, delimiter: sample.delimiter.value, quote: sample.quote.value },
    delimiter: sample.delimiter,
    quote: sample.quote,
    lineEnd,
    header,
    start: { offset: seen.markBytes + (hasSep ? sepBytes : 0), line: hasSep ? 2 : 1 },
    firstRecord: sample.records[0] ?? [],
    notices,
  };
}

function detectLineEnd(
  head: Uint8Array,
  tail: Uint8Array,
  sizeBytes: number,
  encoding: CsvEncoding,
): Decision<LineEnd> {
  const step = encoding.startsWith('utf-16') ? 2 : 1;
  const first = encoding === 'utf-16be' ? 1 : 0;
  const counts = { crlf: 0, lf: 0, cr: 0 };
  const start = head.subarray(0, sampleBytes);
  // Not what was counted at the start already.
  const end = tail.subarray(Math.max(0, tail.length - sampleBytes, start.length - (sizeBytes - tail.length)));
  for (const bytes of [start, end]) {
    for (let i = first; i < bytes.length; i += step) {
      if (step === 2 && bytes[i ^ 1] !== 0) continue;
      if (bytes[i] === 0x0a) counts.lf += 1;
      else if (bytes[i] === 0x0d && bytes[i + step] === 0x0a) {
        counts.crlf += 1;
        i += step;
      } else if (bytes[i] === 0x0d) counts.cr += 1;
    }
  }
  const total = counts.crlf + counts.lf + counts.cr;
  if (total === 0) return { value: 'none', confidence: 1, evidence: 'No line end was seen.' };
  const evidence = `Line ends seen: ${counts.crlf} CRLF, ${counts.lf} LF, ${counts.cr} CR. The reader takes all three.`;
  for (const value of ['crlf', 'lf', 'cr'] as const) {
    if (counts[value] / total >= 0.95) return { value, confidence: counts[value] / total, evidence };
  }
  return { value: 'mixed', confidence: 1, evidence };
}

const valueLike =
  /^(?:[+-]?\d[\d.,\s]*%?|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*|[^@\s]+@[^@\s]+\.[^@\s]+|true|false)$/i;

/** A header names columns: no values, no blanks, no repeats, and unlike what stands below. */
function detectHeader(records: string[][]): Decision<boolean> {
  const [first, ...rows] = records;
  if (first === undefined) return { value: false, confidence: 0, evidence: 'There are no records.' };
  const values = first.filter((cell) => valueLike.test(cell.trim())).length;
  if (values > 0) {
    const evidence = `${values} cells of the first record look like numbers, dates, addresses or truth values.`;
    return { value: false, confidence: Math.min(1, 0.6 + values / first.length), evidence };
  }
  const filled = first.filter((cell) => cell.trim() !== '').length;
  const distinct = new Set(first.map((cell) => cell.trim().toLowerCase())).size;
  const typed = first.filter((_, i) => {
    const below = rows.map((row) => row[i]?.trim() ?? '').filter((cell) => cell !== '');
    return below.length > 0 && below.filter((cell) => valueLike.test(cell)).length >= below.length * 0.8;
  }).length;
  if (typed > 0) {
    const evidence = `${typed} columns hold numbers, dates, addresses or truth values, and the first record has none.`;
    return { value: true, confidence: 0.95, evidence };
  }
  const repeated = first.filter((cell, i) => cell !== '' && rows.some((row) => row[i] === cell)).length;
  if (filled < first.length / 2 || repeated > 0) {
    const evidence = `The first record has ${first.length - filled} blank cells, and ${repeated} that come again below.`;
    return { value: false, confidence: 0.6, evidence };
  }
  const evidence = `The first record has ${distinct} different texts and no values, none of which comes again below.`;
  return { value: true, confidence: rows.length === 0 ? 0.6 : 0.8, evidence };
}
