import type { FilePage } from '../../features/files/routes.ts';
import type { JobOut, JobPage } from '../../features/jobs/routes.ts';
import { Filters, Pager, Table, Time } from '../components/parts.tsx';
import { jobTones } from '../states.ts';
import { formatBytes } from '../time.ts';
import type { Page, View } from '../view.ts';
import { JobState } from './jobs.tsx';

/** The drop folder as it stands. */
export async function filesPage(view: View): Promise<Page> {
  const query = new URLSearchParams();
  for (const name of ['prefix', 'cursor']) {
    const value = view.query.get(name);
    if (value) query.set(name, value);
  }
  const base = `/api/programs/${encodeURIComponent(view.programId)}`;
  const [files, jobs] = await Promise.all([
    view.api.get<FilePage>(`${base}/files?${query}`),
    view.api.get<JobPage>(`${base}/jobs?limit=100`),
  ]);
  const jobOf = (versionId: string) => jobs.items.find((job) => job.versionId === versionId);
  const isAll = jobs.nextCursor === null;
  const latest = files.items.toSorted((a, b) => b.updatedAt.localeCompare(a.updatedAt))[0];
  return {
    title: 'Files',
    every: 15,
    verdict:
      latest === undefined
        ? { tone: 'quiet', text: 'No file has arrived yet.' }
        : {
            tone: jobTones[jobOf(latest.versionId)?.status ?? ''] ?? (isAll ? 'attention' : 'ok'),
            text: (
              <>
                Latest of those shown: {latest.filename}, <Time view={view} at={latest.updatedAt} />
                {becameWord(jobOf(latest.versionId), isAll)}.
              </>
            ),
          },
    body: (
      <>
        <Filters view={view}>
          <label>
            Folder and name begin with{' '}
            <input name="prefix" value={view.query.get('prefix') ?? ''} autocomplete="off" />
          </label>
        </Filters>
        <Table
          caption="Files by folder and name"
          rows={files.items}
          columns={[
            {
              head: 'File',
              kind: 'name',
              cell: (file) => (
                <a
                  href={view.at(
                    `files/${encodeURIComponent(file.folder)}/${encodeURIComponent(file.filename)}`,
                  )}
                >
                  {file.folder}/{file.filename}
                </a>
              ),
            },
            { head: 'Size', kind: 'number', cell: (file) => formatBytes(file.sizeBytes) },
            { head: 'Arrived', cell: (file) => <Time view={view} at={file.updatedAt} /> },
            { head: 'By', cell: (file) => doors[file.source] ?? file.source },
            {
              head: 'Became',
              cell: (file) => <Became view={view} job={jobOf(file.versionId)} isAll={isAll} />,
            },
            { head: 'ETag', cell: (file) => <code>{file.etag.slice(0, 12)}</code> },
          ]}
          empty={
            <>
              <p>Drop one from any machine:</p>
              <pre tabindex={0}>
                {`curl -T warehouse.csv -H "Authorization: Bearer $KEY" \\\n  ${view.ctx.config.PUBLIC_URL}${base}/files/warehouse/warehouse.csv`}
              </pre>
            </>
          }
        />
        <Pager view={view} next={files.nextCursor} />
      </>
    ),
  };
}

const doors: Record<string, string> = { api: 'the API', upload: 'an upload', s3: 'S3' };

const becameWord = (job: JobOut | undefined, isAll: boolean) =>
  job === undefined ? (isAll ? '; nobody asked for it' : '') : `, ${job.status}`;

/** The latest job over this very version; of a program with many, among its latest hundred. */
function Became({ view, job, isAll }: { view: View; job: JobOut | undefined; isAll: boolean }) {
  if (job === undefined) return <>{isAll ? 'nobody asked for it' : 'nothing lately'}</>;
  return (
    <a href={view.at(`jobs/${job.jobId}`)}>
      <JobState job={job} />
    </a>
  );
}
