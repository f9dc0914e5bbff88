import { beforeAll, expect, it } from 'vitest';
import { signedIn, type Visitor } from '../../support/browser.ts';
import { type Body, expectStatus, newProgram, type TestProgram } from '../../support/client.ts';
import { multiplyRow } from '../../support/database.ts';
import { stage, system } from '../../support/stage.ts';
import { addresses } from './addresses.ts';

/** Rows of each large table; a million of each costs the same, only the filling takes longer. */
const rows = Number(process.env.DASHBOARD_ROWS ?? 20_000);

/** The log has no index by time: a page "since yesterday" reads what was before. Known, and told in the report. */
const readsFromTheStart = new Set(['events']);

let large: TestProgram;
let visitor: Visitor;

const id = (prefix: string) => `printf('${prefix}_%026d', n)`;

function fill(programId: string, times: number): void {
  const own = `program_id = '${stage.program.programId}'`;
  const program = { program_id: `'${programId}'` };
  multiplyRow(stage.hub, 'deliveries', `${own} AND status = 'delivered' AND endpoint_id = ''`, times, {
    ...program,
    delivery_id: id('dlv'),
    message_id: id('msg'),
    dedupe_key: `'${programId}' || n`,
  });
  multiplyRow(stage.hub, 'jobs', `job_id = '${stage.ids.jobId}'`, times, {
    ...program,
    sequence: '',
    job_id: id(`job_${programId.slice(-3)}`),
  });
  multiplyRow(stage.hub, 'events', own, times, {
    ...program,
    sequence: '',
    event_id: id(`evt_${programId.slice(-3)}`),
    publisher_event_id: `'p' || n`,
    trace_id: `''`,
  });
  multiplyRow(stage.hub, 'audit_log', own, times, { ...program, audit_id: id(`aud_${programId.slice(-3)}`) });
}

export function testLarge(): void {
  beforeAll(async () => {
    large = await newProgram(stage.hub.url);
    fill(large.programId, rows);
    visitor = await signedIn(stage.hub.url, large.key);
  }, 600_000);

  it('costs the database no more for many rows than for few (A11)', async () => {
    const watch = async (on: boolean): Promise<Body> =>
      expectStatus(await system()('POST', '/dev/statements', { body: { watch: on } }), 200).body;
    const report: string[] = [];
    const lists = addresses({ ...stage.ids, programId: large.programId }).filter(
      ({ path, scope }) => scope !== 'system' && path.split('/').length === 4,
    );
    const visit = async (path: string) => {
      await visitor.get(path);
      await watch(true);
      const { status, html } = await visitor.get(path);
      const ran = (await watch(false)).filter(({ sql }: Body) => !sql.includes('dev_switches'));
      const read = ran.reduce((sum: number, one: Body) => sum + one.rowsRead, 0);
      return { status, ran, read, shown: html.match(/<tr>/g)?.length ?? 0 };
    };
    const faultsOf = (name: string, { ran, read, shown }: Awaited<ReturnType<typeof visit>>): string[] => [
      ...ran.flatMap(({ sql }: Body) => (/\bcount\(|\boffset\b/i.test(sql) ? [sql] : [])),
      ...(read > 5 * shown + 200 && !readsFromTheStart.has(name) ? [`${read} rows read`] : []),
    ];
    for (const { name, path } of lists) {
      // A delivery that is due in this very moment is none of the page's: what is, is there each time.
      let seen = await visit(path);
      for (let tries = 1; tries < 5 && faultsOf(name, seen).length > 0; tries++) seen = await visit(path);
      expect(seen.status, name).toBe(200);
      expect(faultsOf(name, seen), name).toEqual([]);
      report.push(`${name}: ${seen.ran.length} statements, ${seen.read} rows read, ${seen.shown} shown`);
    }
    process.stdout.write(`Over ${rows} rows of each:\n${report.join('\n')}\n`);
  });

  it('shows rows of one and the same moment once each, page by page, while more come (A12)', async () => {
    const program = await newProgram(stage.hub.url);
    fill(program.programId, 137);
    const reader = await signedIn(stage.hub.url, program.key);
    const seen: string[] = [];
    let path = `/p/${program.programId}/deliveries`;
    for (let pages = 1; path !== ''; pages++) {
      const { html } = await reader.get(path);
      seen.push(...[...html.matchAll(/\/deliveries\/(dlv_\d{26})"/g)].map(([, found = '']) => found));
      const [, older = ''] = /<a href="([^"]+)">Older<\/a>/.exec(html) ?? [];
      path = older.replaceAll('&amp;', '&');
      multiplyRow(stage.hub, 'deliveries', `program_id = '${program.programId}'`, 3, {
        delivery_id: `printf('dlv_%026d', ${1_000 * pages} + n)`,
        message_id: `printf('msg_%026d', ${1_000 * pages} + n)`,
        dedupe_key: `'${program.programId}' || (${1_000 * pages} + n)`,
      });
    }
    const first = seen.filter((one) => Number(one.slice(4)) <= 137);
    expect(first).toHaveLength(137);
    expect(new Set(seen).size).toBe(seen.length);
  });
}
