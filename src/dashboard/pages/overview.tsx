import type { ActivityOut } from '../../features/activity/routes.ts';
import type { OpenProblemPage } from '../../features/attention/routes.ts';
import type { ExportPage } from '../../features/exports/routes.ts';
import type { JobPage } from '../../features/jobs/routes.ts';
import type { MonitorPage } from '../../features/monitors/routes.ts';
import { HourStrip, hoursOf } from '../components/chart.tsx';
import { type Expectation, Expected, expectedOf } from '../components/expected.tsx';
import { Table, Time } from '../components/parts.tsx';
import { Problems } from '../components/problems.tsx';
import { programApi } from '../components/query.ts';
import type { Page, View } from '../view.ts';
import { JobState } from './jobs.tsx';

/** What needs a person, before anything else; then what was expected and came; then what has run lately. */
export async function overviewPage(view: View): Promise<Page> {
  const areIgnored = view.query.get('problems') === 'ignored';
  const [problems, activity, jobs, monitors, exports] = await Promise.all([
    view.api.get<OpenProblemPage>(
      programApi(view, `attention?limit=50${areIgnored ? '&state=ignored' : ''}`),
    ),
    view.api.get<ActivityOut>(programApi(view, 'activity?days=2')),
    view.api.get<JobPage>(programApi(view, 'jobs?limit=10')),
    view.api.get<MonitorPage>(programApi(view, 'monitors?limit=50')),
    view.api.get<ExportPage>(programApi(view, 'exports?limit=50')),
  ]);
  const expected = expectedOf(view, monitors.items, exports.items);
  const strip = (...kinds: Parameters<typeof hoursOf>[1]) => hoursOf(activity, kinds, view.ctx.now(), 24);
  return {
    title: view.programName,
    every: 15,
    count: openOf(problems).length,
    verdict: areIgnored
      ? { tone: 'quiet', text: ignoredSentence(problems.items.length) }
      : verdictOf(problems, expected),
    body: (
      <>
        <Problems view={view} problems={problems.items} />
        <p>
          {areIgnored ? (
            <a href={view.at('overview')}>Back to what needs somebody</a>
          ) : (
            <a href={`${view.at('overview')}?problems=ignored`}>Problems that are ignored</a>
          )}
        </p>
        <h2>Expected and arrived</h2>
        <Expected view={view} of={expected} />
        <h2>The last 24 hours</h2>
        <div class="strips">
          <HourStrip view={view} label="Files" verb="arrived" bars={strip('files')} href={view.at('files')} />
          <HourStrip view={view} label="Jobs" verb="succeeded" bars={strip('jobs')} href={view.at('jobs')} />
          <HourStrip
            view={view}
            label="Events"
            verb="published"
            bars={strip('events')}
            href={view.at('events')}
          />
          <HourStrip
            view={view}
            label="Webhooks"
            verb="delivered"
            bars={strip('webhook')}
            href={view.at('deliveries?channel=webhook')}
          />
          <HourStrip
            view={view}
            label="E-mails"
            verb="sent"
            bars={strip('email')}
            href={view.at('deliveries?channel=email')}
          />
          <HourStrip
            view={view}
            label="Nightly files and batches"
            verb="arrived"
            bars={strip('sftp', 'batch')}
            href={view.at('exports')}
          />
        </div>
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

const openOf = ({ items }: OpenProblemPage) => items.filter(({ state }) => state === 'open');

const ignoredSentence = (count: number) =>
  count === 0
    ? 'No problem is ignored.'
    : `${count} ${count === 1 ? 'problem is' : 'problems are'} ignored until mended.`;

function verdictOf(problems: OpenProblemPage, expected: Expectation[]): Page['verdict'] {
  const open = openOf(problems).length;
  const inHand = problems.items.length - open;
  if (open > 0) {
    const count = `${open}${problems.nextCursor === null ? '' : ' or more'}`;
    const others = inHand === 0 ? '' : ` ${inHand} more ${inHand === 1 ? 'is' : 'are'} in hand.`;
    return {
      tone: 'attention',
      text: `${count} ${open === 1 ? 'thing needs' : 'things need'} you.${others}`,
    };
  }
  if (inHand > 0)
    return {
      tone: 'busy',
      text: `Nothing waits for you: ${inHand} ${inHand === 1 ? 'problem is' : 'problems are'} in hand.`,
    };
  const late = expected.filter(({ word }) => word === 'late').length;
  if (late > 0)
    return { tone: 'attention', text: `Nothing needs you yet; ${late} of what was expected is late.` };
  const due = expected.filter(({ isDueSoon }) => isDueSoon);
  const nights = due.filter(({ kind }) => kind === 'night').length;
  const others = due.length - nights;
  const parts = [
    others > 0 ? `${others} watched ${others === 1 ? 'thing' : 'things'}` : '',
    nights > 0 ? `${nights} ${nights === 1 ? 'night' : 'nights'}` : '',
  ].filter((part) => part !== '');
  const next = parts.length === 0 ? '' : ` Expected within a day: ${parts.join(', ')}.`;
  return { tone: 'ok', text: `Nothing needs you.${next}` };
}
