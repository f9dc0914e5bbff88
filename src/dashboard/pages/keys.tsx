import { scopes } from '../../context.ts';
import type { DropOut } from '../../features/drops/routes.ts';
import type { KeyOut, KeyPage, NewKeyOut, SessionPage } from '../../features/keys/routes.ts';
import { TimeAndAgo } from '../components/moments.tsx';
import { Confirm, Copy, Field, Pager, PostForm, State, Table, Time } from '../components/parts.tsx';
import { listQuery } from '../components/query.ts';
import { formatRelative } from '../time.ts';
import type { Outcome, Page, View } from '../view.ts';

const base = (view: View) => `/api/programs/${encodeURIComponent(view.programId)}`;
const soonMs = 14 * 86_400_000;
const unusedMs = 90 * 86_400_000;

/** Keys and sessions: who can act for this program. */
export async function keysPage(view: View): Promise<Page> {
  const [keys, sessions, drop] = await Promise.all([
    view.api.get<KeyPage>(`${base(view)}/keys${listQuery(view, [], { order: 'end' })}`),
    view.api.get<SessionPage>(`${base(view)}/sessions`),
    view.api.get<DropOut>(`${base(view)}/drop`),
  ]);
  const ending = [
    ...keys.items.map((key) => ({ what: `key “${key.name}”`, end: endOf(key) })),
    ...drop.keys.map(({ accessKeyId, endsAt }) => ({ what: `drop key ${accessKeyId}`, end: endsAt })),
  ]
    .flatMap(({ what, end }) => (end === null ? [] : [{ what, endMs: Date.parse(end) }]))
    .filter(({ endMs }) => endMs - view.ctx.now() < soonMs)
    .sort((a, b) => a.endMs - b.endMs);
  return {
    title: 'Keys',
    verdict: verdictOf(
      view,
      ending,
      keys.items.filter((key) => isUnused(view, key)),
    ),
    body: (
      <>
        <Table
          caption="Keys, those that end first, then the newest"
          rows={keys.items}
          columns={[
            {
              head: 'Name',
              kind: 'name',
              cell: (key) => (
                <>
                  {key.name}
                  <small class="beneath">
                    <Copy text={key.keyId} label="the key id" />
                  </small>
                </>
              ),
            },
            { head: 'Scopes', cell: (key) => key.scopes.join(', ') },
            {
              head: 'Ends',
              cell: (key) => {
                const end = endOf(key);
                return (
                  <>
                    {end === null ? <span class="none">never</span> : <TimeAndAgo view={view} at={end} />}
                    <small class="dim beneath">
                      made <Time view={view} at={key.createdAt} />
                    </small>
                  </>
                );
              },
            },
            { head: 'Last used', cell: (key) => <LastUse view={view} of={key} /> },
            {
              head: 'Act',
              cell: (key) => (
                <div class="actions">
                  {key.rotatedTo === null ? (
                    <Confirm
                      view={view}
                      to={view.at(`keys/${key.keyId}/rotate`)}
                      label="Rotate…"
                      button="Make its successor"
                      effect={`A new key with the same scopes is shown once; “${key.name}” works for 24 hours more.`}
                    />
                  ) : null}
                  <Confirm
                    view={view}
                    to={view.at(`keys/${key.keyId}/revoke`)}
                    label="Revoke…"
                    button="Revoke it now"
                    danger
                    effect={
                      <>
                        Whatever uses “{key.name}” is refused from now on, and its sessions end.{' '}
                        <UsedLast view={view} of={key} />
                      </>
                    }
                  />
                </div>
              ),
            },
          ]}
          empty={<p>The program has no key yet.</p>}
        />
        <Pager view={view} next={keys.nextCursor} by="name" />
        <p>
          Keys of the drop folder are on <a href={view.at('drop')}>a page of their own</a>.
        </p>
        <h2>A new key</h2>
        <PostForm view={view} to={view.at('keys')}>
          <Field view={view} name="name" label="Name" hint="What will use it." required />
          <fieldset>
            <legend>Scopes</legend>
            {scopes.map((scope) => (
              <label class="check">
                <input
                  type="checkbox"
                  name="scopes"
                  value={scope}
                  checked={view.form.scopes?.includes(scope) ?? scope === 'read'}
                />{' '}
                {scope}
              </label>
            ))}
          </fieldset>
          <button type="submit" class="primary">
            Make the key
          </button>
        </PostForm>
        <h2>Who is signed in</h2>
        <Table
          caption="Sessions of this dashboard, newest first"
          rows={sessions.items}
          columns={[
            { head: 'Who', kind: 'name', cell: (one) => one.name },
            { head: 'Browser', cell: (one) => one.userAgent },
            { head: 'Since', cell: (one) => <Time view={view} at={one.createdAt} /> },
            { head: 'Last seen', cell: (one) => <Time view={view} at={one.seenAt} /> },
            {
              head: 'Act',
              cell: (one) => (
                <Confirm
                  view={view}
                  to={view.at(`sessions/${one.sessionId}/end`)}
                  label="End…"
                  button="End the session"
                  effect="The next page it asks for is the sign-in page."
                />
              ),
            },
          ]}
          empty={<p>Nobody.</p>}
        />
      </>
    ),
  };
}

