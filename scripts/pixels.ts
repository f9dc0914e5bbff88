/**
 * A report, never a gate: every page of this tree beside the same page of the commit before the change, in
 * light and dark, wide and narrow, with data, with none and in error; pixel by pixel, in one run and one
 * browser, with nothing stored. Ends with 0 whatever differs. `npm run pixels [-- COMMIT]`, some ten minutes.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';
import { baseOf, checkOut } from './pixels/checkout.ts';
import { writeReport } from './pixels/report.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, '.pixels');
const say = (line: string) => process.stdout.write(`${line}\n`);

// The pages' own table is of the runtime's files, which Node alone does not load.
const load = async <T>(path: string) => (await runnerImport<T>(path, { root, logLevel: 'error' })).module;

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const commit = baseOf(root, process.argv[2]);
const base = checkOut(root, commit);
try {
  const { shoot } = await load<typeof import('./pixels/shoot.ts')>(
    join(root, 'scripts', 'pixels', 'shoot.ts'),
  );
  say(`Pictures of ${commit.slice(0, 10)}, which is the base`);
  const before = await shoot(base, join(folder, 'before'), say);
  say('Pictures of this tree');
  const after = await shoot(root, join(folder, 'after'), say, before);
  await writeReport(folder, commit, before, after, say);
} finally {
  rmSync(base, { recursive: true, force: true });
}
