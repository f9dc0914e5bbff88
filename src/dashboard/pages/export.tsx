import type { ExportOut, ExportRunPage, HostProbe } from '../../features/exports/routes.ts';
import { encodeCursor } from '../../platform/cursor.ts';
import { addDays, localDateAt } from '../../platform/zones.ts';
import { ApiProblem } from '../api.ts';
import { Calendar } from '../components/calendar.tsx';
import { Facts } from '../components/facts.tsx';
import { Confirm, Copy, Field, PostForm, State, Table, Time } from '../components/parts.tsx';
import { field, programApi, sendIfUnchanged } from '../components/query.ts';
import { monthOf } from '../nights.ts';
import { formatDuration, formatRelative } from '../time.ts';
import { isSent, type Outcome, type Page, type View } from '../view.ts';
import { DestinationFields, destinationOf, exportState } from './exports.tsx';

const api = (view: View, rest = '') =>
  programApi(view, `exports/${encodeURIComponent(view.params.exportId ?? '')}${rest}`);
const here = (view: View, rest = '') =>
  view.at(`exports/${encodeURIComponent(view.params.exportId ?? '')}${rest}`);

/** One export: its nights as a calendar, then how it is set up. */
export async function exportPage(view: View): Promise<Page> {
  const one = await view.api.get<ExportOut>(api(view));
  const zone = one.timeZone ?? view.programZone;
  const month = monthOf(view.query.get('month'), localDateAt(zone, view.ctx.now()));
  // Nights are listed from a date backwards: a month is what lies before the first day of the next.
  const before = encodeCursor([`${addDays(`${month}-28`, 4).slice(0, 7)}-01`]);
  const runs = await view.api.get<ExportRunPage>(
    api(view, `/runs?limit=31&cursor=${encodeURIComponent(before)}`),
  );
  return {
    title: one.name,
    every: runs.items.some(({ endedAt }) => endedAt === null) ? 2 : 15,
    verdict: verdictOf(view, one, runs.items),
    body: (
      <>
        {view.can('exports') ? <Actions view={view} of={one} /> : null}
        <Calendar view={view} of={one} zone={zone} month={month} runs={runs.items} />
        <h2>How it is set up</h2>
        <Facts
          of={[
            ['State', <State {...exportState(one)} />],
            ['Goes out at', `${one.atLocalTime}, ${zone}`],
            ['Next', <Time view={view} at={one.nextDueAt} />],
            ['To', <code>{one.destination}</code>],
            [
              'Logs in with',
              [one.hasPrivateKey ? 'a private key' : '', one.hasPassword ? 'a password' : '']
                .filter(Boolean)
                .join(', then ') || 'nothing',
            ],
            ['Format', one.format],
            ['Event types', one.events.types.join(', ') || 'all'],
            ['Categories', one.events.categories.join(', ') || 'all'],
            ['A day without events', one.emptyDay === 'send' ? 'a file without events' : 'no file'],
            ['Takes its name by', one.mode === 'rename' ? 'a rename, once it is whole' : 'a direct write'],
            ['Manifest', one.manifest ? 'after each file' : 'none'],
            ['Formulas in cells', one.guardFormulas ? 'made harmless' : 'as they are'],
            ['Id', <Copy text={one.exportId} label="the export’s id" />],
          ]}
        />
        <Keys of={one} />
        <p>
          <a href={view.at(`deliveries?channel=sftp`)}>All transfers of this program</a>
        </p>
      </>
    ),
  };
}

function verdictOf(view: View, one: ExportOut, runs: ExportRunPage['items']): Page['verdict'] {
  if (!one.active)
    return one.hostKeys.length === 0
      ? {
          tone: 'attention',
          text: 'Nothing goes out: no key of the host is pinned yet. Ask the host for its keys, compare, and pin one.',
        }
      : { tone: 'attention', text: 'Paused: nights wait, and go out one after another when it is resumed.' };
  const next =
    one.nextDueAt === null
      ? ''
      : ` Next ${formatRelative(Date.parse(one.nextDueAt), view.ctx.now())}, at ${one.atLocalTime} local time.`;
  const [last] = runs;
  if (last === undefined) return { tone: 'ok', text: `Active; no night went out in this month.${next}` };
  if (last.status === 'exhausted')
    return { tone: 'bad', text: `The night of ${last.localDate} did not arrive: ${last.message}${next}` };
  if (last.status === 'delivered')
    return { tone: 'ok', text: `The night of ${last.localDate} arrived: ${last.events} events.${next}` };
  return { tone: 'busy', text: `The night of ${last.localDate}: ${last.message}${next}` };
}

