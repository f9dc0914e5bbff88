import type { JobPage } from '../../features/jobs/routes.ts';
import type { TaskPage } from '../../features/tasks/routes.ts';
import { Command, KeyHint } from '../components/command.tsx';
import { Facts } from '../components/facts.tsx';
import { Copy, Pager, Table, Time } from '../components/parts.tsx';
import { programApi } from '../components/query.ts';
import { RunStrip } from '../components/runs.tsx';
import { jobTones } from '../states.ts';
import type { Page, View } from '../view.ts';

type Task = TaskPage['items'][number];

const beyondGuards: Record<Task['guards']['onTrip'], string> = {
  hold: 'a person decides',
  fail: 'the job fails',
  withholdDeletes: 'nothing is deleted',
};

const base = (view: View) => `/api/programs/${encodeURIComponent(view.programId)}/tasks`;

/** What callers can post to. */
export async function tasksPage(view: View): Promise<Page> {
  const cursor = view.query.get('cursor');
  const tasks = await view.api.get<TaskPage>(
    `${base(view)}${cursor === null ? '' : `?cursor=${encodeURIComponent(cursor)}`}`,
  );
  return {
    title: 'Tasks',
    verdict:
      tasks.items.length === 0
        ? { tone: 'quiet', text: 'No task says yet what is to become of a file.' }
        : { tone: 'ok', text: 'Each task says what becomes of a file that is posted to it.' },
    body: (
      <>
        <Table
          caption="Tasks by name"
          rows={tasks.items}
          columns={[
            {
              head: 'Task',
              kind: 'name',
              cell: (task) => <a href={view.at(`tasks/${encodeURIComponent(task.job)}`)}>{task.job}</a>,
            },
            { head: 'Folder', cell: (task) => task.folder },
            {
              head: 'Dataset',
              cell: (task) => (
                <a href={view.at(`datasets/${encodeURIComponent(task.dataset)}`)}>{task.dataset}</a>
              ),
            },
            { head: 'Mode', cell: (task) => task.mode },
            { head: 'Publishes', cell: (task) => task.publish?.eventType ?? '–' },
            { head: 'Saved', cell: (task) => <Time view={view} at={task.updatedAt} /> },
          ]}
          empty={
            <>
              <p>
                This saves one; the <a href="/api/docs">reference</a> says what else it may hold:
              </p>
              <Command
                view={view}
                method="PUT"
                path={`${base(view)}/warehouse`}
                body={{
                  ...{ folder: 'warehouse', dataset: 'people', mode: 'full' },
                  schema: {
                    fields: [
                      { name: 'id', type: 'integer' },
                      { name: 'name', type: 'string' },
                    ],
                    primaryKey: 'id',
                  },
                }}
              />
            </>
          }
        />
        <Pager view={view} next={tasks.nextCursor} by="name" />
      </>
    ),
  };
}

/** A field's constraints in words, such as `required; maxLength: 40`. */
function rulesOf(constraints: NonNullable<Task['schema']['fields'][number]['constraints']>): string {
  const words = Object.entries(constraints).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    return value === true ? [name] : [`${name}: ${Array.isArray(value) ? value.join(', ') : String(value)}`];
  });
  return words.length === 0 ? '–' : words.join('; ');
}

const endings: Record<JobPage['items'][number]['status'], string> = {
  queued: 'was queued',
  running: 'is at work, called',
  held: 'waits for a decision, called',
  succeeded: 'succeeded',
  failed: 'failed',
  rejected: 'was rejected',
  cancelled: 'was cancelled',
};

/** One task, with the address to post to and a command that is ready to run. */
export async function taskPage(view: View): Promise<Page> {
  const name = view.params.job ?? '';
  const [task, jobs] = await Promise.all([
    view.api.get<Task>(`${base(view)}/${encodeURIComponent(name)}`),
    view.api.get<JobPage>(programApi(view, `jobs?limit=30&job=${encodeURIComponent(name)}`)),
  ]);
  const [latest] = jobs.items;
  const { PUBLIC_URL } = view.ctx.config;
  const address = `${PUBLIC_URL}/api/webhook/${task.job}`;
  const { guards } = task;
  return {
    title: task.job,
    verdict: {
      tone: latest === undefined ? 'ok' : (jobTones[latest.status] ?? 'ok'),
      text: (
        <>
          {task.mode === 'full' ? 'A file replaces' : 'A file adds to'} the dataset {task.dataset}.{' '}
          {latest === undefined ? (
            'No file has been posted to it yet.'
          ) : (
            <>
              The latest, <a href={view.at(`jobs/${latest.jobId}`)}>{latest.filename}</a>,{' '}
              {endings[latest.status]} at <Time view={view} at={latest.finishedAt ?? latest.queuedAt} />.
            </>
          )}
        </>
      ),
    },
    body: (
      <>
        <RunStrip jobs={jobs.items} />
        <h2>Post to it</h2>
        <Copy text={address} label="the address" />
        <pre tabindex={0}>
          {`curl -T ${task.folder}.csv -H "Authorization: Bearer $KEY" \\
  ${PUBLIC_URL}/api/programs/${view.programId}/files/${task.folder}/${task.folder}.csv
curl -X POST ${address} -H "Authorization: Bearer $KEY" \\
  -H 'content-type: application/json' \\
  -d '{"filename": "${task.folder}.csv", "notifyEmail": "you@school.example"}'`}
        </pre>
        <KeyHint view={view} />
        <Facts
          of={[
            ['Folder', task.folder],
            ['Dataset', <a href={view.at(`datasets/${encodeURIComponent(task.dataset)}`)}>{task.dataset}</a>],
            ['Mode', task.mode],
            ['Format', task.format],
            ['Key', [task.schema.primaryKey ?? '–'].flat().join(', ')],
            ['Rejected rows allowed', `${guards.maxRejectedPercent} %`],
            ['Fewer rows allowed', `${guards.maxRowDropPercent} %`],
            ['Deletions allowed', `${guards.maxDeletePercent} %`],
            ['Beyond that', beyondGuards[guards.onTrip]],
            ['Publishes', task.publish?.eventType ?? 'nothing'],
            ['Saved', <Time view={view} at={task.updatedAt} />],
          ]}
        />
        <p>
          <a href={view.at(`jobs?job=${encodeURIComponent(task.job)}`)}>Its jobs</a>
        </p>
        <h2>Columns</h2>
        <Table
          caption="What a row must hold"
          rows={task.schema.fields}
          columns={[
            { head: 'Name', kind: 'name', cell: (field) => field.name },
            { head: 'Type', cell: (field) => field.type ?? 'string' },
            { head: 'Format', cell: (field) => field.format ?? '–' },
            { head: 'Rules', cell: (field) => rulesOf(field.constraints ?? {}) },
          ]}
          empty=""
        />
      </>
    ),
  };
}
