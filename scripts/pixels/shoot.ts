import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { type Address, byScope, inError, whenEmpty } from '../../test/browser/parts/addresses.ts';
import { load } from '../../test/browser/parts/judging.ts';
import { localSystemKey } from '../../test/support/client.ts';
import { pageRoutes } from '../../test/support/dashboard-routes.ts';
import * as ownStage from '../../test/support/stage.ts';
import { type Shot, sights } from './sights.ts';
import { standStill } from './still.ts';

/** Pictures of every page of a checkout's hub, with data, with none and in error. */
export async function shoot(root: string, folder: string, say: (line: string) => void): Promise<Shot[]> {
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
      for (const one of pages) shots.push(await pictures(page, one, folder));
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

async function pictures(on: Page, { name, path }: Address, folder: string): Promise<Shot> {
  await on.setViewportSize({ width: 1280, height: 800 });
  await on.emulateMedia({ colorScheme: 'light' });
  const answer = await load(on, path);
  await standStill(on);
  const files: string[] = [];
  for (const { colorScheme, width } of sights) {
    await on.emulateMedia({ colorScheme });
    await on.setViewportSize({ width, height: 800 });
    // All of it within the window, drawn anew: what was drawn in another size may lie between two pixels.
    const height = await on.evaluate(() => document.documentElement.scrollHeight);
    await on.setViewportSize({ width, height });
    const file = join(folder, `${name}-${colorScheme}-${width}.png`);
    writeFileSync(file, await on.screenshot({ animations: 'disabled' }));
    files.push(file);
  }
  return { name, status: answer?.status() ?? 0, pictures: files };
}
