import type { RecordSearch } from '../../features/records/routes.ts';
import { PostForm } from '../components/parts.tsx';
import { field, programApi } from '../components/query.ts';
import { RecordsTable } from '../components/records.tsx';
import { formatCount } from '../time.ts';
import type { Outcome, View } from '../view.ts';

const dataset = (view: View) => encodeURIComponent(view.params.dataset ?? '');

/**
 * Records by the value of a column, for somebody who does not know the key. No column has an index, so that a
 * step looks at a bounded stretch, and goes on when it is asked to; what is looked for stands in no address.
 */
export function SearchForm({ view, fields }: { view: View; fields: string[] }) {
  const [chosen, match] = [field(view, 'field'), field(view, 'match') ?? 'contains'];
  return (
    <PostForm view={view} to={view.at(`datasets/${dataset(view)}/search`)} class="filters">
      <label>
        Column{' '}
        <select name="field">
          {fields.map((name) => (
            <option value={name} selected={name === chosen}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="visually-hidden">How it is compared</span>
        <select name="match">
          {[
            ['contains', 'contains'],
            ['is', 'is'],
          ].map(([value, text]) => (
            <option value={value} selected={value === match}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <label>
        Value <input name="value" value={field(view, 'value')} autocomplete="off" required />
      </label>
      <button type="submit">Search</button>
    </PostForm>
  );
}

/** One step of a search. Keys alone are shown: a record's values are on its own page, on demand. */
export async function searchRecords(view: View): Promise<Outcome> {
  const asked = { field: field(view, 'field'), match: field(view, 'match'), value: field(view, 'value') };
  const cursor = field(view, 'cursor');
  const found = await view.api.send<RecordSearch>(
    'POST',
    programApi(view, `datasets/${dataset(view)}/search`),
    { ...asked, value: asked.value ?? '', ...(cursor === undefined ? {} : { cursor }) },
  );
  const { items = [], nextCursor = null, lookedAt = 0, recordCount = 0 } = found ?? {};
  const before = Math.max(0, Number(field(view, 'looked') ?? '0') || 0);
  const isFull = items.length === 50;
  const looked = Math.min(before + lookedAt, recordCount);
  const where =
    nextCursor === null
      ? 'The dataset was looked through to its end.'
      : isFull
        ? ''
        : lookedSentence(looked, recordCount);
  return {
    title: `Search in ${view.params.dataset ?? ''}`,
    secret: true,
    verdict: {
      tone: items.length === 0 ? 'quiet' : 'ok',
      text: `${items.length === 0 ? 'No record' : items.length === 1 ? 'One record' : `${items.length} records`} here: ${asked.field} ${asked.match === 'is' ? 'is' : 'contains'} “${asked.value}”. ${where}`,
    },
    body: (
      <>
        <RecordsTable
          view={view}
          caption="Records found, in the order they are stored in"
          rows={items}
          empty={nextCursor === null ? 'None.' : 'None so far.'}
        />
        {nextCursor === null ? null : (
          <PostForm view={view} to={view.at(`datasets/${dataset(view)}/search`)}>
            {Object.entries({ ...asked, cursor: nextCursor, looked: String(isFull ? before : looked) }).map(
              ([name, value]) => (
                <input type="hidden" name={name} value={value} />
              ),
            )}
            <button type="submit" class="primary">
              {isFull ? 'More' : 'Look further'}
            </button>
          </PostForm>
        )}
        <SearchForm view={view} fields={[asked.field ?? '']} />
        <p>
          <a href={view.at(`datasets/${dataset(view)}`)}>Back to the dataset</a>{' '}
          <span class="dim">The audit log says who searched which column, and not for what.</span>
        </p>
      </>
    ),
  };
}

const lookedSentence = (looked: number, recordCount: number) =>
  `${formatCount(looked)} of ${formatCount(recordCount)} records were looked at.`;
