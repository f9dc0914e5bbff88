import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { type Body, until } from '../../support/client.ts';
import { filesOn } from '../../support/nights.ts';
import { newTab, pageAt, stage } from '../../support/stage.ts';

/** The name of what has focus, also in a shadow, and whether a person sees that it has. */
const focus = (page: Page) =>
  page.evaluate<{ name: string; isSeen: boolean }>(`(() => {
    let one = document.activeElement;
    while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
    const ring = one?.closest('.cm-editor') ?? one;
    const name = one?.getAttribute('aria-label') || one?.textContent || '';
    return { name: name.trim(), isSeen: ring !== null && getComputedStyle(ring).outlineStyle !== 'none' };
  })()`);

/** Presses Tab until what has focus is called so; fails after twenty, or where focus cannot be seen. */
async function tabTo(page: Page, text: string | RegExp, atMost = 20): Promise<void> {
  const passed: string[] = [];
  for (let presses = 1; presses <= atMost; presses++) {
    await page.keyboard.press('Tab');
    const { name } = await focus(page);
    passed.push(name.slice(0, 40));
    // The editor draws its ring a moment after it has focus.
    const isSeen = async () => (await focus(page)).isSeen;
    await expect
      .poll(isSeen, { message: `focus on "${name.slice(0, 60)}" is seen`, timeout: 60_000 })
      .toBe(true);
    if (typeof text === 'string' ? name === text : text.test(name)) return;
  }
  throw new Error(`${String(text)} is not within ${atMost} presses of Tab: ${passed.join(' | ')}`);
}

/** By the skip link to the page itself. */
async function skip(page: Page): Promise<void> {
  await page.keyboard.press('Tab');
  expect((await focus(page)).name).toBe('Skip to the page');
  await page.keyboard.press('Enter');
}

export function testKeyboard(): void {
  it('opens a failed job from the overview, and takes its errors along (A6)', async () => {
    const { page, context } = await newTab();
    await page.goto(pageAt('overview'));
    await skip(page);
    await tabTo(page, 'Its jobs');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/jobs?job=warehouse');
    await skip(page);
    await tabTo(page, 'people.csv');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/jobs/${stage.ids.jobId}`);
    await skip(page);
    await tabTo(page, /errors\.csv|Download/i);
    const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    expect(download.suggestedFilename()).toMatch(/errors\.csv$/);
    await context.close();
  });

  it('decides a held job from the overview (A6, A16)', async () => {
    const { page, context } = await newTab();
    await page.goto(pageAt('overview'));
    await skip(page);
    await tabTo(page, 'Decide');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/jobs/${stage.heldJobId}`);
    expect(await page.locator('.verdict').textContent()).toMatch(/^Held: would delete|^Held/);
    await skip(page);
    await tabTo(page, 'Approve…');
    await page.keyboard.press('Enter');
    await tabTo(page, 'Approve: apply it');
    // Another person decides in the same moment: one of the two is told that it has been decided.
    const other = await newTab();
    await other.page.goto(pageAt(`jobs/${stage.heldJobId}?live=off`));
    await other.page.getByText('Approve…').click();
    await Promise.all([
      page.keyboard.press('Enter'),
      other.page.getByRole('button', { name: 'Approve: apply it' }).click(),
    ]);
    await Promise.all([
      page.waitForSelector('[role=status], [role=alert]'),
      other.page.waitForSelector('[role=status], [role=alert]'),
    ]);
    const told = await Promise.all([page, other.page].map((one) => one.locator('[role=status]').count()));
    expect(told.reduce((sum, count) => sum + count, 0)).toBe(1);
    const job = await until(
      async () => (await stage.program.call('GET', `/api/jobs/${stage.heldJobId}`)).body,
      ({ finishedAt }) => finishedAt !== null,
    );
    expect(job).toMatchObject({ status: 'succeeded', rows: { deleted: 50 } });
    await Promise.all([context.close(), other.context.close()]);
  });

  it('finds a template’s error with F8, mends it and saves (A6)', async () => {
    const { page, context } = await newTab();
    await page.goto(pageAt(`subscriptions/${stage.publisher.programId}/template?category=COURSE`));
    await page.waitForSelector('hub-editor[data-ready=yes]');
    await skip(page);
    await tabTo(page, 'Template of a row');
    await page.keyboard.press('Control+End');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.type(', "x": {{uper course}}');
    await page.waitForSelector('#problems [data-line]');
    await page.keyboard.press('Control+Home');
    await page.keyboard.press('F8');
    // The marker's text is selected: what is typed takes its place.
    await page.keyboard.type('{{upper course}}');
    await page.waitForSelector('#problems:not(:has(li))', { state: 'attached' });
    await page.keyboard.press('Escape');
    await tabTo(page, 'Save');
    await page.keyboard.press('Enter');
    await page.waitForURL('**done=saved');
    const path = `/api/programs/${stage.program.programId}/eventSubs/${stage.publisher.programId}`;
    const { body } = await stage.program.call('GET', path);
    expect(body.LbApiPayloadTemplate.COURSE.batchRowTemplate).toContain('"x": {{upper course}}');
    await context.close();
  });

  it('sends a night again: the same bytes under the same name (A6, A19)', async () => {
    const { exportId, localDate = '', name = '' } = stage.ids;
    const night = `/api/programs/${stage.program.programId}/exports/${exportId}/runs/${localDate}`;
    const sent = filesOn(stage.sftp).get(name);
    expect(sent?.byteLength).toBeGreaterThan(0);
    rmSync(join(stage.sftp.folder, name));
    const { page, context } = await newTab();
    await page.goto(pageAt(`exports/${exportId}?month=${localDate.slice(0, 7)}`));
    await skip(page);
    await tabTo(page, new RegExp(`^${Number(localDate.slice(8))}sent`));
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/nights/${localDate}`);
    await skip(page);
    await tabTo(page, 'Send again…');
    await page.keyboard.press('Enter');
    await tabTo(page, 'Send it again');
    await page.keyboard.press('Enter');
    await page.waitForURL('**done=night-sent');
    expect(await page.locator('[role=status]').textContent()).toContain('the same bytes under the same name');
    const again = await until(
      async () => (await stage.program.call('GET', night)).body,
      ({ sends, status }) => sends === 2 && status === 'delivered',
    );
    expect(again.files.map((file: Body) => file.name)).toEqual([name]);
    expect(
      filesOn(stage.sftp)
        .get(name)
        ?.equals(sent ?? Buffer.alloc(0)),
    ).toBe(true);
    await page.goto(pageAt(`exports/${exportId}?month=${localDate.slice(0, 7)}`));
    expect(await page.locator(`.calendar a[href$="/nights/${localDate}"]`).textContent()).toContain(
      'sent again',
    );
    await context.close();
  });

  it('requests a sync (A6)', async () => {
    const { page, context } = await newTab();
    await page.goto(pageAt(`flows/${stage.ids.flowId}`));
    await skip(page);
    await tabTo(page, /^Request/);
    await page.keyboard.press('Enter');
    await page.waitForURL('**done=requested**');
    expect(await page.locator('[role=status]').textContent()).toContain('Requested');
    await context.close();
  });
}
