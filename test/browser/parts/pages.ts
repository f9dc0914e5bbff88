import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { contentSecurityPolicy } from '../../../src/dashboard/headers.ts';
import { localSystemKey } from '../../support/client.ts';
import { foreignAddresses, htmlFaults } from '../../support/html-faults.ts';
import { expectLikeness } from '../../support/looks.ts';
import { calmed, newTab, pageAt, stage } from '../../support/stage.ts';
import { type Address, byScope, inError, whenEmpty } from './addresses.ts';
import { hear, judge, judgeAgain, judgeAll, load, look, shots, tags, told } from './judging.ts';

const looks = join('test', 'browser', 'looks');

let page: Page;
let operator: Page;

export function testPages(): void {
  beforeAll(async () => {
    mkdirSync(shots, { recursive: true });
    await calmed();
    page = (await newTab()).page;
    operator = (await newTab({ key: localSystemKey })).page;
  });
  afterAll(async () => {
    await Promise.all([page?.context().close(), operator?.context().close()]);
  });

  it('is right for axe in light and dark, wide and at 320 px, at 200 % text, and asks nobody else (A3, A5, A7)', async () => {
    const second = await newTab();
    const rest = byScope('program');
    // Two tabs take turns: one is looked at while the other loads.
    const share = async (on: Page) => {
      for (let next = rest.shift(); next !== undefined; next = rest.shift())
        await look(on, next.name, next.path);
    };
    await Promise.all([share(page), share(second.page)]);
    await second.context.close();
    for (const { name, path } of byScope('system')) await look(operator, name, path);
  }, 900_000);

  it('is right with nothing in it, and where something is wrong (A5)', async () => {
    const { page: bare, context } = await newTab({ key: stage.empty.key });
    for (const { name, path } of whenEmpty()) await look(bare, name, path);
    await context.close();
    await look(page, 'error-no-such-job', `/p/${stage.program.programId}/jobs/job_none`);
    await look(page, 'error-not-yours', '/hub');
    await look(page, 'held-job', `/p/${stage.program.programId}/jobs/${stage.heldJobId}`);
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto(pageAt('webhooks'));
    await page.fill('#url', 'ftp://school.example/hook');
    await page.locator('form:has(#url) button[type=submit]').click();
    await page.waitForSelector('[role=alert]');
    await hear(page, 'error-form');
    await judgeAll(page, 'error-form');
    await page.screenshot({ path: join(shots, 'error-form.jpeg'), fullPage: true, quality: 80 });
  }, 900_000);

  it('tells a reader what is stored of it: with data, with none, and in error (A27)', async () => {
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ colorScheme: 'light' });
    for (const { name, path } of inError()) {
      const answer = await load(page, path);
      expect([path, (answer?.status() ?? 0) >= 400]).toEqual([path, true]);
      await hear(page, name);
    }
    for (const [name, text] of told) expectLikeness(join(looks, `${name}.txt`), text);
    // A page that is no more leaves no text behind.
    expect(readdirSync(looks).sort()).toEqual([...told.keys()].map((name) => `${name}.txt`).sort());
  });

  it('tells states apart in forced colours (A7)', async () => {
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ forcedColors: 'active' });
    for (const path of ['jobs', 'deliveries?status=', `flows/${stage.ids.flowId}`]) {
      await page.goto(pageAt(path));
      const states = await page.locator('.state').evaluateAll((all: Element[]) =>
        all.map((one) => ({
          word: one.textContent?.trim() ?? '',
          shape: one.querySelector('path')?.getAttribute('d') ?? '',
          stroke: getComputedStyle(one.querySelector('svg') ?? one).stroke,
          ground: getComputedStyle(document.documentElement).backgroundColor,
        })),
      );
      expect(states.length, path).toBeGreaterThan(0);
      for (const { word, shape, stroke, ground } of states) {
        expect(word).not.toBe('');
        expect(shape).not.toBe('');
        expect(stroke).not.toBe(ground);
      }
    }
    await page.screenshot({ path: join(shots, 'forced-colours.jpeg'), fullPage: true, quality: 80 });
    await page.emulateMedia({ forcedColors: 'none' });
  });

  it('weighs little (A8)', async () => {
    const weights: string[] = [];
    for (const { name, path } of byScope('program')) {
      const asked: string[] = [];
      const hear = (response: { url(): string }) => asked.push(new URL(response.url()).pathname);
      page.on('response', hear);
      const answer = await page.goto(`${stage.hub.url}${path}`, { waitUntil: 'load' });
      const hasEditor = /\/template(?:\?|$)/.test(path);
      if (hasEditor) await page.waitForSelector('hub-editor[data-ready=yes]');
      page.off('response', hear);
      const html = brotliCompressSync((await answer?.body()) ?? Buffer.alloc(0)).byteLength;
      const files = await assetsOf(page);
      const isEditor = files.some(({ path: file }) => file.includes('/editor-'));
      const total = files.reduce((sum, { bytes }) => sum + bytes, html);
      const nodes = Number(await page.evaluate('document.querySelectorAll("*").length'));
      weights.push(`${name}: ${html} B of HTML, ${total} B in all, ${nodes} nodes`);
      expect(html, name).toBeLessThanOrEqual(12_000);
      expect(total, name).toBeLessThanOrEqual(isEditor ? 140_000 : 45_000);
      expect(nodes, name).toBeLessThanOrEqual(1_500);
      // A page that moves may have looked once more by now: that is the same address.
      expect(new Set(asked).size, name).toBeLessThanOrEqual(isEditor ? 6 : 5);
      for (const { path: file, bytes } of files) {
        if (file.endsWith('.css')) expect(bytes, file).toBeLessThanOrEqual(12_000);
        if (/\/app-.*\.js$/.test(file)) expect(bytes, file).toBeLessThanOrEqual(15_000);
      }
      expect(isEditor, name).toBe(hasEditor);
    }
    for (const { path: file } of await assetsOf(page))
      expect(foreignAddresses(await (await fetch(`${stage.hub.url}${file}`)).text()), file).toEqual([]);
    const files = (await assetsOf(page)).map(({ path, bytes }) => `${path} ${bytes} B`);
    process.stdout.write(`${[...files, ...weights].join('\n')}\n`);
  });

  it.each(['jobs', 'overview'])(
    'is its content at once: rows of %s in the first answer, a module script, no shift (A9)',
    async (path) => {
      const answer = await page.goto(pageAt(path));
      const html = (await answer?.text()) ?? '';
      expect(html).toContain('people.csv');
      expect(html.match(/<script/g)).toHaveLength(1);
      expect(html).toMatch(/<script type="module" src="\/assets\/app-/);
      expect(html.match(/rel="stylesheet"/g)).toHaveLength(1);
      const shift = await page.evaluate<number>(
        `new Promise((resolve) => {
        let sum = 0;
        new PerformanceObserver((list) => { for (const one of list.getEntries()) sum += one.value; })
          .observe({ type: 'layout-shift', buffered: true });
        requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
      })`,
      );
      expect(shift).toBeLessThanOrEqual(0.02);
      // The largest thing that is painted is text of the first answer.
      const largest = await page.evaluate<string>(
        `new Promise((resolve) => new PerformanceObserver((list) => resolve(list.getEntries().at(-1).element.textContent))
        .observe({ type: 'largest-contentful-paint', buffered: true }))`,
      );
      const text = html.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
      expect(text).toContain(largest.trim().slice(0, 12));
    },
  );

  it('holds nothing inline, no secret, and no time without its machine form and zone (A4, A25, A26)', async () => {
    const seen: Address[] = byScope('program');
    const cookie = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
    for (const { name, path } of seen) {
      const answer = await fetch(`${stage.hub.url}${path}`, { headers: { cookie } });
      const html = await answer.text();
      expect(answer.status, name).toBe(200);
      expect(answer.headers.get('content-security-policy')).toBe(contentSecurityPolicy);
      expect(html.startsWith('<!doctype html>'), name).toBe(true);
      expect(htmlFaults(html), name).toEqual([]);
      expect(html, name).not.toMatch(/whsec_[\w+/]{8}|cwk_[\w-]{8}|X-Amz-Signature|BEGIN OPENSSH/);
      const isShown = /Person \d+, 0/.test(html);
      expect(isShown, `${name} shows a row's values`).toBe(false);
      const timeless = html
        .replace(/<time datetime="[^"]+">[^<]+<\/time>/g, '')
        .replace(/<textarea[\s\S]*?<\/textarea>|<pre[\s\S]*?<\/pre>|value="[^"]*"/g, '');
      expect(timeless.match(/.{30}\d\d:\d\d:\d\d.{10}/)?.[0], name).toBeUndefined();
      expect(html, name).toMatch(/All times [\w/+-]+ \(GMT/);
    }
  });

  it('shows the same instant in three zones, and in four forms (A26)', async () => {
    const shown: string[] = [];
    for (const zone of ['program', 'mine', 'utc']) {
      await page.goto(pageAt(`jobs/${stage.ids.jobId}?tz=${zone}`));
      const time = page.locator('main time').first();
      shown.push(`${await time.getAttribute('datetime')}`);
    }
    expect(new Set(shown).size).toBe(1);
    await page.locator('main button.time').first().click();
    expect(await page.locator('.forms dt').count()).toBe(4);
    await judgeAll(page, 'the forms of a time');
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.keyboard.press('Escape');
    expect(await page.locator('.forms').count()).toBe(0);
    expect(await page.evaluate('document.activeElement.className')).toBe('time');
  });

  it('has drawn nobody’s report, dialog or foreign request (A3, A4)', () => {
    expect(stage.complaints).toEqual([]);
    expect(stage.hub.lines.filter((line) => line.includes('page.policy_report'))).toEqual([]);
  });

  it('is seen to be wrong by what its text holds (A28)', () => {
    const page = (inside: string) => `<!doctype html><html><body>${inside}</body></html>`;
    const link = '<link rel="stylesheet" href="/assets/app-1.css"/>';
    const right =
      '<script type="module" src="/assets/app-1.js"></script><a href="https://school.example">x</a>';
    expect(htmlFaults(page(`${link}${right}<p title="style=x">onclick=y</p>`))).toEqual([]);
    for (const wrong of [
      '<script>alert(1)</script>',
      '<script src="https://cdn.example/x.js"></script>',
      '<p style="width:3px">x</p>',
      '<style>p{}</style>',
      '<button onclick="go()">x</button>',
      '<link rel="stylesheet" href="https://fonts.example/css?family=Inter"/>',
      '<img src="//cdn.example/p.gif"/>',
    ])
      expect(htmlFaults(page(wrong)), wrong).not.toEqual([]);
    const font = '@font-face{font-family:Inter;src:url(https://fonts.example/inter.woff2)}';
    expect(foreignAddresses(font)).toEqual(['https://fonts.example/inter.woff2']);
    expect(foreignAddresses('xmlns="http://www.w3.org/2000/svg"')).toEqual([]);
  });

  it('is refused what the policy forbids: each guard fails when it must (A28)', async () => {
    const { page: broken, context } = await newTab();
    const own = stage.complaints.splice(0);
    expect(own).toEqual([]);
    await broken.goto(pageAt('jobs'));
    const refused = (act: string) =>
      broken.evaluate<string>(`(() => { try { ${act} } catch (error) { return error.name; } return ''; })()`);
    expect(await refused('document.body.innerHTML = "<b>x</b>"')).toBe('TypeError');
    await refused(
      'const s = document.createElement("style"); s.textContent = "body{color:red}"; document.body.append(s)',
    );
    await refused('document.body.setAttribute("style", "color:red")');
    await refused('const i = new Image(); i.src = "https://evil.example/p.gif"; document.body.append(i)');
    await refused('document.querySelector("main").append(document.createElement("button"))');
    await expect.poll(() => stage.complaints.length, { timeout: 60_000 }).toBeGreaterThanOrEqual(3);
    expect((await judge(broken)).map((one) => one.split(':')[0])).toContain('button-name');
    expect((await judgeAgain(broken, tags, true)).map((one) => one.split(':')[0])).toContain('button-name');
    await context.close();
    stage.complaints.splice(0);
  });
}

async function assetsOf(on: Page): Promise<{ path: string; bytes: number }[]> {
  const paths = await on.evaluate<string[]>(
    'performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname).filter((path) => path.startsWith("/assets/"))',
  );
  return Promise.all(
    [...new Set(paths)].map(async (path) => {
      const bytes = Buffer.from(await (await fetch(`${stage.hub.url}${path}`)).arrayBuffer());
      return { path, bytes: brotliCompressSync(bytes).byteLength };
    }),
  );
}
