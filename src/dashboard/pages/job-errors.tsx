import type { JobOut } from '../../features/jobs/routes.ts';
import { Table } from '../components/parts.tsx';
import { formatCount } from '../time.ts';
import type { View } from '../view.ts';
import { Diagnosis, type Rejected, ShowRejects } from './job-rejects.tsx';

/** What was wrong with the file, and the way to correct it. */
export function Errors(props: { view: View; job: JobOut; rejected: Rejected | null }) {
  const { view, job, rejected } = props;
  if (job.errors.length === 0) return null;
  const isReady = isReported(job);
  return (
    <>
      <h2>What was wrong</h2>
      {rejected === null ? <FirstErrors job={job} /> : <Diagnosis {...rejected} />}
      {rejected === null ? null : <ShowRejects view={view} job={job} />}
      {isReady ? (
        <p>
          <a class="button" href={view.at(`jobs/${job.jobId}/errors.csv`)}>
            Download {job.filename}.errors.csv
          </a>{' '}
          Correct it and drop it again: it counts as a correction of this job.
        </p>
      ) : null}
    </>
  );
}

/** Those that the job itself keeps, while its report is being made or where there is none. */
function FirstErrors({ job }: { job: JobOut }) {
  return (
    <Table
      caption={job.rows.rejected > job.errors.length ? `The first ${job.errors.length}` : 'Rejected rows'}
      rows={job.errors}
      columns={[
        {
          head: 'Line',
          kind: 'number',
          cell: (one) => (one.line === null ? 'file' : formatCount(one.line)),
        },
        { head: 'Column', cell: (one) => one.column ?? '–' },
        { head: 'Code', cell: (one) => <code>{one.code}</code> },
        { head: 'What', cell: (one) => one.message },
      ]}
      empty=""
    />
  );
}

export const isReported = (job: JobOut) =>
  job.rows.rejected > 0 && (job.finishedAt !== null || job.status === 'held');

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
