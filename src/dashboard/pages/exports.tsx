import type { Child } from 'hono/jsx';
import type { ExportOut, ExportPage } from '../../features/exports/routes.ts';
import { ApiProblem } from '../api.ts';
import { Command } from '../components/command.tsx';
import { Choice } from '../components/forms.tsx';
import { Copy, Field, Pager, PostForm, State, Table, Time } from '../components/parts.tsx';
import { field, listQuery, programApi, words } from '../components/query.ts';
import { formatRelative } from '../time.ts';
import type { Outcome, Page, Tone, View } from '../view.ts';

/** Whether an export goes out tonight, in a word. */
export function exportState(one: ExportOut): { word: string; tone: Tone } {
  if (one.active) return { word: 'active', tone: 'ok' };
  return one.hostKeys.length === 0
    ? { word: 'no host key pinned', tone: 'attention' }
    : { word: 'paused', tone: 'attention' };
}

/** The nightly files of a program: whether each goes out, and when next. */
export async function exportsPage(view: View): Promise<Page> {
  const [list, addresses] = await Promise.all([
    view.api.get<ExportPage>(programApi(view, `exports${listQuery(view, [])}`)),
    addressesOf(view),
  ]);
  return {
    title: 'Exports',
    every: 15,
    verdict: verdictOf(view, list.items),
    body: (
      <>
        <Table
          caption="Nightly files"
          rows={list.items}
          columns={[
            {
              head: 'Export',
              kind: 'name',
              cell: (one) => <a href={view.at(`exports/${one.exportId}`)}>{one.name}</a>,
            },
            { head: 'State', cell: (one) => <State {...exportState(one)} /> },
            { head: 'Last night', cell: (one) => <LastNight view={view} of={one} /> },
            { head: 'Next', cell: (one) => <Time view={view} at={one.nextDueAt} /> },
            { head: 'To', kind: 'long', cell: (one) => one.destination },
            { head: 'Format', cell: (one) => one.format },
          ]}
          empty={
            <>
              <p>
                An export sends the events of each local day as one file, at about two in the morning, to an
                SFTP server. Set one up below, or from a shell:
              </p>
              <Command
                view={view}
                method="POST"
                path={programApi(view, 'exports')}
                body={{
                  name: 'nightly',
                  format: 'csv',
                  destination: 'sftp://username:password@sftp.school.example:22/~/in',
                }}
              />
            </>
          }
        />
        <Pager view={view} next={list.nextCursor} by="name" />
        <h2>For allow-lists</h2>
        {addresses}
        {view.can('exports') ? <NewExport view={view} /> : <WhoMay />}
      </>
    ),
  };
}

/** Where transfers come from, for whoever guards the destination. A container is not asked: that would wake it. */
async function addressesOf(view: View): Promise<Child> {
  const { RELAY_TOKEN: token, RELAY_URL: url } = view.ctx.config;
  if (token === undefined)
    return <p>Files leave through an SFTP relay, which this hub’s operator has not set up yet.</p>;
  if (url === undefined)
    return (
      <p>
        Files leave from addresses that change: the relay runs as a container of the platform. Where a host
        takes calls from known addresses alone, the operator runs the relay on a host of its own.
      </p>
    );
  const said = await view.api.ask('GET', programApi(view, 'exports/egress')).catch((error: unknown) => {
    if (error instanceof ApiProblem) return null;
    throw error;
  });
  if (said === null) return <p>The relay does not answer now, and so does not say where files come from.</p>;
  const { addresses } = await said.json<{ addresses: string[] }>();
  if (addresses.length === 0)
    return (
      <p>
        The relay names no fixed addresses. Its operator sets <code>RELAY_EGRESS</code> to those that files
        leave from.
      </p>
    );
  return (
    <>
      <p>Files come from {addresses.length === 1 ? 'this address' : 'these addresses'}, and from no other:</p>
      <ul class="plain-list">
        {addresses.map((address) => (
          <li>
            <Copy text={address} label={`the address ${address}`} />
          </li>
        ))}
      </ul>
    </>
  );
}

function WhoMay() {
  return <p class="dim">Somebody with the scope “exports” can set one up or change it.</p>;
}

function LastNight({ view, of }: { view: View; of: ExportOut }) {
  // The day before it was made is where it begins, and was never sent.
  if (of.lastLocalDate === null || of.lastLocalDate < of.createdAt.slice(0, 10)) return <>none yet</>;
  return <a href={view.at(`exports/${of.exportId}/nights/${of.lastLocalDate}`)}>{of.lastLocalDate}</a>;
}

