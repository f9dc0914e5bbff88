import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { openBrowser } from '../../test/support/chromium.ts';
import { compare } from './compare.ts';
import { type Shot, sights } from './sights.ts';

/** What differs between two trees' pages: a line of each page, and one page of HTML with the pictures. */
export async function writeReport(
  folder: string,
  commit: string,
  before: Shot[],
  after: Shot[],
  say: (line: string) => void,
): Promise<void> {
  const known = new Map(before.map((shot) => [shot.name, shot]));
  const browser = await openBrowser();
  const page = await browser.newPage();
  const differences = join(folder, 'differences');
  mkdirSync(differences, { recursive: true });
  const lines: string[] = [];
  const sections: string[] = [];
  for (const shot of after) {
    const old = known.get(shot.name);
    const told: string[] = [];
    if (old !== undefined && old.status !== shot.status)
      told.push(`answers ${shot.status} and answered ${old.status}`);
    const shown: string[] = [];
    for (const [index, sight] of sights.entries()) {
      const [was, is] = [old?.pictures[index], shot.pictures[index]];
      if (was === undefined || is === undefined) continue;
      const found = await compare(page, was, is);
      if (found === null) continue;
      const file = join(differences, `${shot.name}-${sight.colorScheme}-${sight.width}.png`);
      writeFileSync(file, found.picture);
      const share = `${(found.share * 100).toFixed(2)} % of ${sight.name}`;
      told.push(share);
      shown.push(
        figures(
          `${share}, ${found.pixels} pixels`,
          [was, is, file].map((one) => relative(folder, one)),
        ),
      );
    }
    if (told.length === 0) continue;
    lines.push(`${shot.name}: ${told.join('; ')}`);
    sections.push(`<h2>${escaped(shot.name)}</h2><p>${escaped(told.join('; '))}</p>${shown.join('')}`);
  }
  await browser.close();
  const compared = `${after.length} pages, each in ${sights.length} sights, beside ${commit.slice(0, 10)}`;
  const summary =
    lines.length === 0 ? `No pixel differs: ${compared}.` : `${lines.length} differ of ${compared}.`;
  const report = join(folder, 'index.html');
  writeFileSync(report, document(summary, sections));
  for (const line of lines) say(line);
  say(`${summary} ${relative(process.cwd(), report)}`);
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

function figures(caption: string, files: string[]): string {
  const titles = ['before', 'after', 'difference'];
  const images = files.map((file, index) => {
    const address = encodeURI(file);
    return `<figure><figcaption>${titles[index]}</figcaption><a href="${address}"><img src="${address}" alt="${titles[index]}" loading="lazy"></a></figure>`;
  });
  return `<h3>${escaped(caption)}</h3><div>${images.join('')}</div>`;
}

function document(summary: string, sections: string[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Pixels</title>
<style>
  body { font: 1rem system-ui; margin: 2rem }
  div { display: flex; gap: 1rem; align-items: start }
  figure { flex: 1; margin: 0 }
  img { max-width: 100%; border: 1px solid #999 }
</style>
<h1>${escaped(summary)}</h1>
${sections.join('\n')}
</html>
`;
}
