import type { SystemStatus } from '../../api/status.ts';
import type { ProgramPage } from '../../features/programs/routes.ts';
import { Pager, State, Table, Time } from '../components/parts.tsx';
import { listQuery } from '../components/query.ts';
import { formatRelative } from '../time.ts';
import type { Page, View } from '../view.ts';

/** The operator's first page: every program of the hub, and first those that need somebody. */
export async function hubPage(view: View): Promise<Page> {
  const [programs, status] = await Promise.all([
    view.api.get<ProgramPage>(`/api/programs${listQuery(view, [])}`),
    view.api.get<SystemStatus>('/api/system/status'),
  ]);
  const problems = new Map(status.programs.map((one) => [one.programId, one]));
  const open = status.programs.filter(({ programId }) => programId !== '');
  const ofHub = problems.get('')?.problems ?? 0;
  const now = view.ctx.now();
  const names = new Map(programs.items.map(({ programId, name }) => [programId, name]));
  return {
    title: 'Programs',
    every: 15,
    verdict: verdictOf(programs.items.length, open.length, ofHub),
    body: (
      <>
        <p>
          <a class="button" href="/hub/system">
            System: backlog, crons, storage, settings
          </a>
        </p>
        {open.length === 0 ? null : (
          <Table
            caption="Those with open problems, the worst first"
            rows={open}
            columns={[
              {
                head: 'Program',
                kind: 'name',
                cell: ({ programId }) => (
                  <a href={`/p/${encodeURIComponent(programId)}/overview`}>
                    {names.get(programId) ?? programId}
                  </a>
                ),
              },
              {
                head: 'Problems',
                cell: (one) => <State word={`${one.problems} open`} tone="attention" />,
              },
              { head: 'The oldest', cell: ({ since }) => formatRelative(Date.parse(since), now) },
            ]}
            empty=""
          />
        )}
        <Table
          caption="All programs"
          rows={programs.items}
          columns={[
            {
              head: 'Program',
              kind: 'name',
              cell: (one) => <a href={`/p/${encodeURIComponent(one.programId)}/overview`}>{one.name}</a>,
            },
            { head: 'Id', cell: (one) => <code>{one.programId}</code> },
            {
              head: 'Problems',
              kind: 'number',
              cell: (one) => String(problems.get(one.programId)?.problems ?? 0),
            },
            { head: 'Zone', cell: (one) => one.timeZone },
            { head: 'Made', cell: (one) => <Time view={view} at={one.createdAt} /> },
          ]}
          empty={
            <pre
              tabindex={0}
            >{`curl -X POST ${view.ctx.config.PUBLIC_URL}/api/programs -H "Authorization: Bearer $SYSTEM_KEY" \\\n  -H 'content-type: application/json' -d '{"programId": "iqu", "name": "IQU", "timeZone": "Europe/Oslo"}'`}</pre>
          }
        />
        <Pager view={view} next={programs.nextCursor} by="name" />
      </>
    ),
  };
}

function verdictOf(shown: number, open: number, ofHub: number): Page['verdict'] {
  if (shown === 0) return { tone: 'quiet', text: 'There is no program yet.' };
  const hub = ofHub > 0 ? ` The hub itself has ${ofHub}: see System.` : '';
  if (open > 0)
    return {
      tone: 'attention',
      text: `${open} ${open === 1 ? 'program has' : 'programs have'} open problems.${hub}`,
    };
  return {
    tone: ofHub > 0 ? 'attention' : 'ok',
    text: `Every program of this hub is without an open problem.${hub}`,
  };
}
