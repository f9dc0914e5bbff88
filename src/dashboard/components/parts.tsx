import { html, raw } from 'hono/html';
import { type Child, isValidElement } from 'hono/jsx';
import { formatMoment } from '../time.ts';
import { isSent, type Tone, type View } from '../view.ts';

/** Shapes of the tones: a state is told by its form and its word, never by its colour alone. */
const shapes: Record<Tone, string> = {
  ok: 'M3 8.5l3.2 3.2L13 4.8',
  busy: 'M5 3.5v9l7-4.5z',
  attention: 'M8 2.5v7M8 12.2v1.3',
  bad: 'M4 4l8 8M12 4l-8 8',
  quiet: 'M3 8h10',
};

/** Made once: a list holds one a row, and its attributes would be looked through each time. */
const icons = new Map(
  Object.entries(shapes).map(([tone, shape]) => [
    tone,
    raw(
      `<svg class="icon tone-${tone}" viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d="${shape}"></path></svg>`,
    ),
  ]),
);

export function Icon({ tone }: { tone: Tone }) {
  return <>{icons.get(tone)}</>;
}

export function State({ word, tone }: { word: string; tone: Tone }) {
  return (
    <span class={`state tone-${tone}`}>
      <Icon tone={tone} />
      {word}
    </span>
  );
}

/** A moment in the page's zone, with seconds; the script adds the other forms. */
export function Time({ view, at }: { view: View; at: string | null }) {
  if (at === null) return <span class="none">–</span>;
  return (
    <hub-time>
      <time datetime={at}>{formatMoment(Date.parse(at), view.zone.name)}</time>
    </hub-time>
  );
}

/** Text to take along: selectable, and one press with the script. */
export function Copy({ text, label }: { text: string; label: string }) {
  return (
    <hub-copy>
      <code class="copyable">{text}</code>
      <button type="button" class="copy" hidden aria-label={`Copy ${label}`}>
        Copy
      </button>
    </hub-copy>
  );
}

export interface Column<Row> {
  head: string;
  cell(row: Row): Child;
  /** How its cells are set: a name is the row's header, short words stay on one line, long ones break anywhere. */
  kind?: 'number' | 'name' | 'short' | 'long';
}

/**
 * A column's cell as text: its tag is made once, since a row's own elements are what a long list costs. What a
 * cell holds is escaped as everywhere: a text here, an element by itself.
 */
function cellOf<Row>({ head, cell, kind }: Column<Row>): (row: Row) => string {
  const tag = String(
    kind === 'name' ? <th scope="row" data-label={head} /> : <td class={kind} data-label={head} />,
  );
  const opening = tag.slice(0, tag.indexOf('>') + 1);
  const closing = tag.slice(opening.length);
  return (row) => {
    const child = cell(row);
    const text = isValidElement(child) ? child : html`${child}`;
    return `${opening}${String(text)}${closing}`;
  };
}

/** A real table in a scroll region that the keyboard reaches; on a phone each row is a card. */
export function Table<Row>(props: { caption: string; columns: Column<Row>[]; rows: Row[]; empty: Child }) {
  const { caption, columns, rows, empty } = props;
  if (rows.length === 0) return <div class="empty">{empty}</div>;
  const cells = columns.map(cellOf);
  return (
    <section class="table" aria-label={caption} tabindex={0}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ head, kind }) => (
              <th scope="col" class={kind}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {raw(rows.map((row) => `<tr>${cells.map((cell) => cell(row)).join('')}</tr>`).join(''))}
        </tbody>
      </table>
    </section>
  );
}

/** Links to the first and the next page; the address says it all. */
export function Pager(props: {
  view: View;
  next: string | null;
  /** What the list goes by: newest first unless told. */
  by?: 'time' | 'name';
  /** The parameter that says where the list is; a page with two lists has two. */
  name?: string;
  /** Which list, for a page with two. */
  of?: string;
}) {
  const { view, next, by = 'time', name = 'cursor', of } = props;
  const isFirst = !view.query.has(name);
  if (isFirst && next === null) return null;
  const [first, more] = by === 'time' ? ['Newest', 'Older'] : ['First page', 'Next page'];
  return (
    <nav class="pager" aria-label={of === undefined ? 'Pages' : `Pages of ${of}`}>
      {isFirst ? <span /> : <a href={withQuery(view, { [name]: null })}>{first}</a>}
      {next === null ? <span /> : <a href={withQuery(view, { [name]: next })}>{more}</a>}
    </nav>
  );
}

