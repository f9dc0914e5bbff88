import type { Preview } from '../../features/syncs/routes.ts';
import type { TemplateVersionPage, WholeTemplateVersion } from '../../features/syncs/versions/routes.ts';
import { ApiProblem } from '../api.ts';
import { Confirm, Pager, State, Table, Time } from '../components/parts.tsx';
import { field, listQuery } from '../components/query.ts';
import { readSaved, type Saved, toMapping } from '../template/draft.ts';
import { Difference } from '../template/parts.tsx';
import { formatCount } from '../time.ts';
import type { Outcome, Page, View } from '../view.ts';

const here = (view: View, rest = '') =>
  view.at(`subscriptions/${encodeURIComponent(view.params.publisherId ?? '')}/template${rest}`);

/** What the template has been: who saved what and when; one of them beside what it is now, and the way back. */
export async function templateVersionsPage(view: View): Promise<Page> {
  const saved = await readSaved(view);
  const chosen = Number(view.query.get('version') ?? view.params.version ?? '0');
  const [page, version] = await Promise.all([
    view.api.get<TemplateVersionPage>(`${saved.path}/template/versions${listQuery(view, [])}`),
    chosen > 0
      ? view.api.find<WholeTemplateVersion>(`${saved.path}/template/versions/${chosen}`)
      : Promise.resolve(null),
  ]);
  const [latest] = page.items;
  return {
    title: `Versions of the template for ${saved.publisherId}`,
    verdict:
      latest === undefined
        ? { tone: 'quiet', text: 'No version is kept yet: the next save keeps this one and its own.' }
        : {
            tone: 'ok',
            text: (
              <>
                Version {formatCount(latest.version)}, saved by {latest.author ?? 'somebody'} at{' '}
                <Time view={view} at={latest.savedAt} />.
              </>
            ),
          },
    body: (
      <>
        {version === null ? null : await comparison(view, saved, version)}
        <Table
          caption="The latest 50, newest first"
          rows={page.items}
          columns={[
            {
              head: 'Version',
              kind: 'name',
              cell: (one) => (
                <a href={`${here(view, '/versions')}?version=${one.version}`}>{formatCount(one.version)}</a>
              ),
            },
            { head: 'Saved', cell: (one) => <Time view={view} at={one.savedAt} /> },
            { head: 'By', cell: (one) => one.author ?? 'before versions were kept' },
            {
              head: 'State',
              cell: (one) =>
                one.current ? (
                  <State word="in use" tone="ok" />
                ) : one.revertOf === null ? (
                  '–'
                ) : (
                  `version ${one.revertOf} again`
                ),
            },
          ]}
          empty={<p>None yet.</p>}
        />
        <Pager view={view} next={page.nextCursor} />
        <p>
          <a href={here(view)}>To the template</a>
        </p>
      </>
    ),
  };
}

/** Category by category, what differs from the template in use, and what going back would change. */
async function comparison(view: View, saved: Saved, version: WholeTemplateVersion) {
  const text = version.LbApiPayloadTemplate;
  const then = (typeof text === 'string' ? JSON.parse(text) : text) as Record<string, unknown>;
  const names = [...new Set([...Object.keys(saved.categories), ...Object.keys(then)])].filter(
    (name) => JSON.stringify(saved.categories[name]) !== JSON.stringify(then[name]),
  );
  const mayRevert = view.can('templates') && !version.current;
  return (
    <section aria-label={`Version ${version.version}`}>
      <h2>
        Version {formatCount(version.version)}, beside the one in use
        {version.current ? ': this is it' : ''}
      </h2>
      {version.current ? null : names.length === 0 ? <p>Both say the same.</p> : null}
      {names.map((name) => (
        <section>
          <h3>{name}</h3>
          <div class="both">
            <Side title={`Version ${version.version}`} of={then[name]} />
            <Side title="In use" of={saved.categories[name]} />
          </div>
        </section>
      ))}
      {mayRevert ? await effectOf(view, saved, text) : null}
      {mayRevert ? (
        <Confirm
          view={view}
          to={here(view, `/versions/${version.version}/revert`)}
          label={`Go back to version ${version.version}…`}
          button="Make it the template again"
          effect="It is saved as a new version, and the one in use stays in this list. The next synchronisation renders with it; rows that were sent stay sent."
        >
          <input type="hidden" name="etag" value={saved.etag} />
        </Confirm>
      ) : null}
    </section>
  );
}

function Side({ title, of }: { title: string; of: unknown }) {
  if (of === undefined)
    return (
      <figure>
        <figcaption>{title}</figcaption>
        <p>It has no such category.</p>
      </figure>
    );
  const { action, importProcessId, mode, row } = toMapping(of);
  return (
    <figure>
      <figcaption>
        {title}: {action}, process {importProcessId === '' ? '–' : importProcessId}, mode {mode}
      </figcaption>
      <pre class="excerpt">{row}</pre>
    </figure>
  );
}

/** Over the latest events, as the editor says it of a draft. */
async function effectOf(view: View, saved: Saved, text: unknown) {
  try {
    const preview = await view.api.send<Preview>('POST', `${saved.path}/preview`, {
      LbApiPayloadTemplate: text,
      compare: true,
    });
    return preview?.difference ? <Difference of={preview.difference} isShown={false} /> : null;
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    return <p class="wrong">It can no longer be saved as it is: {error.problem.detail}</p>;
  }
}

export async function revertTemplate(view: View): Promise<Outcome> {
  const saved = await readSaved(view);
  const version = encodeURIComponent(view.params.version ?? '');
  await view.api.ask('POST', `${saved.path}/template/versions/${version}/revert`, undefined, {
    'if-match': field(view, 'etag') ?? saved.etag,
  });
  return { to: here(view, '/versions'), done: 'reverted' };
}
