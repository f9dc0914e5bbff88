import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

const here = new URL('.', import.meta.url);

/** Which relay this is: the package's version, and what the sources that run come to, so no two builds are alike. */
export const version = `${packageVersion()}+${digestOfSources()}`;

function packageVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(new URL('../package.json', here), 'utf8'));
  return String((parsed as { version?: unknown }).version);
}

function digestOfSources(): string {
  const names = readdirSync(here).sort();
  const hash = createHash('sha256');
  for (const name of names) hash.update(`${name}\n`).update(readFileSync(new URL(name, here)));
  return hash.digest('hex').slice(0, 12);
}
