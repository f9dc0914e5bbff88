import { toBytes } from './read.ts';

/** A seeded generator (mulberry32). */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

type Random = ReturnType<typeof randomFrom>;

export const damageKinds = [
  'short row',
  'long row',
  'stray quote',
  'quote at the start of a cell',
  'lost opening quote',
  'lost closing quote',
  'extra closing quote',
  'text after a quote',
  'bad byte',
  'NUL',
] as const;

export type DamageKind = (typeof damageKinds)[number];

export interface FileShape {
  seed: number;
  rows: number;
  /** How many of 1,000 rows are damaged. */
  damagedPerMille: number;
  kinds: readonly DamageKind[];
  quoting: 'all' | 'some' | 'minimal';
  /** How many of 1,000 rows have a legal cell of several lines. */
  multiLinePerMille: number;
  lineEnd?: string;
}

export interface MadeRecord {
  cells: string[];
  line: number;
  lineCount: number;
  offset: number;
  damaged: boolean;
}

export interface MadeFile {
  bytes: Uint8Array;
  width: number;
  records: MadeRecord[];
}

const words = ['Ada', 'Grace, PhD', 'Söderström', 'King "K" Way', 'Springfield', "O'Neil", '漢字', 'x', ''];
const notes = ['Dear all\nplease call back, soon.\nAda', '12 Main St\nApt 4, Springfield', 'one\n\ntwo "2"'];
const badByte = '\uf8ff';

/** A file of people, and what is true of it. A marked character stands for the bad byte until the end. */
export function makeFile(shape: FileShape): MadeFile {
  const random = randomFrom(shape.seed);
  const pick = <T>(from: readonly T[]): T => from[random(from.length)] as T;
  const lineEnd = shape.lineEnd ?? '\n';
  const records: MadeRecord[] = [];
  const parts: string[] = [];
  let line = 1;
  let offset = 0;
  for (let id = 1; id <= shape.rows; id++) {
    const cells = [
      `${id}`,
      `p${id}@example.edu`,
      pick(words),
      pick(words),
      `19${10 + random(89)}-05-${10 + random(18)}`,
      pick(words),
      `${random(1000) / 10}`,
    ];
    if (random(1000) < shape.multiLinePerMille) cells[5] = pick(notes);
    const damaged = random(1000) < shape.damagedPerMille;
    const raw = cells.map((cell, i) => quoteCell(cell, shape.quoting, i));
    const text = (damaged ? damage(raw, pick(shape.kinds), random) : raw.join(',')) + lineEnd;
    const lineCount = (text.match(/\r\n|\n|\r/g) ?? []).length;
    const size = toBytes(text).length - 2 * (text.split(badByte).length - 1);
    records.push({ cells, line, lineCount, offset, damaged });
    parts.push(text);
    line += lineCount;
    offset += size;
  }
  return { bytes: placeBadBytes(toBytes(parts.join(''))), width: 7, records };
}

