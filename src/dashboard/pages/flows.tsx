import type { FlowOut, FlowPage } from '../../features/flows/routes.ts';
import { Command } from '../components/command.tsx';
import { findParticipation, Participation } from '../components/participation.tsx';
import { Field, Pager, PostForm, State, Table, Time } from '../components/parts.tsx';
import { sourceTones } from '../states.ts';
import { formatCount } from '../time.ts';
import type { Outcome, Page, Tone, View } from '../view.ts';

const base = (view: View) => `/api/programs/${encodeURIComponent(view.programId)}/flows`;

/** The flows of a program, for the people who run an exam morning. */
export async function flowsPage(view: View): Promise<Page> {
  const isArchive = view.query.get('archived') === 'true';
  const query = new URLSearchParams({ archived: String(isArchive) });
  const cursor = view.query.get('cursor');
  if (cursor) query.set('cursor', cursor);
  const [flows, participation] = await Promise.all([
    view.api.get<FlowPage>(`${base(view)}?${query}`),
    findParticipation(view, null),
  ]);
  const pending = flows.items.filter(({ state }) => state === 'PENDING');
  const failed = flows.items.filter(({ state }) => state === 'FAILED');
  return {
    title: 'Flows',
    every: pending.length > 0 ? 2 : 15,
    verdict: verdictOf(flows.items.length, pending.length, failed.length),
    body: (
      <>
        <Table
          caption={isArchive ? 'Archived flows' : 'Flows'}
          rows={flows.items}
          columns={[
            {
              head: 'Flow',
              kind: 'name',
              cell: (flow) => <a href={view.at(`flows/${flow.flowId}`)}>{flow.title}</a>,
            },
            { head: 'Code', cell: (flow) => flow.code },
            {
              head: 'State',
              cell: (flow) => <State word={flow.label} tone={sourceTones[flow.state] ?? 'quiet'} />,
            },
            {
              head: 'Allocations',
              kind: 'number',
              cell: (flow) => formatCount(flow.allocations),
            },
            { head: 'Changed', cell: (flow) => <Time view={view} at={flow.updatedAt} /> },
          ]}
          empty={
            isArchive ? (
              <p>No flow is archived.</p>
            ) : (
              <>
                <p>
                  {view.can('flows')
                    ? 'There is no flow yet. Create one below, or from a shell:'
                    : 'There is no flow yet. From a shell:'}
                </p>
                <Command
                  view={view}
                  method="POST"
                  path={base(view)}
                  body={{ code: 'HIS-101', title: 'History, year 1' }}
                />
              </>
            )
          }
        />
        <Pager view={view} next={flows.nextCursor} by="name" />
        <p>
          {isArchive ? (
            <a href={view.at('flows')}>Flows that are open</a>
          ) : (
            <a href={view.at('flows?archived=true')}>Archived flows</a>
          )}
        </p>
        {flows.items.length === 0 ? null : <Participation view={view} of={participation} />}
        {view.can('flows') ? (
          <>
            <h2>A new flow</h2>
            <PostForm view={view} to={view.at('flows')}>
              <Field
                view={view}
                name="code"
                label="Code"
                hint="Your own name for it, such as HIS-101."
                required
              />
              <Field view={view} name="title" label="Title" required />
              <button type="submit" class="primary">
                Create the flow
              </button>
            </PostForm>
          </>
        ) : null}
      </>
    ),
  };
}

function verdictOf(all: number, pending: number, failed: number): { tone: Tone; text: string } {
  if (all === 0) return { tone: 'quiet', text: 'No flow here.' };
  if (failed > 0)
    return {
      tone: 'bad',
      text: `${failed} of ${all} failed${pending > 0 ? `, ${pending} still at work` : ''}.`,
    };
  if (pending > 0) return { tone: 'busy', text: `${pending} of ${all} wait for their integration.` };
  return { tone: 'ok', text: 'Nothing failed, and nothing is waited for.' };
}

export async function createFlow(view: View): Promise<Outcome> {
  const made = await view.api.send<FlowOut>('POST', base(view), {
    code: view.form.code?.[0] ?? '',
    title: view.form.title?.[0] ?? '',
  });
  return { to: view.at(`flows/${made?.flowId ?? ''}`), done: 'saved' };
}
