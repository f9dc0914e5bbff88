import type { PreviewedEvent, TemplateDifference } from '../../features/syncs/routes.ts';
import { helperGuide } from '../../platform/handlebars/index.ts';
import { Icon, State } from '../components/parts.tsx';
import { formatCount } from '../time.ts';
import type { View } from '../view.ts';
import type { Draft, Saved, Tried } from './draft.ts';

/** The template's categories, and those of the latest events that it says nothing of. */
export function Categories(props: {
  view: View;
  page: string;
  saved: Saved;
  current: Draft;
  seen: TemplateDifference['categories'];
}) {
  const { view, page, saved, current, seen } = props;
  const defaults = ['*', '_default'];
  const named = Object.entries(saved.categories) as [string, { action?: string }][];
  const eventsOf = (category: string) =>
    seen.filter(({ matched }) => matched === category).reduce((sum, { events }) => sum + events, 0);
  const unmapped = seen.filter(({ matched }) => matched === null);
  return (
    <nav class="categories" aria-label="Categories">
      <ul>
        {named.map(([category, { action }]) => (
          <li>
            <a
              href={`${page}?category=${encodeURIComponent(category)}`}
              aria-current={category === current.category ? 'page' : undefined}
            >
              <span>{defaults.includes(category) ? `${category} (every other)` : category}</span>{' '}
              <small>
                {action === 'ignore' ? 'ignored' : 'imported'}
                {seen.length === 0 ? '' : `, ${formatCount(eventsOf(category))} lately`}
              </small>
            </a>
          </li>
        ))}
        {unmapped.map(({ category, events }) => (
          <li>
            {category === null || !view.can('templates') ? (
              <span class="unmapped">
                {category ?? 'without a category'} <small>not mapped, {formatCount(events)} lately</small>
              </span>
            ) : (
              <a class="unmapped" href={`${page}?new=1&category=${encodeURIComponent(category)}`}>
                <span>
                  <Icon tone="bad" /> {category}
                </span>{' '}
                <small>not mapped, {formatCount(events)} lately</small>
              </a>
            )}
          </li>
        ))}
        {view.can('templates') ? (
          <li>
            <a
              href={`${page}?new=1`}
              aria-current={current.isNew && current.category === '' ? 'page' : undefined}
            >
              <span>New category</span>
            </a>
          </li>
        ) : null}
      </ul>
    </nav>
  );
}