function quoteCell(cell: string, quoting: FileShape['quoting'], column: number): string {
  const must = /[",\r\n]/.test(cell);
  const quote = must || quoting === 'all' || (quoting === 'some' && column >= 2 && column <= 3);
  return quote ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function damage(raw: string[], kind: DamageKind, random: Random): string {
  const cells = raw.slice();
  const quoted = cells.flatMap((cell, i) => (cell.startsWith('"') ? [i] : []));
  const plain = cells.flatMap((cell, i) => (cell.startsWith('"') ? [] : [i]));
  const any = random(cells.length);
  const q = quoted[random(quoted.length)];
  const p = plain[random(plain.length)];
  const put = (i: number, at: number, text: string) => {
    cells[i] = (cells[i] as string).slice(0, at) + text + (cells[i] as string).slice(at);
  };
  const cut = (i: number, at: number) => {
    cells[i] = (cells[i] as string).slice(0, at) + (cells[i] as string).slice(at + 1);
  };
  const sizeOf = (i: number) => (cells[i] as string).length;
  switch (kind) {
    case 'short row':
      cells.splice(1 + random(6), 1);
      break;
    case 'long row':
      cells.splice(any, 0, 'extra');
      break;
    case 'stray quote':
      put(0, sizeOf(0) - (q === 0 ? 1 : 0), q === 0 ? 'x"y' : '"y');
      break;
    case 'quote at the start of a cell':
      put(p ?? 0, 0, '"');
      if (p === undefined) put(0, 1, 'x');
      break;
    case 'lost opening quote':
      if (q === undefined || sizeOf(q) < 3) put(0, sizeOf(0), 'x"');
      else cut(q, 0);
      break;
    case 'lost closing quote':
      if (q === undefined || sizeOf(q) < 3) put(0, 0, quoted.includes(0) ? 'x' : '"x"');
      else cut(q, sizeOf(q) - 1);
      break;
    case 'extra closing quote':
      if (q === undefined || sizeOf(q) < 3) put(0, 0, quoted.includes(0) ? 'x' : '"x"');
      else put(q, sizeOf(q), '"');
      break;
    case 'text after a quote':
      if (q === undefined) put(0, 0, quoted.includes(0) ? 'x' : '"x"');
      else put(q, sizeOf(q), 'text');
      break;
    case 'bad byte':
      put(any, cells[any]?.startsWith('"') ? 1 : 0, badByte);
      break;
    case 'NUL':
      put(any, cells[any]?.startsWith('"') ? 1 : 0, '\0');
      break;
  }
  return cells.join(',');
}

/** Makes each marked character (three bytes of UTF-8) the one byte 0xFF. */
function placeBadBytes(bytes: Uint8Array): Uint8Array {
  const [a, b, c] = toBytes(badByte);
  const out = new Uint8Array(bytes.length);
  let size = 0;
  for (let i = 0; i < bytes.length; i++) {
    const marked = bytes[i] === a && bytes[i + 1] === b && bytes[i + 2] === c;
    out[size++] = marked ? 0xff : (bytes[i] as number);
    if (marked) i += 2;
  }
  return out.subarray(0, size);
}

export interface Verdict {
  damaged: number;
  /** Damaged records that no fault touches. */
  unreported: MadeRecord[];
  /** Undamaged records that did not come out as they went in. */
  lost: MadeRecord[];
  /** Faults, and rows that no record is, on lines where nothing is damaged. */
  falseAlarms: unknown[];
  /** Rows given out that are part of a damaged record. */
  fragments: unknown[];
}

interface Found {
  rows: { cells: string[]; line: number; offset: number }[];
  faults: { line: number; lineCount: number; code: string }[];
}

/** Compares what was read with what is true of the file. */
export function judge(file: MadeFile, found: Found): Verdict {
  const damagedLines = new Set<number>();
  const goodAt = new Map<number, MadeRecord>();
  for (const record of file.records) {
    if (!record.damaged) goodAt.set(record.line, record);
    else for (let i = 0; i < record.lineCount; i++) damagedLines.add(record.line + i);
  }
  const faultLines = new Set<number>();
  const falseAlarms: unknown[] = [];
  for (const fault of found.faults) {
    let hit = false;
    for (let i = 0; i < fault.lineCount; i++) {
      faultLines.add(fault.line + i);
      hit ||= damagedLines.has(fault.line + i);
    }
    if (!hit) falseAlarms.push(fault);
  }
  const fragments: unknown[] = [];
  const intact = new Set<MadeRecord>();
  for (const row of found.rows) {
    const record = goodAt.get(row.line);
    const same =
      record?.offset === row.offset &&
      record.cells.length === row.cells.length &&
      record.cells.every((cell, i) => cell === row.cells[i]);
    if (record !== undefined && same) intact.add(record);
    else (damagedLines.has(row.line) ? fragments : falseAlarms).push(row);
  }
  const damaged = file.records.filter((record) => record.damaged);
  const isReported = (r: MadeRecord) =>
    Array.from({ length: r.lineCount }, (_, i) => r.line + i).some((l) => faultLines.has(l));
  return {
    damaged: damaged.length,
    unreported: damaged.filter((record) => !isReported(record)),
    lost: file.records.filter((record) => !record.damaged && !intact.has(record)),
    falseAlarms,
    fragments,
  };
}
