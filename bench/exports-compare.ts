import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import parse from 'csv-simple-parser';

// Proof that two programs wrote the same rows. No cell of the bench holds a line break.

const linesAtOnce = 20_000;

async function* batchesOf(path: string): AsyncGenerator<string[]> {
  let lines: string[] = [];
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    if (lines.push(line) < linesAtOnce) continue;
    yield lines;
    lines = [];
  }
  if (lines.length > 0) yield lines;
}

/** Two files line by line, as `read` has them; throws at the first that differs, and answers how many there are. */
async function compareLines(
  own: AsyncGenerator<string[]>,
  other: AsyncGenerator<string[]>,
  read: (lines: string[]) => unknown[],
): Promise<number> {
  let rows = 0;
  for await (const lines of own) {
    const [ours, theirs] = [read(lines), read((await other.next()).value ?? [])];
    for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
      const [one, two] = [JSON.stringify(ours[i]), JSON.stringify(theirs[i])];
      if (one !== two) throw new Error(`row ${rows + i} differs:\n${one}\n${two}`);
    }
    rows += ours.length;
  }
  if (!(await other.next()).done) throw new Error(`there are more than ${rows} rows`);
  return rows;
}

/** CSV files with the same cells, however they quote them; answers how many rows, the header's included. */
export function compareCells(own: string, other: string): Promise<number> {
  return compareLines(batchesOf(own), batchesOf(other), (lines) => parse(lines.join('\n')) as string[][]);
}

/** A JSON array with an object on each line, and lines of the same objects. */
export function compareObjects(own: string, other: string): Promise<number> {
  return compareLines(withoutBrackets(own), batchesOf(other), (lines) => lines);
}

async function* withoutBrackets(path: string): AsyncGenerator<string[]> {
  let rest: string[] = [];
  for await (const lines of batchesOf(path)) {
    rest.push(...lines.filter((line) => line !== '[' && line !== ']').map((line) => line.replace(/,$/, '')));
    for (; rest.length >= linesAtOnce; rest = rest.slice(linesAtOnce)) yield rest.slice(0, linesAtOnce);
  }
  if (rest.length > 0) yield rest;
}
