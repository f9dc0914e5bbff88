import { brotliCompressSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { idAlphabet, newId } from '../../../src/platform/ids.ts';
import { signedIn, type Visit, type Visitor } from '../../support/browser.ts';
import {
  type Body,
  expectStatus,
  localSystemKey,
  newProgram,
  type TestProgram,
  until,
} from '../../support/client.ts';
import { multiplyRow, wholeTablesRead } from '../../support/database.ts';
import { stage, system } from '../../support/stage.ts';
import { type Address, addresses } from './addresses.ts';
import { clock, dayMs, type Filled, few, fill, idOf } from './filling.ts';

/** Where a page's link leads whose address and text hold these; empty where there is none. */
function linkTo(html: string, part: string, text = ''): string {
  const found = [...html.matchAll(/<a href="([^"]+)">([^<]*)</g)].find(
    ([, href = '', said = '']) => href.includes(part) && said.includes(text),
  );
  return found?.[1]?.replaceAll('&amp;', '&') ?? '';
}

interface Cost {
  status: number;
  statements: string[];
  rowsRead: number;
  rowsShown: number;
  /** The statement that reads most. */
  dearest?: string;
  htmlChars: number;
  html: string;
}

/** What a page, or another visit, costs the database. */
export async function costOf(visitor: Visitor, of: string | (() => Promise<Visit>)): Promise<Cost> {
  const go = typeof of === 'string' ? () => visitor.get(of) : of;
  const watch = async (on: boolean): Promise<Body> =>
    expectStatus(await system()('POST', '/dev/statements', { body: { watch: on } }), 200).body;
  await go();
  await watch(true);
  const { status, html } = await go();
  const ran = (await watch(false)).filter(({ sql }: Body) => !sql.includes('dev_switches'));
  return {
    status,
    statements: ran.map(({ sql }: Body) => sql),
    rowsRead: ran.reduce((sum: number, one: Body) => sum + one.rowsRead, 0),
    rowsShown: html.match(/<tr>/g)?.length ?? 0,
    dearest: ran.reduce((most: Body, one: Body) => (one.rowsRead > (most?.rowsRead ?? 0) ? one : most), null)
      ?.sql,
    htmlChars: html.length,
    html,
  };
}

/** Of what a page is of: how many of a recovery's own deliveries stand where. */
const ofRecovery =
  /count\(\*\) AS n FROM deliveries INDEXED BY deliveries_recovered\s+WHERE recovery_id = \?/;
/** What the roll-ups have not counted yet: a stretch that ends. */
const notRolledUp =
  /count\(\*\) AS ok,\s+0 AS failed, 0 AS other\s+FROM \(SELECT [^()]* FROM events AS e WHERE [\s\S]*? LIMIT \?\)/;
/** Of the messages that are shown: how many deliveries of each stand where. */
const ofMessages = /count\(\*\) AS n\s+FROM json_each\(\?\) AS m CROSS JOIN deliveries AS d/;
/** A count that ends, by its own LIMIT, costs the same whatever there is. */
const boundedCount =
  /count\(\*\)( AS \w+, min\(since\) AS since)?\s+FROM \(SELECT [^()]*? LIMIT (\?|\d+)\)/gi;

