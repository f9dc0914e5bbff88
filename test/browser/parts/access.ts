import { expect, it } from 'vitest';
import { newVisitor, signedIn, type Visitor } from '../../support/browser.ts';
import { allScopes, type Body, expectStatus, localSystemKey, newProgram } from '../../support/client.ts';
import { actionRoutes, downloadRoutes, pageRoutes } from '../../support/dashboard-routes.ts';
import { allTables } from '../../support/database.ts';
import { listenTo, newTab, pageAt, stage } from '../../support/stage.ts';
import { addresses, fillIn } from './addresses.ts';

export function testAccess(): void {
  it.each([
    ['a viewer', ['read']],
    ['a flow manager', ['read', 'flows']],
    ['a template consultant', ['read', 'templates']],
    ['a data engineer', allScopes],
  ])('%s sees the pages of their scopes, and no other (A1)', async (_, scopes) => {
    const visitor = await signedIn(stage.hub.url, await stage.program.keyWith(...scopes));
    for (const { path, scope } of addresses()) {
      const { status } = await visitor.get(path);
      expect([path, status]).toEqual([path, scopes.includes(scope) ? 200 : 403]);
    }
  });

  it('another tenant’s pages and forms are 404, and nobody’s lead to the sign-in (A1)', async () => {
    const other = await newProgram(stage.hub.url);
    const [stranger, nobody] = [await signedIn(stage.hub.url, other.key), newVisitor(stage.hub.url)];
    const before = await stage.program.call('GET', `/api/programs/${stage.program.programId}/audit`);
    const gets = [...pageRoutes, ...downloadRoutes].filter(({ path }) => path.startsWith('/p/'));
    const ids: Record<string, string> = {
      ...{ recoveryId: 'rec_1', attentionId: 'att_1', sessionId: 'ses_1', sourceId: '1' },
      ...{ keyId: stage.program.keyId, ...stage.ids },
    };
    for (const { path } of gets) {
      expect([path, (await stranger.get(fillIn(path, ids))).status]).toEqual([path, 404]);
      expect([path, (await nobody.get(fillIn(path, ids))).status]).toEqual([path, 303]);
      // Their own program in the path, and our thing behind it.
      const mixed = fillIn(path, { ...ids, programId: other.programId });
      if (/:(?:job|delivery|event|webhook|flow|export|publisher|recovery)Id/.test(path))
        expect([mixed, (await stranger.get(mixed)).status]).toEqual([mixed, 404]);
    }
    for (const { path } of actionRoutes) {
      const refused = path.startsWith('/p/') ? 404 : 403;
      const own = fillIn(path, ids);
      expect([path, (await stranger.post(own)).status]).toEqual([path, refused]);
      // To be signed in for where it was sent to: what was typed comes along.
      expect([path, (await nobody.post(own)).status]).toEqual([path, 401]);
    }
    const after = await stage.program.call('GET', `/api/programs/${stage.program.programId}/audit`);
    expect(after.body.items[0].auditId).toBe(before.body.items[0].auditId);
  });

  it('opens a link of another site for who is signed in, and none of its forms (A24)', async () => {
    const { page, context } = await newTab();
    const evil = await context.newPage();
    listenTo(evil);
    // `data:` is another site to every site.
    await evil.goto(`data:text/html,<a id="a" href="${pageAt('jobs')}">Job failed, open it</a>`);
    await evil.click('#a');
    await evil.waitForURL(pageAt('jobs'));
    expect(await evil.locator('h1').textContent()).toBe('Jobs');
    const token = await page.locator('input[name=_token]').first().getAttribute('value');
    const target = pageAt(`jobs/${stage.heldJobId}/reject`);
    await evil.goto(
      `data:text/html,<form method="post" action="${target}"><input name="_token" value="${token}"><button id="b">Win</button></form>`,
    );
    const [answer] = await Promise.all([evil.waitForResponse(target), evil.click('#b')]);
    // The session's cookie does not even come along; with it, the form is refused.
    expect([303, 403]).toContain(answer.status());
    const job = await stage.program.call('GET', `/api/jobs/${stage.heldJobId}`);
    expect(expectStatus(job, 200).body.status).toBe('held');
    await context.close();
  });

  it('changes nothing by looking: every link of every page is followed, and the whole database stays (A24, A25)', async () => {
    const [engineer, staff] = await Promise.all([
      signedIn(stage.hub.url, stage.program.key),
      signedIn(stage.hub.url, localSystemKey),
    ]);
    // What goes on by itself meanwhile: attempts at a broken endpoint, and who was seen when.
    const moving = /^(deliveries|endpoint_|activity_|attention|sessions|cron_runs|monitors)/;
    const look = async () => {
      const before = allTables(stage.hub);
      await crawlAll(engineer, staff);
      const after = allTables(stage.hub);
      return Object.keys(after).filter((name) => after[name] !== before[name] && name !== 'sessions');
    };
    for (let rounds = 1; ; rounds++) {
      const changed = await look();
      expect(changed.filter((name) => !moving.test(name))).toEqual([]);
      if (changed.length === 0) break;
      expect([changed, rounds]).toEqual([changed, Math.min(rounds, 5)]);
    }
  });

  it('shows what is personal or secret only when asked, keeps no copy, and logs who asked (A25)', async () => {
    const { program, ids } = stage;
    const visitor = await signedIn(stage.hub.url, program.key);
    const category = { category: 'COURSE', reveal: '1' };
    const reveals: [action: string, path: string, fields: Record<string, string>, audit: string][] = [
      ['jobs/:jobId/show', `jobs/${ids.jobId}`, {}, 'job.rejects_shown'],
      ['deliveries/:deliveryId/show', `deliveries/${ids.deliveryId}`, {}, 'delivery.shown'],
      ['datasets/:dataset/record', `datasets/${ids.dataset}/record?key=1`, {}, 'record.shown'],
      [
        'subscriptions/:publisherId/template/preview',
        `subscriptions/${ids.publisherId}/template?category=COURSE`,
        category,
        'events.shown',
      ],
      ['events/:eventId/show', `events/${ids.eventId}`, {}, 'event.shown'],
      ['drop/secrets', 'drop', {}, 'drop.secrets_read'],
      ['webhooks/:webhookId/rotate', `webhooks/${ids.webhookId}`, {}, 'signing_secret.rotated'],
      ['keys', 'keys', { name: 'shown', scopes: 'read' }, 'key.created'],
    ];
    const audit = async (): Promise<Body[]> =>
      (await program.call('GET', `/api/programs/${program.programId}/audit?limit=200`)).body.items;
    const missing = actionRoutes.filter(
      ({ path }) => /\/(show|secrets)$/.test(path) && !reveals.some(([action]) => path.endsWith(action)),
    );
    expect(missing).toEqual([]);
    for (const [action, path, fields, acted] of reveals) {
      const page = await visitor.get(pageAt(path).slice(stage.hub.url.length));
      expect([path, page.status, page.html.match(unshown)]).toEqual([path, 200, null]);
      const before = (await audit())[0]?.auditId;
      const query = path.includes('record?') ? '?key=1' : '';
      const shown = await visitor.post(`${fillIn(`/p/:programId/${action}`, ids)}${query}`, {
        key: '1',
        ...fields,
      });
      expect([action, shown.status, shown.headers.get('cache-control')]).toEqual([action, 200, 'no-store']);
      const lines = await audit();
      const since = lines.slice(
        0,
        lines.findIndex(({ auditId }) => auditId === before),
      );
      expect([action, [...new Set(since.map((line) => line.action))]]).toEqual([action, [acted]]);
      expect(since[0]?.actor).toContain(program.keyId);
    }
  });
}