/** The page's own address with other parameters; null takes one away. */
export function withQuery(view: View, change: Record<string, string | null>): string {
  const query = new URLSearchParams(view.query);
  query.delete('done');
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  return text === '' ? view.url.pathname : `${view.url.pathname}?${text}`;
}

/** A form that posts, with the session's token. */
export function PostForm(props: {
  view: View;
  to: string;
  class?: string;
  upload?: boolean;
  children?: Child;
}) {
  return (
    <form
      method="post"
      action={props.to}
      class={props.class}
      enctype={props.upload ? 'multipart/form-data' : undefined}
    >
      <input type="hidden" name="_token" value={props.view.formToken} />
      {props.children}
    </form>
  );
}

/** An act with consequences: its effect is read before its button is there. Works without the script. */
export function Confirm(props: {
  view: View;
  to: string;
  label: string;
  effect: Child;
  button: string;
  danger?: boolean;
  children?: Child;
}) {
  return (
    <details class="confirm" open={isSent(props.view, props.to)}>
      <summary class={props.danger ? 'button danger' : 'button'}>{props.label}</summary>
      <PostForm view={props.view} to={props.to}>
        <p>{props.effect}</p>
        {props.children}
        <button type="submit" class={props.danger ? 'danger' : 'primary'}>
          {props.button}
        </button>
      </PostForm>
    </details>
  );
}

/** A labelled field, with what was wrong with it. */
export function Field(props: {
  view: View;
  name: string;
  label: string;
  hint?: string;
  type?: string;
  value?: string | undefined;
  required?: boolean;
  rows?: number;
  autocomplete?: string;
  /** Never shown again, not even after a mistake. */
  secret?: boolean;
}) {
  const { view, name, label, hint, type = 'text', required, rows, secret = type === 'password' } = props;
  const value = secret ? '' : (view.form[name]?.[0] ?? props.value ?? '');
  const wrong = view.problem?.errors?.find(({ path }) => path === name)?.message;
  const described = [hint ? `${name}-hint` : '', wrong ? `${name}-wrong` : ''].filter(Boolean).join(' ');
  const common = {
    id: name,
    name,
    required,
    'aria-invalid': wrong ? ('true' as const) : undefined,
    'aria-describedby': described === '' ? undefined : described,
    autocomplete: props.autocomplete ?? 'off',
  };
  return (
    <div class="field">
      <label for={name}>{label}</label>
      {hint ? (
        <p class="hint" id={`${name}-hint`}>
          {hint}
        </p>
      ) : null}
      {rows === undefined ? (
        <input type={type} value={value} {...common} />
      ) : (
        <textarea rows={rows} spellcheck={false} {...common}>
          {value}
        </textarea>
      )}
      {wrong ? (
        <p class="wrong" id={`${name}-wrong`}>
          {wrong}
        </p>
      ) : null}
    </div>
  );
}

/** What of the address a GET form without such a field would drop: how the page is seen, and which list it is. */
const keptNames = ['tz', 'live', 'archived', 'month'];

export function Kept({ view }: { view: View }) {
  return (
    <>
      {keptNames.map((name) => {
        const value = view.query.get(name);
        return value === null ? null : <input type="hidden" name={name} value={value} />;
      })}
    </>
  );
}

/** Filters live in the address: a plain GET form. */
export function Filters({ view, children }: { view: View; children: Child }) {
  return (
    <search>
      <form method="get" action={view.url.pathname} class="filters">
        <Kept view={view} />
        {children}
        <button type="submit">Filter</button>
      </form>
    </search>
  );
}

export function Select(props: {
  view: View;
  name: string;
  label: string;
  options: (string | [value: string, text: string])[];
  any?: string;
}) {
  const chosen = props.view.query.get(props.name) ?? '';
  return (
    <label>
      {props.label}{' '}
      <select name={props.name}>
        {props.any === undefined ? null : <option value="">{props.any}</option>}
        {props.options.map((option) => {
          const [value, text] = typeof option === 'string' ? [option, option] : option;
          return (
            <option value={value} selected={value === chosen}>
              {text}
            </option>
          );
        })}
      </select>
    </label>
  );
}