export function faultsOf({
  statements,
  rowsRead,
  rowsShown,
  dearest = '',
}: Omit<Cost, 'status' | 'htmlChars' | 'html'>): string[] {
  return [
    ...(statements.length > 6 ? [`${statements.length} statements`, ...statements] : []),
    ...(rowsRead > 5 * rowsShown + 200
      ? [`${rowsRead} rows read for ${rowsShown} shown`, ...(dearest ? [dearest] : [])]
      : []),
    ...statements.flatMap((sql) => [
      ...(/\bcount\(|\boffset\b/i.test(
        sql
          .replace(boundedCount, '')
          .replace(ofRecovery, '')
          .replace(ofMessages, '')
          .replace(notRolledUp, ''),
      )
        ? [`counts or skips: ${sql}`]
        : []),
      ...wholeTablesRead(stage.hub, sql).map((table) => `reads all of ${table}: ${sql.slice(0, 300)}`),
    ]),
  ];
}

/** @param rows of each large table; a million costs a page the same, only the filling takes longer. */
export function testLarge(rows = Number(process.env.DASHBOARD_ROWS ?? 20_000)): void {
  let [large, small]: TestProgram[] = [];
  let owner: Visitor;
  let month: Filled;

  beforeAll(async () => {
    [large, small] = await Promise.all([newProgram(stage.hub.url), newProgram(stage.hub.url)]);
    month = { programId: large.programId, rows, nowMs: await clock(), spreadMs: 30 * dayMs };
    fill(month);
    // All of the last day, so that each hour has its bar in both.
    fill({ ...month, programId: small.programId, rows: few, spreadMs: dayMs });
    // Filling a million holds this process for minutes: connections that were kept open have ended since.
    await until(
      () => clock().catch(() => 0),
      (now) => now > 0,
    );
    owner = await signedIn(stage.hub.url, large.key);
  }, 3_600_000);

  /** Without what is due in the background in this very moment: what is a page's, is there each time. */
  async function judged(visitor: Visitor, path: string): Promise<{ cost: Cost; faults: string[] }> {
    let cost = await costOf(visitor, path);
    for (let tries = 1; tries < 30 && faultsOf(cost).length > 0; tries++) {
      // Rows that came past the hub are rolled up by the minute's step, as many at a time as it takes.
      await system()('POST', '/dev/sweep');
      cost = await costOf(visitor, path);
    }
    return { cost, faults: faultsOf(cost) };
  }

  it('costs the database six statements at most, and no more for many rows than for few (A11)', async () => {
    const one = (prefix: string) => idOf(month, prefix, few / 2);
    const ofLarge: Record<string, string> = {
      ...stage.ids,
      ...{ programId: large?.programId ?? '', jobId: one('job'), deliveryId: one('dlv') },
      ...{ eventId: one('evt'), traceId: one('tra') },
    };
    const isIn = ({ path, name }: Address) =>
      path.split('/').length === 4 || /^(jobs--jobId|deliveries--|events--|t--)/.test(name);
    const [staff, engineer] = await Promise.all([
      signedIn(stage.hub.url, localSystemKey),
      signedIn(stage.hub.url, stage.program.key),
    ]);
    const report: string[] = [];
    const visits = [
      ...addresses().map((page) => ({ page, visitor: page.scope === 'system' ? staff : engineer })),
      ...addresses(ofLarge)
        .filter((page) => page.scope !== 'system' && isIn(page))
        .map((page) => ({ page, visitor: owner })),
    ];
    for (const { page, visitor } of visits) {
      const { cost, faults } = await judged(visitor, page.path);
      expect([page.path, cost.status, faults]).toEqual([page.path, 200, []]);
      const where = page.path.includes(ofLarge.programId ?? '') ? ', many rows' : '';
      report.push(
        `${page.name}${where}: ${cost.statements.length} statements, ${cost.rowsRead} rows read, ${cost.rowsShown} shown`,
      );
    }
    process.stdout.write(`Over ${rows} rows of each:\n${report.join('\n')}\n`);
  });

  it('is as long with many rows as with few (A11)', async () => {
    const reader = await signedIn(stage.hub.url, small?.key);
    const difference = async (path: string): Promise<number> => {
      const [many, less] = await Promise.all([
        owner.get(`/p/${large?.programId}/${path}`),
        reader.get(`/p/${small?.programId}/${path}`),
      ]);
      return Math.abs(many.html.length / less.html.length - 1);
    };
    for (const path of ['overview', 'jobs', 'deliveries?status=', 'events', 'audit']) {
      let found = await difference(path);
      // What came past the hub is rolled up by the minute's step, which may have come to one of the two.
      for (let tries = 1; tries < 30 && found > 0.1; tries++) {
        await system()('POST', '/dev/sweep');
        found = await difference(path);
      }
      expect(found, path).toBeLessThanOrEqual(0.1);
    }
  });

  it('of a trace of 10,000 spans is no heavier than another (A23)', async () => {
    const program = await newProgram(stage.hub.url);
    const many = { programId: program.programId, rows: 10_000, nowMs: await clock(), spreadMs: dayMs };
    const traceId = idOf(many, 'tra', 1);
    fill(many, `'${traceId}'`);
    const reader = await signedIn(stage.hub.url, program.key);
    const { status, html } = await reader.get(`/p/${program.programId}/t/${traceId}`);
    expect(status).toBe(200);
    const light = (page: string) => {
      expect(brotliCompressSync(page).byteLength).toBeLessThanOrEqual(12_000);
      expect(page.match(/<[a-z]/gi)?.length).toBeLessThanOrEqual(1_500);
    };
    expect(html).toContain('200 or more events');
    light(html);
    // Page by page it lists all of a kind, by links alone.
    const seen: string[] = [];
    for (let path = linkTo(html, 'kind=job'); path !== ''; ) {
      const page = await reader.get(path);
      expect([path, page.status]).toEqual([path, 200]);
      if (seen.length === 0) light(page.html);
      seen.push(...[...page.html.matchAll(/<code>(job_[0-9a-z]{26})<\/code>/g)].map(([, id = '']) => id));
      path = linkTo(page.html, 'cursor=', 'Next');
    }
    expect([new Set(seen).size, seen.length]).toEqual([2_000, 2_000]);
    light((await reader.get(linkTo(html, 'kind=delivery'))).html);
    const second = await reader.get(linkTo(html, 'kind=event'));
    light(second.html);
    const { cost, faults } = await judged(reader, linkTo(second.html, 'cursor=', 'Next'));
    expect([cost.status, faults]).toEqual([200, []]);
    // From any of its ids one comes to it.
    for (const [id, path] of [
      [idOf(many, 'dlv', 5_000), 'deliveries'],
      [idOf(many, 'job', 100), 'jobs'],
    ]) {
      const found = await reader.get(`/jump?in=${program.programId}&q=${id}`);
      expect(found.location).toBe(`/p/${program.programId}/${path}/${id}`);
      expect((await reader.get(found.location)).html).toContain(`/t/${traceId}`);
    }
  });

  it('lists what a trace became once each, also where its events were written against their time (A23)', async () => {
    const program = await newProgram(stage.hub.url);
    const nowMs = await clock();
    const traceId = newId('tra', nowMs);
    // Of two in a row one has the time of the other; the later one in the table is the earlier one in time.
    const at = (n: string) => `(${nowMs} - (${n} / 2) * 1000)`;
    const time = (n: string) =>
      Array.from(
        { length: 10 },
        (_, i) => `substr('${idAlphabet}', (${at(n)} / ${32 ** (9 - i)}) % 32 + 1, 1)`,
      ).join(' || ');
    const own = `program_id = '${stage.program.programId}'`;
    const row = { program_id: `'${program.programId}'`, trace_id: `'${traceId}'` };
    multiplyRow(stage.hub, 'events', own, 900, {
      ...{ ...row, sequence: '', publisher_event_id: `'p' || n` },
      event_id: `'evt_' || ${time('n')} || printf('xxx%013d', n)`,
    });
    multiplyRow(stage.hub, 'deliveries', `${own} AND status = 'delivered' AND endpoint_id <> ''`, 900, {
      ...{ ...row, dedupe_key: 'NULL' },
      delivery_id: `'dlv_' || ${time('n')} || printf('xxx%013d', n)`,
    });
    const seen: string[] = [];
    for (let query = '?kind=delivery&limit=77', pages = 1; query !== ''; pages++) {
      const { body } = await program.call('GET', `/api/traces/${traceId}${query}`);
      seen.push(...body.steps.map(({ id }: Body) => id));
      const next = body.nextCursors.delivery;
      query = next === undefined ? '' : `?kind=delivery&limit=77&cursor=${next}`;
      expect(pages).toBeLessThan(50);
    }
    expect([new Set(seen).size, seen.length]).toEqual([900, 900]);
  });

  it('is seen when it counts, skips, reads a table whole or asks too often (A11, A28)', () => {
    const fine = { statements: [], rowsRead: 0, rowsShown: 0 };
    const of = (...statements: string[]) => faultsOf({ ...fine, statements }).map((one) => one.split(':')[0]);
    expect(of('SELECT * FROM deliveries WHERE program_id = ? ORDER BY delivery_id DESC LIMIT 51')).toEqual(
      [],
    );
    expect(of('SELECT COUNT(*) FROM deliveries WHERE program_id = ?')).toEqual(['counts or skips']);
    expect(of('SELECT * FROM jobs WHERE program_id = ? LIMIT 50 OFFSET 100')).toEqual(['counts or skips']);
    expect(of('SELECT * FROM events AS e WHERE e.category = ?')).toEqual(['reads all of events']);
    expect(of('SELECT * FROM deliveries WHERE trace_id = ?')).toEqual(['reads all of deliveries']);
    expect(faultsOf({ ...fine, statements: Array(7).fill('SELECT 1') })[0]).toBe('7 statements');
    expect(faultsOf({ ...fine, rowsRead: 451, rowsShown: 50 })).toEqual(['451 rows read for 50 shown']);
  });

  it('shows rows of one and the same moment once each, page by page, while more come (A12)', async () => {
    const program = await newProgram(stage.hub.url);
    fill({ programId: program.programId, rows: 137, nowMs: await clock(), spreadMs: 0 });
    const reader = await signedIn(stage.hub.url, program.key);
    const seen: string[] = [];
    let path = `/p/${program.programId}/deliveries?status=`;
    for (let pages = 1; path !== ''; pages++) {
      const { html } = await reader.get(path);
      seen.push(...[...html.matchAll(/\/deliveries\/(dlv_[0-9a-z]{26})"/g)].map(([, found = '']) => found));
      const [, older = ''] = /<a href="([^"]+)">Older<\/a>/.exec(html) ?? [];
      path = older.replaceAll('&amp;', '&');
      multiplyRow(stage.hub, 'deliveries', `program_id = '${program.programId}'`, 3, {
        delivery_id: `substr(t.delivery_id, 1, 17) || printf('%013d', ${1_000 * pages} + n)`,
        message_id: `substr(t.message_id, 1, 17) || printf('%013d', ${1_000 * pages} + n)`,
        dedupe_key: `'${program.programId}' || (${1_000 * pages} + n)`,
      });
    }
    const first = seen.filter((one) => Number(one.slice(-13)) <= 137);
    expect(first).toHaveLength(137);
    expect(new Set(seen).size).toBe(seen.length);
  });
}
