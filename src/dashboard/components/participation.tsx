import type { ParticipationPage } from '../../features/flows/allocations/routes.ts';
import { sourceTones } from '../states.ts';
import type { View } from '../view.ts';
import { Kept, State, Table, withQuery } from './parts.tsx';
import { programApi } from './query.ts';

/** Where a person takes part, as the address asks; null where it asks for nobody. */
export async function findParticipation(
  view: View,
  flowId: string | null,
): Promise<ParticipationPage | null> {
  const externalId = view.query.get('participant')?.trim() ?? '';
  if (externalId === '') return null;
  const query = new URLSearchParams({ externalId, ...(flowId === null ? {} : { flowId }) });
  return view.api.get<ParticipationPage>(`${programApi(view, 'flow-allocations')}?${query}`);
}

/** The form that looks a person up by the id that the flow knows it by, and what was found. */
export function Participation({ view, of }: { view: View; of: ParticipationPage | null }) {
  const asked = view.query.get('participant')?.trim() ?? '';
  return (
    <>
      <h2>Look up a participant</h2>
      <search>
        <form method="get" action={view.url.pathname} class="filters">
          <Kept view={view} />
          <label>
            Participant’s id{' '}
            <input name="participant" value={asked} maxlength={200} autocomplete="off" required />
          </label>
          <button type="submit">Look up</button>
          {asked === '' ? null : <a href={withQuery(view, { participant: null })}>Clear</a>}
        </form>
      </search>
      {of === null ? null : (
        <Table
          caption={`Where “${asked}” takes part`}
          rows={of.items}
          columns={[
            {
              head: 'Flow',
              kind: 'name',
              cell: (one) => <a href={view.at(`flows/${one.flowId}`)}>{one.title}</a>,
            },
            { head: 'Code', cell: (one) => `${one.code}${one.archived ? ', archived' : ''}` },
            {
              head: 'Allocated to',
              cell: (one) =>
                one.sources.length === 0 ? (
                  <span class="none">no source</span>
                ) : (
                  <ul class="plain-list">
                    {one.sources.map((source) => (
                      <li>
                        <a href={view.at(`flows/${one.flowId}#source-${source.id}`)}>{source.reference}</a>{' '}
                        <State word={source.label} tone={sourceTones[source.state] ?? 'quiet'} />
                      </li>
                    ))}
                  </ul>
                ),
            },
          ]}
          empty={
            <p>
              No flow looked at has a participant of this id. It is the id that the flow was given, letter for
              letter.
            </p>
          }
        />
      )}
    </>
  );
}
