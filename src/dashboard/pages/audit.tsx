import type { Child } from 'hono/jsx';
import type { AuditPage } from '../../features/audit/routes.ts';
import { Filters, Pager, Table, Time, withQuery } from '../components/parts.tsx';
import { listQuery, programApi } from '../components/query.ts';
import { Who, whoIs } from '../components/who.tsx';
import type { Page, View } from '../view.ts';

type Entry = AuditPage['items'][number];

const filters = ['actor', 'action', 'target'] as const;

/** Who did what to what: the API's acts and the dashboard's in one log. */
export async function auditPage(view: View): Promise<Page> {
  const page = await view.api.get<AuditPage>(programApi(view, `audit${listQuery(view, [...filters])}`));
  const isFiltered = filters.some((name) => view.query.get(name));
  const [latest] = page.items;
  const field = (name: (typeof filters)[number], label: string, placeholder: string) => (
    <label>
      {label}{' '}
      <input name={name} value={view.query.get(name) ?? ''} placeholder={placeholder} autocomplete="off" />
    </label>
  );
  return {
    title: 'Audit',
    every: 15,
    verdict:
      latest === undefined
        ? {
            tone: 'quiet',
            text: isFiltered ? 'No entry looked at is like that.' : 'Nothing is on record yet.',
          }
        : {
            tone: 'ok',
            text: `Latest${isFiltered ? ' like that' : ''}: ${latest.action} by ${whoIs(latest.actor)}.`,
          },
    body: (
      <>
        <Filters view={view}>
          {field('actor', 'Person or key', 'any part of it')}
          {field('action', 'Act', 'webhook. or webhook.changed')}
          {field('target', 'Object', 'its whole id or name')}
        </Filters>
        <p>
          <a href={view.at(`audit.csv${listQuery(view, [...filters])}`)} download>
            As CSV, of the latest 20,000 entries
          </a>
        </p>
        <Table
          caption={
            isFiltered ? 'Acts like that, newest first; a page looks at 2,000 entries' : 'Acts, newest first'
          }
          rows={page.items}
          columns={[
            { head: 'When', cell: (one) => <Time view={view} at={one.at} /> },
            {
              head: 'Who',
              cell: (one) => (
                <a href={withQuery(view, { actor: one.actor, cursor: null })}>
                  <Who actor={one.actor} />
                </a>
              ),
            },
            { head: 'Did', kind: 'name', cell: (one) => <Act name={one.action} /> },
            {
              head: 'To',
              cell: (one) => (
                <a href={withQuery(view, { target: one.target, cursor: null })}>
                  <code>{one.target}</code>
                </a>
              ),
            },
            { head: 'What', cell: (one) => <What of={one} /> },
          ]}
          empty={
            isFiltered ? (
              <p>
                <a href={view.at('audit')}>Show all of the log</a>
              </p>
            ) : (
              <p>Nothing yet.</p>
            )
          }
        />
        <Pager view={view} next={page.nextCursor} />
      </>
    ),
  };
}

/** `program.created`, which a narrow column breaks at its dot. */
function Act({ name }: { name: string }) {
  const [first, ...rest] = name.split('.');
  return (
    <>
      {first}
      {rest.map((part) => (
        <>
          .<wbr />
          {part}
        </>
      ))}
    </>
  );
}

/** What was changed, before and after; and what else is known of the act. */
function What({ of: { detail } }: { of: Entry }) {
  const { changes, members, ...more } = detail as Record<string, unknown>;
  const changed = Object.entries((changes ?? {}) as Record<string, [unknown, unknown]>);
  const named = Array.isArray(members)
    ? members.filter((name) => !changed.some(([known]) => known === name))
    : [];
  const parts: Child[] = [
    ...changed.map(([name, [before, after]]) => (
      <>
        {name}: <del>{shown(before)}</del> → <ins>{shown(after)}</ins>
      </>
    )),
    ...(named.length === 0 ? [] : [`changed: ${named.join(', ')}`]),
    ...Object.entries(more).map(([name, value]) => `${name}: ${shown(value)}`),
  ];
  if (parts.length === 0) return <span class="none">–</span>;
  return (
    <ul class="plain-list">
      {parts.map((part) => (
        <li>{part}</li>
      ))}
    </ul>
  );
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return '(nothing)';
  if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string'))
    return value.join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
