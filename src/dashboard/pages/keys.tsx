import { scopes } from '../../context.ts';
import type { KeyOut, KeyPage, NewKeyOut, SessionPage } from '../../features/keys/routes.ts';
import {
  Confirm,
  Copy,
  Field,
  Pager,
  PostForm,
  State,
  Table,
  Time,
  TimeAndAgo,
} from '../components/parts.tsx';
import type { Outcome, Page, View } from '../view.ts';

const base = (view: View) => `/api/programs/${encodeURIComponent(view.programId)}`;
const soonMs = 14 * 86_400_000;
const unusedMs = 90 * 86_400_000;

/** Keys and sessions: who can act for this program. */
export async function keysPage(view: View): Promise<Page> {
  const cursor = view.query.get('cursor');
  const [keys, sessions] = await Promise.all([
    view.api.get<KeyPage>(
      `${base(view)}/keys${cursor === null ? '' : `?cursor=${encodeURIComponent(cursor)}`}`,
    ),
    view.api.get<SessionPage>(`${base(view)}/sessions`),
  ]);
  const ending = keys.items.filter((key) => {
    const end = key.endsAt ?? key.expiresAt;
    return end !== null && Date.parse(end) - view.ctx.now() < soonMs;
  });
  return {
    title: 'Keys',
    verdict: verdictOf(
      ending,
      keys.items.filter((key) => isUnused(view, key)),
    ),
    body: (
      <>
        <Table
          caption="Keys, newest first"
          rows={keys.items}
          columns={[
            { head: 'Name', kind: 'name', cell: (key) => key.name },
            { head: 'Key id', cell: (key) => <Copy text={key.keyId} label="the key id" /> },
            { head: 'Scopes', cell: (key) => key.scopes.join(', ') },
            { head: 'Made', cell: (key) => <Time view={view} at={key.createdAt} /> },
            { head: 'Ends', cell: (key) => <Time view={view} at={key.endsAt ?? key.expiresAt} /> },
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
        <Pager view={view} next={keys.nextCursor} />
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

function verdictOf(ending: KeyOut[], unused: KeyOut[]): Page['verdict'] {
  const names = (keys: KeyOut[]) => keys.map(({ name }) => name).join(', ');
  const parts = [
    ending.length === 0 ? '' : `Within two weeks these end: ${names(ending)}.`,
    unused.length === 0 ? '' : `Not used for 90 days: ${names(unused)}.`,
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
