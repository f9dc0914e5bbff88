import type { Page } from 'playwright-core';
import { masked } from '../../test/support/looks.ts';

/** What is read instead of what varies, about as long as it. */
const standIns: Record<string, string> = {
  '<cursor>': 'cursor',
  '<id>': 'job_01m81gzbbrs7xspb732xed2a00',
  '<program>': 't-0123456789abcdef',
  '<drop key>': 'CWAK0123456789ABCDEF',
  '<folder>': 'crosswalk-sftp-abcdef',
  '<hash>': '0123456789abcdef',
  '<fingerprint>': `SHA256:${'0123456789'.repeat(4)}abc`,
  '<name>': '0123456',
  '<time>': '16 May 2040, 08:00:00',
  '<duration>': '12 min',
  '<size>': '1.2 kB',
  '#': '12',
};

function standIn(text: string): string {
  const names = masked(text);
  if (names === text) return text;
  return names.replaceAll(/<[a-z ]+>|#/g, (name) => standIns[name] ?? name);
}

/**
 * Makes a page that has loaded the same in every run: it asks no more, what varies has one text, rows that are
 * then alike stand once in the order of their letters, and charts have a bar of each kind.
 */
export async function standStill(page: Page): Promise<void> {
  await page.evaluate(stopAsking);
  const places = await page.evaluateHandle(findTexts);
  const texts = await places.evaluate((all) => all.map(({ text }) => text));
  await places.evaluate((all, wanted) => {
    for (const [index, { text, put }] of all.entries()) {
      const instead = wanted[index] ?? text;
      if (instead !== text) put(instead);
    }
  }, texts.map(standIn));
  await page.evaluate(drawBarsOnce);
  await page.evaluate(settleRows);
}

// What follows runs in the page: each function by itself.

function stopAsking(): void {
  for (const live of document.querySelectorAll<HTMLElement>('hub-live')) {
    live.dataset.every = '0';
    const mark = document.createComment('');
    // Out and in again: with that its timer is gone.
    live.replaceWith(mark);
    mark.replaceWith(live);
  }
}

interface Place {
  text: string;
  put(text: string): void;
}

function findTexts(): Place[] {
  const places: Place[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const text = node;
    const put = (instead: string) => {
      text.nodeValue = instead;
      // Rows in which something varies may stand in another order, and more or less often.
      text.parentElement?.closest('main tbody, main ul, main ol')?.setAttribute('data-varies', '');
    };
    places.push({ text: node.nodeValue ?? '', put });
  }
  for (const field of document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>('input, textarea')) {
    const put = (instead: string) => {
      field.value = instead;
    };
    if (/^(date|datetime-local|time|month)$/.test(field.type)) {
      const whole = '2040-05-16T08:00';
      const parts = { date: whole.slice(0, 10), month: whole.slice(0, 7), time: whole.slice(11) };
      if (field.value !== '') put(parts[field.type as keyof typeof parts] ?? whole);
    } else if (/^(text|search|url|email|textarea)$/.test(field.type)) {
      places.push({ text: field.value, put });
    }
  }
  return places;
}

function drawBarsOnce(): void {
  for (const svg of document.querySelectorAll('main svg[role=img], main svg.strip')) {
    svg.setAttribute('viewBox', '0 0 100 40');
    const kinds = new Map<string, Element>();
    for (const bar of svg.querySelectorAll('rect')) {
      if (bar.closest('defs')) continue;
      // Whether something waited at all is another in each run.
      const kind = bar.classList.contains('waiting')
        ? ''
        : `${bar.getAttribute('class')} ${bar.getAttribute('fill')}`;
      if (kind === '' || kinds.has(kind)) bar.remove();
      else kinds.set(kind, bar);
    }
    for (const [index, [, bar]] of [...kinds].sort(([a], [b]) => (a < b ? -1 : 1)).entries())
      for (const [name, value] of Object.entries({ x: index * 10 + 1, y: 4, width: 8, height: 36 }))
        bar.setAttribute(name, String(value));
    for (const line of svg.querySelectorAll('line'))
      for (const [name, value] of Object.entries({ x1: 0, x2: 100, y1: 40, y2: 40 }))
        line.setAttribute(name, String(value));
  }
  for (const progress of document.querySelectorAll('progress')) progress.value = progress.max / 2;
}

function settleRows(): void {
  const keyOf = (row: Element) =>
    row.outerHTML.replace(/ (?!class|role|aria-current|disabled|open|d=)[\w-]+="[^"]*"/g, '');
  // What is within comes first.
  for (const list of [...document.querySelectorAll('[data-varies]')].reverse()) {
    // A month's weeks stand as they are.
    if (list.closest('.calendar') !== null) continue;
    const rows = new Map([...list.children].map((row) => [keyOf(row), row]));
    list.replaceChildren(...[...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row));
  }
}
