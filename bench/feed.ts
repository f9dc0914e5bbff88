import { once } from 'node:events';
import { createWriteStream } from 'node:fs';

const first = ['Ada', 'Grace', 'Alan', 'Edsger', 'Barbara', 'Donald', 'Katherine', 'José'];
const last = ['Lovelace', 'Hopper', 'Turing', 'Dijkstra', 'Liskov', 'Knuth', 'Johnson', 'O’Neil'];

export const feedHeader = 'id,email,first_name,last_name,birth_date,program,score';

export const feedTask = {
  folder: 'warehouse',
  dataset: 'people',
  mode: 'full',
  schema: {
    fields: [
      { name: 'id', type: 'integer' },
      { name: 'email', type: 'string' },
      { name: 'first_name', type: 'string' },
      { name: 'last_name', type: 'string' },
      { name: 'birth_date', type: 'date' },
      { name: 'program', type: 'string' },
      { name: 'score', type: 'number' },
    ],
    primaryKey: 'id',
  },
};

/** Row `n` of the feed, seven columns and about 65 bytes; all but the id follow from a hash of `n`. */
export function feedRow(n: number, edition = 0): string {
  const hash = Math.imul((n + edition * 7_919) ^ ((n + edition) >>> 15), 0x2c1b3c6d) >>> 0;
  const [a, b] = [first[hash & 7] ?? '', last[(hash >>> 3) & 7] ?? ''];
  const day = `${1980 + (hash % 30)}-0${1 + (hash % 9)}-${10 + (hash % 18)}`;
  return `${100_000 + n},s${hash % 1_000_000}@example.edu,${a},${b},${day},BSC-${hash % 400},${(hash % 1_000) / 10}`;
}

/**
 * Writes a file of `rows` rows in order, or in another order where `stride` (prime to `rows`) is given; the
 * row `changed` is of another edition.
 */
export async function writeFeed(
  path: string,
  rows: number,
  { stride = 1, changed = -1 }: { stride?: number; changed?: number } = {},
): Promise<void> {
  const out = createWriteStream(path);
  out.write(`${feedHeader}\n`);
  const lines: string[] = [];
  for (let i = 0; i < rows; i++) {
    const n = (i * stride) % rows;
    lines.push(feedRow(n, n === changed ? 1 : 0));
    if (lines.length < 10_000 && i < rows - 1) continue;
    if (!out.write(`${lines.join('\n')}\n`)) await once(out, 'drain');
    lines.length = 0;
  }
  out.end();
  await once(out, 'finish');
}
