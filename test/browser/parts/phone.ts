import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { expectStatus, newProgram } from '../../support/client.ts';
import { listenTo, stage } from '../../support/stage.ts';

/** Nothing is wider than the screen, and what is pressed can be hit. */
async function fits(page: Page): Promise<void> {
  const found = await page.evaluate<{ wide: boolean; small: string[] }>(`({
    wide: document.documentElement.scrollWidth > innerWidth,
    small: [...document.querySelectorAll('button, summary, input:not([type=hidden])')]
      .filter((one) => one.checkVisibility())
      .map((one) => [one.textContent || one.name, one.getBoundingClientRect()])
      .filter(([, { width, height }]) => width > 0 && (width < 24 || height < 24))
      .map(([text]) => text),
  })`);
  expect([page.url(), found]).toEqual([page.url(), { wide: false, small: [] }]);
}

export function testPhone(): void {
  it.each([
    ['375 px without a script', { width: 375, height: 667 }, false],
    ['320 px', { width: 320, height: 568 }, true],
  ])(
    'at %s: from the key to Complete, and a flow from its beginning to the archive',
    async (_, viewport, javaScriptEnabled) => {
      const program = await newProgram(stage.hub.url);
      const key = await program.keyWith('read', 'flows');
      const context = await stage.browser.newContext({
        viewport,
        javaScriptEnabled,
        hasTouch: true,
        isMobile: true,
      });
      const page = await context.newPage();
      listenTo(page);
      const tap = (name: string | RegExp) =>
        page.getByRole('button', { name }).filter({ visible: true }).first().tap();
      await page.goto(`${stage.hub.url}/`);
      await page.fill('#key', key);
      await fits(page);
      await tap('Sign in');
      await page.waitForURL('**/overview');
      await tap('Menu');
      await page.getByRole('link', { name: 'Flows', exact: true }).tap();
      await page.waitForURL('**/flows');
      await fits(page);
      await page.fill('#code', 'HIS-1');
      await page.fill('#title', 'History, morning');
      await tap('Create the flow');
      await page.waitForURL('**/flows/*done=saved');
      for (const reference of ['class-A', 'class-B']) {
        await page.locator('summary', { hasText: 'Add a source' }).tap();
        await page.fill('#reference', reference);
        await tap('Add it');
        await page.getByRole('heading', { name: reference }).waitFor();
      }
      await tap('Request all');
      await page.getByText('Requested. The integration is being told.').waitFor();
      await fits(page);
      const sources = `/api/flows/${/flows\/(\d+)/.exec(page.url())?.[1]}/external-sources`;
      for (const reference of ['class-A', 'class-B'])
        expectStatus(await program.call('POST', `${sources}/${reference}/sync/done`), 200);
      // Without a script it is the same page, asked for again.
      if (!javaScriptEnabled) await page.reload();
      await page.locator('.sources .state', { hasText: 'Complete' }).nth(1).waitFor({ timeout: 60_000 });
      expect(await page.locator('.verdict').textContent()).toContain('All 2 complete.');
      await page.locator('.sources > li', { hasText: 'class-B' }).locator('summary').tap();
      await fits(page);
      await tap('Remove the source');
      await page.waitForURL('**done=deleted');
      expect(await page.locator('.sources > li').count()).toBe(1);
      await page.locator('summary', { hasText: 'Archive' }).tap();
      await tap('Archive the flow');
      await page.waitForURL('**done=archived');
      await fits(page);
      expect(await page.getByRole('button', { name: /Request|Add|Remove/ }).count()).toBe(0);
      await page.goto(`${stage.hub.url}/p/${program.programId}/flows?archived=true`);
      await page.getByRole('link', { name: 'History, morning' }).tap();
      await tap('Open it again');
      await page.getByText('Open again.').waitFor();
      await context.close();
    },
  );
}
