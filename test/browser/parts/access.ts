import { expect, it } from 'vitest';
import { newVisitor, signedIn } from '../../support/browser.ts';
import { allScopes, expectStatus, newProgram } from '../../support/client.ts';
import { actionRoutes, downloadRoutes, pageRoutes } from '../../support/dashboard-routes.ts';
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
      expect([path, (await nobody.post(own)).status]).toEqual([path, 303]);
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

  it('changes nothing by looking: every link of every page is followed, and the audit log stays (A24)', async () => {
    const visitor = await signedIn(stage.hub.url, stage.program.key);
    const audit = async () =>
      (await stage.program.call('GET', `/api/programs/${stage.program.programId}/audit`)).body.items[0]
        .auditId;
    const before = await audit();
    const links = new Set<string>();
    for (const { path, scope } of addresses()) {
      if (scope === 'system') continue;
      const { html } = await visitor.get(path);
      for (const [, link = ''] of html.matchAll(/href="(\/p\/[^"]*)"/g))
        links.add(link.replaceAll('&amp;', '&'));
    }
    expect(links.size).toBeGreaterThan(50);
    // Each kind of address once or twice: a list's fifty rows are the same page.
    const seen = new Map<string, number>();
    for (const link of links) {
      const kind = link.replace(/[?].*/, '').replaceAll(/(?:_[0-9a-z]{20,}|\d+)/g, '_');
      const times = (seen.get(kind) ?? 0) + 1;
      seen.set(kind, times);
      if (times > 2) continue;
      const { status } = await visitor.get(link);
      expect([link, [200, 404, 410].includes(status)]).toEqual([link, true]);
    }
    expect(await audit()).toBe(before);
  });
}
