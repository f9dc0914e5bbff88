import type { MonitorOut, MonitorPage } from '../../features/monitors/routes.ts';
import { Command } from '../components/command.tsx';
import { Choice } from '../components/forms.tsx';
import { TimeAndAgo } from '../components/moments.tsx';
import { Confirm, Field, Pager, PostForm, State, Table, Time } from '../components/parts.tsx';
import { field, listQuery, programApi } from '../components/query.ts';
import { formatDuration } from '../time.ts';
import { isSent, type Outcome, type Page, type View } from '../view.ts';

const kinds: [string, string][] = [
  ['task', 'a task, by its name'],
  ['export', 'an export, by its id'],
  ['subscription', 'a subscription, by its publisher'],
];

/** What should have happened: silence first, as the event that it is. */
export async function monitorsPage(view: View): Promise<Page> {
  const list = await view.api.get<MonitorPage>(
    programApi(view, `monitors${listQuery(view, [], { order: 'silence' })}`),
  );
  const silent = list.items.filter(({ state }) => state === 'silent');
  return {
    title: 'Monitors',
    every: 15,
    verdict:
      silent.length > 0
        ? {
            tone: 'bad',
            text: `${silent.map(({ name }) => name).join(', ')}: nothing has succeeded in time.`,
          }
        : {
            tone: list.items.length === 0 ? 'quiet' : 'ok',
            text:
              list.items.length === 0
                ? 'Nothing is watched for silence.'
                : `Nothing is late; ${list.items.length} ${list.items.length === 1 ? 'is' : 'are'} watched.`,
          },
    body: (
      <>
        <Table
          caption="Monitors, silence first"
          rows={list.items}
          columns={[
            { head: 'Monitor', kind: 'name', cell: (one) => one.name },
            { head: 'State', cell: (one) => <MonitorState view={view} of={one} /> },
            { head: 'Watches', cell: (one) => <Watched view={view} of={one} /> },
            { head: 'Due by', cell: (one) => <TimeAndAgo view={view} at={one.dueAt} /> },
            {
              head: 'Last success',
              cell: (one) =>
                one.lastSuccessAt === null ? 'none yet' : <TimeAndAgo view={view} at={one.lastSuccessAt} />,
            },
            { head: 'Missed', cell: (one) => <Missed view={view} of={one} /> },
            {
              head: 'Act',
              cell: (one) =>
                view.can('webhooks') ? (
                  <div class="actions">
                    <Snooze view={view} of={one} />
                    {one.pingUrl === null ? null : (
                      <Confirm
                        view={view}
                        to={view.at(`monitors/${encodeURIComponent(one.name)}/ping`)}
                        label="Test ping…"
                        button="Ping it now"
                        effect="Its URL is asked once, as after a success: the switch there hears of one."
                      />
                    )}
                    <Confirm
                      view={view}
                      to={view.at(`monitors/${encodeURIComponent(one.name)}/delete`)}
                      label="Remove…"
                      button="Watch no more"
                      danger
                      effect={`Silence of “${one.name}” is told to nobody any more. An open problem about it ends.`}
                    />
                  </div>
                ) : (
                  '–'
                ),
            },
          ]}
          empty={
            <>
              <p>
                A monitor tells when something has <em>not</em> happened: a task without a success in a day, a
                night that did not arrive. Set one below, or from a shell:
              </p>
              <Command
                view={view}
                method="PUT"
                path={programApi(view, 'monitors/nightly-feed')}
                body={{ watches: { task: 'warehouse' }, byLocalTime: '06:00' }}
              />
            </>
          }
        />
        <Pager view={view} next={list.nextCursor} by="name" />
        {view.can('webhooks') ? <NewMonitor view={view} /> : null}
      </>
    ),
  };
}

function MonitorState({ view, of: { state, snoozed } }: { view: View; of: MonitorOut }) {
  if (snoozed !== null)
    return (
      <>
        <State word="snoozed" tone="quiet" /> until <Time view={view} at={snoozed.until} />{' '}
        <small class="dim">
          by {snoozed.by}: {snoozed.reason}
        </small>
      </>
    );
  return state === 'waiting' ? <State word="on time" tone="ok" /> : <State word="silent" tone="bad" />;
}

