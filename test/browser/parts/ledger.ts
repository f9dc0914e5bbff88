import { spawn } from 'node:child_process';
import { Webhook } from 'standardwebhooks';
import { expect, it } from 'vitest';
import { type Body, expectStatus, until } from '../../support/client.ts';
import type { Received } from '../../support/receiver.ts';
import { newTab, pageAt, stage, system } from '../../support/stage.ts';

const api = (path: string) => `/api/programs/${stage.program.programId}/${path}`;

export function testLedger(): void {
  it('shows the request byte for byte as the receiver had it, and as a command that verifies (A22)', async () => {
    const { items } = (await stage.program.call('GET', api('deliveries?limit=200&type=event.published')))
      .body;
    const one = items.find(
      ({ status, target }: Body) => status === 'delivered' && target === `${stage.receiver.url}/ok`,
    );
    // Once more without the test clock, for signatures go by the wall's.
    const clock = (body: Body) => system()('POST', '/dev/clock', { body });
    const ahead = Date.parse((await clock({ aheadSeconds: 0 })).body.now) - Date.now();
    await clock({ now: null });
    const sentBefore = stage.receiver.received.length;
    expectStatus(await stage.program.call('POST', `/api/deliveries/${one.deliveryId}/retry`), 202);
    const find = () =>
      stage.receiver.received
        .slice(sentBefore)
        .find(({ headers }) => headers['webhook-id'] === one.messageId);
    const got = await until(
      async () => find(),
      (found) => found !== undefined,
    );
    await until(
      async () => (await stage.program.call('GET', `/api/deliveries/${one.deliveryId}`)).body.status,
      (status) => status === 'delivered',
    );
    const { page, context } = await newTab();
    await page.goto(pageAt(`deliveries/${one.deliveryId}`));
    expect(await page.locator('main').textContent()).not.toContain(got?.body ?? 'nothing came');
    await page.getByRole('button', { name: 'Show the exact request' }).click();
    const shown = (await page.locator('main pre').first().textContent()) ?? '';
    const [head = '', ...rest] = shown.split('\n\n');
    expect(rest.join('\n\n')).toBe(got?.body);
    const said = Object.fromEntries(
      head
        .split('\n')
        .map((line) => [line.split(': ')[0]?.toLowerCase(), line.slice(line.indexOf(': ') + 2)]),
    );
    // The receiver's own list holds what HTTP adds to every call: its host, lengths and connection.
    const named = ['webhook-id', 'webhook-timestamp', 'webhook-signature', 'content-type', 'user-agent'];
    for (const name of named) expect([name, said[name]]).toEqual([name, got?.headers[name]]);
    await page.getByText('As a command').click();
    const command = (await page.locator('main details pre').first().textContent()) ?? '';
    const before = stage.receiver.received.length;
    expect(await run(command)).toContain('200');
    const again = stage.receiver.received.slice(before).find(({ body }) => body === got?.body) as Received;
    const verified = new Webhook(stage.secret).verify(again.body, again.headers as Record<string, string>);
    expect(verified).toMatchObject({ type: 'event.published' });
    await clock({ now: new Date(Date.now() + ahead).toISOString() });
    await context.close();
  });

  it('finds one story from any of its ids (A23)', async () => {
    const { page, context } = await newTab();
    const { jobId = '', traceId = '', deliveryId = '' } = stage.ids;
    await page.goto(pageAt('overview'));
    for (const [id, path] of [
      [jobId, `jobs/${jobId}`],
      [deliveryId, `deliveries/${deliveryId}`],
      [traceId, `t/${traceId}`],
    ]) {
      await page.fill('#jump', id ?? '');
      await page.press('#jump', 'Enter');
      await page.waitForURL(`**/${path}`);
    }
    const steps = (await stage.program.call('GET', `/api/traces/${traceId}`)).body.steps;
    const links = await page
      .locator('main table a')
      .evaluateAll((all: Element[]) => all.map((one) => one.getAttribute('href')));
    expect(steps.length).toBeGreaterThanOrEqual(3);
    expect(links.some((link) => link?.endsWith(`/jobs/${jobId}`))).toBe(true);
    for (const { kind, id } of steps)
      if (kind === 'delivery') expect(links.some((link) => link?.endsWith(`/deliveries/${id}`))).toBe(true);
    await context.close();
  });

  it('marks each local night once: sent, empty, and the one to come (A19)', async () => {
    const { page, context } = await newTab();
    await page.goto(pageAt(`exports/${stage.ids.exportId}?month=${stage.ids.localDate?.slice(0, 7)}`));
    const cells = await page.locator('.calendar td:has(.day)').allTextContents();
    const days = cells.map((text) => Number(/\d+/.exec(text)?.[0]));
    expect(days).toEqual(days.map((_, index) => index + 1));
    const sent = cells.find(
      (text) => Number(/\d+/.exec(text)?.[0]) === Number(stage.ids.localDate?.slice(8)),
    );
    expect(sent).toMatch(/sent/);
    await page.goto(pageAt(`exports/${stage.ids.exportId}/nights/${stage.ids.localDate}`));
    expect(await page.locator('.verdict').textContent()).toContain('14 events in 1 file');
    await context.close();
  });
}

/** A shell that runs the command, while this process goes on and answers it. */
async function run(command: string): Promise<string> {
  const child = spawn('sh', ['-c', command]);
  let output = '';
  child.stdout.on('data', (data) => {
    output += String(data);
  });
  await new Promise((resolve) => child.once('close', resolve));
  return output;
}
