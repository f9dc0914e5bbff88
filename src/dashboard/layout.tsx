import { raw } from 'hono/html';
import type { Child } from 'hono/jsx';
import type { Scope } from '../context.ts';
import { assets } from './assets.gen.ts';
import { Icon, withQuery } from './components/parts.tsx';
import { doneSentences } from './done.ts';
import { WhatChanged } from './news.tsx';
import { formatMoment, offsetOf } from './time.ts';
import type { Page, View } from './view.ts';

interface Entry {
  section: string;
  label: string;
  path: string;
  scope: Scope | 'system';
}

/** The navigation of a program's pages, in the order in which records pass. */
const entries: { group: string; of: Entry[] }[] = [
  { group: '', of: [{ section: 'overview', label: 'Overview', path: 'overview', scope: 'read' }] },
  {
    group: 'In',
    of: [
      { section: 'files', label: 'Files', path: 'files', scope: 'read' },
      { section: 'jobs', label: 'Jobs', path: 'jobs', scope: 'read' },
      { section: 'tasks', label: 'Tasks', path: 'tasks', scope: 'read' },
      { section: 'datasets', label: 'Datasets', path: 'datasets', scope: 'read' },
    ],
  },
  {
    group: 'Events',
    of: [
      { section: 'events', label: 'Events', path: 'events', scope: 'read' },
      { section: 'subscriptions', label: 'Subscriptions', path: 'subscriptions', scope: 'read' },
    ],
  },
  {
    group: 'Out',
    of: [
      { section: 'webhooks', label: 'Webhooks', path: 'webhooks', scope: 'read' },
      { section: 'deliveries', label: 'Deliveries', path: 'deliveries', scope: 'read' },
      { section: 'exports', label: 'Exports', path: 'exports', scope: 'read' },
    ],
  },
  { group: 'Managers', of: [{ section: 'flows', label: 'Flows', path: 'flows', scope: 'read' }] },
  {
    group: 'Settings',
    of: [
      { section: 'monitors', label: 'Monitors', path: 'monitors', scope: 'read' },
      { section: 'drop', label: 'Drop keys', path: 'drop', scope: 'read' },
      { section: 'keys', label: 'Keys', path: 'keys', scope: 'manage' },
      { section: 'audit', label: 'Audit', path: 'audit', scope: 'manage' },
    ],
  },
];

export function renderPage(view: View, section: string, page: Page): string {
  const done = doneSentences[view.query.get('done') ?? ''];
  const count = page.count === undefined || page.count === 0 ? '' : `(${page.count}) `;
  const titled = `${count}${page.title} · ${view.programId === '' ? 'Crosswalk' : view.programName}`;
  const live = page.every !== undefined && view.query.get('live') !== 'off';
  return document(
    titled,
    page.count ?? 0,
    <>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <Header view={view} />
      <div class="frame">
        {view.programId === '' ? null : <Navigation view={view} section={section} />}
        <main id="main" tabindex={-1}>
          <WhatChanged view={view} />
          {done === undefined ? null : (
            <p class="notice tone-ok" role="status">
              <Icon tone="ok" /> {done}
            </p>
          )}
          {view.problem === null ? null : <ProblemBox view={view} />}
          <hub-live
            id="live"
            data-every={live ? page.every : undefined}
            data-zone={live && page.every ? view.zone.name : undefined}
          >
            <h1>{page.title}</h1>
            {page.verdict === null ? null : (
              <p
                class={`verdict tone-${page.verdict.tone}`}
                aria-live={page.every === undefined ? undefined : 'polite'}
              >
                <Icon tone={page.verdict.tone} />
                <span>{page.verdict.text}</span>
              </p>
            )}
            {page.body}
          </hub-live>
        </main>
      </div>
      <Footer view={view} isLive={page.every === undefined ? null : live} />
    </>,
  );
}

/** A page of nobody's: sign-in, and errors before anyone is known. */
export function renderPlain(title: string, body: Child): string {
  return document(
    `${title} · Crosswalk`,
    0,
    <div class="plain">
      <p class="brand">Crosswalk</p>
      <main id="main">
        <h1>{title}</h1>
        {body}
      </main>
    </div>,
  );
}

