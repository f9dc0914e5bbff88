import { renderPage } from '../src/dashboard/layout.tsx';
import { jobsPage } from '../src/dashboard/pages/jobs.tsx';
import { formatCount, formatDuration, formatMoment } from '../src/dashboard/time.ts';
import type { View } from '../src/dashboard/view.ts';

// The jobs page of fifty rows as it is made, and the same text by template literals: see pages.ts.

const zone = 'Europe/Oslo';
const at = (n: number) => new Date(Date.UTC(2026, 10, 22, 2, 0, n)).toISOString();
const items = Array.from({ length: 50 }, (_, n) => ({
  ...{ jobId: `job_${n}`, job: 'warehouse', filename: `file-${n}.csv`, status: 'succeeded', phase: null },
  dryRun: false,
  rows: { read: 1_234 + n, rejected: n, inserted: 1, updated: 2, unchanged: 3, deleted: 0 },
  ...{ queuedAt: at(n), startedAt: at(n), finishedAt: at(n + 3) },
}));

const view = {
  ctx: { now: () => Date.UTC(2026, 10, 22), requestId: 'req_1' },
  api: { get: async () => ({ items, nextCursor: null, lookedBackTo: null }) },
  actor: { kind: 'system', keyId: 'system' },
  ...{ programId: 'x', programName: 'X', programZone: zone, zone: { mode: 'program', name: zone } },
  ...{ params: {}, query: new URLSearchParams(), url: new URL('http://hub.example/p/x/jobs') },
  ...{ formToken: 'token', problem: null, form: {}, can: () => true, at: (path: string) => `/p/x/${path}` },
} as unknown as View;

const byJsx = async () => renderPage(view, 'jobs', await jobsPage(view));

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** What is the same for all rows is taken as it is, to the advantage of the literals. */
function literalOf(whole: string): () => string {
  const from = whole.indexOf('<tbody>') + '<tbody>'.length;
  const [before, after] = [whole.slice(0, from), whole.slice(whole.indexOf('</tbody>'))];
  const tick =
    '<svg class="icon tone-ok" viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d="M3 8.5l3.2 3.2L13 4.8"></path></svg>';
  const row = (one: (typeof items)[number]) =>
    `<tr><th scope="row" data-label="File"><a href="/p/x/jobs/${escaped(one.jobId)}">${escaped(one.filename)}</a></th>` +
    `<td data-label="State"><span class="state tone-ok">${tick}${escaped(one.status)}</span></td>` +
    `<td data-label="Task">${escaped(one.job)}</td>` +
    `<td class="number" data-label="Read">${escaped(formatCount(one.rows.read))}</td>` +
    `<td class="number" data-label="Rejected">${escaped(formatCount(one.rows.rejected))}</td>` +
    `<td class="number" data-label="Changed">${escaped(formatCount(one.rows.inserted + one.rows.updated + one.rows.deleted))}</td>` +
    `<td data-label="Called"><hub-time><time datetime="${escaped(one.queuedAt)}">${escaped(formatMoment(Date.parse(one.queuedAt), zone))}</time></hub-time></td>` +
    `<td class="number" data-label="Took">${escaped(formatDuration(Date.parse(one.finishedAt) - Date.parse(one.startedAt), true))}</td></tr>`;
  return () => `${before}${items.map(row).join('')}${after}`;
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const times = Number(searchParams.get('times') ?? 1);
    const byLiteral = literalOf(await byJsx());
    let html = '';
    for (let n = 0; n < times; n++) html = pathname === '/jsx' ? await byJsx() : byLiteral();
    return new Response(html);
  },
};