/** Values of rows and secrets, as the stage has them. */
const unshown =
  /Person \d+, \d|whsec_[\w+/]{8}|cwk_[\w-]{8}|X-Amz-Signature|BEGIN OPENSSH|Ada(?=&quot;|")|class-key-secret/;

/** Every link of every page, once of a kind, and each form's address as if it were a page. */
async function crawlAll(engineer: Visitor, staff: Visitor): Promise<void> {
  const links = new Map<string, Visitor>();
  for (const { path, scope } of addresses()) {
    const visitor = scope === 'system' ? staff : engineer;
    const { html } = await visitor.get(path);
    for (const [, link = ''] of html.matchAll(/href="(\/(?!assets\/)[^"]*)"/g))
      links.set(link.replaceAll('&amp;', '&'), visitor);
  }
  expect(links.size).toBeGreaterThan(50);
  const seen = new Map<string, number>();
  for (const [link, visitor] of links) {
    // Taking values along is on record, as it must be.
    if (/\/(?:records|errors)\.csv|\/files\/./.test(link)) continue;
    // A list's fifty rows are the same page.
    const kind = link.replace(/[?].*/, '').replaceAll(/(?:_[0-9a-z]{20,}|\d+)/g, '_');
    const times = (seen.get(kind) ?? 0) + 1;
    seen.set(kind, times);
    if (times > 1) continue;
    const { status, html, headers } = await visitor.get(link);
    expect([link, [200, 303, 404, 410].includes(status)]).toEqual([link, true]);
    const isPage = headers.get('content-type')?.startsWith('text/html') === true;
    expect([link, isPage ? html.match(unshown)?.[0] : undefined]).toEqual([link, undefined]);
  }
  const ids = { recoveryId: 'rec_1', attentionId: 'att_1', sessionId: 'ses_1', sourceId: '1', ...stage.ids };
  for (const { path } of actionRoutes)
    await engineer.get(fillIn(path, { keyId: stage.program.keyId, ...ids }));
}
