import type { AuditPage } from '../../features/audit/routes.ts';
import { Pager, Table, Time } from '../components/parts.tsx';
import type { Page, View } from '../view.ts';

/** Who did what to what: the API's acts and the dashboard's in one log. */
export async function auditPage(view: View): Promise<Page> {
  const cursor = view.query.get('cursor');
  const page = await view.api.get<AuditPage>(
    `/api/programs/${encodeURIComponent(view.programId)}/audit${cursor === null ? '' : `?cursor=${encodeURIComponent(cursor)}`}`,
  );
  const [latest] = page.items;
  return {
    title: 'Audit',
    every: 15,
    verdict:
      latest === undefined
        ? { tone: 'quiet', text: 'Nothing is on record yet.' }
        : { tone: 'ok', text: `Latest: ${latest.action} by ${latest.actor}.` },
    body: (
      <>
        <Table
          caption="Acts, newest first"
          rows={page.items}
          columns={[
            { head: 'When', cell: (one) => <Time view={view} at={one.at} /> },
            { head: 'Who', cell: (one) => <code>{one.actor}</code> },
            { head: 'Did', kind: 'name', cell: (one) => one.action },
            { head: 'To', cell: (one) => <code>{one.target}</code> },
            {
              head: 'More',
              cell: (one) =>
                Object.keys(one.detail).length === 0 ? '–' : <code>{JSON.stringify(one.detail)}</code>,
            },
          ]}
          empty={<p>Nothing yet.</p>}
        />
        <Pager view={view} next={page.nextCursor} />
      </>
    ),
  };
}
