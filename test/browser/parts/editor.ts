import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { refused } from '../../platform/handlebars/refused.ts';
import type { Body } from '../../support/client.ts';
import { newTab, pageAt, stage } from '../../support/stage.ts';

const address = (category = 'COURSE') =>
  pageAt(`subscriptions/${stage.publisher.programId}/template?category=${category}`);

async function openEditor(category?: string): Promise<{ page: Page; close(): Promise<void> }> {
  const { page, context } = await newTab();
  await page.goto(address(category));
  await page.waitForSelector('hub-editor[data-ready=yes]');
  return { page, close: () => context.close() };
}

/** Types a whole text in place of what is there, and waits for the answer to it. */
async function write(page: Page, text: string): Promise<void> {
  await page.locator('hub-editor .cm-content').focus();
  await page.keyboard.press('Control+A');
  // By the editor, not the browser, which would write styles into what it replaces.
  await page.keyboard.press('Delete');
  const answered = page.waitForResponse((response) => {
    const sent = new URLSearchParams(response.request().postData() ?? '').get('row') ?? '';
    return response.url().endsWith('/preview') && sent.replaceAll('\r\n', '\n') === text;
  });
  await page.keyboard.insertText(text);
  await answered;
}

/** Where the editor has its markers, as the line's number and the text under each. */
const markers = (page: Page) =>
  page.locator('hub-editor').evaluate((host: Element) => {
    const root = host.shadowRoot;
    const lines = [...(root?.querySelectorAll('.cm-line') ?? [])];
    return [...(root?.querySelectorAll('.cm-lintRange-error, .cm-lintPoint-error') ?? [])].map((one) => {
      const line = one.closest('.cm-line');
      const range = document.createRange();
      range.setStart(line ?? one, 0);
      range.setEndBefore(one);
      return [lines.indexOf(line ?? one) + 1, range.toString().length + 1];
    });
  });

export function testEditor(): void {
  it('marks every template that is refused where the API says, and the list leads there (A17)', async () => {
    const { page, close } = await openEditor();
    const path = `/api/programs/${stage.program.programId}/eventSubs/${stage.publisher.programId}/preview`;
    // After characters of two units, and after lines and tabs, too.
    const more = ['{"😀é": {{uper x}} }', '{\n\t"b": 1,\n\t"a": {{uper x}}\n}'];
    const texts = [...refused.flatMap(([source]) => source || []), ...more];
    for (const text of texts) {
      await write(page, text);
      const body = { LbApiPayloadTemplate: { COURSE: { importProcessId: 42, batchRowTemplate: text } } };
      const { errors = [] } = (await stage.program.call('POST', path, { body })).body;
      expect([text, errors.length > 0]).toEqual([text, true]);
      const places = errors.map(({ line, column }: Body) => [line, column]);
      const links = page.locator('#problems [data-line]');
      await expect
        .poll(() =>
          links.evaluateAll((all: Element[]) =>
            all.map((one) => [
              Number(one.getAttribute('data-line')),
              Number(one.getAttribute('data-column')),
            ]),
          ),
        )
        .toEqual(places);
      // A second one may lie within the first.
      await expect.poll(() => markers(page), { message: text }).toContainEqual(places[0]);
    }
    await close();
  });

  it('shows the rows that the next sync sends, to the byte, and the difference (A18)', async () => {
    const { page, close } = await openEditor();
    await page.getByRole('button', { name: 'Show the values' }).click();
    await page.waitForSelector('input[name=shown]', { state: 'attached' });
    await page.waitForSelector('hub-editor[data-ready=yes]');
    const { program, publisher } = stage;
    const path = `/api/programs/${program.programId}/eventSubs/${publisher.programId}`;
    const saved = (await program.call('GET', path)).body.LbApiPayloadTemplate;
    const { events } = (await program.call('POST', `${path}/preview`)).body;
    const rows = events.filter(
      ({ row, category }: { row: string | null; category: string }) => row !== null && category === 'COURSE',
    );
    const latest = rows.at(-1);
    await page.selectOption('#event', latest.eventId);
    await expect
      .poll(() => page.locator('#results section pre.excerpt').first().textContent())
      .toBe(latest.row);
    // Nothing of it became markup, nor ran.
    expect(await page.locator('#results img, #results script, #results iframe').count()).toBe(0);
    await write(page, '{"id": {{@event.PublisherEventId}} }');
    const body = {
      compare: true,
      LbApiPayloadTemplate: {
        ...saved,
        COURSE: { ...saved.COURSE, batchRowTemplate: '{"id": {{@event.PublisherEventId}} }' },
      },
    };
    const told = (await program.call('POST', `${path}/preview`, { body })).body.difference;
    expect(told.changed).toBe(6);
    const states = page.locator('.difference .state');
    await expect
      .poll(async () => (await states.allTextContents()).map((text) => text.trim()))
      .toEqual([`${told.unchanged} unchanged`, '6 changed', '0 newly failing']);
    await close();
    expect(stage.complaints).toEqual([]);
  });

  it('never shows an old answer over a newer text (A17)', async () => {
    const { page, close } = await openEditor();
    const held: (() => void)[] = [];
    await page.route('**/template/preview', async (route) => {
      const sent = new URLSearchParams(route.request().postData() ?? '').get('row') ?? '';
      if (sent.includes('slow')) await new Promise<void>((resolve) => held.push(resolve));
      await route.continue().catch(() => undefined);
    });
    await page.locator('hub-editor .cm-content').focus();
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText('{"slow": {{uper x}} }');
    await expect.poll(() => held.length).toBe(1);
    await write(page, '{"quick": {{x}} }');
    await page.waitForSelector('#problems:not(:has(li))', { state: 'attached' });
    held.forEach((go) => {
      go();
    });
    await write(page, '{"last": {{x}} }');
    expect(await page.locator('#problems li').count()).toBe(0);
    await close();
  });

  it('shows the second who saves both texts (A17)', async () => {
    const [anna, ben] = [await openEditor('OLD'), await openEditor('OLD')];
    for (const [who, { page }] of Object.entries({ anna, ben })) await page.fill('#label', `by ${who}`);
    await anna.page.getByRole('button', { name: 'Save' }).click();
    await anna.page.waitForURL('**done=saved');
    const [answer] = await Promise.all([
      ben.page.waitForResponse(
        (response) => response.request().method() === 'POST' && response.status() === 412,
      ),
      ben.page.getByRole('button', { name: 'Save' }).click(),
    ]);
    expect(answer.status()).toBe(412);
    await ben.page.waitForSelector('.theirs');
    expect(await ben.page.inputValue('#label')).toBe('by ben');
    await Promise.all([anna.close(), ben.close()]);
  });

  it('lets Tab out, and puts in what is pressed in the reference', async () => {
    const { page, close } = await openEditor();
    await page.getByText('What a template can write').click();
    await page.getByLabel('Search what a template can write').fill('teacher');
    await page.locator('.reference li:visible').getByRole('button').click();
    expect(await page.inputValue('#row')).toContain('{{teacher.name}}');
    await page.locator('hub-editor .cm-content').focus();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.tagName')).not.toBe('HUB-EDITOR');
    await close();
  });
}