function verdictOf(view: View, items: ExportOut[]): Page['verdict'] {
  if (items.length === 0) return { tone: 'quiet', text: 'No nightly file is set up.' };
  const off = items.filter(({ active }) => !active);
  const next = items
    .flatMap(({ nextDueAt }) => (nextDueAt === null ? [] : [nextDueAt]))
    .toSorted()
    .at(0);
  const when =
    next === undefined ? '' : ` The next goes out ${formatRelative(Date.parse(next), view.ctx.now())}.`;
  if (off.length === 0)
    return {
      tone: 'ok',
      text: `${items.length === 1 ? 'The export is' : `All ${items.length} are`} active.${when}`,
    };
  const unpinned = off.filter(({ hostKeys }) => hostKeys.length === 0).length;
  const why = unpinned > 0 ? `, ${unpinned} for want of a pinned host key` : '';
  const verb = off.length === 1 ? 'does' : 'do';
  return { tone: 'attention', text: `${off.length} of ${items.length} ${verb} not go out${why}.${when}` };
}

function NewExport({ view }: { view: View }) {
  return (
    <>
      <h2>A new export</h2>
      <PostForm view={view} to={view.at('exports')}>
        <Field view={view} name="name" label="Name" hint="Such as: nightly completions." required />
        <Choice view={view} name="format" label="Format" options={['csv', 'json']} />
        <DestinationFields view={view} required />
        <Field
          view={view}
          name="types"
          label="Event types"
          hint="Separated by spaces; none for all of them."
        />
        <Field
          view={view}
          name="categories"
          label="Categories"
          hint="One on each line; none for all."
          rows={2}
        />
        <Field view={view} name="atLocalTime" label="At (local time)" value="02:00" required />
        <Field
          view={view}
          name="timeZone"
          label="Zone"
          hint="An IANA name such as Europe/Oslo; empty for the program’s own."
        />
        <button type="submit" class="primary">
          Set it up
        </button>
        <p class="dim">It is not active before a key of its host is pinned: that is the next step.</p>
      </PostForm>
    </>
  );
}

/** Where it goes, and what logs in. What is secret is never shown again, not even after a mistake. */
export function DestinationFields({
  view,
  required,
  value,
}: {
  view: View;
  required?: boolean;
  value?: string;
}) {
  return (
    <>
      <Field
        view={view}
        name="destination"
        label="Destination"
        hint="sftp://username@host:22/path; “/~/in” is below the login folder."
        value={value}
        required={required ?? false}
      />
      <Field view={view} name="password" label="Password" type="password" hint="Or a private key." />
      <Field
        view={view}
        name="privateKey"
        label="Private key"
        hint="OpenSSH, PEM or PPK; tried before the password."
        rows={3}
        secret
      />
      <Field view={view} name="passphrase" label="Passphrase of the key" type="password" />
    </>
  );
}

/** The destination and what logs in, as the API takes them; only what was filled in. */
export function destinationOf(view: View): Record<string, unknown> {
  const destination = field(view, 'destination');
  const password = view.form.password?.[0] ?? '';
  const privateKey = view.form.privateKey?.[0] ?? '';
  const passphrase = view.form.passphrase?.[0] ?? '';
  return {
    ...(destination === undefined ? {} : { destination: withPassword(destination, password) }),
    ...(privateKey.trim() === '' ? {} : { privateKey: privateKey.replaceAll('\r\n', '\n') }),
    ...(passphrase === '' ? {} : { passphrase }),
  };
}

/** Puts the password of a field of its own where the URL has its place. */
function withPassword(destination: string, password: string): string {
  if (password === '') return destination;
  const encoded = encodeURIComponent(password).replace(
    /[!'()*~]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return destination.replace(/^(sftp:\/\/[^:@/]*)@/i, `$1:${encoded}@`);
}

export async function createExport(view: View): Promise<Outcome> {
  const categories = (view.form.categories?.[0] ?? '').split(/\r?\n/).flatMap((one) => one.trim() || []);
  const made = await view.api.send<ExportOut>('POST', programApi(view, 'exports'), {
    name: field(view, 'name') ?? '',
    format: field(view, 'format') ?? 'csv',
    destination: '',
    ...destinationOf(view),
    events: { types: words(view, 'types'), categories },
    atLocalTime: field(view, 'atLocalTime') ?? '02:00',
    timeZone: field(view, 'timeZone') ?? null,
  });
  return { to: view.at(`exports/${made?.exportId ?? ''}`), done: 'export-created' };
}
