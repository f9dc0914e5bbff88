import { Idiomorph } from 'idiomorph/dist/idiomorph.esm.js';

// All that pages do beyond links and forms. Everything works without it, only less conveniently.

/** The one policy through which text becomes markup here: pages of our own, asked from our own origin. */
const policy = globalThis.trustedTypes?.createPolicy('hub', { createHTML: (html) => html });

function parsePage(html: string): Document {
  return new DOMParser().parseFromString((policy?.createHTML(html) ?? html) as string, 'text/html');
}

const afterErrorMs = 15_000;
const signedOut =
  'Your session has ended, and this page no longer changes. What is typed here stays: send it, and it comes along to the sign-in.';

/**
 * Asks for the page again while the server says that something moves, and takes in what differs. Stops when
 * nobody looks, never touches what is being typed in, and says so when it cannot ask.
 */
class HubLive extends HTMLElement {
  #timer = 0;
  #etag = '';
  #asking: AbortController | null = null;

  connectedCallback() {
    document.addEventListener('visibilitychange', this.#onVisibility);
    this.#schedule(this.#everyMs);
  }

  disconnectedCallback() {
    document.removeEventListener('visibilitychange', this.#onVisibility);
    clearTimeout(this.#timer);
    this.#asking?.abort();
  }

  get #everyMs(): number {
    return Number(this.dataset.every ?? 0) * 1_000;
  }

  #onVisibility = () => {
    clearTimeout(this.#timer);
    if (!document.hidden && this.#everyMs > 0) void this.#look();
  };

  // After the answer, never at a fixed beat: a slow hub is not asked faster than it answers.
  #schedule(ms: number) {
    clearTimeout(this.#timer);
    if (ms > 0 && !document.hidden) this.#timer = window.setTimeout(() => void this.#look(), ms);
  }

  async #look() {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    try {
      const headers: Record<string, string> = this.#etag === '' ? {} : { 'if-none-match': this.#etag };
      const answer = await fetch(location.href, { headers, cache: 'no-store', signal: asking.signal });
      if (answer.status !== 304) {
        const { pathname } = new URL(answer.url);
        if (pathname === '/sign-in') return this.#say(signedOut);
        if (!answer.ok || pathname !== location.pathname) throw new Error('not the page');
        this.#etag = answer.headers.get('etag') ?? '';
        this.#take(parsePage(await answer.text()));
      }
      this.#say('');
      this.#schedule(this.#everyMs);
    } catch (error) {
      if (asking.signal.aborted) return;
      void error;
      // In the page's zone, as every time on it.
      if (this.#stale === '')
        this.#stale = new Date().toLocaleTimeString('en-GB', { timeZone: this.dataset.zone });
      this.#say(`Not updating since ${this.#stale}.`);
      this.#schedule(Math.min(afterErrorMs, Math.max(this.#everyMs, 2_000)));
      return;
    }
    this.#stale = '';
  }

  #stale = '';

  #say(text: string) {
    let line = document.getElementById('stale');
    if (text === '') {
      line?.remove();
      return;
    }
    if (line === null) {
      line = document.createElement('p');
      line.id = 'stale';
      line.className = 'notice tone-attention';
      line.setAttribute('role', 'status');
      this.before(line);
    }
    if (line.textContent !== text) line.textContent = text;
  }

  #take(page: Document) {
    const fresh = page.getElementById(this.id);
    if (fresh === null) return;
    document.title = page.title;
    const icon = (of: Document) => of.querySelector<HTMLLinkElement>('link[rel="icon"]');
    const [shown, wanted] = [icon(document), icon(page)];
    if (shown && wanted && shown.getAttribute('href') !== wanted.getAttribute('href'))
      shown.setAttribute('href', wanted.getAttribute('href') ?? '');
    for (const list of [this, fresh]) nameRows(list);
    const wasOpen = new Map([...this.querySelectorAll('details')].map((one) => [nameOf(one), one.open]));
    Idiomorph.morph(this, fresh, {
      morphStyle: 'outerHTML',
      ignoreActiveValue: true,
      callbacks: {
        // What a person has opened, ticked or typed stays as it is.
        beforeAttributeUpdated: (name: string, node: Element) =>
          !(name === 'open' && node.tagName === 'DETAILS'),
        beforeNodeMorphed: (old: Node, next: Node) => !isBeingFilledIn(old) && !isSaid(old, next),
      },
    });
    for (const one of this.querySelectorAll<HubTime | HubCopy>('hub-time, hub-copy')) one.connectedCallback();
    for (const one of this.querySelectorAll('details')) one.open = wasOpen.get(nameOf(one)) ?? one.open;
  }
}

/**
 * Rows and items are known by where they lead, unless they have an id: what is open or being filled in stays with
 * its own when another comes before it.
 */
function nameRows(list: ParentNode) {
  const names = new Set<string>();
  for (const row of list.querySelectorAll('tbody > tr, li')) {
    const lead = row.querySelector('a[href], form[action]');
    const name = lead?.getAttribute('href') ?? lead?.getAttribute('action') ?? '';
    if (row.id === '' && name !== '' && !names.has(name)) row.id = name;
    names.add(name);
  }
}

