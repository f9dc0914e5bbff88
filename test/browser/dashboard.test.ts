import { brotliCompressSync } from 'node:zlib';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { openBrowser } from '../support/chromium.ts';
import { dropAndCall, expectStatus, newProgram, type TestProgram, until } from '../support/client.ts';
import { feed, feedTask } from '../support/crash.ts';

let hub: Hub;
let browser: Browser;
let program: TestProgram;
let held: string;
let rejecting: string;
let flowId: number;
const violations: string[] = [];

const at = (path: string) => `${hub.url}/p/${program.programId}/${path}`;

beforeAll(async () => {
  [hub, browser] = await Promise.all([startHub(), openBrowser()]);
  program = await newProgram(hub.url, { timeZone: 'Europe/Oslo' });
  const { call, programId } = program;
  expectStatus(await call('PUT', `/api/programs/${programId}/tasks/warehouse`, { body: feedTask }), 200);
  const run = async (content: string) => {
    const { jobId } = expectStatus(await dropAndCall(program, 'warehouse', 'people.csv', content), 200).body;
    await until(
      async () => (await call('GET', `/api/jobs/${jobId}`)).body,
      ({ status, finishedAt }) => status === 'held' || finishedAt !== null,
    );
    return jobId;
  };
  rejecting = await run(`${feed(0, 60)}61,"Nobody",x,not a number\n`);
  held = await run(feed(0, 10));
  const made = await call('POST', `/api/programs/${programId}/flows`, {
    body: { code: 'HIS-101', title: 'History' },
  });
  flowId = expectStatus(made, 201).body.flowId;
  for (const reference of ['class-A', 'class-B'])
    expectStatus(await call('POST', `/api/flows/${flowId}/external-sources`, { body: { reference } }), 201);
  expectStatus(await call('POST', `/api/flows/${flowId}/external-sources/class-A/sync`), 202);
});

afterAll(async () => {
  await browser?.close();
  await hub?.stop();
});

/** A signed-in tab; whatever the policy refuses, or the page says in error, is kept. */
async function newTab(
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text()))
      violations.push(message.text());
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && origin !== hub.url) violations.push(`asked ${origin}`);
  });
  await page.goto(`${hub.url}/sign-in`);
  await page.fill('#key', program.key);
  await page.press('#key', 'Enter');
  await page.waitForURL('**/overview');
  return { context, page };
}

const pages = (): Record<string, string> => ({
  overview: at('overview'),
  jobs: at('jobs'),
  'no job like that': at('jobs?status=cancelled'),
  'a job': at(`jobs/${rejecting}`),
  'a held job': at(`jobs/${held}`),
  'no such job': at('jobs/job_none'),
  files: at('files'),
  tasks: at('tasks'),
  'a task': at('tasks/warehouse'),
  datasets: at('datasets'),
  'a dataset': at('datasets/people'),
  'a record': at('datasets/people/record?key=1'),
  deliveries: at('deliveries'),
  events: at('events'),
  subscriptions: at('subscriptions'),
  webhooks: at('webhooks'),
  flows: at('flows'),
  'a flow': at(`flows/${flowId}`),
  keys: at('keys'),
  audit: at('audit'),
});

describe.each([
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 1280 },
  { colorScheme: 'light', width: 320 },
  { colorScheme: 'dark', width: 320 },
] as const)('every page, $colorScheme, $width px wide', ({ colorScheme, width }) => {
  it('has nothing that axe finds, and fits', async () => {
    const { context, page } = await newTab({ colorScheme, viewport: { width, height: 800 } });
    for (const [name, url] of Object.entries(pages())) {
      await page.goto(url);
      for (const summary of await page.locator('details.confirm > summary').all()) await summary.click();
      const { violations: found } = await new AxeBuilder({ page })
        .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
        .analyze();
      const told = found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
      expect(told, name).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth'), name).toBeLessThanOrEqual(width);
    }
    await context.close();
    expect(violations).toEqual([]);
  });
});

it('weighs little: one page, one style, one script and an icon', async () => {
  const { context, page } = await newTab();
  const asked: string[] = [];
  page.on('response', (response) => asked.push(new URL(response.url()).pathname));
  const html = await (await page.goto(at('jobs'), { waitUntil: 'networkidle' }))?.body();
  const assets = asked.filter((path) => path.startsWith('/assets/'));
  expect(assets.length).toBeGreaterThanOrEqual(2);
  const bodies = await Promise.all(
    assets.map(async (path) => Buffer.from(await (await fetch(`${hub.url}${path}`)).arrayBuffer())),
  );
  const bytes = [html ?? Buffer.alloc(0), ...bodies].reduce(
    (sum, body) => sum + brotliCompressSync(body).byteLength,
    0,
  );
  expect(asked.length).toBeLessThanOrEqual(5);
  expect(bytes).toBeLessThanOrEqual(45_000);
  expect(await page.evaluate('document.querySelectorAll("*").length')).toBeLessThanOrEqual(1_500);
  await context.close();
});

