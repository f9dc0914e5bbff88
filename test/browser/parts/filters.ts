import { beforeAll, expect, it } from 'vitest';
import { newId } from '../../../src/platform/ids.ts';
import { signedIn, type Visit, type Visitor } from '../../support/browser.ts';
import {
  dropAndCall,
  expectStatus,
  jobEnded,
  newProgram,
  peopleTask,
  type TestProgram,
  until,
} from '../../support/client.ts';
import { multiplyRow } from '../../support/database.ts';
import { stage, system } from '../../support/stage.ts';
import { clock, dayMs, fill } from './filling.ts';
import { costOf } from './large.ts';

// Filters over many rows of which few match: a look is bounded and says how far it went (A11).

/** What a look that has no index may read: the stretch to its end, and again for what matches, by way of an index. */
const lookCost = (looked: number) => 4 * looked + 250;

export function testFilters(rows = Number(process.env.DASHBOARD_ROWS ?? 20_000) + 5_000): void {
  let program: TestProgram;
  let owner: Visitor;
  let webhookId: string;
  let crowdJobId: string;
  const planted = 40;
  const heldUp = { waiting: 331, paused: 124, cancelled: 17 };
  const at = (path: string) => `/p/${program.programId}/${path}`;

  beforeAll(async () => {
    program = await newProgram(stage.hub.url);
    const { programId, call } = program;
    const task = { ...peopleTask, folder: 'warehouse', dataset: 'crowd' };
    expectStatus(await call('PUT', `/api/programs/${programId}/tasks/crowd`, { body: task }), 200);
    const file = 'id,name\n1,Rare Bird\n2,Rare Bird\n3,Rare Bird\n4,Nobody\n';
    // Before there is much: a hub whose database is nearly full takes no job.
    ({ jobId: crowdJobId } = expectStatus(await dropAndCall(program, 'crowd', 'crowd.csv', file), 200).body);
    expect(await jobEnded(call, crowdJobId)).toMatchObject({ status: 'succeeded' });
    const nowMs = await clock();
    fill({ programId: program.programId, rows, nowMs, spreadMs: 30 * dayMs });
    const endpoint = { url: `${stage.receiver.url}/ok`, events: ['job.failed'] };
    const path = `/api/programs/${program.programId}/webhooks`;
    ({ webhookId } = expectStatus(await program.call('POST', path, { body: endpoint }), 201).body);
    const old = newId('dlv', nowMs - 31 * dayMs).slice(0, 14);
    const own = `program_id = '${stage.program.programId}' AND status = 'delivered' AND endpoint_id = ''`;
    multiplyRow(stage.hub, 'deliveries', own, planted, {
      ...{ program_id: `'${program.programId}'`, endpoint_id: `'${webhookId}'` },
      ...{ delivery_id: `'${old}rrr' || printf('%013d', n)`, status: `'exhausted'`, type: `'rare.type'` },
      ...{ dedupe_key: 'NULL', trace_id: `'${newId('tra', nowMs)}'` },
    });
    for (const [status, count] of Object.entries(heldUp))
      multiplyRow(stage.hub, 'deliveries', own, count, {
        ...{ program_id: `'${program.programId}'`, dedupe_key: 'NULL', status: `'${status}'` },
        // One among the other, over a stretch that all three share.
        delivery_id: `'${newId('dlv', nowMs - 15 * dayMs).slice(0, 14)}' || printf('%03d${status[0]}%012d', n, n)`,
      });
    owner = await signedIn(stage.hub.url, program.key);
  }, 3_600_000);

  /** A look's cost without what is done in the background in this very moment, which is none of the page's. */
  async function costWithin(most: number, of: string | (() => Promise<Visit>)) {
    let cost = await costOf(owner, of);
    for (let tries = 1; tries < 30 && (cost.rowsRead > most || cost.statements.length > 6); tries++) {
      await system()('POST', '/dev/sweep');
      cost = await costOf(owner, of);
    }
    expect(cost.statements.length, cost.statements.join('\n')).toBeLessThanOrEqual(6);
    expect(cost.rowsRead).toBeLessThanOrEqual(most);
    return cost;
  }

  const shown = (html: string) => (html.match(/<tr>/g)?.length ?? 1) - 1;
  const olderOf = (html: string) =>
    /<a href="([^"]+)">Older<\/a>/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? null;

  it('what failed for good and a task’s jobs are found by an index, however far back', async () => {
    for (const [path, found] of [
      ['deliveries?status=exhausted', planted],
      ['deliveries?status=cancelled', heldUp.cancelled],
      ['deliveries?status=waiting', heldUp.waiting],
      ['deliveries?status=paused', heldUp.paused],
      ['deliveries?status=waiting&days=7', 0],
      ['jobs?job=no-such-task', 0],
    ] as const) {
      const listed = Math.min(found, 50);
      const { html } = await costWithin(5 * listed + 200, at(path));
      expect([path, shown(html) < 0 ? 0 : shown(html)]).toEqual([path, listed]);
      expect(html).not.toContain('were looked at');
    }
  });

  it('the list begins with what has not arrived, all of it, newest first, without a look at the rest', async () => {
    const seen: string[] = [];
    for (let path: string | null = at('deliveries'); path !== null; ) {
      const { html } = await costWithin(5 * 50 + 200, path);
      expect(html).toContain('<option value="undelivered" selected="">');
      expect(html).not.toContain('were looked at');
      seen.push(...[...html.matchAll(/\/deliveries\/(dlv_[0-9a-z]{26})"/g)].map(([, id = '']) => id));
      path = olderOf(html);
    }
    expect(seen).toHaveLength(planted + Object.values(heldUp).reduce((sum, count) => sum + count));
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(seen.toSorted().reverse());
    // Looked through to its end, however many arrived since.
    const rare = await costWithin(lookCost(seen.length), at('deliveries?status=undelivered&type=rare.type'));
    expect([shown(rare.html), rare.html.includes('were looked at')]).toEqual([planted, false]);
    const { html } = await owner.get(at('deliveries'));
    const [, all = ''] = /<a href="([^"]+)">All that was due/.exec(html) ?? [];
    expect((await owner.get(all.replaceAll('&amp;', '&'))).html).toContain('delivered</span>');
  });

  it.each([
    ['deliveries?status=sending', 'latest 2,000 deliveries were looked at'],
    ['deliveries?type=rare.type', 'latest 2,000 deliveries were looked at'],
    ['deliveries?channel=ping', 'latest 2,000 deliveries were looked at'],
    ['deliveries?webhookId=whk_none', 'latest 2,000 deliveries were looked at'],
    ['jobs?status=held', 'latest 2,000 jobs were looked at'],
    ['jobs?status=failed', 'latest 2,000 jobs were looked at'],
    ['events?type=none', 'a page looks at 2,000'],
    ['events?category=NONE', 'a page looks at 2,000'],
    ['audit?actor=nobody', 'a page looks at 2,000'],
    ['audit?target=nothing', 'a page looks at 2,000'],
    ['audit?action=none', 'a page looks at 2,000'],
  ])('%s looks at a stretch, and says so', async (path, says) => {
    const { html, status } = await costWithin(lookCost(2_000), at(path));
    expect(status).toBe(200);
    expect(olderOf(html)).not.toBeNull();
    if (!says.startsWith('a page')) expect(html).toContain(says);
  });

  it('what matches far back is come to by looking further, once each', async () => {
    let path: string | null = at('deliveries?type=rare.type');
    const seen: string[] = [];
    for (let pages = 0; path !== null; pages++) {
      expect(pages).toBeLessThan(rows / 20_000 + 3);
      const { html } = await owner.get(path);
      // Only the page that shows the latest asks again by itself.
      expect(html.includes('data-every')).toBe(pages === 0);
      seen.push(...[...html.matchAll(/\/deliveries\/(dlv_[0-9a-z]{26})"/g)].map(([, id = '']) => id));
      if (pages === 1) await costWithin(lookCost(20_000), path);
      path = olderOf(html);
    }
    expect(seen).toHaveLength(planted);
    expect(new Set(seen).size).toBe(planted);
  });

  it('records are searched by a column in bounded steps, and found once each, wherever they are', async () => {
    // Spread over the whole of the dataset, among them those of the file.
    multiplyRow(stage.hub, 'records', `job_id = '${crowdJobId}' AND data LIKE '%Nobody%'`, rows, {
      key: `'x' || n`,
      bucket: '(n * 2654435761) % 4294967296',
    });
    // Writing a million holds this process for a while: connections that were kept open have ended since.
    await until(
      () => clock().catch(() => 0),
      (now) => now > 0,
    );
    const seen: string[] = [];
    const search = () => owner.post(at('datasets/crowd/search'), fields);
    let fields: Record<string, string> = { field: 'name', match: 'is', value: 'Rare Bird' };
    for (let steps = 1; ; steps++) {
      expect(steps).toBeLessThan(rows / 20_000 + 3);
      const { html } = steps < 3 ? await costWithin(lookCost(20_000), search) : await search();
      seen.push(...[...html.matchAll(/record\?key=(\w+)"/g)].map(([, key = '']) => key));
      const [, form = ''] = /<form method="post" action="[^"]*\/search">(.*?)<\/form>/s.exec(html) ?? [];
      if (form === '') break;
      const hidden = [...form.matchAll(/name="(\w+)" value="([^"]*)"/g)];
      fields = Object.fromEntries(hidden.map(([, name, value]) => [name ?? '', value ?? '']));
    }
    expect(seen.toSorted()).toEqual(['1', '2', '3']);
    expect(rows).toBeGreaterThan(20_000);
  });

  it('a recovery is counted by what failed, not by what was sent', async () => {
    const count = () => owner.post(at(`webhooks/${webhookId}/recover/count`), { hours: '2160' });
    // The form's own acts: who it is, the endpoint, the count.
    const { html } = await costWithin(5 * planted + 200, count);
    expect(html).toContain(`${planted} deliveries to this endpoint failed for good`);
  });
}
