import type { JobRejects } from '../../features/jobs/rejects/routes.ts';
import type { JobOut } from '../../features/jobs/routes.ts';
import { ApiProblem } from '../api.ts';
import { PostForm, Table } from '../components/parts.tsx';
import { formatCount } from '../time.ts';
import { maySee, whoSees } from '../values.ts';
import type { View } from '../view.ts';

/** Null where nothing was rejected, or what was is past its retention. */
export async function rejectsOf(view: View, job: JobOut, withValues: boolean): Promise<JobRejects | null> {
  if (job.rows.rejected === 0 || !isReady(job)) return null;
  try {
    return await view.api.get<JobRejects>(
      `/api/jobs/${encodeURIComponent(job.jobId)}/rejects${withValues ? '?values=true' : ''}`,
    );
  } catch (error) {
    if (error instanceof ApiProblem) return null;
    throw error;
  }
}

const isReady = (job: JobOut) => job.finishedAt !== null || job.status === 'held';

/** What was wrong with the file: a diagnosis first, then row by row, and the way to correct it. */
export function Errors(props: { view: View; job: JobOut; rejects: JobRejects | null; isShown: boolean }) {
  const { view, job, rejects, isShown } = props;
  if (job.errors.length === 0) return null;
  const items = rejects?.items.length ? rejects.items : job.errors.map((one) => ({ ...one, value: null }));
  const isCorrectable = isReady(job) && job.rows.rejected > 0;
  const isPart = job.rows.rejected > (rejects?.rowsRead ?? 0);
  return (
    <>
      <h2>What was wrong</h2>
      {rejects === null || rejects.groups.length === 0 ? null : (
        <Table
          caption={
            isPart
              ? `Of the first ${formatCount(rejects.rowsRead)} rejected rows, the most frequent first`
              : 'The most frequent first'
          }
          rows={rejects.groups}
          columns={[
            { head: 'Column', kind: 'name', cell: (group) => group.column ?? 'the row' },
            { head: 'Code', cell: (group) => <code>{group.code}</code> },
            { head: 'Times', kind: 'number', cell: (group) => formatCount(group.count) },
            { head: 'Lines', cell: (group) => linesOf(group) },
            { head: 'Such as', cell: (group) => group.message },
          ]}
          empty=""
        />
      )}
      {isCorrectable && !maySee(view, 'rows') ? (
        <p class="dim">
          The rejected values are masked. {whoSees('rows')} can show them, and download the rows to correct.
        </p>
      ) : null}
      {isCorrectable && maySee(view, 'rows') ? (
        <div class="actions">
          <a class="button" href={view.at(`jobs/${job.jobId}/errors.csv`)}>
            Download {job.filename}.errors.csv
          </a>
          {isShown || rejects === null ? null : (
            <PostForm view={view} to={view.at(`jobs/${job.jobId}/show`)}>
              <button type="submit">Show the rejected values</button>
            </PostForm>
          )}
        </div>
      ) : null}
      {isCorrectable && maySee(view, 'rows') ? (
        <p class="dim">
          Correct the downloaded file and drop it again: it counts as a correction of this job.
          {isShown ? ' The audit log says who looked at the values.' : ''}
        </p>
      ) : null}
      <Table
        caption={items.length < job.rows.rejected ? `The first ${items.length}` : 'Row by row'}
        rows={items}
        columns={[
          {
            head: 'Line',
            kind: 'number',
            cell: (one) => (one.line === null ? 'file' : formatCount(one.line)),
          },
          { head: 'Column', cell: (one) => one.column ?? '–' },
          ...(isShown
            ? [
                {
                  head: 'Value',
                  cell: (one: (typeof items)[number]) =>
                    one.value === null ? '–' : <code class="excerpt">{one.value}</code>,
                },
              ]
            : []),
          { head: 'Code', cell: (one) => <code>{one.code}</code> },
          { head: 'What', cell: (one) => one.message },
        ]}
        empty=""
      />
    </>
  );
}

const linesOf = ({ lines, count }: JobRejects['groups'][number]) =>
  `${lines.map(formatCount).join(', ')}${count > lines.length ? ', …' : ''}`;

/** What the hub took the file to be, with its evidence. */
export function ReadAs({ job }: { job: JobOut }) {
  const { decisions: read } = job;
  if (read === null) return null;
  const how = [
    read.format,
    read.encoding,
    read.delimiter === null ? '' : `delimiter ${JSON.stringify(read.delimiter)}`,
    read.quote === null ? '' : `quote ${read.quote}`,
  ].filter((part) => part !== '');
  return (
    <details>
      <summary>Read as {how.join(', ')}</summary>
      <ul>
        {read.evidence.map((line) => (
          <li>{line}</li>
        ))}
        {read.notices.map(({ message }) => (
          <li>{message}</li>
        ))}
      </ul>
    </details>
  );
}
