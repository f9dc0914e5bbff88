import type { Visit, Visitor } from './browser.ts';

/** A page as it was found, and what it posts. */
export interface Crawled {
  path: string;
  visit: Visit;
  /** Addresses that its forms post to. */
  actions: string[];
}

const attribute = (tag: string, name: string) =>
  new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]?.replaceAll('&amp;', '&');

export const tagsOf = (html: string): string[] => html.match(/<[a-z][^>]*>/gi) ?? [];

/** Follows every link from a page to those below `within`; each address once, `most` at most. */
export async function crawl(visitor: Visitor, from: string, within: string, most = 150): Promise<Crawled[]> {
  const seen = new Set([from]);
  const waiting = [from];
  const found: Crawled[] = [];
  for (let path = waiting.shift(); path !== undefined && found.length < most; path = waiting.shift()) {
    const visit = await visitor.get(path);
    const actions: string[] = [];
    for (const tag of tagsOf(visit.html)) {
      if (tag.startsWith('<form') && attribute(tag, 'method') === 'post')
        actions.push(attribute(tag, 'action') ?? '');
      const href = tag.startsWith('<a ') ? attribute(tag, 'href') : undefined;
      // The zone and the filters of a page are the page again.
      if (!href?.startsWith(within) || seen.has(href) || /[?&](tz|live|month|cursor)=/.test(href)) continue;
      seen.add(href);
      waiting.push(href);
    }
    found.push({ path, visit, actions });
  }
  return found;
}
