import type { FilePage } from '../../features/files/routes.ts';
import type { JobOut, JobPage } from '../../features/jobs/routes.ts';
import type { TaskPage } from '../../features/tasks/routes.ts';
import { KeyHint } from '../components/command.tsx';
import { Filters, Pager, Table, Time } from '../components/parts.tsx';
import { jobTones } from '../states.ts';
import { formatBytes } from '../time.ts';
import { maySee, whoSees } from '../values.ts';
import type { Page, View } from '../view.ts';
import { FileActs, pageOfFile, UploadForm } from './file.tsx';
import { JobState } from './jobs.tsx';

/** The drop folder as it stands. */
export async function filesPage(view: View): Promise<Page> {
  const query = new URLSearchParams();
  const { folder, filename } = view.params;
  // A form about one file is shown again on that file's own page.
  const prefix = filename === undefined ? view.query.get('prefix') : `${folder}/${filename}`;
  if (prefix) query.set('prefix', prefix);
  const cursor = view.query.get('cursor');
  if (cursor) query.set('cursor', cursor);
  const base = `/api/programs/${encodeURIComponent(view.programId)}`;
  const [files, jobs] = await Promise.all([
    view.api.get<FilePage>(`${base}/files?${query}`),
    view.api.get<JobPage>(`${base}/jobs?limit=100`),
  ]);
  const one = files.items.find((file) => `${file.folder}/${file.filename}` === prefix);
  const tasks =
    one === undefined || !view.can('jobs')
      ? []
      : (await view.api.get<TaskPage>(`${base}/tasks?limit=200`)).items;
  const mayOpen = maySee(view, 'rows');
  const jobOf = (versionId: string) => jobs.items.find((job) => job.versionId === versionId);
  const isAll = jobs.nextCursor === null;
  const latest = files.items.toSorted((a, b) => b.updatedAt.localeCompare(a.updatedAt))[0];
  return {
    title: 'Files',
    every: 15,
    verdict:
      latest === undefined
        ? {
            tone: 'quiet',
            text: prefix ? `No file’s folder and name begin with “${prefix}”.` : 'No file has arrived yet.',
          }
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
            Folder and name begin with <input name="prefix" value={prefix ?? ''} autocomplete="off" />
          </label>
        </Filters>
        <Table
          caption="Files by folder and name"
          rows={files.items}
          columns={[
            {
              head: 'File',
              kind: 'name',
              cell: (file) =>
                mayOpen ? (
                  <a
                    href={view.at(
                      `files/${encodeURIComponent(file.folder)}/${encodeURIComponent(file.filename)}`,
                    )}
                  >
                    {file.folder}/<wbr />
                    {file.filename}
                  </a>
                ) : (
                  `${file.folder}/${file.filename}`
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
            ...(view.can('jobs') || view.can('files')
              ? [
                  {
                    head: 'Act',
                    cell: (file: FilePage['items'][number]) => (
                      <a href={pageOfFile(view, file.folder, file.filename)}>Run or delete…</a>
                    ),
                  },
                ]
              : []),
          ]}
          empty={
            prefix ? (
              <p>
                <a href={view.at('files')}>Show all files</a>
              </p>
            ) : (
              <>
                <p>Drop one from any machine:</p>
                <pre tabindex={0}>
                  {`curl -T warehouse.csv -H "Authorization: Bearer $KEY" \\\n  ${view.ctx.config.PUBLIC_URL}${base}/files/warehouse/warehouse.csv`}
                </pre>
                <KeyHint view={view} />
              </>
            )
          }
        />
        {mayOpen || files.items.length === 0 ? null : (
          <p class="dim">{whoSees('rows')} can open a file: it holds rows.</p>
        )}
        <Pager view={view} next={files.nextCursor} by="name" />
        {one === undefined ? (
          <UploadForm view={view} />
        ) : (
          <>
            <FileActs view={view} file={one} tasks={tasks} />
            <p>
              <a href={view.at('files')}>All files</a>
            </p>
          </>
        )}
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