function Actions({ view, of }: { view: View; of: ExportOut }) {
  return (
    <div class="actions">
      <PostForm view={view} to={here(view, '/probe')}>
        <button type="submit" class={of.hostKeys.length === 0 ? 'primary' : ''}>
          Ask the host for its keys
        </button>
      </PostForm>
      {of.hostKeys.length > 0 ? (
        <PostForm view={view} to={here(view, '/test')}>
          <button type="submit">Send a test file</button>
        </PostForm>
      ) : null}
      {of.active ? (
        <Confirm
          view={view}
          to={here(view, '/pause')}
          label="Pause…"
          button="Pause it"
          effect="No night goes out. When it is resumed it goes on from where it stopped: nothing is left out."
        />
      ) : of.hostKeys.length > 0 ? (
        <Confirm
          view={view}
          to={here(view, '/resume')}
          label="Resume…"
          button="Resume it"
          effect={`It goes on after the night of ${of.lastLocalDate ?? 'its creation'}: each night since then goes out, one after another.`}
        />
      ) : null}
      <details class="confirm" open={isSent(view, here(view, '/change'))}>
        <summary class="button">Change…</summary>
        <PostForm view={view} to={here(view, '/change')}>
          <input type="hidden" name="base" value={of.updatedAt} />
          <Field view={view} name="name" label="Name" value={of.name} required />
          <DestinationFields view={view} value={of.destination} />
          <p class="dim">
            Without a password or key the stored one stays, as long as the account is the same; a pinned key
            belongs to its host.
          </p>
          <Field view={view} name="atLocalTime" label="At (local time)" value={of.atLocalTime} required />
          <button type="submit" class="primary">
            Save
          </button>
        </PostForm>
      </details>
      <Confirm
        view={view}
        to={here(view, '/delete')}
        label="Delete…"
        button="Delete the export"
        danger
        effect="Its nights and their files go from here. What was sent stays on the receiver’s server."
      />
    </div>
  );
}

function Keys({ of }: { of: ExportOut }) {
  return (
    <Table
      caption="Keys that the host may have"
      rows={of.hostKeys}
      columns={[
        { head: 'Type', kind: 'name', cell: (key) => key.type },
        { head: 'Fingerprint', cell: (key) => <Copy text={key.fingerprint} label="the fingerprint" /> },
      ]}
      empty={
        <p>
          None is pinned. A password goes only to a host whose key is known: ask the host for its keys above,
          and compare what it says with what its operator says.
        </p>
      }
    />
  );
}

/** The keys the host has now, each with a button that pins it. */
export async function probeExport(view: View): Promise<Outcome> {
  const probe = await view.api.send<HostProbe>('POST', api(view, '/probe'));
  if (probe === null) return { to: here(view) };
  const pinned = probe.hostKeys.filter((key) => key.pinned).length;
  return {
    title: `Keys of ${probe.host}`,
    verdict: {
      tone: pinned > 0 ? 'ok' : 'attention',
      text:
        pinned > 0
          ? `The host has ${pinned} of the pinned keys.`
          : 'None of these keys is pinned. Compare a fingerprint with what the server’s operator told you, then pin it.',
    },
    body: (
      <>
        <Table
          caption={`What ${probe.host}:${probe.port} answered, after ${formatDuration(probe.durationMs, true)}`}
          rows={probe.hostKeys}
          columns={[
            { head: 'Type', kind: 'name', cell: (key) => key.type },
            { head: 'Fingerprint', cell: (key) => <Copy text={key.fingerprint} label="the fingerprint" /> },
            {
              head: 'Pinned',
              cell: (key) =>
                key.pinned ? (
                  <State word="pinned" tone="ok" />
                ) : (
                  <PostForm view={view} to={here(view, '/pin')}>
                    <input type="hidden" name="type" value={key.type} />
                    <input type="hidden" name="fingerprint" value={key.fingerprint} />
                    <button type="submit">Pin this key</button>
                  </PostForm>
                ),
            },
          ]}
          empty={<p>It showed no key.</p>}
        />
        <Facts
          of={[
            ['Address', probe.address ?? '–'],
            ['Software', probe.software ?? '–'],
          ]}
        />
        <p>
          <a href={here(view)}>Back to the export</a>
        </p>
      </>
    ),
  };
}

/** Pinning the first key makes the export active, and the API sends a test file by itself. */
export async function pinKey(view: View): Promise<Outcome> {
  const key = { type: field(view, 'type') ?? '', fingerprint: field(view, 'fingerprint') ?? '' };
  for (let tries = 1; ; tries++) {
    const answer = await view.api.ask('GET', api(view));
    const one = await answer.json<ExportOut>();
    const others = one.hostKeys.filter(({ fingerprint }) => fingerprint !== key.fingerprint);
    const ifMatch = { 'if-match': answer.headers.get('etag') ?? '' };
    try {
      await view.api.ask('PATCH', api(view), { hostKeys: [...others, key], active: true }, ifMatch);
      return { to: here(view), done: 'pinned' };
    } catch (error) {
      // Somebody pinned another at this moment: this one is put beside it.
      const isRace = error instanceof ApiProblem && error.problem.status === 412;
      if (!isRace || tries >= 3) throw error;
    }
  }
}

export async function testExport(view: View): Promise<Outcome> {
  const made = await view.api.send<{ deliveryId: string }>('POST', api(view, '/test'));
  return { to: view.at(`deliveries/${made?.deliveryId ?? ''}`), done: 'tested' };
}

export async function changeExport(view: View): Promise<Outcome> {
  const change = {
    name: field(view, 'name') ?? '',
    atLocalTime: field(view, 'atLocalTime') ?? '',
    ...destinationOf(view),
  };
  await sendIfUnchanged(view, 'PATCH', api(view), change, 'this export');
  return { to: here(view), done: 'saved' };
}

export async function setExportActive(view: View): Promise<Outcome> {
  const active = view.params.active === 'resume';
  await view.api.send('PATCH', api(view), { active });
  return { to: here(view), done: active ? 'resumed' : 'paused' };
}

export async function deleteExport(view: View): Promise<Outcome> {
  await view.api.send('DELETE', api(view));
  return { to: view.at('exports'), done: 'deleted' };
}
