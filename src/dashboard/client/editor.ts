import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching, HighlightStyle, StreamLanguage, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { Compartment, EditorState, type Text } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';

// The template page's editor. The text area under it is what the form sends; the problems it marks are those
// that the hub's own compiler found, for no second grammar could agree with it.

/** JSON with mustaches, for colours alone. */
const language = StreamLanguage.define<{ inside: boolean }>({
  startState: () => ({ inside: false }),
  token(stream, state) {
    if (state.inside) {
      if (stream.match(/^-?-?~?\}\}\}?/)) {
        state.inside = false;
        return 'brace';
      }
      if (stream.match(/^"(?:[^"\\]|\\.)*"|^'[^']*'/)) return 'string';
      if (stream.match(/^[#/^>&*]?(?:if|unless|each|with|else)\b/)) return 'keyword';
      if (stream.match(/^@[\w.]+/)) return 'atom';
      if (stream.match(/^-?\d+(?:\.\d+)?\b/)) return 'number';
      if (stream.match(/^[\w.-]+/)) return 'variableName';
      stream.next();
      return null;
    }
    if (stream.match(/^\{\{\{?~?/)) {
      state.inside = true;
      return 'brace';
    }
    if (stream.match(/^"(?:[^"\\{]|\\.)*"(?=\s*:)/)) return 'propertyName';
    if (stream.match(/^(?:true|false|null)\b/)) return 'atom';
    if (stream.match(/^-?\d+(?:\.\d+)?/)) return 'number';
    stream.next();
    stream.eatWhile(/[^{"\dtfn-]/);
    return null;
  },
});

const colours = HighlightStyle.define([
  { tag: tags.brace, color: 'var(--accent)', fontWeight: '600' },
  { tag: tags.keyword, color: 'var(--attention)', fontWeight: '600' },
  { tag: tags.string, color: 'var(--ok)' },
  { tag: [tags.atom, tags.number], color: 'var(--busy)' },
  { tag: tags.variableName, color: 'var(--link)' },
  { tag: tags.propertyName, color: 'var(--ink)', fontWeight: '600' },
]);

const theme = EditorView.theme({
  '&': {
    background: 'var(--paper)',
    color: 'var(--ink)',
    border: '1px solid var(--edge)',
    borderRadius: '0.4rem',
  },
  '&.cm-focused': { outline: '3px solid var(--accent)', outlineOffset: '2px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', fontSize: '0.9rem', minHeight: '18rem', maxHeight: '60vh' },
  '.cm-content': { caretColor: 'var(--ink)' },
  '.cm-gutters': { background: 'var(--raised)', color: 'var(--dim)', border: '0' },
  '.cm-tooltip': { background: 'var(--paper)', color: 'var(--ink)', border: '1px solid var(--edge)' },
  '.cm-diagnostic-error': { borderLeft: '4px solid var(--bad)' },
});

/** What the page's script hands over. */
export interface Page {
  parse(html: string): Document;
}

const quietMs = 300;

export function mount(host: HTMLElement, page: Page): void {
  const area = host.querySelector('textarea');
  const form = area?.form;
  if (!area || !form) return;
  const label = form.querySelector<HTMLLabelElement>(`label[for="${area.id}"]`);
  const root = host.attachShadow({ mode: 'open' });
  root.append(document.createElement('slot'));
  const place = document.createElement('div');
  root.append(place);
  const readOnly = new Compartment();
  const preview = new Preview(host, form, page, (marks) => {
    view.dispatch(setDiagnostics(view.state, marks(view.state.doc)));
  });
  const view = new EditorView({
    parent: place,
    root,
    state: EditorState.create({
      doc: area.value,
      extensions: [
        lineNumbers(),
        lintGutter(),
        history(),
        bracketMatching(),
        language,
        syntaxHighlighting(colours),
        EditorView.lineWrapping,
        // Tab leaves the editor, as it leaves every field.
        keymap.of([...lintKeymap, ...historyKeymap, ...defaultKeymap]),
        EditorView.contentAttributes.of({
          'aria-label': label?.textContent?.trim() ?? 'Template',
          spellcheck: 'false',
          autocorrect: 'off',
          autocapitalize: 'off',
        }),
        readOnly.of([EditorState.readOnly.of(area.readOnly), EditorView.editable.of(!area.readOnly)]),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          area.value = update.state.doc.toString();
          preview.later();
        }),
        theme,
      ],
    }),
  });
  area.hidden = true;
  host.dataset.ready = 'yes';
  label?.addEventListener('click', () => view.focus());
  preview.mark();
  form.addEventListener('input', () => preview.later());
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-line]') : null;
    if (link === null) return;
    event.preventDefault();
    const at = positionOf(view.state.doc, link);
    view.dispatch({ selection: { anchor: at }, scrollIntoView: true });
    view.focus();
  });
  prepareReference(view);
}

type Marks = (doc: Text) => Diagnostic[];

/** Asks what the hub makes of the form as it stands; only the answer to the latest question counts. */
class Preview {
  readonly #url: string;
  readonly #form: HTMLFormElement;
  readonly #page: Page;
  readonly #show: (marks: Marks) => void;
  #timer = 0;
  #asking: AbortController | null = null;

  constructor(host: HTMLElement, form: HTMLFormElement, page: Page, show: (marks: Marks) => void) {
    this.#url = host.dataset.preview ?? '';
    this.#form = form;
    this.#page = page;
    this.#show = show;
  }

  later() {
    if (this.#url === '') return;
    clearTimeout(this.#timer);
    // What is under way is about a text that is no more.
    this.#asking?.abort();
    document.getElementById('results')?.setAttribute('aria-busy', 'true');
    this.#timer = window.setTimeout(() => void this.#ask(), quietMs);
  }

  async #ask() {
    const asking = new AbortController();
    this.#asking = asking;
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(this.#form))
      if (typeof value === 'string') body.append(name, value);
    try {
      const answer = await fetch(this.#url, { method: 'POST', body, signal: asking.signal });
      const fresh = this.#page.parse(await answer.text());
      if (asking.signal.aborted) return;
      this.#take(fresh);
    } catch (error) {
      if (asking.signal.aborted) return;
      void error;
    }
  }

  #take(fresh: Document) {
    const problems = fresh.getElementById('problems');
    const results = fresh.getElementById('results');
    if (problems === null || results === null) return;
    document.getElementById('problems')?.replaceWith(problems);
    this.mark();
    const old = document.getElementById('results');
    // A text that does not compile has no preview: the last good one stays, marked as such.
    if (results.childElementCount === 0 || old === null) return;
    const focused = document.activeElement?.id ?? '';
    const opened = old.querySelector('details')?.open ?? false;
    const pasted = old.querySelector('textarea');
    if (pasted !== null && pasted === document.activeElement) {
      // Somebody is typing in it: all but the event is taken.
      results.querySelector('.paste')?.replaceWith(old.querySelector('.paste') ?? '');
    }
    old.replaceWith(results);
    const details = results.querySelector('details');
    if (details !== null && opened) details.open = true;
    if (focused !== '' && document.activeElement === document.body) document.getElementById(focused)?.focus();
  }

  mark() {
    const links = [...document.querySelectorAll<HTMLElement>('#problems [data-line]')];
    this.#show((doc) =>
      links.map((link) => {
        const from = positionOf(doc, link);
        return { from, to: endOf(doc, from), severity: 'error', message: link.textContent ?? '' };
      }),
    );
  }
}

/** Lines and columns count from 1, columns in UTF-16 code units, on both sides. */
function positionOf(doc: Text, link: HTMLElement): number {
  const line = doc.line(Math.min(Math.max(1, Number(link.dataset.line)), doc.lines));
  return Math.min(line.from + Math.max(0, Number(link.dataset.column) - 1), line.to);
}

function endOf(doc: Text, from: number): number {
  const line = doc.lineAt(from);
  const [word = ' '] = /^(?:\{\{[^}]*\}{0,3}|[\w.@]+|.)/u.exec(line.text.slice(from - line.from)) ?? [];
  return Math.min(from + word.length, line.to);
}

/** The reference is searched, and what is pressed goes where the cursor is. */
function prepareReference(view: EditorView) {
  const reference = document.querySelector('.reference');
  if (reference === null || view.state.readOnly) return;
  const search = reference.querySelector('input');
  if (search !== null) {
    search.hidden = false;
    search.addEventListener('input', () => {
      const wanted = search.value.toLowerCase();
      for (const item of reference.querySelectorAll('li'))
        item.hidden = !(item.textContent ?? '').toLowerCase().includes(wanted);
    });
  }
  for (const button of reference.querySelectorAll<HTMLButtonElement>('button.insert')) {
    button.hidden = false;
    button.addEventListener('click', () => {
      const text = button.parentElement?.querySelector('code')?.textContent ?? '';
      view.dispatch(view.state.replaceSelection(text));
      view.focus();
    });
  }
}
