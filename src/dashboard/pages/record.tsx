import { recordAudit } from '../../features/audit/index.ts';
import type { RecordHistoryOut } from '../../features/jobs/history/routes.ts';
import type { RecordPage } from '../../features/records/routes.ts';
import { commit } from '../../platform/d1.ts';
import { Facts } from '../components/facts.tsx';
import { PostForm, State, Table, Time, withQuery } from '../components/parts.tsx';
import { programApi } from '../components/query.ts';
import { formatCount } from '../time.ts';
import { masked, maySee, whoSees } from '../values.ts';
import type { Outcome, Page, Tone, View } from '../view.ts';

type Change = RecordHistoryOut['items'][number];

const dataset = (view: View) => encodeURIComponent(view.params.dataset ?? '');

/** A record's page with its values: personal data, shown on demand, and the showing is on record. */
export async function showRecord(view: View): Promise<Outcome> {
  const page = await showRecordPage(view, true);
  const key = view.form.key?.[0] ?? '';
  await commit(view.ctx.db, [
    recordAudit(view.ctx, {
      programId: view.programId,
      action: 'record.shown',
      target: `${view.params.dataset ?? ''}/${key}`,
    }),
  ]);
  return page;
}

export function recordPage(view: View): Promise<Page> {
  return showRecordPage(view, false);
}

async function showRecordPage(view: View, isShown: boolean): Promise<Page> {
  const key = view.query.get('key') ?? view.form.key?.[0] ?? '';
  const cursor = view.query.get('cursor') ?? view.form.cursor?.[0] ?? '';
  const path = `datasets/${dataset(view)}/records/${encodeURIComponent(key)}`;
  const query = cursor === '' ? '' : `?cursor=${encodeURIComponent(cursor)}`;
  const [record, history] = await Promise.all([
    view.api.find<RecordPage['items'][number]>(programApi(view, path)),
    view.api.get<RecordHistoryOut>(programApi(view, `${path}/history${query}`)),
  ]);
  const [latest] = history.items;
  const isKnown = record !== null || latest !== undefined;
  return {
    title: key,
    verdict: verdictOf(view, record, latest),
    ...(isKnown ? {} : { status: 404 as const }),
    secret: isShown,
    body: (
      <>
        {record === null ? null : (
          <Facts
            of={Object.entries(record.data).map(([name, value]) => [
              name,
              isShown ? <Value of={value} /> : masked,
            ])}
          />
        )}
        {isShown || !isKnown ? null : !maySee(view, 'rows') ? (
          <p class="dim">Values are masked. {whoSees('rows')} can show them.</p>
        ) : (
          <PostForm view={view} to={view.at(`datasets/${dataset(view)}/record`)}>
            <input type="hidden" name="key" value={key} />
            <input type="hidden" name="cursor" value={cursor} />
            <button type="submit">Show data</button> <span class="dim">The audit log says who looked.</span>
          </PostForm>
        )}
        <h2>What became of it, newest first</h2>
        {history.items.map((change) => (
          <ChangeOf view={view} change={change} isShown={isShown} />
        ))}
        <End history={history} />
        {history.nextCursor === null ? null : (
          <nav class="pager" aria-label="Pages">
            <span />
            <a href={withQuery(view, { key, cursor: history.nextCursor })}>Older changes</a>
          </nav>
        )}
      </>
    ),
  };
}

function verdictOf(
  view: View,
  record: RecordPage['items'][number] | null,
  latest: Change | undefined,
): Page['verdict'] {
  if (record !== null)
    return {
      tone: 'ok',
      text: (
        <>
          Version {formatCount(record.version)}, changed by{' '}
          <a href={view.at(`jobs/${record.jobId}`)}>{latest?.filename ?? record.jobId}</a> at{' '}
          <Time view={view} at={record.changedAt} />.
        </>
      ),
    };
  if (latest?.kind === 'deleted')
    return {
      tone: 'attention',
      text: (
        <>
          Deleted by <a href={view.at(`jobs/${latest.jobId}`)}>{latest.filename ?? latest.jobId}</a> at{' '}
          <Time view={view} at={latest.changedAt} />.
        </>
      ),
    };
  return { tone: 'quiet', text: 'No record has this key, and no deletion of it was found.' };
}

const tones: Record<Change['kind'], Tone> = { inserted: 'ok', updated: 'busy', deleted: 'bad' };

/** One job's change, field by field, and where it went. */
function ChangeOf({ view, change, isShown }: { view: View; change: Change; isShown: boolean }) {
  const fields = fieldsOf(change);
  return (
    <section class="change">
      <h3>
        <State word={change.kind} tone={tones[change.kind]} /> <Time view={view} at={change.changedAt} />
      </h3>
      <p>
        Version {formatCount(change.version)}, by{' '}
        <a href={view.at(`jobs/${change.jobId}`)}>{change.filename ?? change.jobId}</a>
        {change.undoOf === null ? (
          ''
        ) : (
          <>
            , which undid <a href={view.at(`jobs/${change.undoOf}`)}>another job</a>
          </>
        )}
        . <WentTo view={view} change={change} />
      </p>
      <Table
        caption={`Fields ${change.kind} in version ${change.version}`}
        rows={fields}
        columns={[
          { head: 'Field', kind: 'name', cell: ({ name }) => name },
          { head: 'Before', cell: ({ before }) => (isShown ? <Value of={before} /> : masked) },
          { head: 'After', cell: ({ after }) => (isShown ? <Value of={after} /> : masked) },
        ]}
        empty={
          <p>
            {change.before === null && change.kind === 'updated'
              ? 'What was there before has passed its retention.'
              : 'No field differs.'}
          </p>
        }
      />
    </section>
  );
}

function WentTo({ view, change: { event } }: { view: View; change: Change }) {
  if (event === null) return <>Its task publishes no event of it.</>;
  const states = Object.entries(event.states).map(([status, n]) => `${formatCount(n)} ${status}`);
  return (
    <>
      It became <a href={view.at(`events/${event.eventId}`)}>an event</a>:{' '}
      <a href={view.at(`deliveries?about=${event.eventId}`)}>
        {states.length === 0 ? 'no endpoint wanted it' : `deliveries: ${states.join(', ')}`}
      </a>
      .
    </>
  );
}

/** The fields that differ; of an insertion or a deletion all. */
function fieldsOf({ kind, before, after }: Change) {
  if (kind === 'updated' && before === null) return [];
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...names]
    .map((name) => ({ name, before: before?.[name], after: after?.[name] }))
    .filter((one) => JSON.stringify(one.before) !== JSON.stringify(one.after));
}

function End({ history: { nextCursor, expired, lookedThrough, items } }: { history: RecordHistoryOut }) {
  if (nextCursor !== null) return null;
  const searched =
    lookedThrough === 0
      ? ''
      : ` ${formatCount(lookedThrough)} ${lookedThrough === 1 ? 'job that' : 'jobs that'} deleted something ${lookedThrough === 1 ? 'was' : 'were'} searched for this key, at most 20.`;
  return (
    <p class="dim">
      {expired
        ? 'Older changes have passed the retention of before-images.'
        : items.length === 0
          ? 'Nothing is known of this key.'
          : 'This is where it began, as far as the hub knows.'}
      {searched}
    </p>
  );
}

function Value({ of }: { of: unknown }) {
  if (of === undefined) return <span class="none">–</span>;
  if (of === null) return <span class="none">(nothing)</span>;
  return <>{typeof of === 'string' ? of : JSON.stringify(of)}</>;
}