/** The tab's icon with a number in it, where something needs somebody. */
function iconOf(count: number): string {
  if (count === 0) return assets.icon;
  const text = count > 9 ? '9+' : String(count);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#b3261e"/><text x="16" y="23" font-family="sans-serif" font-size="${text.length > 1 ? 17 : 21}" font-weight="700" text-anchor="middle" fill="#fff">${text}</text></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

function document(title: string, count: number, body: Child): string {
  const html = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{title}</title>
        <link rel="icon" href={iconOf(count)} type="image/svg+xml" />
        <link rel="stylesheet" href={assets.style} />
        <script type="module" src={assets.script} />
      </head>
      <body>{body}</body>
    </html>
  );
  // Without a doctype browsers go into quirks mode; JSX cannot say it.
  return `${raw('<!doctype html>')}${String(html)}`;
}

function Header({ view }: { view: View }) {
  return (
    <header class="top">
      <p class="brand">
        <a href="/">Crosswalk</a>
      </p>
      {view.programId === '' ? null : (
        <>
          <p class="program">
            <a href={view.at('overview')}>{view.programName}</a>
          </p>
          <button type="button" class="menu" popovertarget="sections">
            Menu
          </button>
        </>
      )}
      <search>
        <form action="/jump" method="get" class="jump">
          <input type="hidden" name="in" value={view.programId} />
          <label for="jump" class="visually-hidden">
            Jump to an id, a file or a message
          </label>
          <input id="jump" name="q" type="search" placeholder="Paste any id" autocomplete="off" />
        </form>
      </search>
      <div class="who">
        <span>{view.actor.session?.name ?? view.actor.keyId}</span>
        <form method="post" action="/sign-out">
          <input type="hidden" name="_token" value={view.formToken} />
          <button type="submit" class="plain-button">
            Sign out
          </button>
        </form>
      </div>
    </header>
  );
}

function Navigation({ view, section }: { view: View; section: string }) {
  return (
    <nav id="sections" class="sections" popover="auto" aria-label="Pages of the program">
      {entries.map(({ group, of }) => {
        const mine = of.filter(({ scope }) => view.can(scope));
        if (mine.length === 0) return null;
        return (
          <div>
            {group === '' ? null : <p class="group">{group}</p>}
            <ul>
              {mine.map((entry) => (
                <li>
                  <a href={view.at(entry.path)} aria-current={entry.section === section ? 'page' : undefined}>
                    {entry.label}
                  </a>
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </nav>
  );
}

function Footer({ view, isLive }: { view: View; isLive: boolean | null }) {
  const now = view.ctx.now();
  const choices = [
    ['program', view.programId === '' ? 'the hub’s zone' : 'the program’s zone'],
    ['mine', 'my zone'],
    ['utc', 'UTC'],
  ] as const;
  const to = (mode: string) => {
    const query = new URLSearchParams(view.query);
    query.set('tz', mode);
    return `${view.url.pathname}?${query}`;
  };
  return (
    <footer class="bottom">
      <p>
        All times {view.zone.name} ({offsetOf(now, view.zone.name)}). Made at{' '}
        <time datetime={new Date(now).toISOString()}>{formatMoment(now, view.zone.name)}</time>.
      </p>
      <ul>
        {choices.map(([mode, label]) => (
          <li>
            {mode === view.zone.mode ? (
              <span aria-current="true">{label}</span>
            ) : (
              <a href={to(mode)}>{label}</a>
            )}
          </li>
        ))}
        {isLive === null ? null : (
          <li>
            <a href={withQuery(view, { live: isLive ? 'off' : null })}>
              {isLive ? 'Pause updates' : 'Update by itself'}
            </a>
          </li>
        )}
        <li>
          <a href="/keyboard">Keyboard</a>
        </li>
        <li>
          <a href="/api/docs">API</a>
        </li>
      </ul>
    </footer>
  );
}

function ProblemBox({ view }: { view: View }) {
  const { problem } = view;
  if (problem === null) return null;
  // Often the sentence is that of the first thing that is wrong: each is said once, with its field's name.
  const { detail, errors = [] } = problem;
  const [first, ...others] = errors;
  const isTold = first !== undefined && detail.includes(first.message);
  const only = isTold && others.length === 0 ? first : null;
  return (
    <div class="notice tone-bad" role="alert">
      <p>
        <Icon tone="bad" /> {only === null || only.path === '' ? null : <code>{only.path}</code>}{' '}
        {only !== null ? only.message : isTold ? `${errors.length} things are not right yet.` : detail}
      </p>
      {only !== null || errors.length === 0 ? null : (
        <ul>
          {errors.map(({ path, message }) => (
            <li>
              {path === '' ? null : <code>{path}</code>} {message}
            </li>
          ))}
        </ul>
      )}
      <p class="dim">Request {problem.requestId}</p>
    </div>
  );
}
