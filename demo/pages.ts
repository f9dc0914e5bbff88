import { check } from './failures.ts';
import type { Printer } from './print.ts';

/** A page of the story: its path, and what stands on it. */
export interface StoryPage {
  path: string;
  says: string;
}

/** Signs in as a person would, opens the page, and prints its address; throws where it does not say it. */
export async function showPage(printer: Printer, url: string, key: string, page: StoryPage): Promise<void> {
  const entered = await fetch(`${url}/sign-in`, {
    method: 'POST',
    body: new URLSearchParams({ key, to: page.path }),
    headers: { origin: url },
    redirect: 'manual',
  });
  check(entered.status === 303, `The key does not sign in: the dashboard answered ${entered.status}.`);
  const cookie = (entered.headers.getSetCookie()[0] ?? '').split(';')[0] ?? '';
  const shown = await fetch(`${url}${page.path}`, { headers: { cookie }, redirect: 'manual' });
  const html = await shown.text();
  check(shown.status === 200 && html.includes(page.says), `The page ${page.path} does not tell the story.`);
  printer.facts('The same as pages, where the key signs in:', [['dashboard', `${url}${page.path}`]]);
}
