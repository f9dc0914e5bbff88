import type { Child } from 'hono/jsx';
import type { SystemStatus } from '../../api/status.ts';
import type { OpenProblemPage } from '../../features/attention/routes.ts';
import type { RelayOut } from '../../features/exports/contacts/routes.ts';
import { Facts } from '../components/facts.tsx';
import { TimeAndAgo } from '../components/moments.tsx';
import { State, Table, Time } from '../components/parts.tsx';
import { Problems } from '../components/problems.tsx';
import { formatBytes, formatCount, formatDuration } from '../time.ts';
import type { Page, Tone, View } from '../view.ts';

/** A count that ended there. */
const countedTo = 1_000;
/** Work that has been due for longer waits for something. */
const lateMs = 5 * 60_000;

/** What the API's short names of work stand for. */
const workWords: Record<string, string> = {
  nights: 'nightly files to be written',
  'deliveries to endpoints': 'messages to webhooks',
  'deliveries to no endpoint': 'e-mails, files, batches and pings to be sent',
};

const cronWords: Record<string, string> = {
  '* * * * *': 'every minute',
  '17 3 * * *': 'every night at 03:17 UTC',
};

/** The hub itself, for the operator: what waits, what ran last, and how it is set up. */
export async function systemPage(view: View): Promise<Page> {
  const ask = view.query.get('relay') === 'ask';
  const [status, relay, problems] = await Promise.all([
    view.api.get<SystemStatus>('/api/system/status'),
    view.api.get<RelayOut>(`/api/system/relay${ask ? '?ask=true' : ''}`),
    view.api.get<OpenProblemPage>('/api/system/attention?limit=50'),
  ]);
  const now = view.ctx.now();
  const full = status.storage.bytes / status.storage.limitBytes;
  return {
    title: 'System',
    // A container that is asked again and again never rests.
    ...(ask ? {} : { every: 15 }),
    verdict: verdictOf(status, relay, problems.items.length, now),
    body: (
      <>
        <Problems view={view} problems={problems.items} />
        <h2>What waits</h2>
        <Table
          caption="Work that is not ended"
          rows={status.backlog}
          columns={[
            { head: 'Work', kind: 'name', cell: (one) => workWords[one.name] ?? one.name },
            {
              head: 'Open',
              kind: 'number',
              cell: (one) =>
                one.open >= countedTo ? `${formatCount(countedTo)} or more` : formatCount(one.open),
            },
            {
              head: 'Oldest that is due',
              cell: (one) =>
                one.oldestDueAt === null ? (
                  'nothing is due now'
                ) : (
                  <TimeAndAgo view={view} at={one.oldestDueAt} />
                ),
            },
          ]}
          empty=""
        />
        <h2>Crons</h2>
        <Table
          caption="Their latest runs"
          rows={status.crons}
          columns={[
            {
              head: 'Cron',
              kind: 'name',
              cell: (one) => (
                <>
                  {cronWords[one.cron]} <code class="dim">{one.cron}</code>
                </>
              ),
            },
            { head: 'Last run', cell: (one) => <TimeAndAgo view={view} at={one.startedAt} /> },
            { head: 'Took', kind: 'number', cell: (one) => formatDuration(one.durationMs, true) },
            { head: 'Steps', cell: (one) => <Steps of={one.steps} /> },
          ]}
          empty={<p>None has run on this hub yet: the first comes within a minute.</p>}
        />
        <h2>The SFTP relay</h2>
        <RelayHealth view={view} of={relay} />
        {relay.runs !== null && <RelayContacts view={view} of={relay.contacts} />}
        <h2>Storage and keys</h2>
        <Facts
          of={[
            [
              'Database',
              <>
                <progress max={100} value={Math.round(full * 100)} aria-label="How full the database is" />
                {formatBytes(status.storage.bytes)} of {formatBytes(status.storage.limitBytes)} (
                {(full * 100).toFixed(full < 0.1 ? 2 : 0)} %)
              </>,
            ],
            ['Sealing key', status.sealing.keyId],
            [
              'Sealed under another key',
              status.sealing.remaining ? (
                <State word="yes: POST /api/system/reseal until nothing remains" tone="attention" />
              ) : (
                'nothing'
              ),
            ],
            ['Version', status.version.id ?? 'not deployed through Cloudflare'],
            ['Deployed', <Time view={view} at={status.version.deployedAt} />],
          ]}
        />
        <h2>Settings</h2>
        <Table
          caption="As this version reads them; of a secret only whether it is set"
          rows={Object.entries(status.settings)}
          columns={[
            { head: 'Setting', kind: 'name', cell: ([name]) => <code>{name}</code> },
            { head: 'Value', cell: ([, value]) => value },
          ]}
          empty=""
        />
      </>
    ),
  };
}

const relayWords: Record<NonNullable<RelayOut['state']>, [string, Tone]> = {
  answers: ['answers', 'ok'],
  refuses: ['refuses the hub’s calls', 'bad'],
  unreachable: ['does not answer within two seconds', 'bad'],
};

