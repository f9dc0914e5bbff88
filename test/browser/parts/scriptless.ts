import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, it } from 'vitest';
import { signedIn } from '../../support/browser.ts';
import { dropAndCall, expectStatus, jobEnded, newProgram, until } from '../../support/client.ts';
import { hostile, newTab, pageAt, planted, stage } from '../../support/stage.ts';
import { addresses } from './addresses.ts';

const options = { javaScriptEnabled: false };

export function testScriptless(): void {
  it('every page reads (A2)', async () => {
    const { page, context } = await newTab({ options });
    for (const { path, scope } of addresses()) {
      if (scope === 'system') continue;
      await page.goto(`${stage.hub.url}${path}`);
      expect(await page.locator('h1').count(), path).toBe(1);
      expect(await page.locator('button:visible', { hasText: /^(Copy|Insert)$/ }).count(), path).toBe(0);
    }
    await context.close();
  });

  it('the pages of a program open from a menu on a phone, beside the page elsewhere (A2, A7)', async () => {
    const { page, context } = await newTab({ width: 320, options });
    await page.goto(pageAt('jobs'));
    const menu = page.getByRole('button', { name: 'Menu' });
    const keys = page.getByRole('link', { name: 'Keys', exact: true });
    expect(await keys.isVisible()).toBe(false);
    await menu.click();
    expect(await keys.isVisible()).toBe(true);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `.screenshots/menu-${colorScheme}-320.jpeg`, quality: 80 });
    }
    const box = await page.locator('#sections').boundingBox();
    expect((box?.x ?? -1) >= 0 && (box?.x ?? 0) + (box?.width ?? 999) <= 320).toBe(true);
    await page.keyboard.press('Escape');
    expect(await keys.isVisible()).toBe(false);
    expect(await menu.evaluate((button) => button === document.activeElement)).toBe(true);
    await page.setViewportSize({ width: 1280, height: 800 });
    expect(await menu.isVisible()).toBe(false);
    expect(await keys.isVisible()).toBe(true);
    await context.close();
  });

  it('a file is retried, a sync requested, a template saved and refused with its errors (A2)', async () => {
    const { page, context } = await newTab({ options });
    const called = await dropAndCall(stage.program, 'warehouse', 'again.csv', 'no,such\ncolumns,1\n');
    const { jobId } = expectStatus(called, 200).body;
    const ended = (id: string) =>
      until(
        async () => (await stage.program.call('GET', `/api/jobs/${id}`)).body,
        ({ finishedAt }) => finishedAt !== null,
      );
    expect((await ended(jobId)).status).toBe('failed');
    await page.goto(pageAt(`jobs/${jobId}`));
    const retry = page.locator('form[action$="/retry"] button[type=submit]');
    if (!(await retry.isVisible())) await page.locator('details:has(form[action$="/retry"]) summary').click();
    await retry.click();
    await page.waitForURL('**?done=retry');
    const next = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    expect(next).not.toBe(jobId);
    await ended(next);

    await page.goto(pageAt(`subscriptions/${stage.publisher.programId}/template?category=RAW`));
    await page.fill('#row', '{"course": "{{course}}", "by": "hand"}');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForURL('**done=saved');
    await page.fill('#row', '{"course": "{{uper course}}"}');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForSelector('#problems li');
    expect(await page.locator('#problems').textContent()).toContain('Line 1, column 13');
    expect(await page.inputValue('#row')).toContain('{{uper course}}');
    await context.close();
  });

  it('an empty page’s first command runs as it stands, and the page is no longer empty', async () => {
    const program = await newProgram(stage.hub.url);
    const reader = await signedIn(stage.hub.url, program.key);
    const folder = mkdtempSync(join(tmpdir(), 'crosswalk-'));
    writeFileSync(join(folder, 'warehouse.csv'), 'id,name\n1,Ann\n');
    const emptyOf = async (path: string) => {
      const { html } = await reader.get(`/p/${program.programId}/${path}`);
      return /<div class="empty">.*?<pre[^>]*>(.*?)<\/pre>/s.exec(html)?.[1] ?? '';
    };
    const entities: Record<string, string> = { quot: '"', '#39': "'", amp: '&', lt: '<', gt: '>' };
    for (const path of ['tasks', 'files', 'webhooks', 'exports', 'monitors', 'flows', 'events']) {
      const command = (await emptyOf(path)).replace(/&(#?\w+);/g, (_, name) => entities[name] ?? '');
      const ran = spawnSync('sh', ['-c', `${command} -sS -w '\n%{http_code}'`], {
        cwd: folder,
        env: { ...process.env, KEY: program.key },
        encoding: 'utf8',
      });
      expect([path, ran.stdout], `${command}\n${ran.stderr}`).toEqual([
        path,
        expect.stringMatching(/\n20[01]$/),
      ]);
      expect([path, await emptyOf(path)]).toEqual([path, '']);
    }
  });

  it('two who press at once on an exam morning see one request (A20)', async () => {
    const program = await newProgram(stage.hub.url);
    const made = await program.call('POST', `/api/programs/${program.programId}/flows`, {
      body: { code: 'MAT-1', title: 'Mathematics' },
    });
    const { flowId } = expectStatus(made, 201).body;
    const sources = `/api/flows/${flowId}/external-sources`;
    expectStatus(await program.call('POST', sources, { body: { reference: 'class-A' } }), 201);
    const key = await program.keyWith('read', 'flows');
    const tabs = await Promise.all([newTab({ key, width: 390 }), newTab({ key, width: 390 })]);
    const at = `${stage.hub.url}/p/${program.programId}/flows/${flowId}`;
    for (const { page } of tabs) {
      await page.goto(at);
      expect(await page.locator('.sources .state').first().textContent()).not.toContain('Sync Requested');
    }
    await Promise.all(
      tabs.map(({ page }) =>
        page
          .getByRole('button', { name: /^Request/ })
          .first()
          .click(),
      ),
    );
    await Promise.all(tabs.map(({ page }) => page.waitForURL('**done=requested**')));
    const { body } = await program.call('GET', sources);
    const items = body.items ?? body;
    expect(items[0].state).toBe('PENDING');
    for (const { page } of tabs)
      expect(await page.locator('.sources .state').first().textContent()).toContain('Sync Requested');
    // The integration reports, and both see it without loading the page again.
    expectStatus(await program.call('POST', `${sources}/class-A/sync/done`), 200);
    for (const { page } of tabs)
      await page.locator('.sources .state', { hasText: 'Complete' }).first().waitFor({ timeout: 60_000 });
    await Promise.all(tabs.map(({ context }) => context.close()));
  });

  it('each rejected row is there with line, column, code and value, and mends (A15)', async () => {
    const { page, context } = await newTab({ options });
    await page.goto(pageAt(`jobs/${stage.ids.jobId}`));
    const groups = await page
      .locator('table', { hasText: 'The most frequent first' })
      .locator('tbody tr')
      .evaluateAll((rows: Element[]) =>
        rows.map((row) => [...row.children].slice(0, 3).map((cell) => cell.textContent)),
      );
    expect(groups).toEqual([
      ['gift', 'not_a_number', String(planted.gift)],
      ['id', 'not_an_integer', String(planted.id)],
    ]);
    expect(await page.locator('main').textContent()).not.toContain('number 0');
    await page.getByRole('button', { name: 'Show the rejected values' }).click();
    const each = page.locator('table', { hasText: 'Row by row' }).locator('tbody tr');
    expect(await each.count()).toBeGreaterThanOrEqual(planted.gift + planted.id);
    expect(await each.first().textContent()).toContain(hostile[0]);
    const { body } = await stage.program.call('GET', `/api/programs/${stage.program.programId}/audit`);
    expect(body.items[0]).toMatchObject({ action: 'job.rejects_shown', target: stage.ids.jobId });
    const csv = await stage.program.call('GET', `/api/jobs/${stage.ids.jobId}/errors.csv`);
    const lines = csv.text.trim().split('\n');
    expect(lines).toHaveLength(planted.gift + planted.id + 1);
    // Each is as it was planted, at its own line; mended and dropped again, none is left.
    const rows: Record<string, string>[] = parse(csv.text, { columns: true, bom: true });
    const firstLine = 1_200 + 2;
    expect(rows.map(({ _line }) => Number(_line))).toEqual(rows.map((_, i) => firstLine + i));
    expect(rows.slice(0, planted.gift).map(({ gift }) => gift)).toEqual(
      Array.from({ length: planted.gift }, (_, i) => hostile[i % 12]),
    );
    const mended = rows.map((row, i) => {
      if (i < planted.gift) row.gift = String(i);
      else row.id = String(900_000 + i);
      return Object.values(row).map((value) => `"${value.replaceAll('"', '""')}"`);
    });
    const text = [Object.keys(rows[0] ?? {}), ...mended].map((row) => row.join(',')).join('\n');
    const called = await dropAndCall(stage.program, 'warehouse', 'people.errors.csv', `${text}\n`);
    const correction = await jobEnded(stage.program.call, expectStatus(called, 200).body.jobId, 60);
    expect(correction).toMatchObject({ status: 'succeeded', rows: { read: 42, rejected: 0 } });
    await page.goto(pageAt(`jobs/${correction.jobId}`));
    expect(await page.locator('.verdict').textContent()).toContain('42 rows, 0 rejected');
    await context.close();
  });
}
