import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addresses } from '../browser/parts/addresses.ts';
import { localSystemKey } from '../support/client.ts';
import { expectLikeness, likenessOf } from '../support/looks.ts';
import { closeStage, newTab, openStage, settled, stage } from '../support/stage.ts';

/** Their words depend on what was first: an answer of 410 or the next event, one act or another; and on keys made at random. */
const racing = /^(?:audit|events.*|exports.*|(?:empty-)?drop|hub.*|overview|webhooks.*|deliveries.*)$/;

// What a reader is told of each page, with data, with none and in error, as it is stored in test/soak/looks.
// `UPDATE=1` stores what is told now.

beforeAll(async () => {
  await openStage();
  await settled();
}, 300_000);
afterAll(closeStage, 60_000);

describe('a page', () => {
  it('tells a reader what is stored of it (A27)', async () => {
    const { programId } = stage.program;
    const all = addresses();
    const own = all.filter(({ scope }) => scope !== 'system');
    const visits = [
      { key: localSystemKey, pages: all.filter(({ scope }) => scope === 'system') },
      {
        key: stage.program.key,
        pages: [
          ...own,
          { name: 'error-no-such-job', path: `/p/${programId}/jobs/job_none` },
          { name: 'held-job', path: `/p/${programId}/jobs/${stage.heldJobId}` },
        ],
      },
      {
        key: stage.empty.key,
        pages: own
          .filter(({ path }) => path.split('/').length === 4)
          .map(({ name, path }) => ({
            name: `empty-${name}`,
            path: path.replace(programId, stage.empty.programId),
          })),
      },
    ];
    const told: [name: string, text: string][] = [];
    for (const { key, pages } of visits) {
      const { page, context } = await newTab({ key });
      for (const { name, path } of pages) {
        await page.goto(`${stage.hub.url}${path}`);
        if ((await page.locator('hub-editor').count()) > 0)
          await page.waitForSelector('hub-editor[data-ready=yes]');
        told.push([name, likenessOf(await page.locator('main').ariaSnapshot())]);
      }
      await context.close();
    }
    const same = told.filter(([name]) => !racing.test(name));
    expect(same.length).toBeGreaterThan(30);
    for (const [name, text] of same) expectLikeness(join('test/soak/looks', `${name}.txt`), text);
  }, 300_000);
});