/** What it missed of late: how often, and each with how late the success was. */
function Missed({ view, of: { missed } }: { view: View; of: MonitorOut }) {
  if (missed.length === 0) return <>none lately</>;
  return (
    <details>
      <summary>{missed.length === 30 ? '30 or more' : missed.length} missed</summary>
      <ul class="plain-list">
        {missed.map(({ dueAt, endedAt, snoozed }) => (
          <li>
            <State
              word={endedAt === null ? 'missed' : 'late'}
              tone={endedAt === null ? 'bad' : 'attention'}
            />{' '}
            <Time view={view} at={dueAt} />
            {endedAt === null
              ? ', no success yet'
              : `, ${formatDuration(Date.parse(endedAt) - Date.parse(dueAt))} late`}
            {snoozed ? ', while snoozed' : ''}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Snooze({ view, of: one }: { view: View; of: MonitorOut }) {
  const to = (verb: string) => view.at(`monitors/${encodeURIComponent(one.name)}/${verb}`);
  const typed = (name: string) => (isSent(view, to('snooze')) ? field(view, name) : undefined);
  if (one.snoozed !== null)
    return (
      <PostForm view={view} to={to('wake')}>
        <button type="submit">Watch again</button>
      </PostForm>
    );
  return (
    <Confirm
      view={view}
      to={to('snooze')}
      label="Snooze…"
      button="Snooze it"
      effect="Its silence is told to nobody for so long, and an open problem about it ends. Silence that lasts longer is told after all; the next success ends the snooze."
    >
      <label>
        Hours <input name="hours" type="number" min="1" max="720" value={typed('hours') ?? '24'} required />
      </label>
      <label>
        Why <input name="reason" maxlength={300} value={typed('reason')} autocomplete="off" required />
      </label>
    </Confirm>
  );
}

export async function snoozeMonitor(view: View): Promise<Outcome> {
  const path = programApi(view, `monitors/${encodeURIComponent(view.params.monitor ?? '')}/snooze`);
  await view.api.send('POST', path, { hours: number(view, 'hours'), reason: field(view, 'reason') });
  return { to: view.at('monitors'), done: 'snoozed' };
}

export async function wakeMonitor(view: View): Promise<Outcome> {
  const path = programApi(view, `monitors/${encodeURIComponent(view.params.monitor ?? '')}/snooze`);
  await view.api.send('DELETE', path);
  return { to: view.at('monitors'), done: 'reopened' };
}

/** Leads to the delivery, which tells how it went. */
export async function pingMonitor(view: View): Promise<Outcome> {
  const path = programApi(view, `monitors/${encodeURIComponent(view.params.monitor ?? '')}/ping`);
  const sent = await view.api.send<{ deliveryId: string }>('POST', path);
  return { to: view.at(`deliveries/${sent?.deliveryId ?? ''}`), done: 'tested' };
}

function Watched({ view, of }: { view: View; of: MonitorOut }) {
  const [[kind, ref] = ['', '']] = Object.entries(of.watches);
  const id = encodeURIComponent(ref);
  const to = { task: `tasks/${id}`, export: `exports/${id}`, subscription: `subscriptions/${id}` }[kind];
  return (
    <>
      {kind} {to === undefined || !of.exists ? ref : <a href={view.at(to)}>{ref}</a>}, {expectation(of)}
      {of.exists ? null : <p>There is no such {kind}: it can only be silent.</p>}
    </>
  );
}

function expectation({ everyHours, byLocalTime, graceMinutes }: MonitorOut): string {
  const grace = graceMinutes > 0 ? `, ${graceMinutes} min grace` : '';
  return `${byLocalTime === null ? `every ${everyHours} h` : `daily by ${byLocalTime} local time`}${grace}`;
}

function NewMonitor({ view }: { view: View }) {
  return (
    <>
      <h2>Watch something</h2>
      <PostForm view={view} to={view.at('monitors')}>
        <Field
          view={view}
          name="name"
          label="Name"
          hint="Such as: nightly-feed. A known name is changed."
          required
        />
        <Choice view={view} name="kind" label="Watches" options={kinds} />
        <Field view={view} name="ref" label="Which one" required />
        <Field
          view={view}
          name="byLocalTime"
          label="Every day by (local time)"
          hint="Such as 06:00; or leave it empty and say how many hours."
        />
        <Field view={view} name="everyHours" label="Or at least every so many hours" type="number" />
        <Field view={view} name="graceMinutes" label="Grace in minutes" type="number" value="0" />
        <Field
          view={view}
          name="pingUrl"
          label="Ping after each success"
          hint="A URL of a dead man’s switch of your own; may be empty."
          type="url"
        />
        <button type="submit" class="primary">
          Watch it
        </button>
      </PostForm>
    </>
  );
}

const number = (view: View, name: string): number | undefined => {
  const text = field(view, name);
  return text === undefined ? undefined : Number(text);
};

export async function saveMonitor(view: View): Promise<Outcome> {
  const kind = field(view, 'kind') ?? 'task';
  const byLocalTime = field(view, 'byLocalTime');
  const everyHours = number(view, 'everyHours');
  await view.api.send('PUT', programApi(view, `monitors/${encodeURIComponent(field(view, 'name') ?? '')}`), {
    watches: { [kind]: field(view, 'ref') ?? '' },
    ...(byLocalTime === undefined ? {} : { byLocalTime }),
    ...(everyHours === undefined ? {} : { everyHours }),
    graceMinutes: number(view, 'graceMinutes') ?? 0,
    pingUrl: field(view, 'pingUrl') ?? null,
  });
  return { to: view.at('monitors'), done: 'saved' };
}

export async function deleteMonitor(view: View): Promise<Outcome> {
  await view.api.send(
    'DELETE',
    programApi(view, `monitors/${encodeURIComponent(view.params.monitor ?? '')}`),
  );
  return { to: view.at('monitors'), done: 'deleted' };
}
