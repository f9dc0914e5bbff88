import { afterEach, describe, expect, it } from 'vitest';

// A path that the compiler does not follow: the pages are of the runtime, and so are their types.
const source = (name: string) => new URL(`../../src/dashboard/${name}`, import.meta.url).href;
const { jobsPage }: { jobsPage(view: unknown): Promise<unknown> } = await import(source('pages/jobs.tsx'));
const { renderPage }: { renderPage(view: unknown, section: string, page: unknown): string } = await import(
  source('layout.tsx')
);

const real = { DateTimeFormat: Intl.DateTimeFormat, NumberFormat: Intl.NumberFormat };
afterEach(() => {
  Object.assign(Intl, real);
});

/** The jobs page over so many rows, in a zone. */
async function render(rows: number, zone: string): Promise<string> {
  const counts = { read: 1_234, rejected: 0, inserted: 1, updated: 2, unchanged: 3, deleted: 0 };
  const at = (n: number) => new Date(Date.UTC(2026, 10, 22, 2, 0, n)).toISOString();
  const items = Array.from({ length: rows }, (_, n) => ({
    ...{ jobId: `job_${n}`, job: 'warehouse', filename: `file-${n}.csv`, status: 'succeeded', phase: null },
    ...{ dryRun: false, rows: counts, queuedAt: at(n), startedAt: at(n), finishedAt: at(n + 3) },
  }));
  const view = {
    ctx: { now: () => Date.UTC(2026, 10, 22), requestId: 'req_1' },
    api: { get: async () => ({ items, nextCursor: null, lookedBackTo: null }) },
    actor: { kind: 'system', keyId: 'system' },
    ...{ programId: 'x', programName: 'X', programZone: zone, zone: { mode: 'program', name: zone } },
    ...{ params: {}, query: new URLSearchParams(), url: new URL('http://hub.example/p/x/jobs') },
    ...{
      formToken: 'token',
      newsSeen: null,
      sentTo: '',
      problem: null,
      form: {},
      can: () => true,
      at: (path: string) => `/p/x/${path}`,
    },
  };
  return renderPage(view, 'jobs', await jobsPage(view));
}

/** How many formatters are made while it renders. */
async function madeBy(act: () => Promise<string>): Promise<number> {
  let made = 0;
  for (const name of ['DateTimeFormat', 'NumberFormat'] as const) {
    const Counted = new Proxy(real[name], {
      construct(target, given, as) {
        made++;
        return Reflect.construct(target, given, as);
      },
      apply(target, self, given) {
        made++;
        return Reflect.apply(target, self, given);
      },
    });
    Object.assign(Intl, { [name]: Counted });
  }
  const html = await act();
  expect(html).toContain('file-0.csv');
  return made;
}

describe('a page of many rows', () => {
  it('makes no formatter per row, and none once its zone is known (A10)', async () => {
    const first = await madeBy(() => render(50, 'Europe/Oslo'));
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThanOrEqual(3);
    expect(await madeBy(() => render(50, 'Europe/Oslo'))).toBe(0);
    expect(await madeBy(() => render(5, 'America/New_York'))).toBe(
      await madeBy(() => render(50, 'Asia/Kathmandu')),
    );
  });
});