function RelayHealth({ view, of }: { view: View; of: RelayOut }) {
  if (of.runs === null) return <p>There is none: without RELAY_TOKEN no nightly file is sent.</p>;
  if (of.state === null)
    return (
      <>
        <p>
          It runs as a container of the platform, which sleeps while nothing is sent: it is not asked unless
          told. <a href="?relay=ask">Ask it now</a>
        </p>
        <Facts of={heardFacts(view, of)} />
      </>
    );
  const [word, tone] = relayWords[of.state];
  return (
    <Facts
      of={[
        ['Runs', of.runs === 'host' ? 'on a host of its own (RELAY_URL)' : 'as a container of the platform'],
        ['State', <State word={word} tone={tone} />],
        ...heardFacts(view, of),
        ...(of.detail === null ? [] : [['It said', of.detail] as [string, Child]]),
        [
          'Asked',
          of.askedAt === null ? (
            '–'
          ) : (
            <>
              <Time view={view} at={of.askedAt} />, which took {formatDuration(of.durationMs ?? 0, true)}
            </>
          ),
        ],
        [
          'Transfers under way',
          of.transfers === null ? 'it does not say' : `${of.transfers} of ${of.limit ?? '?'} at once`,
        ],
        ['Leaves from', of.fixed ? of.addresses.join(', ') : 'no fixed addresses (RELAY_EGRESS)'],
      ]}
    />
  );
}

function heardFacts(view: View, { version, lastAnswerAt }: RelayOut): [string, Child][] {
  return [
    ['Version', version === null ? 'not heard yet' : <code>{version}</code>],
    ['Last answer', lastAnswerAt === null ? 'none yet' : <TimeAndAgo view={view} at={lastAnswerAt} />],
  ];
}

const outcomeWords: Record<RelayOut['contacts'][number]['outcome'], [string, Tone]> = {
  answered: ['answered', 'ok'],
  refused: ['refused the hub’s calls', 'bad'],
  unreachable: ['could not be reached', 'bad'],
  lost: ['broke off before its answer', 'bad'],
};

const callWords = { file: 'a file', probe: 'a host’s keys', check: 'whether it answers' };

function RelayContacts({ view, of }: { view: View; of: RelayOut['contacts'] }) {
  return (
    <Table
      caption="Its latest contacts with the hub; a line each time that its answers change"
      rows={of}
      columns={[
        { head: 'From', kind: 'name', cell: ({ since }) => <Time view={view} at={since} /> },
        { head: 'Until', cell: ({ until }) => <TimeAndAgo view={view} at={until} /> },
        {
          head: 'The relay',
          cell: ({ outcome, detail }) => (
            <>
              <State word={outcomeWords[outcome][0]} tone={outcomeWords[outcome][1]} />
              {detail === null ? '' : ` ${detail}`}
            </>
          ),
        },
        { head: 'Last asked for', cell: ({ call }) => callWords[call] },
        { head: 'Version', cell: ({ version }) => (version === null ? '–' : <code>{version}</code>) },
      ]}
      empty={
        <p>
          None yet. Each transfer and each look at a host’s keys is one; a relay on a host of its own is also
          asked every five minutes.
        </p>
      }
    />
  );
}

function Steps({ of }: { of: Record<string, number> }) {
  const failed = Object.entries(of).filter(([, count]) => count < 0);
  if (failed.length > 0)
    return <State word={`failed: ${failed.map(([name]) => name).join(', ')}`} tone="bad" />;
  const busy = Object.entries(of).filter(([, count]) => count > 0);
  if (busy.length === 0) return <>nothing to do</>;
  return <>{busy.map(([name, count]) => `${name} ${count}`).join(', ')}</>;
}

function verdictOf(
  { backlog, crons, storage }: SystemStatus,
  relay: RelayOut,
  problems: number,
  now: number,
): Page['verdict'] {
  const failed = crons.some(({ steps }) => Object.values(steps).some((count) => count < 0));
  const late = backlog.filter(
    ({ oldestDueAt }) => oldestDueAt !== null && now - Date.parse(oldestDueAt) > lateMs,
  );
  const minute = crons.find(({ cron }) => cron === '* * * * *');
  const parts = [
    problems > 0 ? `${problems} ${problems === 1 ? 'problem needs' : 'problems need'} staff` : '',
    failed ? 'a step of a cron failed' : '',
    minute !== undefined && now - Date.parse(minute.startedAt) > lateMs
      ? 'the minute’s cron does not run'
      : '',
    late.length > 0 ? `late: ${late.map(({ name }) => workWords[name] ?? name).join(', ')}` : '',
    relay.state === 'refuses' || relay.state === 'unreachable' ? 'the SFTP relay takes nothing' : '',
    storage.bytes > 0.8 * storage.limitBytes ? 'the database is filling up' : '',
  ].filter((part) => part !== '');
  if (parts.length === 0)
    return { tone: 'ok', text: 'The hub keeps up: nothing is late, and no step failed.' };
  const text = parts.join('; ');
  return { tone: failed ? 'bad' : 'attention', text: `${text.charAt(0).toUpperCase()}${text.slice(1)}.` };
}