function isUnused(view: View, { lastUsedAt, createdAt }: KeyOut): boolean {
  return view.ctx.now() - Date.parse(lastUsedAt ?? createdAt) > unusedMs;
}

/** The earlier of its own end and its rotation's. */
function endOf({ endsAt, expiresAt }: KeyOut): string | null {
  if (endsAt === null || expiresAt === null) return endsAt ?? expiresAt;
  return Date.parse(endsAt) < Date.parse(expiresAt) ? endsAt : expiresAt;
}

/** Named one by one, so many of them. */
const namedAtMost = 3;

function verdictOf(view: View, ending: { what: string; endMs: number }[], unused: KeyOut[]): Page['verdict'] {
  const now = view.ctx.now();
  const said = ending
    .slice(0, namedAtMost)
    .map(({ what, endMs }) => `${what} ${endMs > now ? 'ends' : 'ended'} ${formatRelative(endMs, now)}`);
  const more = ending.length > namedAtMost ? ` and ${ending.length - namedAtMost} more within two weeks` : '';
  const first = `${said.join(', ')}${more}.`;
  const parts = [
    ending.length === 0 ? '' : `${first.charAt(0).toUpperCase()}${first.slice(1)}`,
    unused.length === 0 ? '' : `Not used for 90 days: ${unused.map(({ name }) => name).join(', ')}.`,
  ].filter((part) => part !== '');
  if (parts.length === 0)
    return { tone: 'ok', text: 'No key ends within two weeks, and none has gone unused for 90 days.' };
  return { tone: 'attention', text: parts.join(' ') };
}

function LastUse({ view, of }: { view: View; of: KeyOut }) {
  return (
    <>
      {of.lastUsedAt === null ? (
        <span class="none">no use noted</span>
      ) : (
        <>
          <TimeAndAgo view={view} at={of.lastUsedAt} /> <small class="dim">from {of.lastUsedFrom}</small>
        </>
      )}
      {isUnused(view, of) ? <State word="unused for 90 days" tone="attention" /> : null}
    </>
  );
}

/** What would be refused from now on, as far as one use an hour tells. */
function UsedLast({ view, of }: { view: View; of: KeyOut }) {
  if (of.lastUsedAt === null) return <>No use of it has been noted.</>;
  return (
    <>
      It was last used at <Time view={view} at={of.lastUsedAt} />, to the hour: {of.lastUsedFor}, by{' '}
      {of.lastUsedBy}, from {of.lastUsedFrom}.
    </>
  );
}

export async function createKey(view: View): Promise<Outcome> {
  const made = await view.api.send<NewKeyOut>('POST', `${base(view)}/keys`, {
    name: view.form.name?.[0] ?? '',
    scopes: view.form.scopes ?? [],
  });
  return newKeyPage(view, made);
}

export async function rotateKey(view: View): Promise<Outcome> {
  const made = await view.api.send<NewKeyOut>(
    'POST',
    `${base(view)}/keys/${encodeURIComponent(view.params.keyId ?? '')}/rotate`,
  );
  return newKeyPage(view, made);
}

/** Shown once, and kept by no browser. */
function newKeyPage(view: View, made: NewKeyOut | null): Page {
  return {
    title: 'A new key',
    secret: true,
    verdict: { tone: 'attention', text: 'Copy it now: it is shown this once.' },
    body: (
      <>
        <Copy text={made?.key ?? ''} label="the key" />
        <p class="dim">Its id is {made?.keyId}.</p>
        <p>
          <a href={view.at('keys')}>Back to the keys</a>
        </p>
      </>
    ),
  };
}

export async function revokeKey(view: View): Promise<Outcome> {
  await view.api.send('DELETE', `${base(view)}/keys/${encodeURIComponent(view.params.keyId ?? '')}`);
  return { to: view.at('keys'), done: 'revoked' };
}

export async function endSession(view: View): Promise<Outcome> {
  await view.api.send('DELETE', `${base(view)}/sessions/${encodeURIComponent(view.params.sessionId ?? '')}`);
  return { to: view.at('keys'), done: 'session-ended' };
}
