/**
 * MiB/s of the CSV reader beside its peers: a clean quoted file to one array of strings per row, streamed in
 * 64 KiB chunks. Every peer must give the same rows. Runs alternate; the best of each counts.
 * `node bench/csv.ts [MB] [rounds]`
 */
import { Readable } from 'node:stream';
import { parse as csvParse } from 'csv-parse';
import simpleParse from 'csv-simple-parser';
import Papa from 'papaparse';
import { inferSchema, initParser } from 'udsv';
import { CsvReader } from '../src/platform/csv/reader.ts';
import { writeCsvRow } from '../src/platform/csv/write.ts';

type OnRow = (cells: string[]) => void;
type Read = (file: Uint8Array, onRow: OnRow) => void | Promise<void>;

const header = [
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
function makeFile(sizeBytes: number, accents: boolean): Uint8Array {
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

function* chunksOf(file: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < file.length; at += chunkBytes) yield file.subarray(at, at + chunkBytes);
}

function* textsOf(file: Uint8Array): Generator<string> {
  const decoder = new TextDecoder();
  for (const chunk of chunksOf(file)) yield decoder.decode(chunk, { stream: true });
}

const readers: Record<string, Read> = {
  crosswalk: (file, onRow) => {
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
  },
  uDSV: (file, onRow) => {
    let parser: ReturnType<typeof initParser> | null = null;
    onRow(header);
    for (const text of textsOf(file)) {
      parser ??= initParser(inferSchema(text));
      parser.chunk(text, parser.stringArrs, onRow);
    }
    parser?.end();
  },
  'csv-simple-parser': (file, onRow) => {
    // It has no streaming mode, so it gets the whole text; and it makes a row of the last line end.
    const rows = simpleParse(new TextDecoder().decode(file)) as string[][];
    if (rows.at(-1)?.[0] === '') rows.pop();
    for (const row of rows) onRow(row);
  },
  papaparse: (file, onRow) =>
    new Promise((resolve, reject) => {
      const stream = Papa.parse(Papa.NODE_STREAM_INPUT, { skipEmptyLines: true });
      stream.on('data', onRow).on('end', resolve).on('error', reject);
      // It decodes each chunk by itself, and so breaks characters: it gets text.
      Readable.from(textsOf(file), { objectMode: false }).pipe(stream);
    }),
  'csv-parse': (file, onRow) =>
    new Promise((resolve, reject) => {
      const stream = csvParse();
      stream.on('data', onRow).on('end', resolve).on('error', reject);
      Readable.from(chunksOf(file), { objectMode: false }).pipe(stream);
    }),
};

/** Rows and a hash (FNV-1a) of all cells, so that two outputs can be told apart. */
async function digest(read: Read, file: Uint8Array): Promise<string> {
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

async function measure(read: Read, file: Uint8Array): Promise<number> {
  let cellCount = 0;
  const start = performance.now();
  await read(file, (cells) => {
    cellCount += cells.length;
  });
  const seconds = (performance.now() - start) / 1000;
  if (cellCount === 0) throw new Error('nothing was read');
  return file.length / 2 ** 20 / seconds;
}

async function compare(title: string, file: Uint8Array, rounds: number): Promise<void> {
  const names = Object.keys(readers);
  const best = new Map<string, number>();
  const expected = await digest(readers.crosswalk as Read, file);
  for (const name of names) {
    const found = await digest(readers[name] as Read, file);
    if (found !== expected) console.log(`${name} reads it differently: ${found} (expected ${expected})`);
  }
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const speed = await measure(readers[name] as Read, file);
      best.set(name, Math.max(best.get(name) ?? 0, speed));
    }
  }
  const base = best.get('uDSV') ?? Number.NaN;
  console.log(`\n${title}: ${(file.length / 1e6).toFixed(1)} MB, ${expected}; best of ${rounds}\n`);
  console.log('| reader | MiB/s | ratio to uDSV |\n|---|---:|---:|');
  for (const name of names.toSorted((a, b) => (best.get(b) ?? 0) - (best.get(a) ?? 0))) {
    const speed = best.get(name) ?? 0;
    console.log(`| ${name} | ${speed.toFixed(1)} | ${(speed / base).toFixed(2)} |`);
  }
}

const sizeBytes = Number(process.argv[2] ?? 50) * 1e6;
const rounds = Number(process.argv[3] ?? 5);
await compare('ASCII', makeFile(sizeBytes, false), rounds);
await compare('UTF-8 with letters outside ASCII', makeFile(sizeBytes, true), rounds);
