import { Table } from '../components/parts.tsx';
import type { Page } from '../view.ts';

const keys: [string, string][] = [
  ['/', 'to the box that takes any id'],
  ['?', 'this page'],
  ['Tab', 'on to the next link, field or button; the first one on each page skips to its content'],
  ['Enter or Space', 'opens what has the focus: a question before it acts, a time in its other forms'],
  ['Escape', 'closes a time’s other forms'],
  ['F8, Shift F8', 'in the template editor: to the next and the previous problem'],
];

/** What the keyboard does; single keys can be switched off, for whoever dictates (WCAG 2.1.4). */
export async function keyboardPage(): Promise<Page> {
  return {
    title: 'Keyboard',
    verdict: { tone: 'quiet', text: 'Everything here works without a mouse.' },
    body: (
      <>
        <Table
          caption="Keys"
          rows={keys}
          columns={[
            { head: 'Key', kind: 'name', cell: ([key]) => <kbd>{key}</kbd> },
            { head: 'Does', cell: ([, does]) => does },
          ]}
          empty=""
        />
        <p>
          <button type="button" id="single-keys" hidden>
            Switch “/” and “?” off
          </button>
        </p>
      </>
    ),
  };
}