const nameOf = (one: HTMLDetailsElement) =>
  `${one.parentElement?.closest('[id]')?.id} ${one.querySelector('summary')?.textContent}`;

/** What the script has made of a time or a text stays while both say the same: it may have focus. */
function isSaid(old: Node, next: Node): boolean {
  const part = old instanceof HubTime ? 'time' : old instanceof HubCopy ? 'code, pre' : '';
  if (part === '' || !(old instanceof HTMLElement) || !(next instanceof HTMLElement)) return false;
  const [before, after] = [old, next].map((one) => one.querySelector(part));
  return before?.outerHTML === after?.outerHTML && before !== null;
}

function isBeingFilledIn(node: Node): boolean {
  if (!(node instanceof HTMLFormElement)) return false;
  return [...node.elements].some(
    (field) =>
      (field instanceof HTMLInputElement && field.type !== 'hidden' && field.value !== field.defaultValue) ||
      (field instanceof HTMLTextAreaElement && field.value !== field.defaultValue),
  );
}

/** Every form of a moment: the program's zone, mine, UTC and milliseconds, each to be copied. */
class HubTime extends HTMLElement {
  connectedCallback() {
    const time = this.querySelector('time');
    if (time === null || this.querySelector('button') !== null) return;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'time';
    button.setAttribute('aria-expanded', 'false');
    time.replaceWith(button);
    button.append(time);
    button.addEventListener('click', () => this.#toggle(button, time));
    this.onkeydown = (event) => {
      if (event.key !== 'Escape') return;
      this.querySelector('.forms')?.remove();
      button.setAttribute('aria-expanded', 'false');
      button.focus();
    };
  }

  #toggle(button: HTMLButtonElement, time: HTMLTimeElement) {
    const shown = this.querySelector('.forms');
    button.setAttribute('aria-expanded', String(shown === null));
    if (shown !== null) return shown.remove();
    const at = new Date(time.dateTime);
    const mine = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const list = document.createElement('dl');
    list.className = 'forms';
    for (const [name, text] of [
      ['this page', time.textContent ?? ''],
      [mine, at.toLocaleString('en-GB', { timeZoneName: 'short' })],
      ['UTC', at.toISOString()],
      ['ms since 1970', String(at.getTime())],
    ]) {
      const term = document.createElement('dt');
      term.textContent = name ?? '';
      const value = document.createElement('dd');
      value.textContent = text ?? '';
      list.append(term, value);
    }
    this.append(list);
    return undefined;
  }
}

class HubCopy extends HTMLElement {
  connectedCallback() {
    const button = this.querySelector('button');
    if (button === null || !button.hidden || !navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(this.querySelector('code, pre')?.textContent ?? '');
      button.textContent = 'Copied';
      setTimeout(() => {
        button.textContent = 'Copy';
      }, 2_000);
    });
  }
}

/** The template page's editor, fetched once the page is there; without it the text area does the same. */
class HubEditor extends HTMLElement {
  connectedCallback() {
    const { src } = this.dataset;
    if (src === undefined || this.dataset.ready !== undefined) return;
    this.dataset.ready = 'no';
    requestAnimationFrame(() => setTimeout(() => void this.#fetch(src)));
  }

  async #fetch(src: string) {
    const { mount } = (await import(src)) as typeof import('./editor.ts');
    mount(this, { parse: parsePage });
  }
}

customElements.define('hub-live', HubLive);
customElements.define('hub-editor', HubEditor);
customElements.define('hub-time', HubTime);
customElements.define('hub-copy', HubCopy);

// "/" leads to the jump box and "?" to the keys, unless one is typing already or has switched single keys
// off (WCAG 2.1.4).
document.addEventListener('keydown', (event) => {
  if (!['/', '?'].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (localStorage.getItem('keys') === 'off') return;
  const target = event.target;
  if (
    target instanceof HTMLElement &&
    target.closest('input, textarea, select, [contenteditable], hub-editor')
  )
    return;
  const box = document.getElementById('jump');
  if (box === null) return;
  event.preventDefault();
  if (event.key === '/') box.focus();
  else location.assign('/keyboard');
});

const singleKeys = document.getElementById('single-keys');
if (singleKeys !== null) {
  const say = () => {
    const verb = localStorage.getItem('keys') === 'off' ? 'on' : 'off';
    singleKeys.textContent = `Switch “/” and “?” ${verb}`;
  };
  singleKeys.hidden = false;
  say();
  singleKeys.addEventListener('click', () => {
    if (localStorage.getItem('keys') === 'off') localStorage.removeItem('keys');
    else localStorage.setItem('keys', 'off');
    say();
  });
}

// "my zone" is the browser's to know. The Cookie Store API is not everywhere yet.
function remember(name: string, value: string) {
  const secure = location.protocol === 'https:' ? '; secure' : '';
  // biome-ignore lint/suspicious/noDocumentCookie: see above.
  document.cookie = `${name}=${encodeURIComponent(value)}; path=/; max-age=31536000; samesite=lax${secure}`;
}

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes(`zone=${encodeURIComponent(zone)}`)) remember('zone', zone);
const mode = new URLSearchParams(location.search).get('tz');
if (mode === 'program' || mode === 'mine' || mode === 'utc') remember('tz', mode);
