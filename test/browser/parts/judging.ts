import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Page, Response } from 'playwright-core';
import { expect } from 'vitest';
import { contentSecurityPolicy } from '../../../src/dashboard/headers.ts';
import { until } from '../../support/client.ts';
import { likenessOf } from '../../support/looks.ts';
import { stage } from '../../support/stage.ts';

export const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
export const shots = join('.screenshots');
/**
 * Each page is judged by every rule, wide and narrow. Dark is other colours and nothing else: of it the colours
 * are judged. Of rows that are alike but for their text all are judged wide, and all targets' sizes narrow.
 */
const sights = [
  { colorScheme: 'light', width: 1280, runs: [] },
  { colorScheme: 'dark', width: 1280, runs: [{ rules: ['color-contrast'], isOfKinds: true }] },
  { colorScheme: 'dark', width: 320, runs: [{ rules: ['color-contrast'], isOfKinds: true }] },
  {
    colorScheme: 'light',
    width: 320,
    runs: [
      { rules: tags, isOfKinds: true },
      { rules: ['target-size'], isOfKinds: false },
    ],
  },
] as const;

/** Pictures of every page in every sight take a minute more: `SCREENSHOTS=all npm run test:browser`. */
const isAll = process.env.SCREENSHOTS === 'all';

const faultsOf = ({ violations }: Pick<AxeResults, 'violations'>): string[] =>
  violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`);

/** What axe finds on the page as it stands, by every rule; what passes is not told of, which takes as long again. */
export async function judge(on: Page): Promise<string[]> {
  const runOnly = { type: 'tag', values: tags } as const;
  const options = { runOnly, resultTypes: ['violations'] } satisfies RunOptions;
  return faultsOf(await new AxeBuilder({ page: on }).setLegacyMode().options(options).analyze());
}

/** The same by some rules, after `judge`; of rows of one kind the first two, where it is so wanted. */
export async function judgeAgain(on: Page, rules: readonly string[], isOfKinds: boolean): Promise<string[]> {
  const found = await on.evaluate<Pick<AxeResults, 'violations'>>(`(async () => {
    const seen = new Map();
    const kindOf = (row) => row.outerHTML.replace(/>[^<]+</g, '><')
      .replace(/ (?!class|role|aria-current|disabled|open)[\\w-]+="[^"]*"/g, '');
    const exclude = [...document.querySelectorAll(${isOfKinds} ? 'main tbody > tr, main li' : 'nothing')]
      .filter((row) => {
        const kind = kindOf(row);
        const times = (seen.get(kind) ?? 0) + 1;
        seen.set(kind, times);
        return times > 2;
      });
    const runOnly = ${JSON.stringify(rules)};
    const { violations } = await axe.run({ exclude }, { runOnly, resultTypes: ['violations'] });
    return { violations };
  })()`);
  return faultsOf(found);
}

/** A5 of what is on the page now, without loading it again; and A7: nothing is wider than its window. */
export async function judgeAll(on: Page, name: string): Promise<void> {
  // Axe is asked in this one document.
  expect(on.frames().length, name).toBe(1);
  for (const { colorScheme, width, runs } of sights) {
    const seen = `${name}, ${colorScheme}, ${width} px`;
    await on.emulateMedia({ colorScheme });
    await on.setViewportSize({ width, height: 800 });
    if (runs.length === 0) expect(await judge(on), seen).toEqual([]);
    for (const { rules, isOfKinds } of runs) expect(await judgeAgain(on, rules, isOfKinds), seen).toEqual([]);
    expect(await wider(on, width), seen).toEqual([]);
  }
}

/** What makes the document wider than its window, a text among it; tables scroll within regions of their own. */
function wider(on: Page, width: number): Promise<string[]> {
  return on.evaluate<string[]>(`(() => {
    const wide = document.documentElement.scrollWidth;
    if (wide <= ${width}) return [];
    const over = [...document.querySelectorAll('body *')].filter((one) => {
      const range = document.createRange();
      range.selectNodeContents(one);
      const { right } = range.getBoundingClientRect();
      return Math.max(right, one.getBoundingClientRect().right) > ${width} && !one.closest('.table');
    });
    return [wide + ' px', ...over.map((one) => one.outerHTML.slice(0, 160))];
  })()`);
}

/**
 * Loads a page, its editor too; returns what it answered. A relay that a busy machine lets answer later than a page
 * waits for it is asked again.
 */
export async function load(on: Page, path: string): Promise<Response | null> {
  let answer: Response | null = null;
  await until(
    async () => {
      answer = await on.goto(`${stage.hub.url}${path}`);
      return on.getByText('does not answer within two seconds').count();
    },
    (late) => late === 0,
  );
  if ((await on.locator('hub-editor').count()) > 0) await on.waitForSelector('hub-editor[data-ready=yes]');
  return answer;
}

/** What a reader is told of each page that was looked at, by its name. */
export const told = new Map<string, string>();

export async function hear(on: Page, name: string): Promise<void> {
  told.set(name, likenessOf(await on.locator('main').ariaSnapshot()));
}

/** Pictures of the page as it stands, where all are wanted. */
export async function picture(on: Page, name: string): Promise<void> {
  if (!isAll) return;
  for (const { colorScheme, width } of sights) {
    await on.emulateMedia({ colorScheme });
    await on.setViewportSize({ width, height: 800 });
    const path = join(shots, `${name}-${colorScheme}-${width}.jpeg`);
    await on.screenshot({ path, fullPage: true, quality: 80 });
  }
  await on.setViewportSize({ width: 1280, height: 800 });
  await on.emulateMedia({ colorScheme: 'light' });
}

/** A5, A7, A3 and the text of A27 of one page: each scheme and width, without loading it again. */
export async function look(on: Page, name: string, path: string): Promise<void> {
  await on.setViewportSize({ width: 1280, height: 800 });
  await on.emulateMedia({ colorScheme: 'light' });
  const answer = await load(on, path);
  expect(answer?.headers()['content-security-policy'], name).toBe(contentSecurityPolicy);
  await picture(on, name);
  for (const summary of await on.locator('details.confirm > summary').all()) await summary.click();
  await hear(on, name);
  await judgeAll(on, name);
  // 200 % text in a window of 640 px is a reader's 320 px.
  await on.setViewportSize({ width: 640, height: 800 });
  await on.evaluate('document.documentElement.style.fontSize = "200%"');
  expect(await wider(on, 640), `${name}, 200 % text`).toEqual([]);
  await on.evaluate('document.documentElement.style.fontSize = ""');
  expect(stage.complaints, name).toEqual([]);
}