it('decides a held job with the keyboard alone', async () => {
  const { context, page } = await newTab();
  await page.goto(at('overview'));
  // The skip link, then the first thing on the page: the way to the job that waits.
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  const focused = () => page.evaluate<string>('document.activeElement?.textContent?.trim() ?? ""');
  const tabTo = async (text: string) => {
    for (let presses = 1; presses <= 20; presses++) {
      await page.keyboard.press('Tab');
      if ((await focused()) === text) return;
    }
    throw new Error(`"${text}" is not within twenty presses of Tab.`);
  };
  await tabTo('Decide');
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/jobs/${held}`);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await tabTo('Reject…');
  await page.keyboard.press('Enter');
  await tabTo('Reject: leave all as it is');
  await page.keyboard.press('Enter');
  await page.waitForURL('**?done=reject');
  expect(await page.locator('[role=status]').textContent()).toContain('Rejected');
  await context.close();
});

it('works without a script', async () => {
  const { jobId } = expectStatus(await dropAndCall(program, 'warehouse', 'fewer.csv', feed(0, 10)), 200).body;
  await until(
    async () => (await program.call('GET', `/api/jobs/${jobId}`)).body,
    ({ status }) => status === 'held',
  );
  const { context, page } = await newTab({ javaScriptEnabled: false });
  await page.goto(at(`jobs/${jobId}`));
  await page.getByText('Approve…').click();
  await page.getByRole('button', { name: 'Approve: apply it' }).click();
  await page.waitForURL('**?done=approve');
  await until(
    async () => (await program.call('GET', `/api/jobs/${jobId}`)).body,
    ({ status }) => status === 'succeeded',
  );
  await page.reload();
  expect(await page.locator('.verdict').textContent()).toContain('Consumed');
  await context.close();
});

describe('a page that is open', () => {
  it('follows a job to its end, and then asks no more', async () => {
    const { context, page } = await newTab();
    const called = await dropAndCall(program, 'warehouse', 'many.csv', feed(0, 60_000));
    const { jobId } = expectStatus(called, 200).body;
    await page.goto(at(`jobs/${jobId}`));
    const seen = new Set<string>();
    await until(
      async () => {
        const text = (await page.locator('.verdict').textContent()) ?? '';
        seen.add(text);
        return text;
      },
      (text) => text.startsWith('Consumed'),
      90,
    );
    expect(seen.size).toBeGreaterThan(2);
    const job = (await program.call('GET', `/api/jobs/${jobId}`)).body;
    expect([...seen].at(-1)?.replace(/\u202f/g, '')).toContain(`${job.rows.read} rows`);
    await until(
      async () => page.locator('hub-live').getAttribute('data-every'),
      (every) => every === null,
    );
    await context.close();
  });

  it('leaves alone what is being typed and opened, says when it cannot ask, and recovers', async () => {
    const { context, page } = await newTab();
    await page.goto(at('keys'));
    await page.goto(at('jobs'));
    await page.fill('input[name=job]', 'wareh');
    await page.focus('input[name=job]');
    // As when one comes back to the tab: it looks at once.
    const look = () => page.evaluate('document.dispatchEvent(new Event("visibilitychange"))');
    for (let times = 0; times < 3; times++) {
      const answered = page.waitForResponse((response) => response.url() === at('jobs'));
      await look();
      await answered;
    }
    expect(await page.inputValue('input[name=job]')).toBe('wareh');
    expect(await page.evaluate('document.activeElement.name')).toBe('job');
    await hub.kill();
    await look();
    await page.waitForSelector('#stale');
    expect(await page.locator('#stale').textContent()).toMatch(/^Not updating since \d\d:\d\d:\d\d\.$/);
    await hub.restart();
    await page.waitForSelector('#stale', { state: 'detached', timeout: 60_000 });
    await context.close();
    violations.splice(0, violations.length, ...violations.filter((text) => !text.includes('ERR_CONNECTION')));
    expect(violations).toEqual([]);
  });
});
