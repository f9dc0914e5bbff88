/**
 * MiB/s of the CSV reader beside its peers: a clean quoted file to one array of strings per row, streamed in
 * 64 KiB chunks. Every peer must give the same rows. Runs alternate; the best of each counts. The same reader
 * inside workerd reads a file that it has made itself, and is timed from outside, where the clock goes on.
 * `node bench/csv.ts [MB] [rounds]`
 */
import { availableParallelism, cpus } from 'node:os';
import { Readable } from 'node:stream';
import { parse as csvParse } from 'csv-parse';
import simpleParse from 'csv-simple-parser';
import Papa from 'papaparse';
import { inferSchema, initParser } from 'udsv';
import { chunksOf, digest, header, makeFile, type Read, readWithCrosswalk } from './people.ts';
import { startRuntime } from './workerd.ts';

function* textsOf(file: Uint8Array): Generator<string> {
  const decoder = new TextDecoder();
  for (const chunk of chunksOf(file)) yield decoder.decode(chunk, { stream: true });
}

const readers: Record<string, Read> = {
  crosswalk: readWithCrosswalk,
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

async function compare(title: string, sizeBytes: number, accents: boolean, rounds: number): Promise<void> {
  const file = makeFile(sizeBytes, accents);
  const names = Object.keys(readers);
  const best = new Map<string, number>();
  const expected = await digest(readers.crosswalk as Read, file);
  for (const name of names) {
    const found = await digest(readers[name] as Read, file);
    if (found !== expected) console.log(`${name} reads it differently: ${found} (expected ${expected})`);
  }
  const runtime = await startRuntime();
  const inside = await runtime.prepare(sizeBytes, accents);
  if (inside !== expected) console.log(`workerd reads it differently: ${inside} (expected ${expected})`);
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const speed = await measure(readers[name] as Read, file);
      best.set(name, Math.max(best.get(name) ?? 0, speed));
    }
    const speed = file.length / 2 ** 20 / (await runtime.readOnce());
    best.set(insideName, Math.max(best.get(insideName) ?? 0, speed));
  }
  await runtime.stop();
  const base = best.get('uDSV') ?? Number.NaN;
  console.log(`\n${title}: ${(file.length / 1e6).toFixed(1)} MB, ${expected}; best of ${rounds}\n`);
  console.log('| reader | MiB/s | ratio to uDSV |\n|---|---:|---:|');
  for (const name of [...best.keys()].sort((a, b) => (best.get(b) ?? 0) - (best.get(a) ?? 0))) {
    const speed = best.get(name) ?? 0;
    console.log(`| ${name} | ${speed.toFixed(1)} | ${(speed / base).toFixed(2)} |`);
  }
}

const insideName = 'crosswalk, inside workerd';
const sizeBytes = Number(process.argv[2] ?? 50) * 1e6;
const rounds = Number(process.argv[3] ?? 5);
console.log(`Node ${process.versions.node}, ${availableParallelism()} × ${cpus()[0]?.model.trim()}`);
await compare('ASCII', sizeBytes, false, rounds);
await compare('UTF-8 with letters outside ASCII', sizeBytes, true, rounds);
