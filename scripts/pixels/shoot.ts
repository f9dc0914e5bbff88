import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { type Address, byScope, inError, whenEmpty } from '../../test/browser/parts/addresses.ts';
import { load } from '../../test/browser/parts/judging.ts';
import { localSystemKey } from '../../test/support/client.ts';
import { pageRoutes } from '../../test/support/dashboard-routes.ts';
import * as ownStage from '../../test/support/stage.ts';
import { type Shot, sights } from './sights.ts';
import { standStill } from './still.ts';

/**
 * Pictures of every page of a checkout's hub, with data, with none and in error. Where there are others of
 * `before`, a picture that differs is taken again.
 */
export async function shoot(
  root: string,
  folder: string,
  say: (line: string) => void,
  before: Shot[] = [],
): Promise<Shot[]> {
  mkdirSync(folder, { recursive: true });
  const close = await openStageOf(root, say);
  try {
    await ownStage.calmed();
    const { program, empty } = ownStage.stage;
    const groups: [string, Address[]][] = [
      [program.key, [...byScope('program'), ...inError()]],
      [empty.key, whenEmpty()],
      [localSystemKey, byScope('system')],
    ];
    const shots: Shot[] = [];
    for (const [key, pages] of groups) {
      const { page, context } = await ownStage.newTab({ key });
      for (const one of pages)
        shots.push(await pictures(page, one, folder, before.find(({ name }) => name === one.name)?.pictures));
      await context.close();
    }
    return shots;
  } finally {
    await close();
  }
}

/**
 * The same stage for both: this checkout's. Where another one's hub lacks something that it asks for, that
 * checkout's own, and then what differs may be what is on the stage.
 */
async function openStageOf(root: string, say: (line: string) => void): Promise<() => Promise<void>> {
  try {
    await ownStage.openStage({ root });
    return ownStage.closeStage;
  } catch (error) {
    await ownStage.closeStage();
    const path = join(root, 'test', 'support', 'stage.ts');
    if (!existsSync(path)) throw error;
    say(`This tree's stage does not fit there, so its own stands in: ${error}`);
    const theirs: typeof ownStage = await import(/* @vite-ignore */ path);
    await theirs.openStage();
    Object.assign(ownStage.stage, theirs.stage);
    // Of a page that is not there, either.
    for (const [, name = ''] of pageRoutes.flatMap(({ path }) => [...path.matchAll(/:(\w+)/g)]))
      ownStage.stage.ids[name] ??= 'none';
    return theirs.closeStage;
  }
}

async function pictures(
  on: Page,
  { name, path }: Address,
  folder: string,
  before: string[] = [],
): Promise<Shot> {
  await on.setViewportSize({ width: 1280, height: 800 });
  await on.emulateMedia({ colorScheme: 'light' });
  const answer = await load(on, path);
  await standStill(on);
  const files: string[] = [];
  for (const [index, { colorScheme, width }] of sights.entries()) {
    await on.emulateMedia({ colorScheme });
    await on.setViewportSize({ width, height: 800 });
    const file = join(folder, `${name}-${colorScheme}-${width}.png`);
    const known = before[index];
    writeFileSync(file, await steadyPicture(on, known === undefined ? null : readFileSync(known)));
    files.push(file);
  }
  return { name, status: answer?.status() ?? 0, pictures: files };
}

/**
 * Chromium draws a dotted line or a rounded corner in one of two ways now and then: a picture counts when it is
 * as the one before the change, or else as the one taken last, drawn anew each time; after five the last.
 */
async function steadyPicture(on: Page, before: Buffer | null): Promise<Buffer> {
  let last: Buffer | null = null;
  for (let tries = 1; ; tries++) {
    await on.evaluate(drawAnew);
    const picture = await on.screenshot({ fullPage: true, animations: 'disabled' });
    if (before?.equals(picture) || (before === null && last?.equals(picture)) || tries === 5) return picture;
    last = picture;
  }
}

/** Runs in the page. */
async function drawAnew(): Promise<void> {
  const frame = () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  document.body.style.display = 'none';
  await frame();
  document.body.style.display = '';
  await frame();
}
