import type { ProgramPage } from '../../features/programs/routes.ts';
import { Pager, Table, Time } from '../components/parts.tsx';
import type { Page, View } from '../view.ts';

/** The operator's first page: every program of the hub. */
export async function hubPage(view: View): Promise<Page> {
  const cursor = view.query.get('cursor');
  const programs = await view.api.get<ProgramPage>(
    `/api/programs${cursor === null ? '' : `?cursor=${encodeURIComponent(cursor)}`}`,
  );
  return {
    title: 'Programs',
    verdict: {
      tone: programs.items.length === 0 ? 'quiet' : 'ok',
      text: programs.items.length === 0 ? 'There is no program yet.' : 'Every program of this hub.',
    },
    body: (
      <>
        <Table
          caption="Programs"
          rows={programs.items}
          columns={[
            {
              head: 'Program',
              kind: 'name',
              cell: (one) => <a href={`/p/${encodeURIComponent(one.programId)}/overview`}>{one.name}</a>,
            },
            { head: 'Id', cell: (one) => <code>{one.programId}</code> },
            { head: 'Zone', cell: (one) => one.timeZone },
            { head: 'Made', cell: (one) => <Time view={view} at={one.createdAt} /> },
          ]}
          empty={
            <pre
              tabindex={0}
            >{`curl -X POST ${view.ctx.config.PUBLIC_URL}/api/programs -H "Authorization: Bearer $SYSTEM_KEY" \\\n  -H 'content-type: application/json' -d '{"programId": "iqu", "name": "IQU", "timeZone": "Europe/Oslo"}'`}</pre>
          }
        />
        <Pager view={view} next={programs.nextCursor} />
      </>
    ),
  };
}
