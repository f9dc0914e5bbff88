import { expect, it } from 'vitest';
import { dropAndCall, expectStatus, until } from '../../support/client.ts';
import { feed } from '../../support/crash.ts';
import { newTab, pageAt, stage } from '../../support/stage.ts';

export function testLive(): void {
  it('follows a job to its end, asks nothing while hidden, and then no more (A13)', async () => {
    const { page, context } = await newTab();
    const called = await dropAndCall(stage.program, 'warehouse', 'many.csv', feed(0, 100_000));
    const { jobId } = expectStatus(called, 200).body;
    await page.goto(pageAt(`jobs/${jobId}`));
    // It looks by itself, every two seconds; here also each time that we do.
    const look = () => page.evaluate('document.dispatchEvent(new Event("visibilitychange"))');
    const seen: { text: string; rows: number }[] = [];
    await until(
      async () => {
        const isLive = (await page.locator('hub-live').getAttribute('data-every')) !== null;
        const answered = page.waitForResponse(pageAt(`jobs/${jobId}`), { timeout: 5_000 }).catch(() => null);
        if (isLive) await Promise.all([answered, look()]);
        const text = ((await page.locator('.verdict').textContent()) ?? '').replace(/\u202f/g, '');
        const rows = Number(/\d+(?= rows)/.exec(text)?.[0] ?? 0);
        if (seen.at(-1)?.text !== text) seen.push({ text, rows });
        return text;
      },
      (text) => text.startsWith('Consumed'),
    );
    // How often it can look while the job runs is the machine's.
    expect(seen.length, JSON.stringify(seen)).toBeGreaterThanOrEqual(3);
    expect(seen.map(({ rows }) => rows).toSorted((a, b) => a - b)).toEqual(seen.map(({ rows }) => rows));
    const job = (await stage.program.call('GET', `/api/jobs/${jobId}`)).body;
    expect(seen.at(-1)?.text).toContain(`${job.rows.read} rows`);
    await until(
      async () => page.locator('hub-live').getAttribute('data-every'),
      (every) => every === null,
    );
    await context.close();
  });

  it('is answered 304 while nothing changes (A13)', async () => {
    const { page, context } = await newTab();
    await page.goto(pageAt('jobs'));
    const look = () => page.evaluate('document.dispatchEvent(new Event("visibilitychange"))');
    const statuses: number[] = [];
    for (let times = 0; times < 6; times++) {
      const [answer] = await Promise.all([
        page.waitForResponse((response) => response.url() === pageAt('jobs')),
        look(),
      ]);
      statuses.push(answer.status());
    }
    // The first look has no tag to compare with.
    expect(statuses.filter((status) => status === 304).length).toBeGreaterThanOrEqual(5);
    await page.evaluate('Object.defineProperty(document, "hidden", { value: true, configurable: true })');
    await look();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.evaluate('document.dispatchEvent(new Event("visibilitychange"))');
    await page.evaluate('Object.defineProperty(document, "hidden", { value: false })');
    expect(asked).toEqual([]);
    await Promise.all([page.waitForRequest(pageAt('jobs')), look()]);
    await context.close();
  });

  it('says that the session has ended, and carries what is typed there through the sign-in', async () => {
    const { page, context } = await newTab();
    await page.goto(pageAt('webhooks'));
    await page.fill('#url', 'https://hooks.school.example/typed-before');
    await page.fill('#description', 'typed before the session ended');
    const cookies = await context.cookies();
    await context.clearCookies({ name: '__Host-session' });
    expect(cookies.map(({ name }) => name)).toContain('__Host-session');
    await page.evaluate('document.dispatchEvent(new Event("visibilitychange"))');
    await page.getByText('Your session has ended, and this page no longer changes.').waitFor();
    expect(await page.inputValue('#url')).toBe('https://hooks.school.example/typed-before');
    await page.getByRole('button', { name: 'Register it' }).click();
    await page.getByText('Sign in here, and the form comes back with what you typed.').waitFor();
    await page.fill('#key', stage.program.key);
    await page.press('#key', 'Enter');
    await page.getByText('Your session had ended, and nothing was done.').waitFor();
    expect(await page.inputValue('#url')).toBe('https://hooks.school.example/typed-before');
    expect(await page.inputValue('#description')).toBe('typed before the session ended');
    await context.close();
  });

  it('keeps open what was opened, of that one alone, when the list moves (A14)', async () => {
    const { page, context } = await newTab();
    const flows = `/api/programs/${stage.program.programId}/flows`;
    const flow = { title: 'Resits', code: 'RES-1' };
    const { flowId } = expectStatus(await stage.program.call('POST', flows, { body: flow }), 201).body;
    const sources = `/api/flows/${flowId}/external-sources`;
    const add = async (reference: string): Promise<string> =>
      expectStatus(await stage.program.call('POST', sources, { body: { reference } }), 201).body.id;
    const ids = [await add('m-1'), await add('m-2'), await add('m-3')];
    await page.goto(pageAt(`flows/${flowId}`));
    await page.locator('.sources > li', { hasText: 'm-2' }).getByText('Remove…').click();
    const opened = () =>
      page.evaluate<string[]>(
        '[...document.querySelectorAll(".sources details[open]")].map((one) => one.closest("li").querySelector("h2").textContent)',
      );
    expect(await opened()).toEqual(['m-2']);
    expectStatus(await stage.program.call('DELETE', `${sources}/${ids[0]}`), 204);
    await add('m-4');
    await page.evaluate('document.dispatchEvent(new Event("visibilitychange"))');
    await page.locator('.sources > li', { hasText: 'm-4' }).waitFor();
    expect(await page.locator('.sources > li h2').allTextContents()).toEqual(['m-2', 'm-3', 'm-4']);
    expect(await opened()).toEqual(['m-2']);
    await context.close();
  });

  it('leaves alone what is typed, chosen and opened, says when it cannot ask, and recovers (A14)', async () => {
    const { page, context } = await newTab();
    await page.goto(pageAt('jobs'));
    await page.fill('input[name=job]', 'wareh');
    await page.focus('input[name=job]');
    // As when one comes back to the tab: it looks at once.
    const look = () => page.evaluate('document.dispatchEvent(new Event("visibilitychange"))');
    for (let times = 0; times < 10; times++) {
      const answered = page.waitForResponse((response) => response.url() === pageAt('jobs'));
      await look();
      await answered;
    }
    expect(await page.inputValue('input[name=job]')).toBe('wareh');
    expect(await page.evaluate('document.activeElement.name')).toBe('job');
    // What the script made of times and ids is still there.
    expect(await page.locator('main hub-time:not(:has(button))').count()).toBe(0);
    expect(await page.locator('main hub-time').count()).toBeGreaterThan(0);
    await stage.hub.kill();
    await look();
    await page.waitForSelector('#stale');
    expect(await page.locator('#stale').textContent()).toMatch(/^Not updating since \d\d:\d\d:\d\d\.$/);
    await stage.hub.restart();
    await page.waitForSelector('#stale', { state: 'detached', timeout: 60_000 });
    await context.close();
    expect(stage.complaints).toEqual([]);
  });
}
