import type { JobPage } from '../../features/jobs/routes.ts';
import type { DatasetOut, DatasetPage, RecordPage } from '../../features/records/routes.ts';
import { GrowthStrip } from '../components/growth.tsx';
import { Filters, Kept, Pager, Table, Time } from '../components/parts.tsx';
import { RecordsTable } from '../components/records.tsx';
import { formatCount } from '../time.ts';
import { maySee, whoSees } from '../values.ts';
import type { Page, View } from '../view.ts';
import { JobState } from './jobs.tsx';
import { SearchForm } from './search.tsx';

const base = (view: View) => `/api/programs/${encodeURIComponent(view.programId)}`;
const dataset = (view: View) => encodeURIComponent(view.params.dataset ?? '');

export async function datasetsPage(view: View): Promise<Page> {
  const cursor = view.query.get('cursor');
  const path = `${base(view)}/datasets${cursor === null ? '' : `?cursor=${encodeURIComponent(cursor)}`}`;
  const datasets = await view.api.get<DatasetPage>(path);
  const applying = datasets.items.filter((one) => one.applying !== null);
  return {
    title: 'Datasets',
    every: applying.length > 0 ? 2 : 15,
    verdict:
      applying.length > 0
        ? {
            tone: 'busy',
            text: `${applying.map((one) => one.dataset).join(', ')} is being changed by a job now.`,
          }
        : {
            tone: datasets.items.length === 0 ? 'quiet' : 'ok',
            text:
              datasets.items.length === 0
                ? 'There is no dataset yet.'
                : 'No job is changing any of these now.',
          },
    body: (
      <>
        <Table
          caption="Datasets by name"
          rows={datasets.items}
          columns={[
            {
              head: 'Dataset',
              kind: 'name',
              cell: (one) => (
                <a href={view.at(`datasets/${encodeURIComponent(one.dataset)}`)}>{one.dataset}</a>
              ),
            },
            { head: 'Records', kind: 'number', cell: (one) => formatCount(one.recordCount) },
            { head: 'Changed', cell: (one) => <Time view={view} at={one.updatedAt} /> },
            {
              head: 'Job at work',
              cell: (one) =>
                one.applying === null ? '–' : <a href={view.at(`jobs/${one.applying}`)}>{one.applying}</a>,
            },
          ]}
          empty={
            <p>
              A task’s first job makes its dataset: <a href={view.at('tasks')}>Tasks</a> say what to post, and
              where.
            </p>
          }
        />
        <Pager view={view} next={datasets.nextCursor} by="name" />
      </>
    ),
  };
}

/** A dataset: the jobs that made it, and the keys of its records. Values are on a record's own page. */
export async function datasetPage(view: View): Promise<Page> {
  const query = new URLSearchParams({ limit: '50' });
  for (const name of ['cursor', 'changedSince']) {
    const value = view.query.get(name);
    if (value) query.set(name, value);
  }
  const [one, records, jobs] = await Promise.all([
    view.api.get<DatasetOut>(`${base(view)}/datasets/${dataset(view)}`),
    view.api.get<RecordPage>(`${base(view)}/datasets/${dataset(view)}/records?${query}`),
    view.api.get<JobPage>(`${base(view)}/jobs?dataset=${dataset(view)}&limit=30`),
  ]);
  const fields = [...new Set(records.items.flatMap(({ data }) => Object.keys(data)))];
  const latest = jobs.items.find(({ status, dryRun }) => status === 'succeeded' && !dryRun);
  return {
    title: view.params.dataset ?? '',
    verdict: {
      tone: 'ok',
      text:
        latest === undefined ? (
          `${formatCount(one.recordCount)} records. Its jobs have been removed by retention.`
        ) : (
          <>
            {formatCount(one.recordCount)} {one.recordCount === 1 ? 'record' : 'records'}, last changed by{' '}
            <a href={view.at(`jobs/${latest.jobId}`)}>{latest.filename}</a> at{' '}
            <Time view={view} at={latest.finishedAt} />.
          </>
        ),
    },
    body: (
      <>
        <GrowthStrip dataset={one} jobs={jobs.items} />
        {maySee(view, 'rows') ? (
          <p>
            <a href={view.at(`datasets/${dataset(view)}/records.csv`)} download>
              As CSV, at most 200,000 records
            </a>{' '}
            <span class="dim">The audit log says who took it.</span>
          </p>
        ) : (
          <p class="dim">
            {whoSees('rows')} can see values, search by them, and take the records along as CSV.
          </p>
        )}
        <form method="get" action={view.at(`datasets/${dataset(view)}/record`)} class="filters">
          <Kept view={view} />
          <label>
            Key <input name="key" autocomplete="off" required />
          </label>
          <button type="submit">Open the record</button>
        </form>
        {fields.length === 0 || !maySee(view, 'rows') ? null : <SearchForm view={view} fields={fields} />}
        <Filters view={view}>
          <label>
            Changed since (UTC){' '}
            <input
              name="changedSince"
              placeholder="2026-11-22T00:00Z"
              value={view.query.get('changedSince') ?? ''}
              autocomplete="off"
            />
          </label>
        </Filters>
        <RecordsTable view={view} caption="Records" rows={records.items} empty="No record is like that." />
        <Pager view={view} next={records.nextCursor} by="name" />
        <h2>Its jobs</h2>
        <Table
          caption="Jobs of this dataset, newest first"
          rows={jobs.items.slice(0, 10)}
          columns={[
            {
              head: 'File',
              kind: 'name',
              cell: (job) => <a href={view.at(`jobs/${job.jobId}`)}>{job.filename}</a>,
            },
            { head: 'State', cell: (job) => <JobState job={job} /> },
            {
              head: 'Changed',
              kind: 'number',
              cell: (job) => formatCount(job.rows.inserted + job.rows.updated + job.rows.deleted),
            },
            { head: 'Ended', cell: (job) => <Time view={view} at={job.finishedAt} /> },
          ]}
          empty={<p>None.</p>}
        />
      </>
    ),
  };
}
