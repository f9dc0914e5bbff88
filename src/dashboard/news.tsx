import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { Scope } from '../context.ts';
import { Icon, PostForm, Time } from './components/parts.tsx';
import type { View } from './view.ts';

/** What a version brought that somebody who works with the pages notices. */
interface News {
  /** Counts up; a browser remembers the highest that it was told. */
  number: number;
  for: Scope | 'system';
  text: string;
}

/** Newest first. What nobody needs to know of is left out, and what is a year old. */
export const news: News[] = [
  { number: 5, for: 'files', text: 'A file is dropped, run and deleted on the page of files.' },
  { number: 4, for: 'read', text: 'Records of a dataset are found by the value of any column, on its page.' },
  {
    number: 3,
    for: 'read',
    text: 'A form that is sent after the session has ended comes back with what was typed.',
  },
  {
    number: 2,
    for: 'read',
    text: 'A record’s page tells every change of it, field by field, and what became of each.',
  },
  {
    number: 1,
    for: 'manage',
    text: 'Problems can be acknowledged, ignored, resolved, and retried all at once.',
  },
];

const newest = news[0]?.number ?? 0;
/** More than these nobody reads. */
const shownAtMost = 5;
const cookie = 'news';

/** What the browser was last told; null for one that is new here: to it nothing has changed. */
export function newsSeen(c: Context): number | null {
  const seen = getCookie(c, cookie);
  return seen !== undefined && /^\d{1,6}$/.test(seen) ? Number(seen) : null;
}

export function rememberNews(c: Context): void {
  setCookie(c, cookie, String(newest), {
    ...{ httpOnly: true, secure: true, sameSite: 'Lax', path: '/', maxAge: 365 * 86_400 },
  });
}

/** After a deploy: what it changed, until somebody has read it. */
export function WhatChanged({ view }: { view: View }) {
  const seen = view.newsSeen;
  const unread = seen === null ? [] : news.filter((one) => one.number > seen && view.can(one.for));
  if (unread.length === 0) return null;
  return (
    <aside class="notice tone-quiet" aria-labelledby="news">
      <p id="news">
        <Icon tone="quiet" /> <strong>New here</strong> <Version view={view} />
      </p>
      <ul>
        {unread.slice(0, shownAtMost).map(({ text }) => (
          <li>{text}</li>
        ))}
      </ul>
      <PostForm view={view} to="/news/read">
        <input type="hidden" name="to" value={`${view.url.pathname}${view.url.search}`} />
        <button type="submit">I have read it</button>
      </PostForm>
    </aside>
  );
}

/** As Cloudflare names it; a hub that nothing has deployed says so. */
function Version({ view }: { view: View }) {
  const { id, deployedAt } = view.version;
  if (id === null) return <span class="dim">in this hub, which runs from its sources</span>;
  return (
    <span class="dim">
      in version {id.slice(0, 8)}
      {deployedAt === null ? null : (
        <>
          , deployed <Time view={view} at={deployedAt} />
        </>
      )}
    </span>
  );
}
