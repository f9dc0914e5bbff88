import { CsvReader } from '../src/platform/csv/reader.ts';
import { writeCsvRow } from '../src/platform/csv/write.ts';

export type OnRow = (cells: string[]) => void;
export type Read = (file: Uint8Array, onRow: OnRow) => void | Promise<void>;

export const header = [
  'id',
  'email',
  'first_name',
  'last_name',
  'birth_date',
  'program',
  'address',
  'score',
  'note',
];
const chunkBytes = 65_536;

/** A seeded generator (mulberry32). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

/** People of a school: three columns always quoted, some doubled quotes, no damage. */
export function makeFile(sizeBytes: number, accents: boolean): Uint8Array {
  const random = randomFrom(20_181_112);
  const pick = (from: string[]) => from[random(from.length)] ?? '';
  const first = [
    'Ada',
    'Grace',
    'Alan',
    'Edsger',
    'Barbara',
    'Donald',
    'Katherine',
    accents ? 'José' : 'Jose',
  ];
  const last = ['Lovelace', 'Hopper', 'Turing', 'Dijkstra', 'Liskov', 'Knuth', 'Johnson', "O'Neil"];
  const streets = ['Main Street', 'Station Road', 'Church Lane', 'Mill Hill', 'King ""K"" Way'];
  const parts = [writeCsvRow(header, { lineEnd: '\n' })];
  let size = 0;
  for (let id = 100_000; size < sizeBytes; id++) {
    const [a, b] = [pick(first), pick(last)];
    const day = `${1980 + random(30)}-0${1 + random(9)}-${10 + random(18)}`;
    const address = `"${1 + random(200)} ${pick(streets)}, Apt ${random(90)}, Springfield"`;
    const note = random(4) === 0 ? '"met at fair; asked for ""forms"", called back"' : '""';
    const row = `${id},${a}.${b}.${id}@example.edu,"${a}","${b}",${day},BSC-${random(400)},${address},${random(1000) / 10},${note}\n`;
    parts.push(row);
    size += row.length;
  }
  return new TextEncoder().encode(parts.join(''));
}

export function* chunksOf(file: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < file.length; at += chunkBytes) yield file.subarray(at, at + chunkBytes);
}

/** The reader under measurement, over a file in chunks. */
export function readWithCrosswalk(file: Uint8Array, onRow: OnRow): void {
  const reader = new CsvReader({
    dialect: { encoding: 'utf-8', delimiter: ',', quote: '"' },
    width: header.length,
    onRow,
    onFault: (fault) => {
      throw new Error(`false alarm: ${fault.code} on line ${fault.line}`);
    },
  });
  for (const chunk of chunksOf(file)) reader.push(chunk);
  reader.end();
}

/** Rows and a hash (FNV-1a) of all cells, so that two outputs can be told apart. */
export async function digest(read: Read, file: Uint8Array): Promise<string> {
  let rows = 0;
  let hash = 0x811c9dc5;
  await read(file, (cells) => {
    rows += 1;
    const line = cells.join('\u0001');
    for (let i = 0; i < line.length; i++) hash = Math.imul(hash ^ line.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ cells.length, 0x01000193);
  });
  return `${rows} rows, ${(hash >>> 0).toString(16)}`;
}
