import type { OpenProblemPage } from '../../features/attention/routes.ts';
import type { JobPage } from '../../features/jobs/routes.ts';
import { Icon, Said, Table, Time, TimeAndAgo } from '../components/parts.tsx';
import type { Page, View } from '../view.ts';
import { JobState } from './jobs.tsx';

/** What needs a person, before anything else; then what has run lately. */
export async function overviewPage(view: View): Promise<Page> {
  const base = `/api/programs/${encodeURIComponent(view.programId)}`;
  const [problems, jobs] = await Promise.all([
    view.api.get<OpenProblemPage>(`${base}/attention?limit=50`),
    view.api.get<JobPage>(`${base}/jobs?limit=10`),
  ]);
  const open = problems.items;
  const more = problems.nextCursor !== null;
  return {
    title: view.programName,
    every: 15,
    verdict:
      open.length === 0
        ? { tone: 'ok', text: 'Nothing needs you.' }
        : {
            tone: 'attention',
            text: `${open.length}${more ? ' or more' : ''} ${open.length === 1 ? 'thing needs' : 'things need'} you.`,
          },
    body: (
      <>
        {open.length === 0 ? null : (
          <ul class="problems">
            {open.map((problem) => (
              <li>
                <h2>
                  <Icon tone={problem.kind.endsWith('_held') ? 'attention' : 'bad'} />
                  {problem.kind.replaceAll('_', ' ')}
                  <Cure view={view} kind={problem.kind} subject={problem.subject} />
                </h2>
                <p>
                  <Said view={view} text={problem.message} />
                </p>
                <p class="next">
                  <Said view={view} text={problem.nextStep} />
                </p>
                <p class="dim">
                  Since <TimeAndAgo view={view} at={problem.since} />
                  {problem.count > 1 ? `, ${problem.count} times` : ''}
                </p>
              </li>
            ))}
          </ul>
        )}
        <h2>Latest jobs</h2>
        <Table
          caption="Latest jobs"
          rows={jobs.items}
          columns={[
            {
              head: 'File',
              kind: 'name',
              cell: (job) => <a href={view.at(`jobs/${job.jobId}`)}>{job.filename}</a>,
            },
            { head: 'State', cell: (job) => <JobState job={job} /> },
            { head: 'Task', cell: (job) => job.job },
            { head: 'Called', cell: (job) => <Time view={view} at={job.queuedAt} /> },
          ]}
          empty={
            <p>
              No job has run yet. <a href={view.at('tasks')}>Tasks</a> say what to post, and where.
            </p>
          }
        />
      </>
    ),
  };
}

/** Where the problem is solved. */
function Cure({ view, kind, subject }: { view: View; kind: string; subject: string }) {
  const to = subject.startsWith('job_')
    ? `jobs/${subject}`
    : subject.startsWith('dlv_')
      ? `deliveries/${subject}`
      : null;
  if (to === null) return null;
  return (
    <a class="cure" href={view.at(to)}>
      {kind.endsWith('_held') ? 'Decide' : 'Look'}
    </a>
  );
}