/** What the compiler says, each with its place: the editor marks them, and F8 goes from one to the next. */
export function Problems({ tried, hasFocus }: { tried: Tried | null; hasFocus: boolean }) {
  if (tried === null || tried.ok) return <div id="problems" />;
  const { errors = [], detail } = tried.problem;
  return (
    <section id="problems" class="notice tone-bad" aria-label="Problems" tabindex={-1} autofocus={hasFocus}>
      <ol>
        {errors.length === 0 ? <li>{detail}</li> : null}
        {errors.map(({ path, message, line, column }) => (
          <li>
            {line === undefined || column === undefined ? (
              <>
                <code>{path.split('.').at(-1)}</code> {message}
              </>
            ) : (
              <a href="#row" data-line={line} data-column={column}>
                {message}
              </a>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

export function Results(props: {
  view: View;
  saved: Saved;
  draft: Draft;
  tried: Tried | null;
  page: string;
}) {
  const { tried, draft, page } = props;
  if (tried === null || !tried.ok) return <div id="results" />;
  const { events, difference } = tried.preview;
  const isShown = tried.shown !== '' || draft.pasted !== '';
  const chosen = events.find(({ eventId }) => eventId === draft.eventId) ?? events.at(-1);
  return (
    <div id="results">
      <section aria-label="Preview">
        <h2>Preview</h2>
        {draft.pasted !== '' ? (
          <p class="dim">Of the event pasted below.</p>
        ) : events.length === 0 ? (
          <p>There is no event to try it on.</p>
        ) : (
          <div class="field">
            <label for="event">Event</label>
            <select id="event" name="event">
              {events.toReversed().map(({ eventId, publisherEventId, category }) => (
                <option value={eventId ?? ''} selected={eventId === chosen?.eventId}>
                  {publisherEventId ?? ''} ({category ?? 'no category'})
                </option>
              ))}
            </select>
          </div>
        )}
        {chosen === undefined ? null : <Row event={chosen} isShown={isShown} mode={draft.mapping.mode} />}
        {isShown ? null : (
          <p>
            <button type="submit" name="reveal" value="1" formaction={`${page}/preview`}>
              Show the values
            </button>{' '}
            <span class="dim">The audit log says who looked.</span>
          </p>
        )}
        <details class="paste" open={draft.pasted !== ''}>
          <summary>Try it on an event of your own</summary>
          <label for="pasted">One event as JSON, as the API takes it; it is stored nowhere.</label>
          <textarea id="pasted" name="pasted" rows={6} spellcheck={false} autocomplete="off">
            {`\n${draft.pasted}`}
          </textarea>
        </details>
      </section>
      {difference === null ? null : <Difference of={difference} isShown={tried.shown !== ''} />}
    </div>
  );
}

function Row({ event, isShown, mode }: { event: PreviewedEvent; isShown: boolean; mode: string }) {
  const { matched, action, importProcessId, row, error } = event;
  if (error !== null)
    return (
      <p class="outcome">
        <State word="no row" tone="bad" /> {error.message}
      </p>
    );
  if (action === 'ignore' || row === null)
    return (
      <p class="outcome">
        <State word="ignored" tone="quiet" />{' '}
        {matched === null ? 'No category of this template matches it.' : `By the category ${matched}.`}
      </p>
    );
  return (
    <>
      <p class="outcome">
        <State word="imported" tone="ok" /> By the category {matched}, into process {importProcessId}:{' '}
        {formatCount(row.length)} characters.
      </p>
      {/* Text and never markup, whatever the mode writes. */}
      {isShown ? (
        <pre class="excerpt" data-mode={mode}>
          {row}
        </pre>
      ) : null}
    </>
  );
}

/** What saving would change, over the latest events. */
export function Difference({ of, isShown }: { of: TemplateDifference; isShown: boolean }) {
  const { events, unchanged, changed, failing, first } = of;
  if (events === 0) return <div />;
  return (
    <section aria-label="Difference" class="difference">
      <h2>Against the saved template, over the latest {formatCount(events)} events</h2>
      <p>
        <State word={`${formatCount(unchanged)} unchanged`} tone="ok" />{' '}
        <State word={`${formatCount(changed)} changed`} tone={changed > 0 ? 'attention' : 'quiet'} />{' '}
        <State word={`${formatCount(failing)} newly failing`} tone={failing > 0 ? 'bad' : 'quiet'} />
      </p>
      {first.length === 0 ? null : (
        <ul class="differences">
          {first.map(({ saved, draft }) => (
            <li>
              <p>
                <strong>{draft.publisherEventId}</strong>{' '}
                <span class="dim">{draft.category ?? 'no category'}</span>
              </p>
              <p>{sentence(saved, draft)}</p>
              {isShown && saved.row !== draft.row ? (
                <div class="both">
                  <figure>
                    <figcaption>Saved</figcaption>
                    <pre class="excerpt">{clip(saved.row)}</pre>
                  </figure>
                  <figure>
                    <figcaption>This text</figcaption>
                    <pre class="excerpt">{clip(draft.row)}</pre>
                  </figure>
                </div>
              ) : null}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function sentence(saved: PreviewedEvent, draft: PreviewedEvent): string {
  if (draft.error !== null) return draft.error.message;
  if (saved.error !== null) return 'It gives a row now; with the saved template it gives none.';
  if (saved.action !== draft.action)
    return draft.action === 'import' ? 'It is imported now.' : 'It is ignored now.';
  const names = changedMembers(saved.row, draft.row);
  const process =
    saved.importProcessId === draft.importProcessId ? '' : ` It goes into process ${draft.importProcessId}.`;
  return `${names.length === 0 ? 'Its text differs.' : `Differs in ${names.join(', ')}.`}${process}`;
}

/** Names alone: values are personal. */
function changedMembers(before: string | null, after: string | null): string[] {
  try {
    const [a, b] = [JSON.parse(before ?? '{}'), JSON.parse(after ?? '{}')] as Record<string, unknown>[];
    const names = new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})]);
    return [...names].filter((name) => JSON.stringify(a?.[name]) !== JSON.stringify(b?.[name])).slice(0, 10);
  } catch {
    return [];
  }
}

const clip = (text: string | null) =>
  text === null ? '(no row)' : text.length > 2_000 ? `${text.slice(0, 2_000)}…` : text;

const envelope = [
  'PublisherEventId',
  'PublisherParticipantId',
  'PublisherEventCategory',
  'EventType',
  'EventStartUtc',
  'EventEndUtc',
  'EventId',
  'Sequence',
  'change',
  'key',
];

/** What a template may write; the script searches it, and puts what is pressed where the cursor is. */
export function HelperReference({ members }: { members: string[] }) {
  const item = (text: string, says: string) => (
    <li>
      <button type="button" class="insert" hidden aria-label={`Insert ${text}`}>
        Insert
      </button>
      <code>{text}</code> <span class="dim">{says}</span>
    </li>
  );
  return (
    <details class="reference">
      <summary>What a template can write</summary>
      <input type="search" hidden aria-label="Search what a template can write" placeholder="Search" />
      <h3>This event’s data</h3>
      <ul>{members.map((name) => item(`{{${name}}}`, ''))}</ul>
      <h3>Its envelope</h3>
      <ul>{envelope.map((name) => item(`{{@event.${name}}}`, ''))}</ul>
      <h3>Blocks</h3>
      <ul>
        {item('{{#if value}}…{{else}}…{{/if}}', 'where there is a value')}
        {item('{{#unless value}}…{{/unless}}', 'where there is none')}
        {item('{{#each list}}…{{/each}}', 'for each item, which is {{this}}')}
        {item('{{#with value}}…{{/with}}', 'with the value as root')}
      </ul>
      <h3>Helpers</h3>
      <ul>{helperGuide.map(({ usage, gives }) => item(`{{${usage}}}`, gives))}</ul>
    </details>
  );
}
